"""What came of the visits whose time has passed: who came, who did not, and of how many nobody noted it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.coordinating.seen import CourseSeen, VisitSeen
from ketplan.scheduling.coordinating.worklist import HOUSE_BEHIND_DAYS, Moment

KINDS = {VisitKind.INFUSION: "Doses", VisitKind.CBT: "CBT sessions", VisitKind.FOLLOW_UP: "Reviews and calls"}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Counts of visits whose time has passed. `unknown` are booked ones of which nobody noted anything, and
    those that never had a time."""

    label: str
    attended: int
    missed: int
    cancelled: int
    unknown: int

    @property
    def planned(self) -> int:
        return self.attended + self.missed + self.cancelled + self.unknown

    @property
    def missed_share(self) -> float | None:
        """Of those of whom it is known whether they came; None when that is nobody."""
        known = self.attended + self.missed
        return self.missed / known if known else None

    @property
    def done_share(self) -> float | None:
        return self.attended / self.planned if self.planned else None


def outcomes(courses: Iterable[CourseSeen], moment: Moment, days: int = HOUSE_BEHIND_DAYS) -> list[Outcomes]:
    """Of the visits of the last `days`, a line for each kind and one for all."""
    since = moment.now - timedelta(days=days)
    past = [v for course in courses for v in course.visits if since <= v.start and v.end <= moment.now]
    by_kind = [_counted(label, [v for v in past if v.kind is kind]) for kind, label in KINDS.items()]
    return [*by_kind, _counted("All visits", past)]


def _counted(label: str, visits: Sequence[VisitSeen]) -> Outcomes:
    attended = [v for v in visits if v.attended]
    rest = [v for v in visits if not v.attended]
    missed = sum(v.status == "noshow" for v in rest)
    cancelled = sum(v.status in ("cancelled", "entered-in-error") for v in rest)
    return Outcomes(label, len(attended), missed, cancelled, len(rest) - missed - cancelled)
