"""What a clinic can carry: doses a day and what sets the limit, load by week, what one more would do.

Doses are packed into a day from its first quarter hour on, each as early as it goes. All are alike, so with
one kind of calendar that is the most there can be; with several that have their gaps at different hours it is
what a clinic reaches by booking forwards.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.resources import CHAIR, NURSE, PRESCRIBER, Need
from ketplan.scheduling.series.model import Dates, Request, Resource
from ketplan.scheduling.series.openings import Known, Site
from ketplan.scheduling.series.search import best_series
from ketplan.scheduling.series.staff import Staff, moment_of, without
from ketplan.scheduling.timetable import Busy
from ketplan.scheduling.wall_clock import days, edge, grid, instant

# House defaults: a dose with preparation and two hours of observation; how hard one start is tried.
HOUSE_DOSE_MINUTES = 180
HOUSE_WIDTHS = (16, 64)

Stretch = tuple[float, float]
Free = dict[str, list[list[Stretch]]]


@dataclass(frozen=True, slots=True)
class Day:
    """`ceiling` doses with all staff free, `room` for more beside what is booked. `binds` names the services
    ("chair", "nurse", "prescriber") of which one more would lift the ceiling: empty where the hours do."""

    day: date
    ceiling: int
    room: int
    binds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """One resource in one week (`week` is its Monday): hours it is there, and hours of them taken."""

    week: date
    resource: str
    name: str
    service: str
    hours: float
    taken: float

    @property
    def share(self) -> float:
        """0 to 1; 0 for a week in which the resource is not there."""
        return self.taken / self.hours if self.hours else 0.0


@dataclass(frozen=True, slots=True)
class OneMore:
    """What one more chair, nurse or prescriber, there whenever the clinic is open, would do."""

    service: str
    doses_more: int
    days_lifted: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """`days` are the clinic's open days among the dates; `one_more` adds up over all of them."""

    dates: Dates
    days: tuple[Day, ...]
    loads: tuple[Load, ...]
    one_more: tuple[OneMore, ...]

    @property
    def ceiling(self) -> int:
        """Doses on the best of the days."""
        return max((d.ceiling for d in self.days), default=0)


def capacity(
    clinic: Clinic,
    resources: Sequence[Resource],
    taken: Mapping[str, Sequence[Busy]],
    dates: Dates,
    *,
    dose_minutes: int = HOUSE_DOSE_MINUTES,
) -> Capacity:
    """What the clinic can carry from the first to the last of the dates.

    `resources` have all the time they work in `free`, whatever is booked; `taken` is what is booked, by the
    resource's reference. A service without a resource is not consulted.
    """
    needs = [n for n in dose_needs(clinic) if any(r.service == n.service for r in resources)]
    open_days = [d for d in days(*dates) if not clinic.closed(d)]
    left = [_less(r, taken.get(r.reference, ())) for r in resources]
    whole, rest = _by_day(resources, clinic, open_days), _by_day(left, clinic, open_days)
    found: list[Day] = []
    more: dict[str, list[int]] = {n.service: [] for n in needs}
    for day in open_days if needs else ():
        starts = [m.timestamp() / 60 for m in grid(day, *clinic.hours[day.weekday()], clinic.step, clinic.tz)]
        ceiling = _packed(starts, needs, whole[day], dose_minutes)
        for n in needs:
            helped = whole[day] | {
                n.service: [*whole[day].get(n.service, []), [(starts[0], _close(day, clinic))]]
            }
            more[n.service].append(_packed(starts, needs, helped, dose_minutes) - ceiling)
        binds = tuple(service for service, gains in more.items() if gains[-1] > 0)
        found.append(Day(day, ceiling, _packed(starts, needs, rest[day], dose_minutes), binds))
    one_more = (OneMore(service, sum(gains), sum(g > 0 for g in gains)) for service, gains in more.items())
    return Capacity(dates, tuple(found), tuple(_loads(resources, left, clinic, dates)), tuple(one_more))


def dose_needs(clinic: Clinic) -> tuple[Need, ...]:
    return Need(CHAIR), Need(NURSE), Need(PRESCRIBER, clinic.prescriber_minutes)


