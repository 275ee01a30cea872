"""Sample patients, synthetic, and the courses that ketplan's own rules make for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

from ketplan.clinical.assessment import Assessment, Choice, assess
from ketplan.clinical.disorders import Disorder
from ketplan.clinical.draft import draft
from ketplan.clinical.library import Library
from ketplan.clinical.plan import Draft
from ketplan.clinical.record import (
    LOINC,
    SNOMED,
    Code,
    Condition,
    Intake,
    Observation,
    Patient,
    PatientRecord,
    Quantity,
    When,
)
from ketplan.manual.tables import Tables
from ketplan.scheduling.place import INFUSION_END_MINUTES, place
from ketplan.scheduling.timetable import Timetable

AS_OF, START = date(2026, 2, 16), date(2026, 3, 2)
_MEASURED = When.on(date(2026, 2, 10))


def a_record(
    disorder: Disorder, *, age: int = 40, kg: str | None = "70", unit: str = "kg", cm: str = "175"
) -> PatientRecord:
    """An adult man with the disorder, his weight and height, and treatment resistance stated."""
    code = Code(SNOMED, min(disorder.value_set.snomed))
    measured = [("8302-2", cm, "cm")] + ([("29463-7", kg, unit)] if kg else [])
    return PatientRecord(
        Patient("sample", gender="male", birth_date=When.on(AS_OF.replace(year=AS_OF.year - age))),
        conditions=(Condition("", (code,), clinical_status="active", verification_status="confirmed"),),
        observations=tuple(
            Observation("", (Code(LOINC, loinc),), value=Quantity(Decimal(value), u), when=_MEASURED)
            for loinc, value, u in measured
        ),
        intake=Intake(escort_confirmed=True, resistance_statement="sample"),
    )


def judged(tables: Tables, record: PatientRecord, choice: Choice | None = None) -> Assessment:
    """As the app would judge it; a protocol the site has switched off is shown as if it were on."""
    library = tables.library
    if choice and choice.protocol:
        library = switched_on(library, choice.protocol)
    return assess(record, AS_OF, START, tables.house, choice, library)


def a_course(tables: Tables, disorder: Disorder, choice: Choice | None = None) -> tuple[Draft, Timetable]:
    """The plan of a sample patient, placed in the clinic's hours; no calendar of an EHR is consulted."""
    assessment = judged(tables, a_record(disorder), choice)
    plan = draft(assessment)
    minutes = assessment.protocol.minutes
    timetable = place(
        plan.visits,
        tables.clinic,
        not_before=datetime.combine(AS_OF, time.min, tables.clinic.tz),
        day_zero=START,
        infusion_end_minutes=tables.house.preparation_minutes + minutes if minutes else INFUSION_END_MINUTES,
    )
    return plan, timetable


def switched_on(library: Library, id: str) -> Library:
    """The library with one protocol offered, whatever the site has."""
    return replace(
        library,
        protocols=tuple(replace(p, enabled=True) if p.id == id else p for p in library.protocols),
    )
