"""Days and clock times of a site on one side, instants on the other.

Python compares two datetimes of one zone by their clock faces, which lies when clocks change. So whatever
is compared or subtracted in this room is an instant in UTC, and whatever is shown is in the site's zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ketplan.errors import InputError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SATURDAY = 5

NO_OFFSET = "A time without an offset from UTC cannot be placed in a calendar."


def instant(moment: datetime) -> datetime:
    """The moment in UTC. Raises InputError for a time that does not say its offset."""
    if moment.tzinfo is None:
        raise InputError(NO_OFFSET)
    return moment.astimezone(UTC)


def edge(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The instant of a clock time; one the clocks skip falls after the gap, a repeated one is the first."""
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


def at(day: date, wall: time, zone: ZoneInfo) -> datetime | None:
    """The instant of a clock time (the first, when it comes twice), or None when the clocks skip it."""
    moment = edge(day, wall, zone)
    shown = moment.astimezone(zone)
    return moment if (shown.date(), shown.time()) == (day, wall) else None


def grid(day: date, opens: time, closes: time, step: timedelta, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Instants of the clock times from `opens`, each `step` further on the clock, up to `closes`."""
    wall, last = datetime.combine(day, opens), datetime.combine(day, closes)
    found = []
    while wall <= last:
        moment = at(day, wall.time(), zone)
        if moment is not None:
            found.append(moment)
        wall += step
    return tuple(found)


def is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def days(first: date, last: date) -> Iterator[date]:
    """Calendar days from first to last, both included; backwards when last is before first."""
    step = 1 if last >= first else -1
    return (first + timedelta(days=step * n) for n in range(abs((last - first).days) + 1))


def weekdays_between(target: date, placed: date) -> int:
    """Business days moved, negative when earlier. Closures count: a closed week is a move of five days."""
    low, high = min(target, placed), max(target, placed)
    count = sum(not is_weekend(day) for day in days(low, high)) - (not is_weekend(low))
    return count if placed >= target else -count


def day_words(day: date) -> str:
    """ "Sat 7 Mar"."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def clock_words(moment: datetime, zone: ZoneInfo) -> str:
    """ "09:00", as the site's clocks show the instant."""
    return f"{moment.astimezone(zone):%H:%M}"
