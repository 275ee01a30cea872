"""When the pretend clinic's chairs and people are free, in the past too, and what its patients have taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ketplan import workflow
from ketplan.compose import CALENDAR_DAYS
from ketplan.sandbox.clinic.calendars import CALENDARS, HORIZON_DAYS, SLOT_MINUTES
from ketplan.scheduling.timetable import FreeSlot

Json = dict[str, Any]
_DAY, _STEP = timedelta(days=1), timedelta(minutes=SLOT_MINUTES)


class FreeTime:
    """The half hours from `first` to as far as the EHR publishes them on `today`."""

    def __init__(self, first: date, today: date, zone: ZoneInfo) -> None:
        self._last = today + timedelta(days=HORIZON_DAYS)
        self._taken: set[str] = set()
        days = (first + n * _DAY for n in range((self._last - first).days + 1))
        self._days = {day: tuple(_slots(day, zone)) for day in days if day.weekday() < 5}

    def seen_on(self, signed: date) -> workflow.Calendar:
        """What a plan signed on that day finds."""
        last = min(self._last, signed + timedelta(days=CALENDAR_DAYS))
        near = (slots for day, slots in self._days.items() if signed <= day <= last)
        free = tuple(slot for slots in near for slot in slots if slot.reference not in self._taken)
        return workflow.Calendar(free, {calendar.kind: last for calendar in CALENDARS})

    def take(self, references: Iterable[str]) -> tuple[Json, ...]:
        """Nobody else gets these; they come back as the EHR's own entries, busy."""
        wanted = set(references)
        self._taken |= wanted
        found = (slot for slots in self._days.values() for slot in slots if slot.reference in wanted)
        return tuple(_busy(slot) for slot in found)


def _slots(day: date, zone: ZoneInfo) -> Iterator[FreeSlot]:
    """Under the ids that the pretend EHR gives its own."""
    for calendar in CALENDARS:
        for minute in range(*calendar.hours, SLOT_MINUTES):
            if calendar.status(day, minute) == "free":
                start = datetime.combine(day, time(minute // 60, minute % 60), zone)
                id_ = f"{calendar.id}-{day:%Y%m%d}-{start:%H%M}"
                reference, end = f"Slot/{id_}", start + _STEP
                yield FreeSlot(reference, start, end, calendar.actor, calendar.name, calendar.kind)


def _busy(slot: FreeSlot) -> Json:
    id_ = slot.reference.partition("/")[2]
    return {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"reference": f"Schedule/{id_.rsplit('-', 2)[0]}", "display": slot.resource_name},
        "status": "busy",
        "start": slot.start.isoformat(),
        "end": slot.end.isoformat(),
    }
