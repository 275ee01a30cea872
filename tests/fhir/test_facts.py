"""Patient, Condition, AllergyIntolerance, Procedure, Encounter, List, Appointment, CarePlan."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ketplan.clinical.record import CPT, RXNORM, SNOMED, Code, Patient, When
from ketplan.fhir.record import parse_record
from tests.fhir.builders import (
    PATIENT_ID,
    SUBJECT,
    ZONE,
    a_condition,
    a_patient,
    a_procedure,
    a_record,
    a_section,
    an_allergy,
    concept,
    section,
    status,
)

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"


def read_patient(**changes: Any) -> Patient:
    return parse_record([a_section(a_patient(**changes), name="Patient")], PATIENT_ID, ZONE).patient


# --- Patient --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            [{"use": "usual", "text": "Jay"}, {"use": "official", "family": "Doe", "given": ["Jane"]}],
            "Jane Doe",
        ),
        ([{"use": "old", "family": "Roe"}, {"use": "usual", "given": ["Jay"]}], "Jay"),
        ([{"use": "maiden", "family": "Roe"}, {"family": "Doe"}], "Doe"),
        ([{"use": "old", "family": "Roe"}], "Roe"),
        ([{"use": "official"}, {"use": "usual", "given": ["Jay"]}], "Jay"),
        ([{"text": "Jane Q Doe"}], "Jane Q Doe"),
        ({"family": "Doe", "given": "Jane"}, "Jane Doe"),
        ([{"family": None, "given": ["Jane", None, 3]}], "Jane 3"),
        ([None, "Jane"], ""),
        (None, ""),
    ],
)
def test_the_official_name_first(names: Any, expected: str) -> None:
    assert read_patient(name=names).name == expected


@pytest.mark.parametrize(
    ("deceased", "expected"),
    [
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": "true"}, True),
        ({"deceasedBoolean": False}, False),
        ({"deceasedDateTime": "2025-12-01"}, True),
        ({"deceasedDateTime": "last spring"}, True),
        ({}, False),
    ],
)
def test_deceased(deceased: dict[str, Any], expected: bool) -> None:
    assert read_patient(**deceased).deceased is expected


def test_birth_sex_is_us_core_s_and_gender_is_something_else() -> None:
    extension = [
        None,
        {"url": US_CORE + "us-core-race"},
        {"url": US_CORE + "us-core-birthsex", "valueCode": "F"},
    ]
    patient = read_patient(gender="Male", extension=extension)
    assert (patient.gender, patient.birth_sex) == ("male", "F")
    assert read_patient().birth_sex is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("1990-05-17", When.on(date(1990, 5, 17))),
        ("1990-05-17T00:00:00Z", When.on(date(1990, 5, 17))),
        ("1990", When(date(1990, 1, 1), date(1990, 12, 31))),
        ("1990-02-30", None),
        (None, None),
    ],
)
def test_birth_date(raw: str | None, expected: When | None) -> None:
    assert read_patient(birthDate=raw).birth_date == expected


def test_an_unreadable_birth_date_is_counted() -> None:
    record = parse_record([a_section(a_patient(birthDate="17.5.1990"), name="Patient")], None, ZONE)
    assert section(record, "Patient").unreadable == 1


def test_identifiers_have_a_label_and_the_record_number_stands_first() -> None:
    kinds = {code: {"coding": [{"system": TYPES, "code": code}]} for code in ("MR", "SS", "DL")}
    identifiers = [
        {"system": "https://ketplan.example.org/fhir/sid/case", "value": "A01"},
        {"system": "urn:oid:1.2.3", "value": "x"},
        {"type": {"text": "Insurance"}, "value": "I-1"},
        {"type": kinds["SS"], "value": "999-00-1234"},
        {"type": kinds["DL"], "value": "S99"},
        {"use": "old", "value": "gone"},
        {"type": kinds["MR"], "value": "1032702"},
        {"system": "no value"},
    ]
    assert read_patient(identifier=identifiers).identifiers == (
        ("MR", "1032702"),
        ("case", "A01"),
        ("1.2.3", "x"),
        ("Insurance", "I-1"),
    )


# --- Condition and AllergyIntolerance -------------------------------------------------------------------


def test_a_condition() -> None:
    raw = a_condition(onsetDateTime="2019-06", recordedDate="2019-07-01T08:00:00-04:00")
    (condition,) = a_record(raw).conditions
    assert condition.reference == "Condition/c1"
    assert condition.has(SNOMED, ["21897009"])
    assert (condition.clinical_status, condition.verification_status) == ("active", "confirmed")
    assert str(condition.onset) == "2019-06"
    assert condition.recorded is not None and condition.recorded.earliest == date(2019, 7, 1)


@pytest.mark.parametrize(
    ("onset", "expected"),
    [
        ({"onsetPeriod": {"start": "2018", "end": "2020"}}, "2018"),
        ({"onsetPeriod": {"end": "2020"}}, "2020"),
        ({"onsetString": "in childhood"}, "None"),
    ],
)
def test_onset(onset: dict[str, Any], expected: str) -> None:
    (condition,) = a_record(a_condition(**onset)).conditions
    assert str(condition.onset) == expected


def test_a_condition_in_words_only_is_kept() -> None:
    (condition,) = a_record(a_condition(code={"text": "panic attacks"})).conditions
    assert (condition.codes, condition.label) == ((), "panic attacks")


def test_refuted_is_kept_with_its_status_and_entered_in_error_is_not() -> None:
    (condition,) = a_record(
        a_condition(id="1", verificationStatus=status("refuted", "condition-ver-status")),
        a_condition(id="2", verificationStatus=status("entered-in-error", "condition-ver-status")),
    ).conditions
    assert condition.verification_status == "refuted"


def test_an_allergy_holds_the_substances_of_its_reactions() -> None:
    raw = an_allergy(
        type="allergy",
        code={"text": "anaesthetics"},
        clinicalStatus=status("active", "allergyintolerance-clinical"),
        verificationStatus=status("confirmed", "allergyintolerance-verification"),
        recordedDate="2020-01-01",
        reaction=[{"substance": concept(RXNORM, "6130", "ketamine")}, None, {"manifestation": []}],
    )
    (allergy,) = a_record(raw).allergies
    assert (allergy.codes, allergy.text) == ((Code(RXNORM, "6130", "ketamine"),), "anaesthetics")
    assert (allergy.kind, allergy.clinical_status, allergy.verification_status) == (
        "allergy",
        "active",
        "confirmed",
    )
    assert allergy.recorded == When.on(date(2020, 1, 1))


def test_an_allergy_entered_in_error_or_to_nothing_is_none() -> None:
    assert a_record(an_allergy(verificationStatus=status("entered-in-error"))).allergies == ()
    record = a_record(an_allergy(code=None))
    assert record.allergies == () and section(record, "AllergyIntolerance").unreadable == 1


# --- Procedure and Encounter ----------------------------------------------------------------------------


def test_a_procedure_s_note_is_all_that_is_said_in_words() -> None:
    raw = a_procedure(
        code=concept(SNOMED, "408835000", "Consent for procedure given", "Consent"),
        reasonCode=[{"text": "ketamine infusion"}],
        note=[{"text": "off-label use explained"}, None, {"text": 7}],
    )
    (procedure,) = a_record(raw).procedures
    assert procedure.text == "Consent"
    assert (
        procedure.note
        == "Consent; Consent for procedure given; ketamine infusion; off-label use explained; 7"
    )


@pytest.mark.parametrize(
    ("performed", "expected"),
    [
        ({"performedDateTime": "2026-02-12"}, "2026-02-12"),
        ({"performedPeriod": {"start": "2026-02-10", "end": "2026-02-12"}}, "2026-02-12"),
        ({"performedPeriod": {"start": "2026-02-10"}}, "2026-02-10"),
        ({"performedString": "last week"}, "None"),
    ],
)
def test_when_a_procedure_was_performed(performed: dict[str, Any], expected: str) -> None:
    (procedure,) = a_record(a_procedure(**{"performedDateTime": None, **performed})).procedures
    assert str(procedure.when) == expected


def test_a_period_that_is_none_is_counted() -> None:
    record = a_record(a_procedure(performedDateTime=None, performedPeriod="last week"))
    assert record.procedures[0].when is None
    assert section(record, "Procedure").unreadable == 1


@pytest.mark.parametrize("left_out", ["not-done", "entered-in-error"])
def test_what_was_not_done_is_no_procedure(left_out: str) -> None:
    assert a_record(a_procedure(status=left_out)).procedures == ()
    assert a_record(a_procedure(status="preparation")).procedures[0].status == "preparation"


def test_an_encounter_holds_its_types_and_its_class() -> None:
    raw = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "type": [concept(CPT, "90792", text="Psychiatric evaluation"), concept(SNOMED, "10197000")],
        "subject": SUBJECT,
        "period": {"start": "2026-02-12T15:00:00Z", "end": "2026-02-12T16:00:00Z"},
    }
    (encounter,) = a_record(raw).encounters
    assert [c.code for c in encounter.codes] == ["90792", "10197000", "AMB"]
    assert (encounter.text, encounter.status) == ("Psychiatric evaluation", "finished")
    assert encounter.when is not None
    assert encounter.when.instant == datetime(2026, 2, 12, 15, tzinfo=UTC)
    assert a_record({**raw, "status": "entered-in-error"}).encounters == ()


# --- List, Appointment, CarePlan ------------------------------------------------------------------------


def a_list(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "List",
        "id": "l1",
        "status": "current",
        "mode": "snapshot",
        "subject": SUBJECT,
        "code": concept("http://loinc.org", "10160-0", text="Medication use"),
        "date": "2026-02-10",
        "emptyReason": concept("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown"),
        **changes,
    }


def test_a_list_asserted_empty() -> None:
    (empty,) = a_record(a_list()).empty_lists
    assert empty.has("http://loinc.org", ["10160-0"])
    assert empty.recorded == When.on(date(2026, 2, 10))


@pytest.mark.parametrize(
    "changes",
    [
        {"emptyReason": concept("x", "notasked")},
        {"emptyReason": concept("x", "unavailable")},
        {"emptyReason": None},
        {"status": "retired"},
        {"status": "entered-in-error"},
        {"entry": [{"item": {"reference": "MedicationRequest/1"}}]},
    ],
)
def test_any_other_list_asserts_nothing(changes: dict[str, Any]) -> None:
    assert a_record(a_list(**changes)).empty_lists == ()


def test_an_appointment_already_booked() -> None:
    raw = {
        "resourceType": "Appointment",
        "id": "v1",
        "status": "booked",
        "start": "2026-03-02T09:00:00-05:00",
        "end": "2026-03-02T11:30:00-05:00",
        "description": "Infusion 1 of 6",
        "identifier": [{"system": "urn:plan", "value": "p/1"}],
        "serviceType": [{"text": "Infusion"}],
        "participant": [{"actor": SUBJECT}],
    }
    (visit,) = a_record(raw).appointments
    assert visit.start == datetime(2026, 3, 2, 14, tzinfo=UTC)
    assert visit.end == datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    assert (visit.status, visit.text, visit.description) == ("booked", "Infusion", "Infusion 1 of 6")
    assert visit.identifiers == (("urn:plan", "p/1"),)
    assert a_record({**raw, "status": "entered-in-error"}).appointments == ()
    assert a_record({**raw, "status": "cancelled"}).appointments[0].status == "cancelled"


def test_an_appointment_without_a_time_of_day_has_no_start() -> None:
    record = a_record({"resourceType": "Appointment", "id": "v1", "start": "2026-03-02"})
    assert record.appointments[0].start is None
    assert section(record, "Appointment").unreadable == 1


def test_a_care_plan_already_there() -> None:
    category = concept("http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "assess-plan")
    raw = {
        "resourceType": "CarePlan",
        "id": "cp1",
        "status": "active",
        "subject": SUBJECT,
        "category": [category],
        "identifier": [{"system": "urn:plan", "value": "p"}],
    }
    (plan,) = a_record({**raw, "title": "Ketamine and CBT"}).care_plans
    assert (plan.title, plan.text, plan.status) == ("Ketamine and CBT", "Ketamine and CBT", "active")
    assert [c.code for c in plan.codes] == ["assess-plan"]
    assert plan.identifiers == (("urn:plan", "p"),)
    (wrong,) = a_record({**raw, "status": "entered-in-error"}).care_plans
    assert wrong.status == "entered-in-error"


@pytest.mark.parametrize(
    ("spoken", "language"),
    [
        ([], ""),
        ([("es-MX", None)], "es-MX"),
        ([("en", False), ("es", True)], "es"),
        ([("en", None), ("es", None)], "en"),
        ([("", True)], ""),
    ],
)
def test_the_preferred_language_is_the_patients(spoken: list[tuple[str, bool | None]], language: str) -> None:
    told = [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}}
        | ({} if preferred is None else {"preferred": preferred})
        for code, preferred in spoken
    ]
    assert read_patient(communication=told).language == language
