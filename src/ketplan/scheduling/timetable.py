"""A timetable: every visit of a plan with its time and the reason for it, or the reason it has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ketplan.clinical.plan import Visit


class SoftRule(StrEnum):
    """A rule that is kept where it can be; a visit that breaks one says so."""

    WINDOW = "window"
    CBT_AFTER_DOSE = "cbt_after_dose"
    SAME_THERAPIST = "same_therapist"


@dataclass(frozen=True, slots=True)
class Busy:
    """A span in which the patient already has something; aware datetimes, end exclusive."""

    start: datetime
    end: datetime
    reference: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A free Slot of the EHR. `resource` is the Schedule's actor ("Location/chair-1"), `service` one of
    chair, nurse, prescriber, therapist (or "" when the EHR does not say)."""

    reference: str
    start: datetime
    end: datetime
    resource: str
    resource_name: str
    service: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """Where a visit of the plan already stands in the EHR: it is never moved."""

    start: datetime
    end: datetime
    slots: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit with its time. `start` and `end` are aware, in the site's zone.

    `moved_days` counts business days from the target; `slots` and `resources` name the EHR's calendars it
    takes (empty: no calendar was consulted, the time only respects clinic hours); `why` is for people.
    `window` is the first and last acceptable date; `unkept` the soft rules this visit breaks.
    """

    visit: Visit
    start: datetime
    end: datetime
    window: tuple[date, date]
    why: str
    moved_days: int = 0
    slots: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    unkept: tuple[SoftRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplaced:
    visit: Visit
    why: str


@dataclass(frozen=True, slots=True)
class Timetable:
    zone: str
    placed: tuple[Placed, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def adjusted(self) -> tuple[Placed, ...]:
        """Visits more than two business days from their target (INFO SCHEDULE_ADJUSTED)."""
        return tuple(p for p in self.placed if abs(p.moved_days) > 2)
