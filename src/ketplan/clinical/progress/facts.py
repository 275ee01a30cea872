"""What a review of a course is made from: the plan as signed, and what has happened since.

Everything is immutable and dated. None is "not recorded", never "no"; an empty tuple says only that nothing
is on file. The order of entries means nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeVar

from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.findings import Evidence
from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.plan import Draft
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.errors import InputError


class EventKind(StrEnum):
    PSYCHOSIS = "new psychosis"
    MANIA = "new mania"
    HYPERTENSION = "severe hypertension with symptoms"
    ANAPHYLAXIS = "anaphylaxis"
    PREGNANCY = "pregnancy"
    DIVERSION = "diversion"
    SUICIDAL_IDEATION = "new suicidal ideation"
    OTHER = "adverse event"


class CheckKind(StrEnum):
    PRESCRIPTIONS = "prescription monitoring review"
    URINE_DRUGS = "urine drug screen"
    URINALYSIS = "urinalysis"


@dataclass(frozen=True, slots=True)
class DoseGiven:
    """One dose that was given. Pressures are the session's highest in mmHg, `lowest_spo2` in per cent.

    `vomiting_despite_treatment` means in spite of an antiemetic. `maintenance` tells the doses after
    induction.
    """

    number: int
    on: date
    mg_per_kg: Decimal | None = None
    mg: Decimal | None = None
    systolic: int | None = None
    diastolic: int | None = None
    lowest_spo2: int | None = None
    distressing_dissociation: bool | None = None
    vomiting: bool | None = None
    vomiting_despite_treatment: bool | None = None
    new_suicidal_ideation: bool | None = None
    maintenance: bool = False
    reference: str = ""

    @property
    def pressure(self) -> str:
        return "/".join("?" if p is None else str(p) for p in (self.systolic, self.diastolic))


@dataclass(frozen=True, slots=True)
class Event:
    kind: EventKind
    on: date
    words: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Urinary:
    """The four questions on passing urine of one visit."""

    on: date
    often: bool | None = None
    urgent: bool | None = None
    pain: bool | None = None
    blood: bool | None = None
    reference: str = ""

    @property
    def symptoms(self) -> frozenset[str]:
        return frozenset(s for s in ("often", "urgent", "pain") if getattr(self, s))

    @property
    def complete(self) -> bool:
        return None not in (self.often, self.urgent, self.pain, self.blood)


@dataclass(frozen=True, slots=True)
class Lab:
    """ALT or AST in U/L with the laboratory's upper limit where it gives one."""

    test: str
    on: date
    value: Decimal | None
    upper_limit: Decimal | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    kind: CheckKind
    on: date
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Missed:
    """A visit that did not take place. `key` is the plan's ("infusion-3")."""

    key: str
    title: str
    on: date


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The plan as it stands. `planned` is the number of induction doses with those added since.

    `lifetime_before`: ketamine or esketamine administrations before this course, anywhere. `maintenance` says
    that a clinician has started it, `interval_days` how far its doses are apart, `authorised_on` when
    treatment was last authorised (the signature, at first). `stopped_on` ends dosing. `first_mg_per_kg` and
    `first_mg` are the first dose as signed.
    """

    id: str
    disorder: Disorder
    protocol: KetamineProtocol
    start: date
    planned: int
    dosing_weight_kg: Decimal | None = None
    age: int | None = None
    frail: bool | None = None
    lifetime_before: int | None = None
    maintenance: bool = False
    interval_days: int | None = None
    authorised_on: date | None = None
    stopped_on: date | None = None
    first_mg_per_kg: Decimal | None = None
    first_mg: int | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """Everything on file about the course. Ratings may be of any instrument."""

    doses: tuple[DoseGiven, ...] = ()
    ratings: tuple[Rating, ...] = ()
    events: tuple[Event, ...] = ()
    urinary: tuple[Urinary, ...] = ()
    labs: tuple[Lab, ...] = ()
    checks: tuple[Check, ...] = ()
    missed: tuple[Missed, ...] = ()

    def until(self, as_of: date) -> Happened:
        """Without what is dated later, each kind oldest first, nothing twice."""
        return Happened(
            _by_day(self.doses, as_of),
            _by_day(self.ratings, as_of),
            _by_day(self.events, as_of),
            _by_day(self.urinary, as_of),
            _by_day(self.labs, as_of),
            _by_day(self.checks, as_of),
            _by_day(self.missed, as_of),
        )

    @property
    def induction(self) -> tuple[DoseGiven, ...]:
        return tuple(d for d in self.doses if not d.maintenance)

    @property
    def maintenance(self) -> tuple[DoseGiven, ...]:
        return tuple(d for d in self.doses if d.maintenance)

    @property
    def last_dose(self) -> DoseGiven | None:
        return self.doses[-1] if self.doses else None


class _Dated(Protocol):
    @property
    def on(self) -> date: ...


D = TypeVar("D", bound=_Dated)


def _by_day(facts: Iterable[D], as_of: date) -> tuple[D, ...]:
    return tuple(sorted({f for f in facts if f.on <= as_of}, key=lambda f: (f.on, repr(f))))


def induction_doses(protocol: KetamineProtocol) -> int:
    """How many doses come before the end-of-induction decision; of esketamine those of four weeks."""
    end = protocol.end_of_induction_day
    return sum(end is None or offset < end for offset in protocol.day_offsets)


def plan_facts(
    draft: Draft,
    plan_id: str,
    *,
    protocol: KetamineProtocol | None = None,
    age: int | None = None,
    frail: bool | None = None,
    lifetime_before: int | None = None,
    authorised_on: date | None = None,
) -> PlanFacts:
    """The facts of a signed draft, before anything has happened. `protocol` is the site's own version.

    What is not handed in is taken from the terms of the draft; a finding of frailty in it counts in any case.
    Raises InputError for a draft without a lead disorder or with a protocol that is not in the library.
    """
    disorder = next((d for d in DISORDERS if d.title == draft.lead), None)
    terms = draft.terms
    own = terms.protocol if terms and terms.protocol.id == draft.ketamine.protocol else None
    course = protocol or own or ketamine.BY_ID.get(draft.ketamine.protocol)
    if terms is not None:
        age = terms.age if age is None else age
        lifetime_before = terms.lifetime_before if lifetime_before is None else lifetime_before
    if disorder is None or course is None:
        raise InputError("This plan has no leading disorder or a protocol that is not known here.")
    frail = True if any(f.id == "FRAILTY" for f in draft.findings) else frail
    return PlanFacts(
        plan_id,
        disorder,
        course,
        draft.start,
        induction_doses(course),
        draft.ketamine.dosing_weight_kg,
        age,
        frail,
        lifetime_before,
        authorised_on=authorised_on,
        first_mg_per_kg=draft.ketamine.mg_per_kg,
        first_mg=draft.ketamine.dose_mg,
    )


def with_added(plan: PlanFacts, doses: int) -> PlanFacts:
    """The plan with doses a clinician has added to the induction."""
    return replace(plan, planned=plan.planned + doses)


def said_of(fact: DoseGiven | Event | Urinary | Lab | Check | Missed | Rating, words: str) -> Evidence:
    """A fact as evidence."""
    return Evidence(getattr(fact, "reference", ""), words, fact.on.isoformat())
