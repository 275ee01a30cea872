"""What a visit needs, and the EHR's calendars that can give it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.errors import InputError
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import FreeSlot
from ketplan.scheduling.wall_clock import NO_OFFSET, edge

CHAIR, NURSE, PRESCRIBER, THERAPIST = "chair", "nurse", "prescriber", "therapist"

_DAY, _MOMENT = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Need:
    """One resource of a service from the visit's start, for its whole length or the first `minutes`."""

    service: str
    minutes: int | None = None

    def until(self, start: datetime, end: datetime) -> datetime:
        return end if self.minutes is None else min(end, start + timedelta(minutes=self.minutes))


def needs(visit: Visit, clinic: Clinic) -> tuple[Need, ...]:
    """What a visit takes; the first is the resource whose calendar sets the possible starts."""
    if visit.telephone:
        return ()
    if visit.kind is VisitKind.INFUSION:
        return (Need(CHAIR), Need(NURSE), Need(PRESCRIBER, clinic.prescriber_minutes))
    return (Need(THERAPIST if visit.kind is VisitKind.CBT else PRESCRIBER),)


@dataclass(frozen=True, slots=True)
class Opening:
    """A free slot, its span in UTC."""

    start: datetime
    end: datetime
    slot: FreeSlot


class Calendars:
    """The EHR's free slots, found by service, day and resource.

    `published` says up to which day the EHR keeps a calendar for a service. For a service it leaves out,
    the last free slot's day stands in. A service without either has no calendar.
    """

    def __init__(self, slots: Iterable[FreeSlot], clinic: Clinic, published: Mapping[str, date]) -> None:
        self._clinic = clinic
        self._written: dict[tuple[str, date], list[FreeSlot]] = defaultdict(list)
        self._long: dict[str, list[FreeSlot]] = defaultdict(list)
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        self._cache: dict[tuple[str, date], dict[str, list[Opening]]] = {}
        last: dict[str, datetime] = {}
        for slot in slots:
            if slot.start.tzinfo is None or slot.end.tzinfo is None:
                raise InputError(NO_OFFSET)
            if slot.end - slot.start > _DAY:
                self._long[slot.service].append(slot)
            else:
                self._written[slot.service, slot.start.date()].append(slot)
            self._names[slot.service][slot.resource] = slot.resource_name
            last[slot.service] = max(slot.end, last.get(slot.service, slot.end))
        ends = {s: (end - _MOMENT).astimezone(clinic.tz).date() for s, end in last.items()}
        self.unnamed = "" in ends
        self.published = ends | dict(published)

    def consulted(self, visit: Visit) -> tuple[Need, ...]:
        """The visit's needs for which the EHR keeps a calendar that reaches its target date."""
        return tuple(
            need
            for need in needs(visit, self._clinic)
            if need.service in self.published and visit.target <= self.published[need.service]
        )

    def resources(self, service: str) -> tuple[str, ...]:
        return tuple(sorted(self._names[service]))

    def name(self, resource: str) -> str:
        """What people call a resource; its reference when the EHR gives no name."""
        return next((n[resource] for n in self._names.values() if n.get(resource)), resource)

    def on(self, service: str, day: date) -> Mapping[str, list[Opening]]:
        """Free openings of a service on a day of the site, by resource, each list in order of time."""
        if (service, day) not in self._cache:
            found: dict[str, list[Opening]] = defaultdict(list)
            midnight, next_midnight = (edge(d, time(), self._clinic.tz) for d in (day, day + _DAY))
            for slot in self._near(service, day).values():
                opening = Opening(slot.start.astimezone(UTC), slot.end.astimezone(UTC), slot)
                if opening.start < next_midnight and opening.end > midnight:
                    found[slot.resource].append(opening)
            for openings in found.values():
                openings.sort(key=lambda o: (o.start, o.end, o.slot.reference))
            self._cache[service, day] = dict(sorted(found.items()))
        return self._cache[service, day]

    def _near(self, service: str, day: date) -> dict[str, FreeSlot]:
        """Slots that may touch the day, whatever offset the EHR wrote them in: most are never converted."""
        written = (self._written.get((service, near), ()) for near in (day - _DAY, day, day + _DAY))
        return {slot.reference: slot for slot in chain.from_iterable((*written, self._long[service]))}

    def starts(self, service: str, day: date, length: timedelta, walls: Iterable[datetime]) -> set[datetime]:
        """Where a visit may begin: with a slot, or on the clinic's grid inside a slot longer than it is."""
        openings = [o for found in self.on(service, day).values() for o in found]
        begins = {o.start for o in openings}
        long = [o for o in openings if o.end - o.start > length]
        if long:
            begins |= {w for w in walls if any(o.start <= w and w + length <= o.end for o in long)}
        return begins

    def pick(
        self,
        wanted: Iterable[Need],
        day: date,
        start: datetime,
        end: datetime,
        *,
        taken: Set[str],
        only: str | None = None,
    ) -> tuple[FreeSlot, ...] | Need:
        """Slots that hold the visit, one resource for each need, or the first need nobody can meet.

        `only` names the one resource that will do; `taken` are references this plan has used already.
        """
        chosen: tuple[FreeSlot, ...] = ()
        for need in wanted:
            until = need.until(start, end)
            for resource, openings in self.on(need.service, day).items():
                held = follow_on(openings, start, until, taken) if only in (None, resource) else None
                if held:
                    chosen += held
                    break
            else:
                return need
        return chosen


def follow_on(
    openings: Iterable[Opening], start: datetime, end: datetime, taken: Set[str]
) -> tuple[FreeSlot, ...] | None:
    """Slots of one resource that follow each other without a gap from start to end, or None."""
    free = [o for o in openings if o.slot.reference not in taken and o.start < end and o.end > start]
    held: list[FreeSlot] = []
    reached = start
    while reached < end:
        here = [o for o in free if o.start <= reached < o.end]
        if not here:
            return None
        best = max(here, key=lambda o: (o.end, o.start, o.slot.reference))
        held.append(best.slot)
        reached = best.end
    return tuple(held)
