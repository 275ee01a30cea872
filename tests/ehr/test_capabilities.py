import pytest

from ketplan.ehr import capabilities
from ketplan.errors import NotSupported
from tests.ehr.builders import Json, a_resource


def a_statement(**more: object) -> Json:
    return {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", **more}


def test_it_tells_what_each_type_can_do() -> None:
    care_plan = {
        "type": "CarePlan",
        "interaction": [{"code": "read"}, {"code": "create"}],
        "searchParam": [{"name": "patient", "type": "reference"}],
        "searchInclude": ["CarePlan:subject"],
        "conditionalCreate": True,
    }
    found = capabilities.parse(
        a_statement(software={"name": "Pretend"}, rest=[{"mode": "server", "resource": [care_plan]}])
    )
    assert found.can("CarePlan", "create")
    assert not found.can("CarePlan", "update")
    assert not found.can("Appointment", "create")
    assert found.search_params == {"CarePlan": {"patient"}}
    assert found.includes == {"CarePlan": {"CarePlan:subject"}}
    assert found.conditional_create == {"CarePlan"}
    assert found.software == "Pretend"


@pytest.mark.parametrize(
    "mess",
    [
        {"rest": "x"},
        {
            "rest": [
                None,
                {"resource": [None, {"type": 3}, {"type": "List", "interaction": [None, {"code": 4}]}]},
            ]
        },
        {"software": "x"},
    ],
)
def test_a_garbled_statement_promises_nothing_and_breaks_nothing(mess: Json) -> None:
    assert not capabilities.parse(a_statement(**mess)).can("List", "read")


@pytest.mark.parametrize("version", ["4.3.0", "5.0.0", "3.0.2", "1.0.2", None, 4])
def test_another_version_of_fhir_is_refused_by_name(version: object) -> None:
    with pytest.raises(NotSupported, match="ketplan needs R4"):
        capabilities.parse(a_statement(fhirVersion=version))


def test_what_is_no_statement_is_refused() -> None:
    for body in (None, [], a_resource()):
        with pytest.raises(NotSupported):
            capabilities.parse(body)
