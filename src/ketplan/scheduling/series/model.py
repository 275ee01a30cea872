"""What a series is planned from: the visits wanted, what ties them together, the patient, the people.

Windows are dates of the site; distances between visits are hours that passed, or calendar days, or both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from types import MappingProxyType

from ketplan.clinical.plan import VisitKind
from ketplan.errors import InputError
from ketplan.scheduling.clinic_hours import Clinic, Hours
from ketplan.scheduling.resources import Need
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.timetable import Busy
from ketplan.scheduling.wall_clock import instant

Dates = tuple[date, date]


class Level(IntEnum):
    """How good a day is for a visit. Beyond the absolute window only by override, with a reason."""

    PREFERRED = 0
    ACCEPTABLE = 1
    ABSOLUTE = 2
    BEYOND = 3


@dataclass(frozen=True, slots=True)
class Windows:
    """First and last dates, each inside the next. `override` is a person's reason for going beyond the
    last of them, up to `beyond`. Raises InputError for windows that do not lie inside each other."""

    preferred: Dates
    acceptable: Dates
    absolute: Dates
    override: str = ""
    beyond: Dates | None = None

    def __post_init__(self) -> None:
        outwards = (*self._bands(), *((self.beyond,) if self.beyond else ()))
        nested = all(o[0] <= i[0] and i[1] <= o[1] for i, o in pairwise(outwards))
        if not nested or any(first > last for first, last in outwards):
            raise InputError("A visit's windows must lie inside each other.")
        if self.beyond and not self.override.strip():
            raise InputError("A visit goes beyond its last window only with a reason.")

    def _bands(self) -> tuple[Dates, Dates, Dates]:
        return self.preferred, self.acceptable, self.absolute

    @property
    def widest(self) -> Dates:
        return self.beyond or self.absolute

    def level(self, day: date) -> Level:
        for level, (first, last) in zip(Level, self._bands(), strict=False):
            if first <= day <= last:
                return level
        return Level.BEYOND


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit without a time. Minutes of `preparation`, `treatment` and `observation` make the whole stay;
    `telephone` visits keep their day whatever is closed; after `escort` ones somebody takes the patient home.
    """

    key: str
    kind: VisitKind
    number: int
    title: str
    target: date
    windows: Windows
    treatment: int
    preparation: int = 0
    observation: int = 0
    needs: tuple[Need, ...] = ()
    telephone: bool = False
    escort: bool = False

    @property
    def minutes(self) -> int:
        return self.preparation + self.treatment + self.observation


class Since(StrEnum):
    """From which moment of the earlier visit a distance counts."""

    START = "start"
    TREATMENT = "treatment"
    END = "end"


@dataclass(frozen=True, slots=True)
class Link:
    """`later` starts `hours[0]` to `hours[1]` hours that passed after `earlier`, and `days[0]` to `days[1]`
    calendar days after its day (None: no limit). `wished` is the limit in hours that is a wish only; missing
    it breaks the soft rule CBT_AFTER_DOSE. `rule` names the link."""

    earlier: str
    later: str
    rule: Rule
    hours: tuple[int, int | None] = (0, None)
    days: tuple[int, int | None] = (0, None)
    since: Since = Since.START
    wished: int | None = None

    @property
    def keys(self) -> tuple[str, str]:
        return self.earlier, self.later


@dataclass(frozen=True, slots=True)
class Patient:
    """`busy`: appointments elsewhere; `away`: first and last dates; `escort_weekdays`: Monday is 0, None
    for any; `likes` and `dislikes`: hours and weekdays the patient would rather have or not have."""

    busy: tuple[Busy, ...] = ()
    away: tuple[Dates, ...] = ()
    escort_weekdays: frozenset[int] | None = None
    likes: Hours | None = None
    dislikes: frozenset[int] = frozenset()

    def is_away(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.away)


@dataclass(frozen=True, slots=True)
class Span:
    """Free time of somebody; `slot` is the EHR's Slot behind it, taken whole ("": our own calendar)."""

    start: datetime
    end: datetime
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """A chair, a nurse, a prescriber, a therapist, a room; `free` as the EHR or the clinic's table has it."""

    reference: str
    name: str
    service: str
    free: tuple[Span, ...]


class Firmness(IntEnum):
    """How firmly a visit stands where it is."""

    BOOKED = 0
    CONFIRMED = 1
    FIXED = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """A visit that has its time. FIXED ones (past, fulfilled, left alone) are never touched; the others move
    when they must, and staying is always open to them."""

    start: datetime
    end: datetime
    resources: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    firmness: Firmness = Firmness.BOOKED


@dataclass(frozen=True)
class Request:
    """All that one patient's series is planned from. `published` says up to which day there is a calendar for
    a service; a service without one is not consulted. `rest_hours` is the least time from the end of a dose
    to a CBT session. `one_person` makes the same therapist a hard rule.

    Raises InputError for two visits of one key, a link to a visit that is not there, or a time without an
    offset from UTC.
    """

    visits: tuple[Wanted, ...]
    clinic: Clinic
    not_before: datetime
    links: tuple[Link, ...] = ()
    patient: Patient = field(default_factory=Patient)
    resources: tuple[Resource, ...] = ()
    published: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    standing: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    rest_hours: int = 24
    one_person: bool = False

    def __post_init__(self) -> None:
        keys = {visit.key for visit in self.visits}
        if len(keys) < len(self.visits):
            raise InputError("Two visits of the plan have the same key.")
        if not {key for link in self.links for key in link.keys} <= keys:
            raise InputError("A visit is tied to one that is not in the plan.")
        instant(self.not_before)
        spans: list[Busy | Standing | Span] = [*self.patient.busy, *self.standing.values()]
        for span in (*spans, *(s for r in self.resources for s in r.free)):
            instant(span.start), instant(span.end)

    def minutes(self, visit: Wanted) -> int:
        """How long a visit takes: as it is booked, else as it is wanted."""
        spot = self.standing.get(visit.key)
        return (instant(spot.end) - instant(spot.start)) // timedelta(minutes=1) if spot else visit.minutes

    def is_fixed(self, key: str) -> bool:
        return key in self.standing and self.standing[key].firmness is Firmness.FIXED

    def consulted(self, visit: Wanted) -> tuple[Need, ...]:
        """The visit's needs for which there is a calendar that reaches its target."""
        return tuple(
            n
            for n in visit.needs
            if n.service in self.published and visit.target <= self.published[n.service]
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """A visit with its time, aware and in the site's zone. `unkept` names the soft rules it breaks."""

    visit: Wanted
    start: datetime
    end: datetime
    level: Level
    why: str
    resources: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    unkept: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A visit that was not placed, and why: its part of a booking that is not whole."""

    visit: Wanted
    why: str


@dataclass(frozen=True, slots=True)
class Named:
    """One hard rule on the visits it concerns, in words."""

    rule: Rule
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Rules to give up, by a person and with a reason, and the times that the visits concerned would have."""

    given_up: tuple[Named, ...]
    price: int
    words: str
    times: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules that cannot hold together (none of them can be spared), and the cheapest ways out."""

    rules: tuple[Named, ...]
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """`cost` by the table of rules, `bound` what any series costs at least, `proven` that this one costs no
    more than that; `conflict` when not all found a time."""

    zone: str
    chosen: tuple[Chosen, ...]
    refused: tuple[Refused, ...]
    cost: int
    proven: bool
    conflict: Conflict | None = None
    bound: int = 0

    def get(self, key: str) -> Chosen | None:
        return next((c for c in self.chosen if c.visit.key == key), None)
