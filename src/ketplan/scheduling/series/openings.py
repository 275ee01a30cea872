"""The times at which a visit could stand by itself, what each of them costs, and why other days have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.clinic_hours import Hours
from ketplan.scheduling.resources import THERAPIST, Need
from ketplan.scheduling.series.model import Firmness, Level, Request, Wanted
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.staff import Staff, minute, minute_up, moment_of
from ketplan.scheduling.wall_clock import day_words, days, edge, grid, instant

NOON_TO_NOON = (time(0), time(23, 45))
GivenUp = frozenset[tuple[Rule, tuple[str, ...]]]
_QUARTER = 15
_CLOCK, _WISH = weight(Rule.CLOCK), weight(Rule.WISH)


@dataclass(slots=True)
class Openings:
    """Possible starts in minutes, ascending, each with the ordinal of its day and its cost."""

    starts: list[int]
    days: list[int]
    costs: list[int]


class Site:
    """Everything about one request that does not depend on the other visits."""

    def __init__(self, request: Request) -> None:
        self.request, self.clinic, self.zone = request, request.clinic, request.clinic.tz
        self.staff = Staff(request.resources)
        self._midnights: dict[int, int] = {}
        self._days: dict[object, list[tuple[int, int]]] = {}

    def midnight(self, ordinal: int) -> int:
        """The first minute of a day of the site."""
        if ordinal not in self._midnights:
            self._midnights[ordinal] = minute(edge(date.fromordinal(ordinal), time(), self.zone))
        return self._midnights[ordinal]

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
            return Openings([here], [self.day_of(here)], [0])
        moved = 0
        if spot:
            moved = weight(Rule.CONFIRMED if spot.firmness is Firmness.CONFIRMED else Rule.BOOKED)
        own = frozenset(rule for rule, keys in given_up if keys == (visit.key,))
        found: list[tuple[int, int, int]] = []
        for day in days(*self.dates(visit, given_up)):
            base = self.day_cost(visit, day) + moved
            ordinal = day.toordinal()
            found += [(s, ordinal, base + c) for s, c in self.on(visit, day, own) if s != here]
        if here is not None:
            day = date.fromordinal(self.day_of(here))
            found.append(
                (here, day.toordinal(), self.day_cost(visit, day) + self.clock_cost(visit, here, day))
            )
        found.sort()
        return Openings([f[0] for f in found], [f[1] for f in found], [f[2] for f in found])

    def day_cost(self, visit: Wanted, day: date) -> int:
        level = visit.windows.level(day)
        cost = abs((day - visit.target).days) * weight(Rule.TARGET)
        cost += weight(Rule.PREFERRED) if level > Level.PREFERRED else 0
        return cost + (weight(Rule.ACCEPTABLE) if level > Level.ACCEPTABLE else 0)

    def clock_cost(self, visit: Wanted, start: int, day: date) -> int:
        """How far from the usual clock time, and against the patient's liking."""
        return self._off(start, day, self._aim(visit, day))

    def _aim(self, visit: Wanted, day: date) -> int:
        return minute(edge(day, self.clinic.preferred[visit.kind], self.zone))

    def _off(self, start: int, day: date, aim: int) -> int:
        patient = self.request.patient
        cost = abs(start - aim) // _QUARTER * _CLOCK
        if day.weekday() in patient.dislikes:
            cost += _WISH
        if patient.likes:
            wall = moment_of(start).astimezone(self.zone).time()
            cost += 0 if patient.likes[0] <= wall <= patient.likes[1] else _WISH
        return cost

    def on(self, visit: Wanted, day: date, own: frozenset[Rule]) -> list[tuple[int, int]]:
        needs = tuple(self.needs(visit))
        length = self.request.minutes(visit)
        key = (day, visit.kind, length, needs, visit.telephone, visit.escort, own)
        if key not in self._days:
            found: list[tuple[int, int]] = []
            if not any(rule not in own for rule, _ in self.day_faults(visit, day)):
                aim = self._aim(visit, day)
                found = [
                    (s, self._off(s, day, aim))
                    for s in self._starts(visit, day, own, length)
                    if self._stands(s, length, needs, own)
                ]
            self._days[key] = found
        return self._days[key]

    def _starts(self, visit: Wanted, day: date, own: frozenset[Rule], length: int) -> list[int]:
        opens, closes = self._hours(visit, day, own)
        first, last = minute(edge(day, opens, self.zone)), minute(edge(day, closes, self.zone)) - length
        if Rule.HOURS in own:
            last = self.midnight(day.toordinal() + 1) - 1
        found = {minute(m) for m in grid(day, opens, closes, self.clinic.step, self.zone)}
        for need, _ in self.needs(visit):
            found.update(self.staff.begins(need.service, first, last))
        earliest = first if Rule.PAST in own else max(first, self.now)
        return sorted(s for s in found if earliest <= s <= last)

    def _hours(self, visit: Wanted, day: date, own: frozenset[Rule]) -> Hours:
        if Rule.HOURS in own:
            return NOON_TO_NOON
        if visit.telephone:
            return self.clinic.on_call
        return self.clinic.hours.get(day.weekday()) or next(iter(self.clinic.hours.values()))

    def _stands(
        self, start: int, length: int, needs: tuple[tuple[Need, int], ...], own: frozenset[Rule]
    ) -> bool:
        end = start + length
        if Rule.BUSY not in own and any(b < end and start < e for b, e in self.engaged):
            return False
        return Rule.STAFF in own or all(self.staff.anyone(n.service, start, start + m) for n, m in needs)

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
        if self.on(visit, day, frozenset()):
            return None
        length = self.request.minutes(visit)
        starts = self._starts(visit, day, frozenset(), length)
        if not starts:
            return (
                "that time has passed"
                if self.midnight(day.toordinal()) <= self.now
                else "the day is too short"
            )
        for need, m in self.needs(visit):
            if not any(self.staff.anyone(need.service, s, s + m) for s in starts):
                return f"no {need.service} is free"
        if self.on(visit, day, frozenset({Rule.BUSY})):
            return "the patient has something else at every possible time"
        return f"no time suits {' and '.join(n.service for n, _ in self.needs(visit))} together"

    def stands_at(self, key: str) -> int | None:
        """Where a visit stands already."""
        spot = self.request.standing.get(key)
        return minute(instant(spot.start)) if spot else None

    def therapist_free(self, visit: Wanted, person: str, start: int) -> bool:
        needed = next((m for n, m in self.needs(visit) if n.service == THERAPIST), None)
        return needed is None or self.staff.is_free(person, THERAPIST, start, start + needed)

    def standing_therapist(self, key: str) -> str | None:
        """Who holds a booked session: the first of its people who is not known as anything else."""
        others = {r.reference for r in self.request.resources if r.service != THERAPIST}
        return next((r for r in self.request.standing[key].resources if r not in others), None)

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
