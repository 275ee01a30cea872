"""A treatment plan: what is drafted, what a clinician confirms, and the visits it is made of.

`Draft` and `ConfirmedPlan` are two types on purpose: nothing unsigned can be written by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ketplan.clinical.findings import Decision, Finding
from ketplan.clinical.protocols.ketamine import KetamineProtocol


class VisitKind(StrEnum):
    INFUSION = "infusion"
    CBT = "cbt"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as the protocol wants it, before it has a time.

    `key` is stable within the plan ("infusion-1", "cbt-3", "review_3_months"); `target` is the offset's
    date under the weekend rule; `minutes` is the whole stay. `telephone` visits keep their day, also at
    weekends.
    """

    key: str
    kind: VisitKind
    number: int
    title: str
    offset: int
    target: date
    minutes: int
    telephone: bool = False


@dataclass(frozen=True, slots=True)
class KetamineCourse:
    """The drug course. Without a usable weight the dose fields are None: a dose is never guessed.

    `mg_per_kg` is the first dose's; `dose_mg` is rounded half up to 1 mg from `dose_mg_unrounded` (given
    to two decimals); `provisional` says that the weight behind it must be confirmed.
    """

    protocol: str
    route: str | None = None
    product: str | None = None
    infusions: int = 0
    mg_per_kg: Decimal | None = None
    minutes: int | None = None
    dosing_weight_kg: Decimal | None = None
    dosing_weight_basis: str | None = None
    dose_mg_unrounded: Decimal | None = None
    dose_mg: int | None = None
    day_offsets: tuple[int, ...] = ()
    dates: tuple[date, ...] = ()
    provisional: bool = False
    ceiling_mg_per_kg: Decimal | None = None
    arithmetic: str = ""
    titration: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class CbtSession:
    number: int
    title: str
    minutes: int
    offset: int
    date: date


@dataclass(frozen=True, slots=True)
class CbtCourse:
    protocol: str
    sessions: tuple[CbtSession, ...]
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    visit: str
    day: int
    date: date
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class SessionMonitoring:
    vitals_minutes: tuple[int, ...]
    minimum_observation_minutes: int
    instruments: tuple[str, ...]
    escort_required: bool
    no_driving_until: str
    source: str


@dataclass(frozen=True, slots=True)
class TargetGoal:
    """Where the plan wants a score to go: instrument's name and LOINC total code (or None), target below."""

    disorder: str
    text: str
    instrument: str
    loinc: str | None
    baseline: Decimal | None
    target_below: Decimal | None
    due: date


@dataclass(frozen=True, slots=True)
class OverridePlan:
    """What a clinician may choose instead, only with a reason of their own."""

    requires: str
    ketamine: KetamineCourse
    cbt: CbtCourse


@dataclass(frozen=True, slots=True)
class Terms:
    """What a later review of the course goes by besides: the protocol as the site has it, the patient's
    age in years (the oldest possible) and the lifetime doses of before. None is not known.
    """

    protocol: KetamineProtocol
    age: int | None = None
    lifetime_before: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal for one patient. Nothing in it has been decided by anybody yet.

    `deviations` says, a sentence each, what the site has set otherwise than ketplan ships;
    `before_first_dose` what must be done again by then; `emergency_plan` who and what is at hand.
    """

    patient: str
    as_of: date
    start: date
    decision: Decision
    findings: tuple[Finding, ...]
    disorders: tuple[str, ...]
    lead: str | None
    addresses: tuple[str, ...]
    ketamine: KetamineCourse
    cbt: CbtCourse | None
    cbt_candidates: tuple[str, ...]
    followups: tuple[FollowUp, ...]
    monitoring: SessionMonitoring | None
    alternative_plan: str | None
    alternative_steps: tuple[str, ...]
    goals: tuple[TargetGoal, ...] = ()
    override: OverridePlan | None = None
    visits: tuple[Visit, ...] = ()
    sources: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    before_first_dose: tuple[str, ...] = ()
    emergency_plan: str = ""
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class Clinician:
    """Who signs. `reference` is "Practitioner/…"; `asserted_by`: id_token or command line."""

    reference: str
    name: str = ""
    asserted_by: str = "id_token"


@dataclass(frozen=True, slots=True)
class Resolution:
    """A named clinician's answer to one finding."""

    finding: str
    reason: str
    clinician: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ConfirmedPlan:
    """A draft that a named clinician has signed."""

    id: str
    draft: Draft
    clinician: Clinician
    confirmed_at: datetime
    resolutions: tuple[Resolution, ...] = ()
