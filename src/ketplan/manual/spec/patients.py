"""What the spec table says of a patient, as words and as a change of a record that lacks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ketplan.clinical.disorders import BY_ID, Disorder
from ketplan.clinical.record import (
    ICD10CM,
    LOINC,
    RXNORM,
    SNOMED,
    Allergy,
    Answer,
    AssertedEmptyList,
    Code,
    Condition,
    Intake,
    Medication,
    MedicationTrial,
    Observation,
    PatientRecord,
    Procedure,
    Quantity,
    TherapyCourse,
    When,
)
from ketplan.clinical.screens import workup
from ketplan.manual.sample import AS_OF, a_record

Change = Callable[[PatientRecord], PatientRecord]


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that is so of a patient: `words` for the reader, `change` for the record."""

    words: str
    change: Change


def ago(days: int, at: str = "") -> When:
    """So many days before the as-of date, if asked at a time of day."""
    day = AS_OF - timedelta(days=days)
    return When(day, day, datetime.combine(day, time.fromisoformat(at), UTC) if at else None)


# --- the patient who lacks nothing ----------------------------------------------------------------------

_NORMAL: dict[str, Any] = {"sbp": 124, "dbp": 78, "heart_rate": 72, "spo2": 98, "alt": 22, "ast": 20}
_NORMAL |= {"renal": Decimal("0.9"), "tsh": 2, "phq9": 9, "audit_c": 1, "dast10": 0}
_SCORES = {"GAD": 17, "SAD": 92, "PANIC": 18, "SPECIFIC_PHOBIA": 31, "OCD": 28, "PTSD": 56}
_COLUMBIA = ("93246-7", "93247-5", "93267-3")
_ACTS = {
    "10197000": "Psychiatric evaluation",
    "408835000": "Consent: ketamine, off-label use",
    "461621000124108": "PDMP review",
}


def ready(disorder_id: str) -> PatientRecord:
    """A man of 40, 70 kg and 175 cm, treatment-resistant, whose work-up is complete and normal."""
    d = BY_ID[disorder_id]
    base = a_record(d)
    results = [
        _observed(codes[0], _NORMAL.get(name, "Negative"), 5, words)
        for name, codes, _, words in workup.RESULTS
    ]
    scale = _observed(d.scale.loinc or "", _SCORES[d.id], 4, d.scale.names[0])
    return replace(
        base,
        observations=(*base.observations, *results, scale, *(_observed(c, "No", 4) for c in _COLUMBIA)),
        procedures=tuple(
            Procedure(f"Procedure/{code}", (Code(SNOMED, code),), text, "completed", ago(4))
            for code, text in _ACTS.items()
        ),
        medications=(_drug("escitalopram", "321988"),),
        empty_lists=(AssertedEmptyList("List/1", (Code(LOINC, "48765-2"),)),),
        intake=_intake(d),
    )


def _intake(d: Disorder) -> Intake:
    failed = {"start": ago(700), "end": ago(400), "improvement_below_pct": 35}
    trials = tuple(MedicationTrial(Code(RXNORM, code), **failed) for code in ("36437", "321988"))
    return Intake(
        "QuestionnaireResponse/1",
        escort_confirmed=True,
        medication_trials=trials,
        therapy_courses=(TherapyCourse(d.therapy_form, 14, ago(400), ago(200), 35),),
    )


# --- what may be otherwise ------------------------------------------------------------------------------


def has(code: str, words: str, status: str = "active", days: int = 300) -> Given:
    """A condition by SNOMED CT or ICD-10-CM code; without a code by its words."""
    system = SNOMED if code.isdecimal() else ICD10CM
    codes = (Code(system, code),) if code else ()
    fact = Condition(f"Condition/{words}", codes, words, status, "confirmed", ago(days))
    told = f"{words} ({code or 'words only'}{'' if status == 'active' else f', {status}'})"
    return Given(told, lambda r: replace(r, conditions=(*r.conditions, fact)))


