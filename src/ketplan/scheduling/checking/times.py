"""Rules that every visit keeps on its own, and the patient's one body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from ketplan.scheduling.checking.case import Case, elapsed, overlap, utc
from ketplan.scheduling.timetable import Placed, Unplaced


def complete(case: Case) -> Iterator[str]:
    """Nothing is dropped, nothing comes twice, everything has its reason."""
    entries: list[Placed | Unplaced] = [*case.placed, *case.timetable.unplaced]
    found, asked = Counter(e.visit.key for e in entries), Counter(v.key for v in case.visits)
    yield from (f"{key} is missing." for key in sorted(asked - found))
    yield from (f"{key} was not asked for, or is there twice." for key in sorted(found - asked))
    yield from (f"{e.visit.key} has no reason." for e in entries if not e.why)


def fixed_stand(case: Case) -> Iterator[str]:
    placed = {p.visit.key: p for p in case.placed}
    for key in sorted(case.fixed.keys() & {v.key for v in case.visits}):
        spot, now = case.fixed[key], placed.get(key)
        stands = now and (utc(now.start), utc(now.end)) == (utc(spot.start), utc(spot.end))
        if not now or not stands or (now.slots, now.resources) != (spot.slots, spot.resources):
            yield f"{key} is booked in the EHR and was moved."


def true_to_the_clock(case: Case) -> Iterator[str]:
    for p in case.free:
        shown = utc(p.start).astimezone(case.clinic.tz)
        if elapsed(p.start, p.end) != timedelta(minutes=p.visit.minutes):
            yield f"{p.visit.key} does not last {p.visit.minutes} minutes."
        if shown.replace(tzinfo=None) != p.start.replace(tzinfo=None):
            yield f"{p.visit.key} is not at a clock time of the site."
        if utc(p.start) < utc(case.not_before):
            yield f"{p.visit.key} is earlier than anything may be."
        if p.moved_days != _weekdays(p.visit.target, shown.date()):
            yield f"{p.visit.key} does not say how far it moved."


def in_hours(case: Case) -> Iterator[str]:
    for p in case.free:
        if not _in_hours(p, case):
            yield f"{p.visit.key} is outside the clinic's hours."


def one_at_a_time(case: Case) -> Iterator[str]:
    for one, other in case.pairs(case.placed, case.placed):
        if one.visit.key < other.visit.key and overlap(one, other):
            yield f"{one.visit.key} and {other.visit.key} overlap."
    busy = [b for b in case.busy if utc(b.start) < utc(b.end)]
    for p in case.free:
        if any(overlap(p, b) for b in busy):
            yield f"{p.visit.key} overlaps an appointment the patient has."


def _weekdays(target: date, placed: date) -> int:
    if placed < target:
        low, high = placed, target
        return -sum((low + timedelta(days=n)).weekday() < 5 for n in range((high - low).days))
    return sum((target + timedelta(days=n + 1)).weekday() < 5 for n in range((placed - target).days))


def _in_hours(p: Placed, case: Case) -> bool:
    start = p.start.astimezone(case.clinic.tz)
    if not case.is_open(start.date()) and not p.visit.telephone:
        return False
    hours = case.clinic.on_call if p.visit.telephone else case.clinic.hours[start.weekday()]
    first, last = (datetime.combine(start.date(), wall, tzinfo=case.clinic.tz) for wall in hours)
    return utc(first) <= utc(p.start) and utc(p.end) <= utc(last)
