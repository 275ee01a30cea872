"""A cohort booked patient after patient by a method that places one: what ours is put beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from ketplan.scheduling.cohort import Course
from ketplan.scheduling.series.model import Resource
from ketplan.scheduling.series.openings import Known, Site
from ketplan.scheduling.series.staff import Staff

MOST_STARTS = 15
"""As many days are tried for one patient as `scheduling.cohort` looks at."""

Placed = Mapping[str, int]
"""The start of each visit."""


@dataclass
class Tally:
    fitted: int = 0
    waiting: int = 0
    late_most: int = 0


def book_all(
    resources: Sequence[Resource], courses: Sequence[Course], place: Callable[[Site], Placed | None]
) -> Tally:
    """`place` gives a time for every visit, or None."""
    staff, tally, known = Staff(resources), Tally(), Known()
    for course in courses:
        for start in islice(_weekdays(course.earliest, course.latest), MOST_STARTS):
            site = Site(course.request_from(start), staff, known)
            if placed := place(site):
                _take(site, placed)
                tally.fitted += 1
                tally.late_most = max(tally.late_most, (start - course.earliest).days)
                break
        else:
            tally.waiting += 1
    return tally


def _weekdays(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        if (day := first + timedelta(days=n)).weekday() < 5:
            yield day


def _take(site: Site, starts: Mapping[str, int]) -> None:
    for visit in site.request.visits:
        start, needs = starts[visit.key], site.needs(visit)
        end = start + site.request.minutes(visit)
        team = next(site.staff.teams(needs, start, end, frozenset(), {}), None)
        for who, (_, minutes) in zip(team.resources if team else (), needs, strict=False):
            site.staff.take(who, start, start + minutes)
