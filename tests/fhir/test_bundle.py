"""A Bundle taken apart: which patient, which sections, what is not used and said so."""

import copy
from typing import Any

import pytest

from ketplan.errors import InputError
from ketplan.fhir.bundle import RawSection, sections_of
from ketplan.fhir.record import parse_record
from tests.fhir.builders import (
    SUBJECT,
    ZONE,
    a_bundle,
    a_condition,
    a_patient,
    a_record,
    a_request,
    an_observation,
    section,
)


def named(bundle: Any) -> dict[str, RawSection]:
    return {s.name: s for s in sections_of(bundle)}


def test_every_kind_has_its_section_even_when_empty() -> None:
    found = named(a_bundle(a_condition(), an_observation(), an_observation(id="o2")))
    assert {name: len(s.resources) for name, s in found.items() if s.resources} == {
        "Patient": 1,
        "Condition": 1,
        "Observation": 2,
    }
    assert found["Condition"].state == "found"
    assert found["AllergyIntolerance"].state == found["MedicationRequest"].state == "empty"


@pytest.mark.parametrize(
    ("bundle", "sentence"),
    [
        (None, "This is not a FHIR Bundle."),
        ([], "This is not a FHIR Bundle."),
        (a_patient(), "This is not a FHIR Bundle."),
        ({"resourceType": "Bundle"}, "The Bundle holds no Patient."),
        ({"resourceType": "Bundle", "entry": "x"}, "The Bundle holds no Patient."),
        ({"resourceType": "Bundle", "entry": [{"resource": a_condition()}]}, "The Bundle holds no Patient."),
        (a_bundle(a_patient(id="john")), "The Bundle holds more than one patient."),
        (
            {"resourceType": "Bundle", "entry": [{"resource": a_patient(id=None)}]},
            "The Patient in the Bundle has no id.",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(bundle: Any, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        sections_of(bundle)
    assert str(refused.value) == sentence
    assert refused.value.exit_code == 2


def test_the_same_patient_twice_is_one_patient() -> None:
    bundle = a_bundle(a_patient(gender="male", meta={"lastUpdated": "2026-02-01T00:00:00Z"}))
    record = parse_record(sections_of(bundle), None, ZONE)
    assert record.patient.gender == "male"


def transaction() -> dict[str, Any]:
    """As Synthea writes it: everything points by urn:uuid, ids are only in fullUrl here and there."""
    subject = {"reference": "urn:uuid:aaa", "display": "Jane"}
    request = a_request(id="m1", subject=subject, medicationReference={"reference": "urn:uuid:mmm"})
    del request["medicationCodeableConcept"]
    medication = {"resourceType": "Medication", "code": {"text": "lorazepam"}}
    condition = a_condition(subject=subject)
    del condition["id"]
    visit = {
        "resourceType": "Appointment",
        "id": "v1",
        "participant": [None, {"actor": {"reference": "urn:uuid:aaa"}}],
    }
    urls = {"aaa": a_patient(id="jane"), "ccc": condition, "mmm": medication, "rrr": request, "vvv": visit}
    entries = [
        {"fullUrl": f"urn:uuid:{u}", "resource": r, "request": {"method": "POST"}} for u, r in urls.items()
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def test_references_by_urn_uuid_are_resolved() -> None:
    record = parse_record(sections_of(transaction()), None, ZONE)
    assert record.patient.id == "jane"
    assert [c.reference for c in record.conditions] == ["Condition/ccc"]
    assert [(m.reference, m.text) for m in record.medications] == [("MedicationRequest/m1", "lorazepam")]
    assert [v.reference for v in record.appointments] == ["Appointment/v1"]
    assert all(s.unreadable == 0 and not s.detail for s in record.sections)


def test_the_bundle_itself_is_left_as_it_was() -> None:
    bundle = transaction()
    before = copy.deepcopy(bundle)
    sections_of(bundle)
    assert bundle == before


@pytest.mark.parametrize("base", ["https://ketplan.example.org/fhir", "http://127.0.0.1:8401/fhir"])
def test_absolute_and_relative_references_name_the_same_patient(base: str) -> None:
    bundle = a_bundle(
        a_condition(subject={"reference": f"{base}/Patient/jane"}), a_condition(id="c2", subject=SUBJECT)
    )
    for entry in bundle["entry"]:
        resource = entry["resource"]
        entry["fullUrl"] = f"{base}/{resource['resourceType']}/{resource['id']}"
    assert len(parse_record(sections_of(bundle), None, ZONE).conditions) == 2


def test_a_reference_to_nothing_in_the_bundle_is_about_another_patient() -> None:
    record = a_record(a_condition(subject={"reference": "urn:uuid:unknown"}))
    assert record.conditions == ()
    assert section(record, "Condition").detail == "1 about another patient left out"


def test_what_is_not_used_is_listed_and_what_is_no_resource_counted() -> None:
    claim = {"resourceType": "Claim", "id": "x"}
    bundle = a_bundle(claim, {**claim, "id": "y"}, {"resourceType": "Goal"}, None, 5, {"id": "no type"})
    bundle["entry"] += ["nonsense", {}, {"request": {"method": "DELETE", "url": "Condition/9"}}]
    rest = named(bundle)["Bundle"]
    assert rest.detail == "not used: Claim 2, Goal 1"
    assert rest.dropped == 5


def test_what_the_server_remarks_is_passed_on() -> None:
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "warning", "details": {"text": "Some results are withheld."}},
            {"severity": "error", "diagnostics": "x" * 900},
        ],
    }
    record = a_record(outcome)
    bundle = section(record, "Bundle")
    assert bundle.state == "partial"
    assert bundle.detail.startswith("Some results are withheld.; xxx")
    assert len(bundle.detail) < 300


def test_medications_travel_with_the_requests() -> None:
    found = named(a_bundle(a_request(), {"resourceType": "Medication", "id": "x"}))
    assert [r["resourceType"] for r in found["MedicationRequest"].resources] == [
        "MedicationRequest",
        "Medication",
    ]
