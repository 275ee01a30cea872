"""What is already on the patient's board, and the search for the next opening on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.clinic_hours import Clinic, Hours
from ketplan.scheduling.resources import Calendars, Need
from ketplan.scheduling.timetable import Busy, FreeSlot
from ketplan.scheduling.wall_clock import clock_words, day_words, edge, grid, instant

PATIENT_BUSY = "the patient has something else at every possible time"


@dataclass(frozen=True, slots=True)
class Bound:
    """The earliest or latest moment a visit may take, and the words for it ("24 h have passed since …")."""

    moment: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A visit that has its time (UTC); `day` is the site's date."""

    visit: Visit
    start: datetime
    end: datetime
    day: date
    slots: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for: days in order of preference, and what rules each of them out.

    `refuse` says why a day is not allowed; `hours` and `earliest` hold for one day, `latest` for the visit's
    end on any day; `aim` is the moment to be near (else the clinic's preferred clock time); `only` the one
    resource that will do.
    """

    visit: Visit
    days: tuple[date, ...]
    refuse: Callable[[date], str | None]
    hours: Callable[[date], Hours]
    earliest: Callable[[date], Bound]
    latest: Bound | None = None
    aim: datetime | None = None
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    day: date
    start: datetime
    end: datetime
    aim: datetime
    bound: Bound
    slots: tuple[FreeSlot, ...]


Refusals = tuple[tuple[date, str], ...]


class Board:
    """The patient's time: what the EHR holds already and what this plan has placed so far."""

    def __init__(
        self, clinic: Clinic, calendars: Calendars, busy: Iterable[Busy], not_before: datetime, dose_end: int
    ) -> None:
        self.clinic = clinic
        self.zone = clinic.tz
        self.calendars = calendars
        self.not_before = instant(not_before)
        self.dose_end = timedelta(minutes=dose_end)
        self.held: dict[str, Held] = {}
        self.why: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self._spans = [(instant(b.start), instant(b.end)) for b in busy]
        self._taken: set[str] = set()

    def copy(self) -> Board:
        """A board to try something out on."""
        other = copy(self)
        other.held, other.why, other.refused = dict(self.held), dict(self.why), dict(self.refused)
        other._spans, other._taken = list(self._spans), set(self._taken)
        return other

    @property
    def today(self) -> date:
        """The first day on which anything may be placed."""
        return self.day_of(self.not_before)

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def of(self, kind: VisitKind) -> tuple[Held, ...]:
        """Visits of a kind that have their time, in the course's order."""
        return tuple(
            sorted((h for h in self.held.values() if h.visit.kind is kind), key=lambda h: h.visit.number)
        )

    def take(self, held: Held) -> None:
        self.held[held.visit.key] = held
        self._spans.append((held.start, held.end))
        self._taken.update(held.slots)

    def clashes(self, start: datetime, end: datetime) -> bool:
        return any(start < until and begin < end for begin, until in self._spans if begin < until)

    def search(self, wish: Wish) -> tuple[Choice | None, Refusals]:
        """The first day of the wish that has a time, and why each day before it had none."""
        refusals: list[tuple[date, str]] = []
        for day in wish.days:
            words = wish.refuse(day)
            found = words if words else self.on_day(wish, day)
            if isinstance(found, Choice):
                return found, tuple(refusals)
            refusals.append((day, found))
        return None, tuple(refusals)

    def on_day(self, wish: Wish, day: date) -> Choice | str:
        """The start nearest to the wished clock time on a day, or why there is none."""
        needs = self.calendars.consulted(wish.visit)
        length = timedelta(minutes=wish.visit.minutes)
        bound = wish.earliest(day)
        starts = self._starts(wish, day, needs, length)
        if not starts:
            return self._nobody(needs[0], wish.only) if needs else "the visit is longer than the clinic's day"
        if wish.latest:
            starts = [s for s in starts if s + length <= wish.latest.moment]
            if not starts:
                return f"no time before {wish.latest.words}"
        starts = [s for s in starts if s >= bound.moment]
        if not starts:
            return self._too_late(bound)
        starts = [s for s in starts if not self.clashes(s, s + length)]
        if not starts:
            return PATIENT_BUSY
        aim = wish.aim or edge(day, self.clinic.preferred[wish.visit.kind], self.zone)
        missing = None
        for start in sorted(starts, key=lambda s: (abs(s - aim), s)):
            found = self.calendars.pick(
                needs, day, start, start + length, taken=self._taken, only=wish.only if needs else None
            )
            if not isinstance(found, Need):
                return Choice(day, start, start + length, aim, bound, found)
            missing = missing or found
        return self._nobody(missing or needs[0], wish.only)

    def _starts(self, wish: Wish, day: date, needs: tuple[Need, ...], length: timedelta) -> list[datetime]:
        opens, closes = wish.hours(day)
        first, last = edge(day, opens, self.zone), edge(day, closes, self.zone) - length
        found: Iterable[datetime] = grid(day, opens, closes, self.clinic.step, self.zone)
        if needs:
            found = self.calendars.starts(needs[0].service, day, length, found)
        return [start for start in found if first <= start <= last]

    def _too_late(self, bound: Bound) -> str:
        if not bound.words:
            return "that time has passed"
        moment = f"{clock_words(bound.moment, self.zone)} on {day_words(self.day_of(bound.moment))}"
        return f"no time left after {moment}, when {bound.words}"

    def _nobody(self, need: Need, only: str | None) -> str:
        return f"{self.calendars.name(only)} has no free time" if only else f"no {need.service} is free"
