from __future__ import annotations

import re

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr import submit
from ketplan.ehr.client import FhirClient
from ketplan.errors import EhrError, Forbidden, NotSupported, Temporary
from tests.ehr.builders import PATIENT, FakeEhr, Json, a_bundle, a_resource, an_outcome, answer

SYSTEM, VALUE = "https://clinic.example/ketplan/ids", "plan-1/careplan"
MINE = {"system": SYSTEM, "value": VALUE}


@pytest.fixture
def ehr(httpserver: HTTPServer) -> FakeEhr:
    fake = FakeEhr()
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(fake)
    return fake


def find(client: FhirClient, kind: str = "CarePlan") -> list[Json]:
    return submit.find(client, kind, SYSTEM, VALUE, PATIENT)


def a_plan(id: str, *identifiers: object, patient: str = PATIENT) -> Json:
    return a_resource("CarePlan", id, patient, identifier=list(identifiers))


def test_only_this_patients_resource_with_exactly_this_identifier_is_found(
    client: FhirClient, ehr: FakeEhr
) -> None:
    ehr.records += [
        a_plan("mine", {"system": "other", "value": "x"}, MINE),
        a_plan("longer", {"system": SYSTEM, "value": VALUE + "2"}),
        a_plan("elsewhere", {"system": "https://other.example", "value": VALUE}),
        a_plan("theirs", MINE, patient="pat-2"),
        a_plan("none"),
        a_resource("CarePlan", "garbled", identifier="x"),
    ]
    assert [r["id"] for r in find(client)] == ["mine"]
    assert "identifier=https" in ehr.asked[0] and f"patient={PATIENT}" in ehr.asked[0]


def test_one_identifier_that_is_not_in_a_list_is_read_too(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records.append(a_resource("QuestionnaireResponse", "q1", identifier=MINE))
    assert [r["id"] for r in find(client, "QuestionnaireResponse")] == ["q1"]


@pytest.mark.parametrize("refused", ["patient=", "identifier="])
def test_a_parameter_the_ehr_refuses_is_left_away(client: FhirClient, ehr: FakeEhr, refused: str) -> None:
    ehr.records.append(a_plan("mine", MINE))
    ehr.refusals = {refused: answer(an_outcome(), 400)}
    assert [r["id"] for r in find(client)] == ["mine"]


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Forbidden), (501, NotSupported), (401, Temporary), (500, Temporary)]
)
def test_a_search_that_fails_is_never_taken_for_not_found(
    client: FhirClient, ehr: FakeEhr, status: int, kind: type[EhrError]
) -> None:
    ehr.refusals = {"CarePlan?": answer(None, status)}
    with pytest.raises(kind):
        find(client)


def test_a_search_with_missing_pages_is_never_taken_for_not_found(
    client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
) -> None:
    httpserver.expect_request("/fhir/CarePlan").respond_with_response(
        answer(a_bundle(next=stranger.url_for("/page")))
    )
    with pytest.raises(Temporary, match="nothing may be concluded"):
        find(client)


def test_provenance_is_found_by_its_target(client: FhirClient, ehr: FakeEhr) -> None:
    def a_provenance(id: str, *targets: object) -> Json:
        return {"resourceType": "Provenance", "id": id, "target": list(targets)}

    ehr.records += [
        a_provenance("mine", None, {"reference": client.base + "/CarePlan/7/_history/2"}),
        a_provenance("theirs", {"reference": "CarePlan/70"}),
        {"resourceType": "Provenance", "id": "garbled", "target": "CarePlan/7"},
    ]
    assert [r["id"] for r in submit.find_by_target(client, "CarePlan/7")] == ["mine"]
    assert "target=CarePlan" in ehr.asked[0]


def test_characters_that_mean_something_in_a_search_are_escaped() -> None:
    assert submit.token("https://x.example", "a,b|c$d\\e") == "https://x.example|a\\,b\\|c\\$d\\\\e"
    assert submit.condition("CarePlan", SYSTEM, VALUE) == f"identifier={SYSTEM}|{VALUE}"
    assert submit.condition("CarePlan", "s", "a&b=é") == "identifier=s|a%26b%3D%C3%A9"