def only(code: str, words: str) -> Given:
    """This condition and no other."""
    more = has(code, words)
    return Given(f"{more.words}, nothing else", lambda r: more.change(replace(r, conditions=())))


def measured(
    loinc: str, value: Any, words: str, unit: str = "", days: int = 3, at: str = "", anew: bool = True
) -> Given:
    """A result; `anew` takes the place of what the ready record has under its code."""
    fact = replace(_observed(loinc, value, days, words), when=ago(days, at))
    if not isinstance(value, str):
        fact = replace(fact, value=Quantity(Decimal(str(value)), unit or None))
    old = "" if days == 3 else f", {days} days old"
    return Given(
        f"{words} {value} {unit}".strip() + old,
        lambda r: replace(r, observations=(*(_others(r, loinc) if anew else r.observations), fact)),
    )


def pressure(*readings: tuple[int, int]) -> Given:
    """Readings of one day, ten minutes apart; nothing else is known of the pressure."""

    def change(record: PatientRecord) -> PatientRecord:
        kept = tuple(o for o in _others(record, "8480-6") if not o.has(LOINC, ("8462-4",)))
        taken = [
            replace(_observed(code, value, 3), reference=f"Observation/bp{n}", when=ago(3, f"10:{n}0"))
            for n, pair in enumerate(readings)
            for code, value in zip(("8480-6", "8462-4"), pair, strict=True)
        ]
        return replace(record, observations=(*kept, *taken))

    told = ", then ".join(f"{s}/{d}" for s, d in readings)
    return Given(f"blood pressure {told}", change)


def without(loinc: str, words: str) -> Given:
    return Given(f"no {words}", lambda r: replace(r, observations=_others(r, loinc)))


def takes(words: str, rxnorm: str = "") -> Given:
    drug = _drug(words, rxnorm)
    return Given(f"takes {words}", lambda r: replace(r, medications=(*r.medications, drug)))


def allergic(words: str, rxnorm: str) -> Given:
    fact = Allergy("AllergyIntolerance/1", (Code(RXNORM, rxnorm),), words, "active", "confirmed")
    return Given(f"allergy to {words}", lambda r: replace(r, allergies=(fact,)))


def aged(years: int) -> Given:
    born = When.on(date(AS_OF.year - years, AS_OF.month, AS_OF.day))
    ecg = measured("8636-3", 410, "QTc", "ms", 30)

    def change(record: PatientRecord) -> PatientRecord:
        older = replace(record, patient=replace(record.patient, birth_date=born))
        return ecg.change(older) if years >= 50 else older

    return Given(f"aged {years}", change)


def woman() -> Given:
    def change(record: PatientRecord) -> PatientRecord:
        patient = replace(record.patient, gender="female")
        return replace(
            record,
            patient=patient,
            observations=(*record.observations, _observed("2106-3", "Negative", 5, "hCG")),
        )

    return Given("a woman of 40", change)


def asked(words: str, **answers: Any) -> Given:
    """What the intake says."""
    return Given(words, lambda r: replace(r, intake=replace(r.intake, **answers)))


def deceased() -> Given:
    return Given("has died", lambda r: replace(r, patient=replace(r.patient, deceased=True)))


def _others(record: PatientRecord, loinc: str) -> tuple[Observation, ...]:
    return tuple(o for o in record.observations if not o.has(LOINC, (loinc,)))


def _observed(loinc: str, value: Any, days: int, words: str = "") -> Observation:
    said = Answer((), value) if isinstance(value, str) else Quantity(Decimal(str(value)))
    codes = (Code(LOINC, loinc),) if loinc else ()
    return Observation(f"Observation/{loinc or words}", codes, words, said, ago(days), "final")


def _drug(words: str, rxnorm: str) -> Medication:
    codes = (Code(RXNORM, rxnorm),) if rxnorm else ()
    return Medication(f"MedicationRequest/{words}", codes, words, status="active", intent="order")
