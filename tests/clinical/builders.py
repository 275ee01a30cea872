"""Facts for the clinical tests: keyword builders on the record's dataclasses, dated in days before AS_OF.

`a_ready_record("GAD")` passes the whole gate and leads to an eligible plan; every test changes one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

from ketplan.clinical.assessment import Assessment, Choice, assess
from ketplan.clinical.draft import draft
from ketplan.clinical.findings import FindingClass
from ketplan.clinical.house import House
from ketplan.clinical.plan import Draft
from ketplan.clinical.record import (
    ICD10CM,
    LOINC,
    RXNORM,
    SNOMED,
    Allergy,
    Answer,
    Code,
    Condition,
    Encounter,
    Fact,
    Intake,
    Medication,
    MedicationTrial,
    NmdaCourse,
    Observation,
    Patient,
    PatientRecord,
    Procedure,
    Quantity,
    TherapyCourse,
    Value,
    When,
)

AS_OF = date(2026, 2, 16)
START = date(2026, 3, 2)  # a Monday
_serial = count(1)

# disorder → (SNOMED, ICD-10-CM), (LOINC or None, name, a score well above entry), form of a past course.
DISORDERS: dict[str, tuple[tuple[str, str], tuple[str | None, str, int], str]] = {
    "GAD": (("21897009", "F41.1"), ("70274-6", "GAD-7 total", 17), "CBT"),
    "SAD": (("25501002", "F40.10"), (None, "LSAS-SR total", 92), "CBT"),
    "PANIC": (("371631005", "F41.0"), (None, "PDSS total", 18), "CBT"),
    "SPECIFIC_PHOBIA": (
        ("54587008", "F40.210"),
        (None, "Severity Measure for Specific Phobia total", 31),
        "exposure",
    ),
    "OCD": (("191736004", "F42.2"), (None, "Y-BOCS total", 28), "ERP"),
    "PTSD": (("47505003", "F43.12"), ("101698-9", "PCL-5 total", 56), "trauma-focused"),
}
# Gate items that are plain results: name → (LOINC, value, days before AS_OF).
RESULTS: dict[str, tuple[str, Any, int]] = {
    "sbp": ("8480-6", 124, 3),
    "dbp": ("8462-4", 78, 3),
    "heart_rate": ("8867-4", 72, 3),
    "spo2": ("59408-5", 98, 3),
    "alt": ("1742-6", 22, 11),
    "ast": ("1920-8", 20, 11),
    "renal": ("2160-0", Decimal("0.8"), 11),
    "tsh": ("3016-3", Decimal("2.1"), 11),
    "uds_amphetamines": ("19261-7", "Negative", 11),
    "uds_cocaine": ("19359-9", "Negative", 11),
    "uds_opiates": ("19295-5", "Negative", 11),
    "uds_benzodiazepines": ("14316-4", "Negative", 11),
    "uds_pcp": ("19659-2", "Negative", 11),
    "hcg": ("2106-3", "Negative", 4),
    "ecg": ("11524-6", "Normal", 88),
    "phq9": ("44261-6", 9, 4),
    "audit_c": ("75626-2", 2, 4),
    "dast10": ("82667-7", 0, 4),
    "cssrs_wish": ("93246-7", "No", 4),
    "cssrs_thoughts": ("93247-5", "No", 4),
    "cssrs_behaviour": ("93267-3", "No", 4),
}
MEASURES: dict[str, tuple[str, Quantity]] = {
    "weight": ("29463-7", Quantity(Decimal(70), "kg")),
    "height": ("8302-2", Quantity(Decimal(175), "cm")),
}
ACTS: dict[str, tuple[str, str]] = {
    "psychiatric_evaluation": ("10197000", "Psychiatric interview and evaluation"),
    "consent": ("408835000", "Consent given (off-label ketamine, documented)"),
    "pdmp_review": ("461621000124108", "PDMP review"),
}


# --- dates and references -------------------------------------------------------------------------------


def ago(days: int, at: str | None = None) -> When:
    """So many days before AS_OF, if asked at a time of day ("10:05", UTC)."""
    day = AS_OF - timedelta(days=days)
    instant = datetime.combine(day, time.fromisoformat(at), UTC) if at else None
    return When(day, day, instant)


def born(age: int, *, days_short: int = 0, on: date = AS_OF) -> When:
    """A birthday on which the patient turns `age` on `on`, or so many days later."""
    turned = on + timedelta(days=days_short)
    return When.on(turned.replace(year=turned.year - age))


def _reference(kind: str) -> str:
    return f"{kind}/{next(_serial)}"


# --- facts ----------------------------------------------------------------------------------------------


def a_patient(**changes: Any) -> Patient:
    defaults: dict[str, Any] = {"id": "p1", "name": "John Case", "gender": "male", "birth_date": born(40)}
    return Patient(**defaults | changes)


def woman(age: int = 34, **changes: Any) -> Patient:
    return a_patient(name="Jane Case", gender="female", birth_date=born(age), **changes)


def a_condition(
    snomed: str | None = None, icd: str | None = None, *, status: str | None = "active", **changes: Any
) -> Condition:
    codes = [Code(SNOMED, snomed)] if snomed else []
    codes += [Code(ICD10CM, icd)] if icd else []
    changes = {"verification_status": "confirmed", "text": f"{snomed or icd or 'in words'}"} | changes
    return Condition(
        changes.pop("reference", _reference("Condition")), tuple(codes), clinical_status=status, **changes
    )


def the_disorder(name: str, **changes: Any) -> Condition:
    (snomed, icd), _, _ = DISORDERS[name]
    return a_condition(snomed, icd, text=name, **changes)


def said(value: Any) -> Value:
    """Numbers become quantities of a score, words become answers; anything else stays."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value), "{score}")
    return Answer((), value) if isinstance(value, str) else value


