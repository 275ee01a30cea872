"""What the checker looks at: a timetable and everything the planner was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Placed, Timetable


@dataclass(frozen=True)
class Case:
    """`dose_end` is the time from an infusion visit's start to the end of the infusion itself."""

    timetable: Timetable
    visits: tuple[Visit, ...]
    clinic: Clinic
    busy: tuple[Busy, ...]
    not_before: datetime
    slots: Mapping[str, FreeSlot]
    published: Mapping[str, date]
    fixed: Mapping[str, Fixed]
    dose_end: timedelta

    @property
    def placed(self) -> tuple[Placed, ...]:
        return self.timetable.placed

    @property
    def free(self) -> list[Placed]:
        return self.chosen(self.placed)

    def of(self, kind: VisitKind) -> list[Placed]:
        return sorted((p for p in self.placed if p.visit.kind is kind), key=lambda p: p.visit.number)

    def pairs(self, one: Sequence[Placed], other: Sequence[Placed]) -> Iterator[tuple[Placed, Placed]]:
        """Pairs of two lists in which the planner had a say, in no pair a visit with itself."""
        chosen = self.chosen(other)
        for a in one:
            yield from ((a, b) for b in (chosen if a.visit.key in self.fixed else other) if a is not b)

    def chosen(self, placed: Sequence[Placed]) -> list[Placed]:
        """Those of the visits whose time the planner chose."""
        return [p for p in placed if p.visit.key not in self.fixed]

    @cached_property
    def slots_by_date(self) -> dict[date, list[FreeSlot]]:
        """Free slots by the date they are written with, which may be a day off the site's."""
        found: dict[date, list[FreeSlot]] = defaultdict(list)
        for slot in self.slots.values():
            found[slot.start.date()].append(slot)
        return found

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.clinic.tz).date()

    def is_open(self, day: date) -> bool:
        return day.weekday() < 5 and day.weekday() in self.clinic.hours and day not in self.clinic.closures

    def wanted(self, visit: Visit) -> dict[str, timedelta]:
        """How long each service is needed whose calendar reaches the target, the leading one first."""
        whole = timedelta(minutes=visit.minutes)
        if visit.telephone:
            return {}
        if visit.kind is VisitKind.INFUSION:
            first = min(whole, timedelta(minutes=self.clinic.prescriber_minutes))
            needs = {"chair": whole, "nurse": whole, "prescriber": first}
        else:
            needs = {"therapist" if visit.kind is VisitKind.CBT else "prescriber": whole}
        return {s: d for s, d in needs.items() if visit.target <= self.published.get(s, date.min)}


def last_days(slots: Sequence[FreeSlot], said: Mapping[str, date], clinic: Clinic) -> dict[str, date]:
    """Up to which day the EHR keeps a calendar for each service."""
    ends: dict[str, date] = {}
    for slot in slots:
        day = (utc(slot.end) - timedelta(seconds=1)).astimezone(clinic.tz).date()
        ends[slot.service] = max(day, ends.get(slot.service, day))
    return ends | dict(said)


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Time that passed, whatever the clocks did."""
    return utc(end) - utc(start)


def overlap(one: Placed | Busy, other: Placed | Busy) -> bool:
    return utc(one.start) < utc(other.end) and utc(other.start) < utc(one.end)
