"""The law says "the earliest business day": every earlier day is tried by brute force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.checking import calendars, course, times
from ketplan.scheduling.checking.case import Case, utc
from ketplan.scheduling.timetable import Fixed, FreeSlot, Placed, Timetable

_ALONE = (times.in_hours, times.one_at_a_time)
_TOGETHER = (
    times.one_at_a_time,
    course.doses_apart,
    course.not_before_target,
    course.sessions,
    course.follow_ups,
)
_ORDER = {VisitKind.INFUSION: 0, VisitKind.CBT: 2, VisitKind.FOLLOW_UP: 3}  # calls between the first two


def no_earlier_day(case: Case) -> Iterator[str]:
    """A visit that looks forward from its target stands on the first day that has a time for it.

    Tried against the visits that come before it in the law's order, and for CBT with the same therapist.
    """
    doses = {d.visit.offset for d in case.of(VisitKind.INFUSION)}
    for p in case.free:
        is_check = p.visit.kind is VisitKind.FOLLOW_UP and p.visit.offset in doses
        if p.visit.telephone or is_check or p.visit.offset < 0:
            continue
        who = p.resources[0][0] if p.resources and p.visit.kind is VisitKind.CBT else None
        for day in _days(p.visit.target, case.day(p.start) - timedelta(days=1)):
            if _fits(p.visit, day, case, who):
                yield f"{p.visit.key} could be on {day}."
                break


def refused_for_a_reason(case: Case) -> Iterator[str]:
    """A visit that was not placed has no time in its plain window: the target and some days after it."""
    doses = {d.visit.offset: case.day(d.start) for d in case.of(VisitKind.INFUSION)}
    for entry in case.timetable.unplaced:
        visit = entry.visit
        tolerance = timedelta(days=case.clinic.window_for(visit.key, visit.kind))
        first, last = visit.target, visit.target + tolerance
        if visit.kind is VisitKind.FOLLOW_UP and visit.offset in doses:
            first = last = doses[visit.offset]
        for day in _days(first, last):
            if _fits(visit, day, case, None):
                yield f"{visit.key} was refused and fits on {day}."
                break


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _fits(visit: Visit, day: date, case: Case, who: str | None) -> bool:
    if not case.is_open(day) and not visit.telephone:
        return False
    before = [p for p in case.placed if p.visit.key in case.fixed or _rank(p.visit) < _rank(visit)]
    used = {reference for p in before for reference in p.slots}
    around = (day + timedelta(days=n) for n in (-1, 0, 1))
    near = [s for d in around for s in case.slots_by_date.get(d, ()) if s.reference not in used]
    tried = replace(case, fixed={p.visit.key: Fixed(p.start, p.end) for p in before})
    return any(_fits_at(visit, start, before, near, tried, who) for start in _starts(visit, day, near, case))


def _rank(visit: Visit) -> tuple[int, int, int, str]:
    group = 1 if visit.telephone else _ORDER[visit.kind]
    return group, visit.number, visit.offset, visit.key


def _starts(visit: Visit, day: date, free: Sequence[FreeSlot], case: Case) -> Iterator[datetime]:
    """Slot starts of the leading calendar, or the grid when no calendar leads."""
    wanted = case.wanted(visit)
    if wanted:
        leading = next(iter(wanted))
        yield from (utc(s.start) for s in free if s.service == leading and case.day(s.start) == day)
        return
    hours = case.clinic.on_call if visit.telephone else case.clinic.hours[day.weekday()]
    wall = datetime.combine(day, hours[0])
    while wall.time() <= hours[1] and wall.date() == day:
        moment = utc(wall.replace(tzinfo=case.clinic.tz))
        if moment.astimezone(case.clinic.tz).replace(tzinfo=None) == wall:
            yield moment
        wall += timedelta(minutes=case.clinic.grid_minutes)


def _fits_at(
    visit: Visit,
    start: datetime,
    before: Sequence[Placed],
    free: Sequence[FreeSlot],
    case: Case,
    who: str | None,
) -> bool:
    if start < utc(case.not_before):
        return False
    day = case.day(start)
    trial = Placed(visit, start, start + timedelta(minutes=visit.minutes), (day, day), "tried")
    alone = replace(case, timetable=Timetable(case.timetable.zone, (trial,)))
    together = replace(case, timetable=Timetable(case.timetable.zone, (*before, trial)))
    return (
        not any(fault for rule in _ALONE for fault in rule(alone))
        and all(_anybody(service, start, length, free, who) for service, length in case.wanted(visit).items())
        and not any(fault for rule in _TOGETHER for fault in rule(together))
    )


def _anybody(
    service: str, start: datetime, length: timedelta, free: Sequence[FreeSlot], who: str | None
) -> bool:
    people = {s.resource for s in free if s.service == service and who in (None, s.resource)}
    return any(
        calendars.covers([s for s in free if (s.service, s.resource) == (service, person)], start, length)
        for person in people
    )