def an_observation(
    code: str | None, value: Any, days: int = 1, *, at: str | None = None, **changes: Any
) -> Observation:
    """`code` is a LOINC code; None for a value that is known by its text alone."""
    changes = {"when": ago(days, at), "status": "final"} | changes
    codes = (Code(LOINC, code),) if code else ()
    return Observation(
        changes.pop("reference", _reference("Observation")), codes, value=said(value), **changes
    )


def kg(value: str | int, days: int = 6, unit: str | None = "kg", **changes: Any) -> Observation:
    return an_observation("29463-7", Quantity(Decimal(value), unit), days, **changes)


def cm(value: str | int, days: int = 6, unit: str | None = "cm") -> Observation:
    return an_observation("8302-2", Quantity(Decimal(value), unit), days)


def pressure(systolic: int, diastolic: int, days: int = 0, at: str | None = None) -> list[Observation]:
    """A blood-pressure panel: two values under one reference."""
    panel = _reference("Observation")
    return [
        an_observation(code, value, days, at=at, reference=panel)
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]


def an_act(snomed: str, days: int = 4, text: str = "", **changes: Any) -> Procedure:
    changes = {"status": "completed", "when": ago(days)} | changes
    return Procedure(_reference("Procedure"), (Code(SNOMED, snomed),), text, **changes)


def a_consent(days: int = 4, text: str = ACTS["consent"][1], **changes: Any) -> Procedure:
    return an_act("408835000", days, text, **changes)


def a_medication(
    rxnorm: str | None = None, text: str = "", *, status: str | None = "active", **changes: Any
) -> Medication:
    codes = (Code(RXNORM, rxnorm),) if rxnorm else ()
    changes = {"intent": "order", "start": ago(200)} | changes
    return Medication(_reference("MedicationRequest"), codes, text, status=status, **changes)


def an_allergy(*codes: Code, text: str = "", **changes: Any) -> Allergy:
    changes = {"clinical_status": "active", "verification_status": "confirmed"} | changes
    return Allergy(_reference("AllergyIntolerance"), codes, text, **changes)


def no_known_allergy() -> Allergy:
    return an_allergy(Code(SNOMED, "716186003"), text="No known allergy")


# --- the intake -----------------------------------------------------------------------------------------


def a_trial(rxnorm: str, days: int = 100, below: int | None = 50, **changes: Any) -> MedicationTrial:
    """A finished trial that lasted so many days."""
    changes = {"start": ago(400 + days), "end": ago(400), "improvement_below_pct": below} | changes
    return MedicationTrial(Code(RXNORM, rxnorm), **changes)


def a_course(form: str = "CBT", sessions: int | None = 14, below: int | None = 50) -> TherapyCourse:
    return TherapyCourse(form, sessions, ago(500), ago(400), below)


