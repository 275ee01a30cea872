"""Who is where: a week of chairs or people, a month of days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.coordinating.seen import CAME_TO_NOTHING, CourseSeen, VisitSeen
from ketplan.scheduling.coordinating.worklist import Moment
from ketplan.scheduling.wall_clock import days


class By(StrEnum):
    CHAIRS = "chairs"
    PEOPLE = "people"


UNNAMED = {By.CHAIRS: "No chair named", By.PEOPLE: "Nobody named"}


@dataclass(frozen=True, slots=True)
class Stay:
    """A visit on the board. `start` and `end` are at the site; `lane` keeps what overlaps apart, from 0.
    `sure` is False for what is only planned, asked for or held."""

    course: CourseSeen
    visit: VisitSeen
    start: datetime
    end: datetime
    lane: int
    sure: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One chair or person in a week."""

    reference: str
    name: str
    stays: tuple[Stay, ...]

    @property
    def lanes(self) -> int:
        return 1 + max((stay.lane for stay in self.stays), default=0)


@dataclass(frozen=True, slots=True)
class Week:
    """`days` are Monday to Friday, and the weekend where something is on it; `closed` says why a day is."""

    monday: date
    days: tuple[date, ...]
    closed: tuple[str | None, ...]
    opens: time
    closes: time
    lines: tuple[Line, ...]

    @property
    def visits(self) -> int:
        return sum(len(line.stays) for line in self.lines)


@dataclass(frozen=True, slots=True)
class DayLoad:
    """One day of a month: how many visits of each kind, and the chair hours taken of those there are."""

    day: date
    closed: str | None
    doses: int
    sessions: int
    reviews: int
    chair_hours: float
    chairs_open: float

    @property
    def share(self) -> float:
        return min(1.0, self.chair_hours / self.chairs_open) if self.chairs_open else 0.0


def week(courses: Iterable[CourseSeen], monday: date, by: By, moment: Moment) -> Week:
    """The week that begins on `monday`, one line for each chair or person that has something in it."""
    clinic, sunday = moment.clinic, monday + timedelta(days=6)
    found = list(_in(courses, monday, sunday, moment))
    names: dict[str, str] = {}
    taken: dict[str, list[tuple[CourseSeen, VisitSeen]]] = defaultdict(list)
    for course, visit in found:
        for reference, name in _lines_of(visit, by):
            names[reference] = name or names.get(reference, "") or reference
            taken[reference].append((course, visit))
    used = {moment.day(visit.start) for _, visit in found}
    shown = [d for d in days(monday, sunday) if d.weekday() < 5 or d in used]
    hours = [clinic.hours[d.weekday()] for d in shown if d.weekday() in clinic.hours] or [(time(8), time(18))]
    lines = [Line(reference, names[reference], _laned(mine, moment)) for reference, mine in taken.items()]
    return Week(
        monday,
        tuple(shown),
        tuple(clinic.closed(d) for d in shown),
        min(opens for opens, _ in hours),
        max(closes for _, closes in hours),
        tuple(sorted(lines, key=lambda line: (line.reference == "", line.name.casefold()))),
    )


def month(courses: Iterable[CourseSeen], first: date, last: date, moment: Moment) -> tuple[DayLoad, ...]:
    """Every day from the first to the last."""
    clinic, known = moment.clinic, list(courses)
    chairs = {r for c in known for v in c.visits for r, _ in v.resources if r.startswith("Location/")}
    by_day: dict[date, list[VisitSeen]] = defaultdict(list)
    for _, visit in _in(known, first, last, moment):
        by_day[moment.day(visit.start)].append(visit)
    found = []
    for day in days(first, last):
        closed, mine = clinic.closed(day), by_day[day]
        opens, closes = clinic.hours.get(day.weekday(), (time(8), time(8)))
        hours = 0.0 if closed else closes.hour + closes.minute / 60 - opens.hour - opens.minute / 60
        counts = Counter(v.kind for v in mine)
        in_chair = [v for v in mine if any(r.startswith("Location/") for r, _ in v.resources)]
        taken = sum((v.end - v.start) / timedelta(hours=1) for v in in_chair)
        found.append(
            DayLoad(
                day,
                closed,
                counts[VisitKind.INFUSION],
                counts[VisitKind.CBT],
                counts[VisitKind.FOLLOW_UP],
                taken,
                hours * len(chairs),
            )
        )
    return tuple(found)


def _in(
    courses: Iterable[CourseSeen], first: date, last: date, moment: Moment
) -> Iterator[tuple[CourseSeen, VisitSeen]]:
    """What takes somebody's time between the days, or is planned to."""
    for course in courses:
        for visit in course.visits:
            over = visit.start < moment.now and not visit.stands
            wanted = visit.stands or not (course.held or over)
            if first <= moment.day(visit.start) <= last and visit.status not in CAME_TO_NOTHING and wanted:
                yield course, visit


def _lines_of(visit: VisitSeen, by: By) -> Iterator[tuple[str, str]]:
    """The chairs or people a visit takes; one line of its own for visits that name none."""
    wanted = "Location/" if by is By.CHAIRS else "Practitioner"
    mine = [(reference, name) for reference, name in visit.resources if reference.startswith(wanted)]
    if mine:
        yield from mine
    elif by is By.PEOPLE or (visit.kind is VisitKind.INFUSION and not visit.telephone):
        yield "", UNNAMED[by]


def in_pages(lines: Iterable[Line], most: int) -> list[list[Line]]:
    """The lines in pages of at most so many visits; a line with more than that goes on on the next."""
    pages: list[list[Line]] = [[]]
    for line in lines:
        for start in range(0, len(line.stays), most):
            some = _lanes(line.stays[start : start + most])
            if pages[-1] and sum(len(one.stays) for one in pages[-1]) + len(some) > most:
                pages.append([])
            pages[-1].append(replace(line, stays=some))
    return pages


def _laned(mine: Sequence[tuple[CourseSeen, VisitSeen]], moment: Moment) -> tuple[Stay, ...]:
    in_order = sorted(mine, key=lambda pair: (pair[1].start, pair[0].plan, pair[1].key))
    zone = moment.clinic.tz
    return _lanes(
        Stay(
            course,
            visit,
            visit.start.astimezone(zone),
            visit.end.astimezone(zone),
            0,
            visit.stands and visit.status != "pending",
        )
        for course, visit in in_order
    )


def _lanes(stays: Iterable[Stay]) -> tuple[Stay, ...]:
    """Each in the first lane that is free at its start."""
    ends: list[datetime] = []
    found = []
    for stay in stays:
        lane = next((n for n, end in enumerate(ends) if end <= stay.visit.start), len(ends))
        ends[lane : lane + 1] = [stay.visit.end]
        found.append(replace(stay, lane=lane))
    return tuple(found)
