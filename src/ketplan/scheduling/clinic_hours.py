"""When a clinic is open and how it likes its visits: every number a named setting.

Where no source sets a number it is a house default, marked so below: a medical director may change it by
handing over another `Clinic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ketplan.clinical.house import House
from ketplan.clinical.plan import VisitKind
from ketplan.errors import InputError
from ketplan.scheduling.wall_clock import is_weekend

Hours = tuple[time, time]

WEEKEND = "the clinic is closed at weekends"

# House defaults.
HOUSE_HOURS: Mapping[int, Hours] = MappingProxyType({day: (time(8), time(18)) for day in range(5)})
HOUSE_PREFERRED: Mapping[VisitKind, time] = MappingProxyType(
    {VisitKind.INFUSION: time(9), VisitKind.CBT: time(14), VisitKind.FOLLOW_UP: time(11)}
)
HOUSE_ON_CALL: Hours = (time(8), time(20))
HOUSE_GRID_MINUTES = 15
HOUSE_SEARCH_DAYS = 14
HOUSE_PRESCRIBER_MINUTES = 30
HOUSE_CBT_WINDOW_HOURS = House().cbt_window_hours
HOUSE_DOSE_GAP_HOURS = House().dose_gap_hours
HOUSE_DOSE_GAP_DAYS = 2

# House defaults: calendar days a visit may stand off its target and still be acceptable, by visit key or,
# where the key has no line of its own, by visit kind.
HOUSE_WINDOW_DAYS: Mapping[str, int] = MappingProxyType(
    {
        "infusion": 3,
        "cbt": 5,
        "follow_up": 7,
        "mid_course_review": 3,
        "end_of_induction_review": 5,
        "review_4_weeks": 7,
        "review_1_month_after_last_dose": 7,
        "review_3_months": 14,
        "review_6_months": 14,
        "review_12_months": 28,
    }
)


@dataclass(frozen=True, slots=True)
class Clinic:
    """A site's calendar rules.

    `zone` is an IANA name; `hours` maps weekday (Monday 0) to opening and closing clock times, and a
    weekday without a line is closed; `closures` names public holidays and the clinic's own closed days.
    Saturdays and Sundays are never business days, because the protocols' weekend rule leaves them out.
    `window_days` gives the acceptable window, `search_days` how far beyond it a time is still looked for.
    Raises InputError for an unknown zone or a setting that makes no sense.
    """

    zone: str
    hours: Mapping[int, Hours] = field(default_factory=lambda: HOUSE_HOURS)
    closures: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    preferred: Mapping[VisitKind, time] = field(default_factory=lambda: HOUSE_PREFERRED)
    cbt_window_hours: tuple[int, int] = HOUSE_CBT_WINDOW_HOURS
    dose_gap_hours: int = HOUSE_DOSE_GAP_HOURS
    dose_gap_days: int = HOUSE_DOSE_GAP_DAYS
    on_call: Hours = HOUSE_ON_CALL
    prescriber_minutes: int = HOUSE_PRESCRIBER_MINUTES
    grid_minutes: int = HOUSE_GRID_MINUTES
    window_days: Mapping[str, int] = field(default_factory=lambda: HOUSE_WINDOW_DAYS)
    search_days: int = HOUSE_SEARCH_DAYS

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError("The clinic's time zone is not a known IANA zone.") from error
        if any(opens >= closes for opens, closes in (*self.hours.values(), self.on_call)):
            raise InputError("A clinic must open before it closes.")
        if self.grid_minutes < 1 or self.search_days < 0:
            raise InputError("The clinic's time grid and search limit must be positive.")
        if not 0 <= self.cbt_window_hours[0] < self.cbt_window_hours[1]:
            raise InputError("The window for CBT after a dose must begin before it ends.")

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.grid_minutes)

    def closed(self, day: date) -> str | None:
        """Why the day is no business day, or None when it is one."""
        if is_weekend(day):
            return WEEKEND
        if day in self.closures:
            return f"the clinic is closed ({self.closures[day]})"
        if day.weekday() not in self.hours:
            return "the clinic does not open on that weekday"
        return None

    def window_for(self, key: str, kind: VisitKind) -> int:
        """Calendar days of tolerance for a visit."""
        return self.window_days[key] if key in self.window_days else self.window_days[kind.value]
