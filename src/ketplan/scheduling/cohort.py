"""Many courses on one clinic's calendars: one patient after the other, in fair order, never as one model.

Whoever cannot be fitted in waits, and blocks nobody. What a patient was given is booked before the next one
is looked at, so the roster is what a coordinator reaches by booking patient after patient, only that each
course is weighed as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from statistics import median

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.resources import THERAPIST
from ketplan.scheduling.series.model import Chosen, Dates, Request, Resource, Series, Wanted, Windows
from ketplan.scheduling.series.openings import Known, Site
from ketplan.scheduling.series.planning import written
from ketplan.scheduling.series.search import Found, best_series
from ketplan.scheduling.series.staff import Staff, minute
from ketplan.scheduling.wall_clock import day_words, days, instant, is_weekend

# House defaults: how hard one start is tried, and its doses alone before; with how many therapists, how far
# the next one lies behind it, and how many hopeful days are looked through.
HOUSE_WIDTHS = (64,)
HOUSE_GLANCE = (4,)
HOUSE_THERAPISTS = 1
HOUSE_STRIDE_DAYS = 3
HOUSE_SEEN = 15

# Targets may shift by a weekend when a course begins on another day.
_WEEKEND = timedelta(days=2)


@dataclass(frozen=True)
class Course:
    """A patient's course that waits for its times. `request_from` makes its request for a start on a day,
    without resources (the clinic's are used) but with `published` for the services to be consulted.

    `earliest` is the first day wanted, `latest` the last one acceptable; `asked` orders those who may begin
    on the same day: whoever asked first is served first.
    """

    patient: str
    request_from: Callable[[date], Request]
    earliest: date
    latest: date
    asked: date


@dataclass(frozen=True, slots=True)
class Fitted:
    """`series` has a time for every visit; `late` counts days from the first day wanted to the start."""

    patient: str
    start: date
    late: int
    series: Series


@dataclass(frozen=True, slots=True)
class Waiting:
    """`first` is the first day found on which the course would fit beside all that is booked; None: none in
    the calendars there are."""

    patient: str
    first: date | None
    why: str


@dataclass(frozen=True, slots=True)
class Roster:
    fitted: tuple[Fitted, ...]
    waiting: tuple[Waiting, ...]

    @property
    def late_median(self) -> float:
        """Days late of the patient in the middle."""
        return median(f.late for f in self.fitted) if self.fitted else 0.0

    @property
    def late_most(self) -> int:
        return max((f.late for f in self.fitted), default=0)

    @property
    def cost_spread(self) -> tuple[int, int]:
        """What the course of the patient in the middle costs by the table of rules, and the dearest one: how
        unevenly inconvenience is dealt out."""
        costs = sorted(f.series.cost for f in self.fitted)
        return (costs[len(costs) // 2], costs[-1]) if costs else (0, 0)


def fit(resources: Sequence[Resource], courses: Sequence[Course], until: date) -> Roster:
    """Times for as many courses as fit, none later than `latest` of its own; first dates for the others are
    looked for up to `until`."""
    staff, load = _Shared(resources), Counter[str]()
    fitted: list[Fitted] = []
    waiting: list[Waiting] = []
    for course in sorted(courses, key=lambda c: (c.earliest, c.asked, c.patient)):
        found = _first(course, staff, load, until)
        if found is None:
            waiting.append(Waiting(course.patient, None, "No start was found in the calendars there are."))
        elif found[0] > course.latest:
            words = f"The calendars are full until {day_words(found[0])}."
            waiting.append(Waiting(course.patient, found[0], words))
        else:
            start, site, series = found[0], found[1], written(found[1], found[2])
            _book(site, series.chosen, load)
            fitted.append(Fitted(course.patient, start, (start - course.earliest).days, series))
    return Roster(tuple(fitted), tuple(waiting))


class _Shared(Staff):
    """The clinic's people, with what courses have in common of its days."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        super().__init__(resources)
        self._known: dict[object, tuple[Clinic, Known]] = {}

    def site(self, request: Request) -> Site:
        life = id(request.clinic), request.patient, request.not_before
        return Site(request, self, self._known.setdefault(life, (request.clinic, {}))[1])


def _first(
    course: Course, staff: _Shared, load: Counter[str], until: date
) -> tuple[date, Site, Found] | None:
    """The first start found from which every visit has its time."""
    people = sorted(staff.people(THERAPIST), key=lambda p: (load[p], p))[:HOUSE_THERAPISTS]
    model = course.request_from(course.earliest)
    after = course.earliest
    for start in islice(_starts(model, staff, (course.earliest, until)), HOUSE_SEEN):
        if start < after:
            continue
        site = staff.site(model if start == course.earliest else course.request_from(start))
        doses = frozenset(v.key for v in model.visits if v.kind is VisitKind.INFUSION)
        if not best_series(site, only=doses, widths=HOUSE_GLANCE, steps=0, people=people):
            after = start + timedelta(days=HOUSE_STRIDE_DAYS)
            continue
        found = best_series(site, widths=HOUSE_WIDTHS, steps=0, people=people)
        if found:
            return start, site, found
        after = start + timedelta(days=HOUSE_STRIDE_DAYS)
    return None


def _starts(model: Request, staff: _Shared, dates: Dates) -> Iterator[date]:
    """The first day wanted, then those later ones on which there is hope."""
    yield dates[0]
    yield from (day for day in _hopeful(model, staff, dates) if day != dates[0])


def _hopeful(model: Request, staff: _Shared, dates: Dates) -> Iterator[date]:
    """Starts from which each dose finds some day in its window, far enough after the one before it."""
    doses = sorted((v for v in model.visits if v.kind is VisitKind.INFUSION), key=lambda v: v.number)
    free = _free_days(model, staff, doses, dates) if doses else frozenset()
    apart = timedelta(days=model.clinic.dose_gap_days)
    for start in days(*dates):
        if is_weekend(start):
            continue
        shift, last = start - dates[0], None
        for dose in doses:
            first, end = dose.windows.widest
            day = max(first + shift - _WEEKEND, *([last + apart] if last else []), start)
            last = (
                next((d for d in days(day, end + shift + _WEEKEND) if d in free), None)
                if (day <= end + shift + _WEEKEND)
                else None
            )
            if last is None:
                break
        else:
            yield start


def _free_days(model: Request, staff: _Shared, doses: Sequence[Wanted], dates: Dates) -> frozenset[date]:
    """Days on which a dose finds everybody it needs."""
    whole = dates[0], dates[1] + timedelta(days=60)
    dose = replace(doses[0], windows=Windows(whole, whole, whole))
    site = staff.site(replace(model, visits=(dose,), links=()))
    return frozenset(map(date.fromordinal, set(site.openings(dose).days.tolist())))


def _book(site: Site, chosen: Sequence[Chosen], load: Counter[str]) -> None:
    for c in chosen:
        start = minute(instant(c.start))
        for who, (_, minutes) in zip(c.resources, site.needs(c.visit), strict=True):
            site.staff.take(who, start, start + minutes)
        if c.visit.kind is VisitKind.CBT:
            load.update(c.resources)
