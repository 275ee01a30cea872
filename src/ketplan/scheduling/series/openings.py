"""The times at which a visit could stand by itself, what each of them costs, and why other days have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.clinic_hours import Hours
from ketplan.scheduling.resources import THERAPIST, Need
from ketplan.scheduling.series.model import Firmness, Request, Wanted
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.staff import Staff, minute, minute_up, moment_of
from ketplan.scheduling.wall_clock import day_words, days, edge, grid, instant

MIDNIGHT = time()
NOON_TO_NOON = (time(0), time(23, 45))
GivenUp = frozenset[tuple[Rule, tuple[str, ...]]]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Known = dict[object, tuple[Ints, Ints]]
_QUARTER, _WHOLE_DAY = 15, 24 * 60
_CLOCK, _WISH = weight(Rule.CLOCK), weight(Rule.WISH)
_NONE: Ints = np.empty(0, np.int64)


@lru_cache(maxsize=16384)
def _clock(zone: ZoneInfo, ordinal: int, wall: time = MIDNIGHT) -> int:
    """The minute of a clock time on a day."""
    return minute(edge(date.fromordinal(ordinal), wall, zone))


@lru_cache(maxsize=8192)
def _grid(zone: ZoneInfo, ordinal: int, hours: Hours, step: timedelta) -> Ints:
    """Possible starts of a day; where no clock changes in it, without asking the zone for each."""
    begins = _clock(zone, ordinal)
    if _clock(zone, ordinal + 1) - begins == _WHOLE_DAY and step % timedelta(minutes=1) == timedelta():
        first, last = (60 * wall.hour + wall.minute for wall in hours)
        return np.arange(begins + first, begins + last + 1, step // timedelta(minutes=1), dtype=np.int64)
    found = grid(date.fromordinal(ordinal), *hours, step, zone)
    return np.array([minute(m) for m in found], np.int64)


@dataclass(slots=True)
class Openings:
    """Possible starts in minutes, ascending, each with the ordinal of its day and its cost."""

    starts: Ints
    days: Ints
    costs: Ints


class Site:
    """Everything about one request that does not depend on the other visits."""

    def __init__(self, request: Request, staff: Staff | None = None, known: Known | None = None) -> None:
        """`staff` stands in for the request's own resources, when many requests share them; `known` is what
        requests of the same clinic, patient's life and `not_before` share of their days."""
        self.request, self.clinic, self.zone = request, request.clinic, request.clinic.tz
        self.staff = staff or Staff(request.resources)
        self._days: Known = {} if known is None else known

    def midnight(self, ordinal: int) -> int:
        """The first minute of a day of the site."""
        return _clock(self.zone, ordinal)

    def midnights(self, ordinals: Ints) -> Ints:
        """The same for many days at once; those before and after all visits count as the nearest known."""
        first, table = self._known_midnights
        return table.take(ordinals - first, mode="clip")

    @cached_property
    def _known_midnights(self) -> tuple[int, Ints]:
        dates = [self.dates(v) for v in self.request.visits]
        stand = [self.day_of(here) for key in self.request.standing if (here := self.stands_at(key))]
        first = min([*(d[0].toordinal() for d in dates), *stand]) - 2
        last = max([*(d[1].toordinal() for d in dates), *stand]) + self.clinic.search_days + 2
        return first, np.array([self.midnight(n) for n in range(first, last + 1)], np.int64)

    def day_of(self, start: int) -> int:
        return moment_of(start).astimezone(self.zone).date().toordinal()

    @cached_property
    def now(self) -> int:
        return minute_up(instant(self.request.not_before))

    @cached_property
    def engaged(self) -> list[tuple[int, int]]:
        spans = ((minute(instant(b.start)), minute_up(instant(b.end))) for b in self.request.patient.busy)
        return sorted(s for s in spans if s[0] < s[1])

    def needs(self, visit: Wanted) -> list[tuple[Need, int]]:
        """What is needed and consulted, with the minutes it is needed for."""
        whole = self.request.minutes(visit)
        return [
            (n, whole if n.minutes is None else min(whole, n.minutes)) for n in self.request.consulted(visit)
        ]

    def dates(self, visit: Wanted, given_up: GivenUp = frozenset()) -> tuple[date, date]:
        first, last = visit.windows.widest
        if (Rule.ABSOLUTE, (visit.key,)) in given_up:
            last += timedelta(days=self.clinic.search_days)
        return first, last

    def openings(self, visit: Wanted, given_up: GivenUp = frozenset()) -> Openings:
        """Where the visit may stand by every hard rule that concerns it alone."""
        spot, here = self.request.standing.get(visit.key), self.stands_at(visit.key)
        if here is not None and self.request.is_fixed(visit.key):
            return Openings(*(np.array([n], np.int64) for n in (here, self.day_of(here), 0)))
        own = frozenset(rule for rule, keys in given_up if keys == (visit.key,))
        first, last = self.dates(visit, given_up)
        starts, costs = self._between(visit, first, last, own)
        if spot:
            costs = costs + weight(Rule.CONFIRMED if spot.firmness is Firmness.CONFIRMED else Rule.BOOKED)
        ordinals = self._ordinals(starts, first, last)
        costs = costs + self._day_costs(visit, first, last)[ordinals - first.toordinal()]
        found = Openings(starts, ordinals, costs)
        return found if here is None else self._with_standing(visit, here, found)

    def _ordinals(self, starts: Ints, first: date, last: date) -> Ints:
        edges = self.midnights(np.arange(first.toordinal(), last.toordinal() + 1))
        return first.toordinal() - 1 + np.searchsorted(edges, starts, "right")

    def _with_standing(self, visit: Wanted, here: int, found: Openings) -> Openings:
        """Staying is always open, and costs nothing for having been booked."""
        day = date.fromordinal(self.day_of(here))
        cost = int(self._day_costs(visit, day, day)[0]) + int(
            self._off(np.array([here]), day, self._aim(visit, day))[0]
        )
        others = found.starts != here
        at = int(np.searchsorted(found.starts[others], here))
        return Openings(
            np.insert(found.starts[others], at, here),
            np.insert(found.days[others], at, day.toordinal()),
            np.insert(found.costs[others], at, cost),
        )

    def _day_costs(self, visit: Wanted, first: date, last: date) -> Ints:
        ordinals = np.arange(first.toordinal(), last.toordinal() + 1)
        cost: Ints = np.abs(ordinals - visit.target.toordinal()) * weight(Rule.TARGET)
        for (begins, ends), rule in (
            (visit.windows.preferred, Rule.PREFERRED),
            (visit.windows.acceptable, Rule.ACCEPTABLE),
        ):
            outside = (ordinals < begins.toordinal()) | (ordinals > ends.toordinal())
            cost = cost + outside * weight(rule)
        return cost

    def _aim(self, visit: Wanted, day: date) -> int:
        """The usual clock time of its kind on a day."""
        return _clock(self.zone, day.toordinal(), self.clinic.preferred[visit.kind])

    def _off(self, starts: Ints, day: date, aim: int) -> Ints:
        """What starts of one day cost for being far from the usual clock time, and against the patient's
        liking."""
        patient = self.request.patient
        cost: Ints = np.abs(starts - aim) // _QUARTER * _CLOCK
        if day.weekday() in patient.dislikes:
            cost = cost + _WISH
        if patient.likes:
            walls = [moment_of(int(s)).astimezone(self.zone).time() for s in starts]
            liked = [patient.likes[0] <= wall <= patient.likes[1] for wall in walls]
            cost = cost + np.where(np.array(liked, bool), 0, _WISH)
        return cost

    def _between(self, visit: Wanted, first: date, last: date, own: frozenset[Rule]) -> tuple[Ints, Ints]:
        """Starts from the first to the last day, and what the clock makes them cost."""
        found = [self.on(visit, day, own) for day in days(first, last)] if first <= last else []
        starts = np.concatenate([f[0] for f in found] or [_NONE])
        costs = np.concatenate([f[1] for f in found] or [_NONE])
        kept = self._stands(visit, starts, own)
        return starts[kept], costs[kept]

    def on(self, visit: Wanted, day: date, own: frozenset[Rule]) -> tuple[Ints, Ints]:
        """Starts of one day by clinic hours and the day's own rules, whoever is free, and their costs."""
        length, services = self.request.minutes(visit), tuple(n.service for n, _ in self.needs(visit))
        key = (day, visit.kind, length, services, visit.telephone, visit.escort, own)
        if key not in self._days:
            if any(rule not in own for rule, _ in self.day_faults(visit, day)):
                self._days[key] = _NONE, _NONE
            else:
                starts = self._starts(visit, day, own, length)
                self._days[key] = starts, self._off(starts, day, self._aim(visit, day))
        return self._days[key]

    def _starts(self, visit: Wanted, day: date, own: frozenset[Rule], length: int) -> Ints:
        opens, closes = self._hours(visit, day, own)
        first, end = (_clock(self.zone, day.toordinal(), wall) for wall in (opens, closes))
        last = end - length
        if Rule.HOURS in own:
            last = self.midnight(day.toordinal() + 1) - 1
        found = _grid(self.zone, day.toordinal(), (opens, closes), self.clinic.step)
        slots = [b for n, _ in self.needs(visit) for b in self.staff.begins(n.service, first, last)]
        if slots:
            found = np.union1d(found, np.array(slots, np.int64))
        earliest = first if Rule.PAST in own else max(first, self.now)
        return found[(earliest <= found) & (found <= last)]

    def _hours(self, visit: Wanted, day: date, own: frozenset[Rule]) -> Hours:
        if Rule.HOURS in own:
            return NOON_TO_NOON
        if visit.telephone:
            return self.clinic.on_call
        return self.clinic.hours.get(day.weekday()) or next(iter(self.clinic.hours.values()))

    def _stands(self, visit: Wanted, starts: Ints, own: frozenset[Rule]) -> Flags:
        """Which starts find the patient and everybody needed free."""
        length = self.request.minutes(visit)
        kept = np.ones(len(starts), bool)
        for begins, ends in () if Rule.BUSY in own else self.engaged:
            kept &= (starts + length <= begins) | (starts >= ends)
        for need, minutes in () if Rule.STAFF in own else self.needs(visit):
            kept &= self.staff.anyone(need.service, starts, minutes)
        return kept

    def possible(self, visit: Wanted, day: date, own: frozenset[Rule] = frozenset()) -> Ints:
        """Starts of one day that stand by every rule on the visit alone."""
        return self._between(visit, day, day, own)[0]

    def day_faults(self, visit: Wanted, day: date) -> Iterator[tuple[Rule, str]]:
        """Rules that leave no time on a day, whatever the hour, in words."""
        patient = self.request.patient
        closed = None if visit.telephone else self.clinic.closed(day)
        if closed:
            yield Rule.CLOSED, closed
        if patient.is_away(day):
            yield Rule.AWAY, "the patient is away"
        escorts = patient.escort_weekdays
        if visit.escort and escorts is not None and day.weekday() not in escorts:
            yield Rule.ESCORT, "there is no escort on that weekday"

    def why_not(self, visit: Wanted, day: date) -> str | None:
        """Why a day has no time for the visit alone, or None when it has one."""
        for _, words in self.day_faults(visit, day):
            return words
        if self.possible(visit, day).size:
            return None
        starts, _ = self.on(visit, day, frozenset())
        if not starts.size:
            return (
                "that time has passed"
                if self.midnight(day.toordinal()) <= self.now
                else "the day is too short"
            )
        for need, m in self.needs(visit):
            if not self.staff.anyone(need.service, starts, m).any():
                return f"no {need.service} is free"
        if self.possible(visit, day, frozenset({Rule.BUSY})).size:
            return "the patient has something else at every possible time"
        return f"no time suits {' and '.join(n.service for n, _ in self.needs(visit))} together"

    def stands_at(self, key: str) -> int | None:
        """Where a visit stands already."""
        spot = self.request.standing.get(key)
        return minute(instant(spot.start)) if spot else None

    def therapist_free(self, visit: Wanted, person: str, starts: Ints) -> Flags:
        needed = next((m for n, m in self.needs(visit) if n.service == THERAPIST), None)
        if needed is None:
            return np.ones(len(starts), bool)
        return self.staff.is_free(person, THERAPIST, starts, needed)

    def standing_therapist(self, key: str) -> str | None:
        """Who holds a booked session: the first of its people who is not known as anything else."""
        return self.staff.therapist(self.request.standing[key].resources)

    def therapists(self) -> list[str | None]:
        """Whom to plan the course of sessions with, in turn; nobody when no calendar is consulted."""
        sessions = [v for v in self.request.visits if v.kind is VisitKind.CBT]
        people: set[str | None] = set()
        if any(n.service == THERAPIST for v in sessions for n, _ in self.needs(v)):
            people.update(self.staff.people(THERAPIST))
        people.update(self.standing_therapist(v.key) for v in sessions if v.key in self.request.standing)
        return [*sorted(p for p in people if p)] or [None]


def window_words(dates: tuple[date, date]) -> str:
    return f"{day_words(dates[0])} to {day_words(dates[1])}"
