"""The patient record as ketplan reads it: immutable facts, each with the reference of where it came from.

Nothing here knows FHIR's JSON; `fhir.record` fills these in. Absent is None or an empty tuple, never a
guess. Dates keep the precision they were recorded with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CPT = "http://www.ama-assn.org/go/cpt"
UCUM = "http://unitsofmeasure.org"


class Code(NamedTuple):
    """One coding: a code means something only together with its system."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A date or time as precise as it was recorded.

    `earliest` and `latest` are calendar dates in the site's time zone (equal for a full date); `instant`
    is an aware datetime when a time of day was recorded, else None.
    """

    earliest: date
    latest: date
    instant: datetime | None = None

    @classmethod
    def on(cls, day: date) -> When:
        return cls(day, day)

    def __str__(self) -> str:
        if self.earliest == self.latest:
            return self.earliest.isoformat()
        if self.earliest.year == self.latest.year and self.earliest.month == self.latest.month:
            return f"{self.earliest:%Y-%m}"
        return f"{self.earliest:%Y}"

    def age_days(self, as_of: date) -> int:
        """Days from the earliest possible date to `as_of`: never younger than the truth."""
        return (as_of - self.earliest).days


@dataclass(frozen=True, slots=True)
class Quantity:
    """A measured value. `unit` is the UCUM code where one was given, else the unit's text, else None."""

    value: Decimal
    unit: str | None = None
    comparator: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A coded or worded value ("Negative", "Yes")."""

    codes: tuple[Code, ...] = ()
    text: str = ""


Value = Quantity | Answer | bool | str | int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """What every fact has: `reference` is the FHIR reference ("Observation/123") it was read from."""

    reference: str
    codes: tuple[Code, ...] = ()
    text: str = ""

    def has(self, system: str, codes: Iterable[str]) -> bool:
        wanted = set(codes)
        return any(c.system == system and c.code in wanted for c in self.codes)

    @property
    def label(self) -> str:
        """The words a clinician would recognise it by."""
        return (
            self.text
            or next((c.display for c in self.codes if c.display), "")
            or next((c.code for c in self.codes), "without a name")
        )


@dataclass(frozen=True, slots=True)
class Condition(Fact):
    clinical_status: str | None = None
    verification_status: str | None = None
    onset: When | None = None
    recorded: When | None = None


@dataclass(frozen=True, slots=True)
class Allergy(Fact):
    """`codes` holds the substance's codes and those of each reaction's substance."""

    clinical_status: str | None = None
    verification_status: str | None = None
    kind: str | None = None
    recorded: When | None = None


class MedicationKind(StrEnum):
    REQUEST = "request"
    STATEMENT = "statement"
    ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Medication(Fact):
    kind: MedicationKind = MedicationKind.REQUEST
    status: str | None = None
    intent: str | None = None
    start: When | None = None
    end: When | None = None
    stopped_for_intolerance: bool = False
    dosage: str = ""
    amount: Quantity | None = None
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Observation(Fact):
    """One value. A panel's components are Observations of their own under the panel's reference, with its
    codes in `panel`. `identifiers` are (system, value) pairs."""

    value: Value = None
    when: When | None = None
    status: str | None = None
    range_high: Decimal | None = None
    interpretation: tuple[Code, ...] = ()
    panel: tuple[Code, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Procedure(Fact):
    status: str | None = None
    when: When | None = None
    note: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AdverseEvent(Fact):
    """`actual` is False for what only nearly happened; `seriousness` and `outcome` are FHIR's codes."""

    when: When | None = None
    actual: bool = True
    seriousness: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Encounter(Fact):
    status: str | None = None
    when: When | None = None


@dataclass(frozen=True, slots=True)
class AssertedEmptyList(Fact):
    """A List that says, with a code, that there is nothing to list (e.g. no current medication)."""

    recorded: When | None = None


@dataclass(frozen=True, slots=True)
class Booked(Fact):
    """An appointment already in the EHR. `identifiers` are (system, value) pairs, `slots` references,
    `resources` (reference, name) of everybody and everything that takes part but the patient."""

    status: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    description: str = ""
    slots: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExistingPlan(Fact):
    """A CarePlan already in the EHR."""

    status: str | None = None
    title: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MedicationTrial:
    """`improvement_below_pct` 50 means "improved by less than 50 %"; None: not stated."""

    ingredient: Code | None = None
    start: When | None = None
    end: When | None = None
    improvement_below_pct: int | None = None
    stopped_for_intolerance: bool = False


@dataclass(frozen=True, slots=True)
class TherapyCourse:
    """`form` is CBT, ERP, trauma-focused or exposure."""

    form: str | None = None
    sessions: int | None = None
    start: When | None = None
    end: When | None = None
    improvement_below_pct: int | None = None


@dataclass(frozen=True, slots=True)
class NmdaCourse:
    ingredient: Code | None = None
    administrations: int | None = None
    end: When | None = None
    improvement_below_pct: int | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """What the clinician answered in ketplan's intake questionnaire; empty when it was never filled in."""

    reference: str = ""
    authored: When | None = None
    escort_confirmed: bool | None = None
    principal_diagnosis: Code | None = None
    medication_trials: tuple[MedicationTrial, ...] = ()
    therapy_courses: tuple[TherapyCourse, ...] = ()
    nmda_courses: tuple[NmdaCourse, ...] = ()
    resistance_statement: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """`birth_sex` is US Core's code (F, M, UNK) or None; `identifiers` are (label, value) pairs; `language`
    is the preferred one's tag ("es-MX") or ""."""

    id: str
    name: str = ""
    gender: str | None = None
    birth_sex: str | None = None
    birth_date: When | None = None
    deceased: bool = False
    identifiers: tuple[tuple[str, str], ...] = ()
    language: str = ""

    @property
    def reference(self) -> str:
        return f"Patient/{self.id}"

    @property
    def is_male(self) -> bool:
        """Sex at birth where the record has it, else gender."""
        return self.birth_sex == "M" or (self.birth_sex is None and self.gender == "male")


class SectionState(StrEnum):
    FOUND = "found"
    EMPTY = "empty"
    FORBIDDEN = "forbidden"
    FAILED = "failed"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True)
class Section:
    """How one search of the record went. `unreadable` entries were there and could not be understood."""

    name: str
    state: SectionState
    count: int = 0
    unreadable: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PatientRecord:
    patient: Patient
    conditions: tuple[Condition, ...] = ()
    allergies: tuple[Allergy, ...] = ()
    medications: tuple[Medication, ...] = ()
    observations: tuple[Observation, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    encounters: tuple[Encounter, ...] = ()
    empty_lists: tuple[AssertedEmptyList, ...] = ()
    appointments: tuple[Booked, ...] = ()
    care_plans: tuple[ExistingPlan, ...] = ()
    adverse_events: tuple[AdverseEvent, ...] = ()
    intake: Intake = field(default_factory=Intake)
    sections: tuple[Section, ...] = ()

    def in_order(self) -> PatientRecord:
        """The same facts in one fixed order, whatever order a server returned them in."""
        kinds = ("conditions", "allergies", "medications", "observations", "procedures", "encounters")
        ordered: dict[str, Any] = {kind: tuple(sorted(getattr(self, kind), key=_fixed)) for kind in kinds}
        return replace(self, **ordered)


def _fixed(fact: Fact) -> tuple[str, tuple[Code, ...], str]:
    return fact.reference, fact.codes, fact.text