def first_start(
    request_from: Callable[[date], Request], resources: Iterable[Resource], wanted: Iterable[date]
) -> tuple[date, datetime] | None:
    """The first of the days wanted from which a whole course finds its times, and when its first dose is;
    None when it never does.

    `request_from` makes the request of a course that starts on a day: all ask for the same resources, of the
    same clinic, not before the same moment.
    """
    staff, known = Staff(resources), Known()
    for day in wanted:
        request = request_from(day)
        if found := best_series(Site(request, staff, known), widths=HOUSE_WIDTHS):
            doses = [found.spots[v.key] for v in request.visits if v.kind is VisitKind.INFUSION]
            return day, moment_of(min(spot.start for spot in doses if spot))
    return None


def _less(resource: Resource, busy: Iterable[Busy]) -> Resource:
    spans = [(instant(b.start), instant(b.end)) for b in busy]
    return Resource(resource.reference, resource.name, resource.service, tuple(without(resource.free, spans)))


def _by_day(resources: Iterable[Resource], clinic: Clinic, wanted: Sequence[date]) -> dict[date, Free]:
    """Each day's free stretches in minutes since 1970, a list for each resource, by service."""
    found: dict[date, Free] = {day: {} for day in wanted}
    for r in resources:
        mine: dict[date, list[Stretch]] = defaultdict(list)
        for begins, ends in sorted((instant(s.start), instant(s.end)) for s in r.free):
            day = begins.astimezone(clinic.tz).date()
            stretch = begins.timestamp() / 60, ends.timestamp() / 60
            before = mine[day][-1] if mine[day] else None
            if before and stretch[0] <= before[1]:
                mine[day][-1] = before[0], max(before[1], stretch[1])
            else:
                mine[day].append(stretch)
        for day in mine.keys() & found.keys():
            found[day].setdefault(r.service, []).append(mine[day])
    return found


def _packed(starts: Sequence[float], needs: Sequence[Need], free: Free, minutes: int) -> int:
    """How many doses go into a day, each as early as it goes."""
    left = {service: [list(stretches) for stretches in lists] for service, lists in free.items()}
    count = 0
    for start in starts:
        while True:
            hands = [_hand(left.get(n.service, []), start, start + (n.minutes or minutes)) for n in needs]
            if not all(hands):
                break
            for hand in hands:
                assert hand
                stretches, n, until = hand
                begins, ends = stretches.pop(n)
                stretches += [part for part in ((begins, start), (until, ends)) if part[0] < part[1]]
            count += 1
    return count


def _hand(lists: list[list[Stretch]], start: float, until: float) -> tuple[list[Stretch], int, float] | None:
    """Whoever is free for that time, and least long after it."""
    fits = [
        (ends, i, n)
        for i, stretches in enumerate(lists)
        for n, (begins, ends) in enumerate(stretches)
        if begins <= start and until <= ends
    ]
    if not fits:
        return None
    _, i, n = min(fits)
    return lists[i], n, until


def _close(day: date, clinic: Clinic) -> float:
    return edge(day, clinic.hours[day.weekday()][1], clinic.tz).timestamp() / 60


def _loads(
    resources: Sequence[Resource], left: Sequence[Resource], clinic: Clinic, dates: Dates
) -> Iterable[Load]:
    for whole, rest in zip(resources, left, strict=True):
        there, free = _hours(whole, clinic, dates), _hours(rest, clinic, dates)
        for week in sorted(there):
            taken = there[week] - free.get(week, 0.0)
            yield Load(week, whole.reference, whole.name, whole.service, there[week], taken)


def _hours(resource: Resource, clinic: Clinic, dates: Dates) -> dict[date, float]:
    """Hours by the Monday of their week."""
    found: dict[date, float] = defaultdict(float)
    first, end = (edge(d, time(), clinic.tz) for d in (dates[0], dates[1] + timedelta(days=1)))
    for span in resource.free:
        begins, ends = max(instant(span.start), first), min(instant(span.end), end)
        if begins < ends:
            day = begins.astimezone(clinic.tz).date()
            found[day - timedelta(days=day.weekday())] += (ends - begins) / timedelta(hours=1)
    return found
