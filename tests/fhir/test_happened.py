"""What a chart tells of a course under way: ketplan's own records and everybody else's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.progress.facts import CheckKind, EventKind, Happened
from ketplan.clinical.record import LOINC, SNOMED
from ketplan.fhir import session_codes as codes
from ketplan.fhir.datatypes import Json
from ketplan.fhir.happened import happened
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM
from ketplan.fhir.survey import OWN_QUESTIONS
from tests.fhir.builders import PATIENT_ID, a_record

NY = ZoneInfo("America/New_York")
PLAN = "plan-1"
START = "2026-03-05T09:30:00-05:00"


def named(visit: str = "infusion-2", plan: str = PLAN) -> list[Json]:
    return [{"system": codes.PLAN_VISIT_SYSTEM, "value": f"{plan}/{visit}"}]


def a_procedure(**changes: Any) -> Json:
    return {
        "resourceType": "Procedure",
        "id": "p1",
        "identifier": named(),
        "status": "completed",
        "code": {"text": "Ketamine infusion"},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "performedPeriod": {"start": START, "end": "2026-03-05T10:10:00-05:00"},
    } | changes


def observed(id: str, *parts: tuple[str, str, Any], at: str = START, **changes: Any) -> Json:
    """A panel of (system, code, value)."""
    return {
        "resourceType": "Observation",
        "id": id,
        "identifier": named(),
        "status": "final",
        "code": {"text": id},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "effectiveDateTime": at,
        "component": [
            {"code": {"coding": [{"system": s, "code": c}]}}
            | ({"valueBoolean": v} if isinstance(v, bool) else {"valueQuantity": v})
            for s, c, v in parts
        ],
    } | changes


def mmhg(value: int) -> Json:
    return {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


def pressure(id: str, systolic: int, diastolic: int, at: str) -> Json:
    return observed(id, (LOINC, "8480-6", mmhg(systolic)), (LOINC, "8462-4", mmhg(diastolic)), at=at)


def told(*resources: Json) -> Happened:
    return happened(a_record(*resources), PLAN, NY)


def test_a_dose_is_told_with_its_size_its_worst_values_and_how_it_was_borne() -> None:
    ours = codes.SESSION_MEASURE
    (dose,) = told(
        a_procedure(),
        observed("size", (ours, codes.DOSE_MG, {"value": 34}), (ours, codes.DOSE_MG_PER_KG, {"value": 0.5})),
        pressure("before", 178, 99, "2026-03-05T08:50:00-05:00"),
        pressure("ten", 150, 92, "2026-03-05T09:40:00-05:00"),
        pressure("forty", 162, 88, "2026-03-05T10:10:00-05:00"),
        observed("air", (LOINC, "59408-5", {"value": 93, "code": "%"}), at="2026-03-05T09:50:00-05:00"),
        observed(
            "borne",
            (ours, codes.DISTRESSING, True),
            (ours, codes.VOMITING, False),
            (ours, codes.VOMITING_DESPITE, False),
        ),
    ).doses
    assert (dose.number, dose.on, dose.mg, dose.mg_per_kg) == (1, date(2026, 3, 5), 34, Decimal("0.5"))
    assert (dose.pressure, dose.lowest_spo2) == ("162/92", 93)
    assert (dose.distressing_dissociation, dose.vomiting, dose.new_suicidal_ideation) == (True, False, None)
    assert (dose.reference, dose.maintenance) == ("Procedure/p1", False)


@pytest.mark.parametrize("changes", [{"status": "not-done"}, {"identifier": named(plan="other")}])
def test_what_was_not_given_or_belongs_to_another_plan_is_no_dose(changes: Json) -> None:
    assert told(a_procedure(**changes)).doses == ()


def test_an_administration_alone_is_a_dose_with_its_milligrams() -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "identifier": named(),
        "status": "stopped",
        "medicationCodeableConcept": {"text": "ketamine"},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "effectivePeriod": {"start": START},
        "dosage": {"dose": {"value": 20, "system": "http://unitsofmeasure.org", "code": "mg"}},
    }
    (dose,) = told(given).doses
    assert (dose.mg, dose.mg_per_kg, dose.systolic) == (20, None, None)


def test_doses_are_counted_as_they_were_given() -> None:
    later = {"performedPeriod": {"start": "2026-03-09T09:30:00-04:00"}}
    found = told(a_procedure(id="p5", identifier=named("infusion-5"), **later), a_procedure()).doses
    assert [(d.number, d.reference) for d in found] == [(1, "Procedure/p1"), (2, "Procedure/p5")]


def test_the_day_of_a_dose_is_the_site_s() -> None:
    late = {"performedPeriod": {"start": "2026-03-06T02:00:00Z"}}
    assert [d.on for d in told(a_procedure(**late)).doses] == [date(2026, 3, 5)]


def test_ratings_of_anybody_s_are_told() -> None:
    score = {
        "resourceType": "Observation",
        "id": "g",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "70274-6"}]},
        "effectiveDateTime": "2026-03-09",
        "valueQuantity": {"value": 9},
    }
    (rating,) = told(score).ratings
    assert (rating.instrument, rating.total, rating.on) == ("GAD-7", 9, date(2026, 3, 9))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"coding": [{"system": codes.ADVERSE_EVENT_KIND, "code": "mania"}]}, EventKind.MANIA),
        ({"text": "rash"}, EventKind.OTHER),
    ],
)
def test_adverse_events_are_told_by_kind(event: Json, kind: EventKind) -> None:
    raw = {
        "resourceType": "AdverseEvent",
        "id": "a",
        "actuality": "actual",
        "event": event,
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "date": "2026-03-06",
    }
    (found,) = told(raw).events
    assert (found.kind, found.on, found.reference) == (kind, date(2026, 3, 6), "AdverseEvent/a")
    assert told(raw | {"actuality": "potential"}).events == ()


def test_the_four_questions_on_passing_urine_are_told_and_missing_is_not_no() -> None:
    answers = {"luts-often": "yes", "luts-urgent": "no", "luts-blood": "no"}
    raw = {
        "resourceType": "QuestionnaireResponse",
        "id": "q",
        "questionnaire": f"{OWN_QUESTIONS}|0.1.0",
        "status": "completed",
        "authored": START,
        "item": [
            {"linkId": link, "answer": [{"valueCoding": {"system": "x", "code": said}}]}
            for link, said in answers.items()
        ],
    }
    (urinary,) = told(raw).urinary
    assert (urinary.often, urinary.urgent, urinary.pain, urinary.blood) == (True, False, None, False)
    assert told(raw | {"questionnaire": "https://elsewhere.example/luts"}).urinary == ()


def test_liver_tests_and_checks_are_told() -> None:
    found = told(
        {
            "resourceType": "Observation",
            "id": "alt",
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": "1742-6"}]},
            "effectiveDateTime": "2026-03-20",
            "valueQuantity": {"value": 70, "code": "U/L"},
            "referenceRange": [{"high": {"value": 40, "code": "U/L"}}],
        },
        a_procedure(
            id="pdmp",
            identifier=[],
            code={"coding": [{"system": SNOMED, "code": "461621000124108"}]},
            performedPeriod=None,
            performedDateTime="2026-03-01",
        ),
        observed("uds", identifier=[], component=None, valueString="Negative")
        | {"code": {"coding": [{"system": LOINC, "code": "19261-7"}]}},
        observed("ua", (LOINC, "5803-2", {"value": 6}), identifier=[])
        | {"code": {"coding": [{"system": LOINC, "code": "24356-8"}]}},
    )
    assert [(lab.test, lab.value, lab.upper_limit) for lab in found.labs] == [("ALT", 70, 40)]
    assert {c.kind for c in found.checks} == set(CheckKind)
    assert found.doses == ()


def an_appointment(id: str, status: str, key: str = "infusion-3", at: str = "2026-03-10T01:00:00Z") -> Json:
    return {
        "resourceType": "Appointment",
        "id": id,
        "identifier": [{"system": PLAN_STEP_SYSTEM, "value": f"{PLAN}/appointment-{key}"}],
        "status": status,
        "description": "Infusion 3 of 6",
        "start": at,
        "end": "2026-03-10T04:00:00Z",
        "participant": [{"actor": {"reference": f"Patient/{PATIENT_ID}"}, "status": "accepted"}],
    }


@pytest.mark.parametrize("status", ["noshow", "cancelled"])
def test_a_visit_that_did_not_take_place_is_missed_until_it_stands_again(status: str) -> None:
    (missed,) = told(an_appointment("a", status)).missed
    assert (missed.key, missed.title, missed.on) == ("infusion-3", "Infusion 3 of 6", date(2026, 3, 9))
    assert told(an_appointment("a", status), an_appointment("b", "booked")).missed == ()
    assert told(an_appointment("a", status, "infusion-2"), a_procedure()).missed == ()
    assert told(an_appointment("a", "fulfilled")).missed == ()
