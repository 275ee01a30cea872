"""What is, was or shall be taken: where the drug stands, its dates, why it was stopped."""

from datetime import date
from typing import Any

import pytest

from ketplan.clinical.record import RXNORM, SNOMED, Code, Medication, MedicationKind, When
from tests.fhir.builders import SUBJECT, a_record, a_request, concept, section

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
LORAZEPAM = concept(RXNORM, "6470", text="lorazepam")


def read(*resources: dict[str, Any]) -> Medication:
    (medication,) = a_record(*resources).medications
    return medication


def a_pointer(target: str, **changes: Any) -> dict[str, Any]:
    return a_request(medicationCodeableConcept=None, medicationReference={"reference": target}, **changes)


def test_the_drug_may_stand_in_the_request() -> None:
    medication = read(a_request(dosageInstruction=[{"text": "50 mg daily"}, None, {"text": "with food"}]))
    assert medication.codes == (Code(RXNORM, "36437", "sertraline"),)
    assert (medication.kind, medication.status, medication.intent) == (
        MedicationKind.REQUEST,
        "active",
        "order",
    )
    assert medication.dosage == "50 mg daily; with food"


@pytest.mark.parametrize("target", ["Medication/x", "https://ehr.example.org/fhir/Medication/x"])
def test_the_drug_may_stand_in_a_medication_of_its_own(target: str) -> None:
    medication = read(a_pointer(target), {"resourceType": "Medication", "id": "x", "code": LORAZEPAM})
    assert (medication.codes, medication.text) == ((Code(RXNORM, "6470"),), "lorazepam")


def test_the_drug_may_be_contained() -> None:
    other = {"resourceType": "Medication", "id": "other", "code": concept(RXNORM, "1")}
    contained = [None, other, {"resourceType": "Medication", "id": "in", "code": LORAZEPAM}]
    assert read(a_pointer("#in", contained=contained)).text == "lorazepam"


def test_a_medication_s_ingredients_count_as_its_codes() -> None:
    product = {
        "resourceType": "Medication",
        "id": "x",
        "code": concept("urn:formulary", "77", text="House mixture"),
        "ingredient": [{"itemCodeableConcept": LORAZEPAM}, {"itemReference": {"reference": "Substance/1"}}],
    }
    medication = read(a_pointer("Medication/x"), product)
    assert medication.codes == (Code("urn:formulary", "77"), Code(RXNORM, "6470"))
    assert medication.text == "House mixture"


def test_the_drug_may_only_be_named() -> None:
    request = a_request(medicationCodeableConcept=None, medicationReference={"display": "lorazepam 0.5 mg"})
    assert (read(request).codes, read(request).text) == ((), "lorazepam 0.5 mg")
    assert read(a_request(medicationCodeableConcept={"text": "kava"})).text == "kava"


@pytest.mark.parametrize(
    "request_", [a_pointer("Medication/gone"), a_pointer("#gone"), a_request(medicationCodeableConcept=None)]
)
def test_a_drug_that_cannot_be_told_is_still_a_medication(request_: dict[str, Any]) -> None:
    record = a_record(request_)
    (medication,) = record.medications
    assert (medication.codes, medication.text, medication.status) == ((), "", "active")
    assert section(record, "MedicationRequest").unreadable == 1


def test_when_a_request_runs() -> None:
    supply = {"validityPeriod": {"start": "2023-10-01", "end": "2024-01"}}
    medication = read(a_request(authoredOn="2023-09-20", dispenseRequest=supply))
    assert medication.start == When.on(date(2023, 10, 1))
    assert medication.end == When(date(2024, 1, 1), date(2024, 1, 31))
    assert read(a_request(authoredOn="2023-09-20")).start == When.on(date(2023, 9, 20))
    assert read(a_request(dispenseRequest={"validityPeriod": {"end": "2024-01-05"}})).start is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("MedicationStatement", MedicationKind.STATEMENT),
        ("MedicationAdministration", MedicationKind.ADMINISTRATION),
    ],
)
def test_statements_and_administrations(kind: str, expected: MedicationKind) -> None:
    given = {
        "resourceType": kind,
        "id": "s1",
        "subject": SUBJECT,
        "status": "completed",
        "medicationCodeableConcept": LORAZEPAM,
        "effectivePeriod": {"start": "2025-01-01", "end": "2025-06-30"},
        "dosage": {"text": "0.5 mg"} if expected is MedicationKind.ADMINISTRATION else [{"text": "0.5 mg"}],
    }
    medication = read(given)
    assert (medication.kind, medication.dosage) == (expected, "0.5 mg")
    assert (medication.start, medication.end) == (When.on(date(2025, 1, 1)), When.on(date(2025, 6, 30)))
    assert read({**given, "effectiveDateTime": "2025-02"}).start == When(date(2025, 2, 1), date(2025, 2, 28))


@pytest.mark.parametrize(
    "not_taken",
    [
        a_request(status="entered-in-error"),
        a_request(doNotPerform=True),
        {"resourceType": "MedicationStatement", "id": "s1", "status": "entered-in-error"},
        {"resourceType": "MedicationAdministration", "id": "s1", "status": "not-done"},
        {"resourceType": "MedicationAdministration", "id": "s1", "status": "entered-in-error"},
    ],
)
def test_what_is_no_medication(not_taken: dict[str, Any]) -> None:
    assert a_record(not_taken).medications == ()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (concept(ACT_REASON, "SINTOL"), True),
        (concept(ACT_REASON, "sintol"), True),
        (concept(ACT_REASON, "SALG"), True),
        (concept(SNOMED, "59037007"), True),
        ([{"text": "unrelated"}, {"text": "GI side effects"}], True),
        ({"text": "Adverse reaction"}, True),
        ({"coding": [{"code": "x", "display": "Drug intolerance"}]}, True),
        (concept(ACT_REASON, "INEFFECT"), False),
        (concept("urn:other", "59037007"), False),
        ({"text": "no improvement"}, False),
        (None, False),
        ("side effect", False),
    ],
)
def test_whether_it_was_stopped_for_intolerance(reason: Any, expected: bool) -> None:
    assert read(a_request(status="stopped", statusReason=reason)).stopped_for_intolerance is expected


def test_no_current_medication_is_a_fact_like_any_other() -> None:
    nothing = a_request(medicationCodeableConcept=concept(SNOMED, "787481004", text="No known medications"))
    assert read(nothing).has(SNOMED, ["787481004"])
