"""The whole record: guard, duplicates, counting, and one bad entry that hides nothing."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ketplan.clinical.record import Condition, SectionState
from ketplan.errors import InputError
from ketplan.fhir.record import parse_record
from tests.fhir.builders import (
    PATIENT_ID,
    ZONE,
    a_condition,
    a_patient,
    a_pressure,
    a_procedure,
    a_record,
    a_request,
    a_section,
    a_survey,
    an_allergy,
    an_intake,
    an_observation,
    answered,
    section,
    status,
)

SOMEBODY = {"reference": "Patient/somebody-else"}


def test_a_record_of_everything() -> None:
    record = a_record(
        a_condition(),
        an_allergy(),
        a_request(),
        an_observation(),
        a_pressure(124, 78),
        a_procedure(),
        {"resourceType": "Encounter", "id": "e1", "class": {"code": "AMB"}},
        {"resourceType": "CarePlan", "id": "cp1", "title": "Diet"},
        {"resourceType": "Appointment", "id": "v1", "start": "2026-03-02T14:00:00Z"},
        an_intake(answered("escort-confirmed", valueBoolean=True)),
        a_survey(answered("44260-8", valueInteger=0), id="q2"),
    )
    assert record.patient.id == PATIENT_ID
    assert [c.label for c in record.conditions] == ["Generalized anxiety disorder"]
    assert [a.text for a in record.allergies] == ["No known allergy"]
    assert [m.label for m in record.medications] == ["sertraline"]
    assert len(record.observations) == 4
    assert len(record.procedures) == len(record.encounters) == 1
    assert [p.title for p in record.care_plans] == ["Diet"]
    assert len(record.appointments) == 1
    assert record.intake.escort_confirmed is True
    counts = {s.name: s.count for s in record.sections if s.count}
    assert counts == {
        "Patient": 1,
        "Condition": 1,
        "AllergyIntolerance": 1,
        "MedicationRequest": 1,
        "Observation": 2,
        "QuestionnaireResponse": 2,
        "Procedure": 1,
        "Encounter": 1,
        "CarePlan": 1,
        "Appointment": 1,
    }


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "text",
        5,
        [],
        {},
        {"id": "c9"},
        a_condition(id="c9", code=None),
        a_condition(id="c9", code=["F41.1"]),
        a_condition(id="c9", onsetDateTime="2026-02-30"),
        a_condition(id="c9", onsetDateTime=20260210),
        a_condition(id="c9", onsetPeriod="spring"),
    ],
)
def test_one_malformed_entry_never_hides_the_rest_and_is_counted(bad: Any) -> None:
    record = parse_record([a_section(a_patient(), a_condition(), bad)], PATIENT_ID, ZONE)
    assert "Condition/c1" in [c.reference for c in record.conditions]
    assert record.sections[0].unreadable == 1


def test_an_entry_with_one_unreadable_part_keeps_the_rest() -> None:
    record = a_record(a_condition(onsetDateTime="2026-02-30"))
    (condition,) = record.conditions
    assert condition.onset is None and condition.clinical_status == "active"
    counted = section(record, "Condition")
    assert (counted.count, counted.unreadable) == (1, 1)


@pytest.mark.parametrize(
    "foreign",
    [
        a_condition(subject=SOMEBODY),
        a_condition(subject={"reference": "https://ehr.example.org/fhir/Patient/somebody-else"}),
        a_condition(subject={"reference": "Group/1"}),
        an_allergy(patient=SOMEBODY),
        an_observation(subject=SOMEBODY),
        a_request(subject=SOMEBODY),
        an_intake(answered("escort-confirmed", valueBoolean=True), subject=SOMEBODY),
        a_survey(answered("44260-8", valueInteger=3), subject=SOMEBODY),
        {"resourceType": "Appointment", "id": "v9", "participant": [{"actor": SOMEBODY}]},
    ],
)
def test_what_is_about_another_patient_is_dropped_and_reported(foreign: dict[str, Any]) -> None:
    record = a_record(foreign)
    assert replace(record, sections=()) == replace(a_record(), sections=())
    reported = section(record, foreign["resourceType"])
    assert (reported.count, reported.detail) == (0, "1 about another patient left out")


def test_an_appointment_of_several_is_the_patient_s_when_they_take_part() -> None:
    actors = ["Practitioner/1", "Patient/somebody-else", f"Patient/{PATIENT_ID}"]
    visit = {
        "resourceType": "Appointment",
        "id": "v1",
        "participant": [{"actor": {"reference": r}} for r in actors],
    }
    assert len(a_record(visit).appointments) == 1


@pytest.mark.parametrize("subject", [None, {}, {"display": "Jane"}, {"identifier": {"value": "1"}}])
def test_an_entry_that_names_no_patient_is_believed(subject: Any) -> None:
    assert len(a_record(a_condition(subject=subject)).conditions) == 1


def test_another_patient_s_patient_resource_is_not_taken() -> None:
    sections = [a_section(a_patient(id="somebody-else", gender="male"), name="Patient")]
    record = parse_record(sections, PATIENT_ID, ZONE)
    assert (record.patient.id, record.patient.gender) == (PATIENT_ID, None)
    assert record.sections[0].detail == "1 about another patient left out"


def test_without_any_patient_there_is_no_record() -> None:
    with pytest.raises(InputError, match="does not say who the patient is"):
        parse_record([a_section(a_condition())], None, ZONE)


def test_a_forbidden_patient_resource_leaves_the_id() -> None:
    record = parse_record([a_section(name="Patient", state="forbidden")], PATIENT_ID, ZONE)
    assert record.patient.reference == f"Patient/{PATIENT_ID}"
    assert record.sections[0].state is SectionState.FORBIDDEN


def test_overlapping_searches_give_each_fact_once_in_its_newest_version() -> None:
    old = an_observation(status="preliminary", meta={"lastUpdated": "2026-02-10T08:00:00Z"})
    new = an_observation(status="final", meta={"lastUpdated": "2026-02-10T09:00:00Z"})
    sections = [
        a_section(old, name="Observation vital-signs"),
        a_section(new, new, dict(new), name="Observation survey"),
    ]
    record = parse_record(sections, PATIENT_ID, ZONE)
    assert [(o.reference, o.status) for o in record.observations] == [("Observation/o1", "final")]


def test_entries_without_an_id_are_each_a_fact() -> None:
    record = a_record(a_condition(id=None), a_condition(id=None))
    assert [c.reference for c in record.conditions] == ["Condition", "Condition"]


@pytest.mark.parametrize(
    ("state", "resources", "expected"),
    [
        ("found", [a_condition()], SectionState.FOUND),
        ("empty", [], SectionState.EMPTY),
        ("found", [], SectionState.EMPTY),
        ("found", [a_condition(verificationStatus=status("entered-in-error"))], SectionState.EMPTY),
        ("found", [None], SectionState.FOUND),
        ("partial", [a_condition()], SectionState.PARTIAL),
        ("forbidden", [], SectionState.FORBIDDEN),
        ("failed", [], SectionState.FAILED),
        ("on fire", [], SectionState.FAILED),
    ],
)
def test_how_a_section_went(state: str, resources: list[Any], expected: SectionState) -> None:
    record = parse_record([a_section(*resources, state=state)], PATIENT_ID, ZONE)
    assert record.sections[0].state is expected


def test_a_section_passes_on_what_the_fetch_had_to_say() -> None:
    raw = a_section(a_condition(subject=SOMEBODY), state="partial", dropped=3, detail="stopped at page 20")
    read = parse_record([raw], PATIENT_ID, ZONE).sections[0]
    assert read.unreadable == 3
    assert read.detail == "stopped at page 20; 1 about another patient left out"


@dataclass(frozen=True)
class EhrSection:
    """Another room's section: only the attributes count."""

    name: str
    state: str
    resources: list[dict[str, Any]]
    dropped: int = 0
    detail: str = ""


def test_any_section_of_the_same_shape_will_do() -> None:
    record = parse_record([EhrSection("Condition", "found", [a_condition()])], PATIENT_ID, ZONE)
    assert [type(c) for c in record.conditions] == [Condition]


def test_kinds_that_are_not_read_are_neither_counted_nor_unreadable() -> None:
    included = {"resourceType": "Practitioner", "id": "1", "subject": SOMEBODY}
    read = parse_record([a_section(a_condition(), included)], PATIENT_ID, ZONE).sections[0]
    assert (read.count, read.unreadable, read.detail) == (1, 0, "")
