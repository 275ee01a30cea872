"""Somebody is away: whose visits that concerns, and where each course could go instead, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ketplan.errors import InputError
from ketplan.scheduling.coordinating.seen import CourseSeen, VisitSeen
from ketplan.scheduling.coordinating.worklist import Moment
from ketplan.scheduling.series.model import Chosen, Dates, Firmness, Refused, Request, Standing
from ketplan.scheduling.series.replanning import Gone, Scope, replan
from ketplan.scheduling.timetable import FreeSlot

FIRM = {True: Firmness.FIXED, False: Firmness.BOOKED}


@dataclass(frozen=True, slots=True)
class Affected:
    """One course, its visits with whoever is away, first to last."""

    course: CourseSeen
    visits: tuple[VisitSeen, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What could become of one course: `moved` pairs a visit as it stands with its other time, `nowhere` has
    no other time. `why` is set where nothing could be proposed at all."""

    affected: Affected
    moved: tuple[tuple[VisitSeen, Chosen], ...] = ()
    nowhere: tuple[Refused, ...] = ()
    why: str = ""

    @property
    def slots(self) -> frozenset[str]:
        return frozenset(slot for _, chosen in self.moved for slot in chosen.slots)


def affected(courses: Iterable[CourseSeen], who: str, dates: Dates, moment: Moment) -> list[Affected]:
    """The courses with a visit to come that `who` (a reference) takes part in on these days."""
    found = []
    for course in courses:
        mine = [v for v in course.visits if _concerns(v, who, dates, moment)]
        if mine:
            found.append(Affected(course, tuple(sorted(mine, key=lambda v: v.start))))
    return sorted(found, key=lambda one: (one.visits[0].start, one.course.plan))


def _concerns(visit: VisitSeen, who: str, dates: Dates, moment: Moment) -> bool:
    mine = any(reference == who for reference, _ in visit.resources)
    coming = visit.stands and not visit.attended and visit.start > moment.now
    return mine and coming and dates[0] <= moment.day(visit.start) <= dates[1]


Asking = Callable[[CourseSeen, Sequence[FreeSlot]], Request]
"""The request of a course as it stands, with so much of the calendar still free. Raises InputError."""


def proposals(
    found: Iterable[Affected],
    who: str,
    dates: Dates,
    free: Sequence[FreeSlot],
    asking: Asking,
    moment: Moment,
) -> list[Proposed]:
    """The least change of each course, in this order: what one is offered, the next cannot have."""
    left, made = list(free), []
    for one in found:
        made.append(_proposed(one, Gone(who, dates), left, asking, moment))
        left = [slot for slot in left if slot.reference not in made[-1].slots]
    return made


def _proposed(
    one: Affected, gone: Gone, free: Sequence[FreeSlot], asking: Asking, moment: Moment
) -> Proposed:
    try:
        request = asking(one.course, free)
    except InputError as error:
        return Proposed(one, why=str(error))
    report = replan(request, [gone], now=moment.now, scope=Scope.FOLLOWING)
    known = {visit.key: visit for visit in one.course.visits}
    changed = [*(chosen for _, chosen in report.moved), *report.added]
    pairs = [(known[c.visit.key], c) for c in changed if c.visit.key in known]
    in_order = tuple(sorted(pairs, key=lambda pair: pair[1].start))
    return Proposed(one, in_order, report.series.refused)


def standing(course: CourseSeen) -> dict[str, Standing]:
    """The visits of a course that have their time; what took place is never touched."""
    return {
        v.key: Standing(v.start, v.end, tuple(r for r, _ in v.resources), (), FIRM[v.attended])
        for v in course.visits
        if v.stands or v.attended
    }


def days_between(first: date, last: date, most: int = 366) -> Dates | None:
    """Both days, None when they are no span of at most so many days."""
    return (first, last) if 0 <= (last - first).days < most else None
