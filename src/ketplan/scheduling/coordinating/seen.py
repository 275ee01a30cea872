"""What is known of the courses of a clinic: visits as they were planned, and as they were seen in the EHR."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.moved import CALLS, Spot

ATTENDED = frozenset({"arrived", "checked-in", "fulfilled"})
CAME_TO_NOTHING = frozenset({"noshow", "cancelled", "entered-in-error"})
ONLY_ASKED_FOR = frozenset({"proposed", "waitlist"})


@dataclass(frozen=True, slots=True)
class VisitSeen:
    """One visit of a signed plan. `start` and `end` are aware: of the EHR where it has the visit, else as it
    was planned; `planned` is the day it was signed for.

    `status` is the EHR's word, "" where nobody has found it there. `unanswered`: no yes of the patient.
    `resources` are reference and name of whom it takes. `said` tells in words how it differs from what was
    written. `seen` is when the EHR was looked at, None before the first look; `done` that it was closed here.
    """

    key: str
    title: str
    start: datetime
    end: datetime
    planned: date
    status: str = ""
    unanswered: bool = False
    resources: tuple[tuple[str, str], ...] = ()
    said: str = ""
    seen: datetime | None = None
    done: bool = False

    @property
    def kind(self) -> VisitKind:
        return Spot(self.key, self.title, self.start, self.end).kind

    @property
    def telephone(self) -> bool:
        return self.key in CALLS

    @property
    def attended(self) -> bool:
        return self.done or self.status in ATTENDED

    @property
    def stands(self) -> bool:
        """It takes somebody's time, or will."""
        return self.status not in CAME_TO_NOTHING and self.status not in ONLY_ASKED_FOR and self.status != ""


@dataclass(frozen=True, slots=True)
class CourseSeen:
    """One patient's newest course under way. `waits` says what a clinician has to do, "" for nothing;
    `held` that no visit is wanted for now. `authorised_until` and `measured` are days; `complete` says that
    the EHR was asked for every visit in the time looked at."""

    plan: str
    patient: str = field(repr=False)
    name: str = field(repr=False)
    born: str = field(repr=False)
    telephone: tuple[str, ...] = field(repr=False)
    clinician: str
    visits: tuple[VisitSeen, ...]
    synced: datetime | None = None
    waits: str = ""
    held: bool = False
    conflicts: int = 0
    problem: str = ""
    authorised_until: date | None = None
    measured: date | None = None

    @property
    def therapists(self) -> tuple[str, ...]:
        """Who gives the sessions, by name, in order of the visits."""
        people = [
            name or reference
            for v in self.visits
            if v.kind is VisitKind.CBT
            for reference, name in v.resources
            if reference.startswith("Practitioner")
        ]
        return tuple(dict.fromkeys(people))