def an_nmda_course(administrations: int | None = 6, below: int | None = 50) -> NmdaCourse:
    return NmdaCourse(Code(RXNORM, "6130"), administrations, ago(300), below)


def an_intake(disorder: str = "GAD", **changes: Any) -> Intake:
    below = 35 if disorder == "OCD" else 50
    defaults: dict[str, Any] = {
        "reference": "QuestionnaireResponse/intake",
        "authored": ago(0),
        "escort_confirmed": True,
        "medication_trials": (a_trial("36437"), a_trial("321988")),
        "therapy_courses": (a_course(DISORDERS[disorder][2], below=below),),
    }
    return Intake(**defaults | changes)


# --- records --------------------------------------------------------------------------------------------

_FIELD_OF: dict[type[Fact], str] = {
    Condition: "conditions",
    Allergy: "allergies",
    Medication: "medications",
    Observation: "observations",
    Procedure: "procedures",
    Encounter: "encounters",
}


def a_record(*facts: Fact, **changes: Any) -> PatientRecord:
    """The facts sorted into their fields, in the order given."""
    fields: dict[str, Any] = {"patient": a_patient()}
    for fact in facts:
        name = _FIELD_OF.get(type(fact), "empty_lists")
        fields[name] = (*fields.get(name, ()), fact)
    return PatientRecord(**fields | changes)


def a_ready_record(
    disorder: str = "GAD",
    *,
    without: Iterable[str] = (),
    days: Mapping[str, int] | None = None,
    also: Iterable[Fact] = (),
    **changes: Any,
) -> PatientRecord:
    """Everything the gate wants. `without` leaves items out by name, `days` sets how old an item is."""
    left_out, aged = set(without), dict(days or {})
    loinc, name, score = DISORDERS[disorder][1]
    items: dict[str, Fact] = {
        "disorder": the_disorder(disorder),
        "disorder_scale": an_observation(loinc, score, aged.pop("disorder_scale", 4), text=name),
        "medication_list": a_medication("321988", "escitalopram 20 mg/day"),
        "allergy_list": no_known_allergy(),
    }
    items |= {k: an_observation(code, v, aged.pop(k, d)) for k, (code, v, d) in RESULTS.items()}
    items |= {k: an_observation(code, v, aged.pop(k, 6)) for k, (code, v) in MEASURES.items()}
    items |= {k: an_act(code, aged.pop(k, 4), text) for k, (code, text) in ACTS.items()}
    assert not aged and left_out <= items.keys(), "no such item"
    kept = [fact for item, fact in items.items() if item not in left_out]
    return a_record(*kept, *also, **{"intake": an_intake(disorder)} | changes)


def with_facts(record: PatientRecord, *facts: Fact) -> PatientRecord:
    more: dict[str, tuple[Fact, ...]] = {}
    for fact in facts:
        name = _FIELD_OF[type(fact)]
        more[name] = (*more.get(name, getattr(record, name)), fact)
    return replace(record, **more)  # type: ignore[arg-type]


# --- verdicts -------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def judged(
    record: PatientRecord, *, start: date = START, house: House | None = None, **choice: Any
) -> Assessment:
    """The verdict; kept for the next question about the same record."""
    return assess(record, AS_OF, start, house, Choice(**choice))


def drafted(
    record: PatientRecord, *, start: date = START, house: House | None = None, **choice: Any
) -> Draft:
    return draft(judged(record, start=start, house=house, **choice))


def found(record: PatientRecord, **kwargs: Any) -> set[str]:
    """The ids of BLOCK, HOLD and REVIEW findings."""
    return {f.id for f in judged(record, **kwargs).findings if f.cls is not FindingClass.INFO}


def told(record: PatientRecord, **kwargs: Any) -> set[str]:
    """The ids of INFO findings."""
    return {f.id for f in judged(record, **kwargs).findings if f.cls is FindingClass.INFO}


def cls_of(record: PatientRecord, id: str, **kwargs: Any) -> FindingClass | None:
    return next((f.cls for f in judged(record, **kwargs).findings if f.id == id), None)


def text_of(record: PatientRecord, id: str, **kwargs: Any) -> str:
    return next((f.text for f in judged(record, **kwargs).findings if f.id == id), "")
