"""Who is free when: chairs, nurses, prescribers, therapists, rooms; from Slots or a table of hours."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ketplan.scheduling.clinic_hours import Clinic, Hours
from ketplan.scheduling.resources import THERAPIST, Need
from ketplan.scheduling.series.model import Dates, Resource, Span
from ketplan.scheduling.timetable import Busy, FreeSlot
from ketplan.scheduling.wall_clock import days, edge, instant

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
FOREVER = 1 << 40
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute(moment: datetime) -> int:
    """Whole minutes since 1970 in UTC, rounded down."""
    return (moment - _EPOCH) // MINUTE


def minute_up(moment: datetime) -> int:
    return -((_EPOCH - moment) // MINUTE)


def moment_of(minutes: int) -> datetime:
    return _EPOCH + minutes * MINUTE


def from_slots(slots: Iterable[FreeSlot]) -> tuple[Resource, ...]:
    """The resources behind the EHR's free Slots."""
    spans: dict[tuple[str, str], list[Span]] = defaultdict(list)
    names: dict[str, str] = {}
    for slot in slots:
        spans[slot.service, slot.resource].append(Span(slot.start, slot.end, slot.reference))
        names[slot.resource] = slot.resource_name
    return tuple(
        Resource(reference, names[reference] or reference, service, tuple(found))
        for (service, reference), found in sorted(spans.items())
    )


def from_hours(
    reference: str,
    name: str,
    service: str,
    clinic: Clinic,
    dates: Dates,
    *,
    hours: Mapping[int, Hours] | None = None,
    busy: Sequence[Busy] = (),
    away: Sequence[Dates] = (),
) -> Resource:
    """A resource of the clinic's own table: its weekly hours (the clinic's, unless given) on the clinic's
    business days, without what it is busy with and the days it is away."""
    spans: list[Span] = []
    for day in days(*dates):
        wall = (hours or clinic.hours).get(day.weekday())
        if wall and not clinic.closed(day) and not any(a <= day <= b for a, b in away):
            spans.append(Span(edge(day, wall[0], clinic.tz), edge(day, wall[1], clinic.tz)))
    return Resource(reference, name, service, tuple(without(spans, [(b.start, b.end) for b in busy])))


def without(spans: Sequence[Span], taken: Sequence[tuple[datetime, datetime]]) -> Iterator[Span]:
    """What is left of spans; a Slot that is touched is gone as a whole."""
    found = sorted((instant(start), instant(end)) for start, end in taken)
    starts = [start for start, _ in found]
    longest = max((end - start for start, end in found), default=timedelta())
    for span in spans:
        free = [(instant(span.start), instant(span.end))]
        near = bisect_left(starts, free[0][0] - longest), bisect_left(starts, free[0][1])
        for start, end in found[slice(*near)]:
            free = [part for begins, ends in free for part in _cut(begins, ends, start, end)]
        if not span.slot or free == [(instant(span.start), instant(span.end))]:
            yield from (Span(begins, ends, span.slot) for begins, ends in free)


def _cut(
    begins: datetime, ends: datetime, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    if end <= begins or ends <= start or start >= end:
        yield begins, ends
        return
    if begins < start:
        yield begins, start
    if end < ends:
        yield end, ends


@dataclass(frozen=True, slots=True)
class Team:
    """Who takes a visit: one resource for each need, the EHR's Slots behind them, and those of the Slots that
    reach beyond the visit, so that another one might want them too."""

    resources: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    spilling: frozenset[str] = frozenset()


class _Calendar:
    """One resource's free time in minutes: its parts, and the stretches they make together."""

    def __init__(self, resource: Resource) -> None:
        self.reference, self.service = resource.reference, resource.service
        found = ((minute_up(instant(s.start)), minute(instant(s.end)), s.slot) for s in resource.free)
        self.parts = sorted(p for p in found if p[0] < p[1])
        self._slotted = any(slot for _, _, slot in self.parts)
        if not self._slotted:
            self.parts = [(begins, ends, "") for begins, ends in _joined(self.parts)]
        self._reach = max((end - start for start, end, _ in self.parts), default=0)
        self._edges: tuple[Ints, Ints] | None = None

    def stretches(self) -> tuple[Ints, Ints]:
        """Where the stretches begin and end, after one that is long over; made when first asked for."""
        if self._edges is None:
            free = _joined(self.parts) if self._slotted else [part[:2] for part in self.parts]
            begins, ends = np.array([(-FOREVER, -FOREVER), *free], np.int64).T
            self._edges = np.ascontiguousarray(begins), np.ascontiguousarray(ends)
        return self._edges

    def free(self, start: int, until: int) -> bool:
        begins, ends = self.stretches()
        return bool(until <= ends[begins.searchsorted(start, "right") - 1])

    def free_at(self, starts: Ints, minutes: int) -> Flags:
        """Which of the starts find it free for so long."""
        begins, ends = self.stretches()
        return starts + minutes <= ends[np.searchsorted(begins, starts, "right") - 1]

    def take(self, start: int, until: int) -> None:
        """It is busy from start to until; a Slot that is touched is gone as a whole."""
        first = bisect_left(self.parts, (start - self._reach,))
        last = bisect_left(self.parts, (until,))
        left: list[tuple[int, int, str]] = []
        for begins, ends, slot in self.parts[first:last]:
            if ends <= start:
                left.append((begins, ends, slot))
            elif not slot:
                pieces = (begins, start, ""), (until, ends, "")
                left += [piece for piece in pieces if piece[0] < piece[1]]
        self.parts[first:last] = left
        self._edges = None

    def slots(self, start: int, until: int, end: int, taken: frozenset[str]) -> tuple[list[str], bool] | None:
        """Slots that hold the time without a gap, the longest first, and whether any reaches outside start to
        `end`."""
        held: list[str] = []
        reached, spills = start, False
        first = bisect_left(self.parts, (start - self._reach,))
        last = bisect_left(self.parts, (until,))
        near = [p for p in self.parts[first:last] if p[1] > start and p[2] not in taken]
        while reached < until:
            here = [p for p in near if p[0] <= reached < p[1]]
            if not here:
                return None
            best = max(here, key=lambda p: (p[1], p))
            held += [best[2]] if best[2] else []
            spills |= bool(best[2]) and best[0] < start
            reached = best[1]
            latest = best
        return held, spills or bool(latest[2] and reached > end)


def _joined(parts: Iterable[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """The stretches that parts make together."""
    found: list[tuple[int, int]] = []
    for begins, ends, _ in parts:
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], ends)
        else:
            found.append((begins, ends))
    return found


class Staff:
    """All resources of one clinic, found by service."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        found = sorted(resources, key=lambda r: (r.service, r.reference))
        self.names = {r.reference: r.name for r in found}
        self._anyone: dict[tuple[str, int], tuple[Ints, Ints]] = {}
        self._of: dict[str, list[_Calendar]] = defaultdict(list)
        for resource in found:
            self._of[resource.service].append(_Calendar(resource))
        seen = [r.reference for r in found]
        self._twofold = {reference for reference in seen if seen.count(reference) > 1}
        # Nobody serves twice and no Slot is longer than a visit: whoever is free can be taken.
        self.is_plain = not self._twofold and not any(span.slot for r in found for span in r.free)
        self._no_therapists = {r.reference for r in found if r.service != THERAPIST}
        self._begins = {
            service: sorted({p[0] for c in calendars for p in c.parts if p[2]})
            for service, calendars in self._of.items()
        }

    def people(self, service: str) -> list[str]:
        return sorted({c.reference for c in self._of[service]})

    def therapist(self, team: Iterable[str]) -> str | None:
        """The first of a team who is not known as anything else."""
        return next((r for r in team if r not in self._no_therapists), None)

    def begins(self, service: str, first: int, last: int) -> list[int]:
        """Where Slots of a service begin, from first to last."""
        found = self._begins.get(service, [])
        return found[bisect_right(found, first - 1) : bisect_right(found, last)]

    def anyone(self, service: str, starts: Ints, minutes: int) -> Flags:
        """Which of the starts find somebody free for so long."""
        begins, lasts = self._starts_of_anyone(service, minutes)
        found: Flags = starts <= lasts[begins.searchsorted(starts, "right") - 1]
        return found

    def _starts_of_anyone(self, service: str, minutes: int) -> tuple[Ints, Ints]:
        """From when to when a visit can start, by beginnings; the latest end of all that began before."""
        key = service, minutes
        if key not in self._anyone:
            stretches = [calendar.stretches() for calendar in self._of[service]]
            begins = np.concatenate([np.array([-FOREVER]), *(b for b, _ in stretches)])
            lasts = np.concatenate([np.array([-FOREVER]), *(e for _, e in stretches)]) - minutes
            lasts[lasts < begins] = -FOREVER
            order = begins.argsort(kind="stable")
            self._anyone[key] = begins[order], np.maximum.accumulate(lasts[order])
        return self._anyone[key]

    def is_free(self, reference: str, service: str, starts: Ints, minutes: int) -> Flags:
        found = np.zeros(len(starts), bool)
        for calendar in self._of[service]:
            if calendar.reference == reference:
                found |= calendar.free_at(starts, minutes)
        return found

    def take(self, reference: str, start: int, until: int) -> None:
        """Somebody is busy from now on, in whatever service."""
        for calendar in (c for calendars in self._of.values() for c in calendars):
            if calendar.reference == reference:
                calendar.take(start, until)
                for key in [k for k in self._anyone if k[0] == calendar.service]:
                    del self._anyone[key]

    def teams(
        self,
        needs: Sequence[tuple[Need, int]],
        start: int,
        end: int,
        taken: frozenset[str],
        first: Mapping[str, str],
    ) -> Iterator[Team]:
        """Teams for a visit, as many as make a difference to the patient's other visits.

        `needs` come with their minutes; `first` names whom to take for a service when they are free.
        """
        choices = [list(self._hands(n.service, start, start + m, end, taken, first)) for n, m in needs]
        for team in product(*choices):
            if len({reference for reference, _, _ in team}) == len(team):
                slots = tuple(slot for _, held, _ in team for slot in held)
                spilling = frozenset(slot for _, held, spills in team if spills for slot in held)
                yield Team(tuple(r for r, _, _ in team), slots, spilling)

    def _hands(
        self,
        service: str,
        start: int,
        until: int,
        end: int,
        taken: frozenset[str],
        first: Mapping[str, str],
    ) -> Iterator[tuple[str, list[str], bool]]:
        usual = first.get(service)
        found: list[tuple[str, list[str], bool]] = []
        for calendar in sorted(self._of[service], key=lambda c: c.reference != usual):
            if not calendar.free(start, until):
                continue
            held = calendar.slots(start, until, end, taken)
            if held is None and calendar.reference == usual:
                return  # counted on as the usual one, so nobody stands in
            if held is None:
                continue
            hand = (calendar.reference, *held)
            if calendar.reference == usual:
                yield hand
                return
            if not held[1] and calendar.reference not in self._twofold:
                found = [f for f in found if f[0] in self._twofold] + [hand]
                break
            found.append(hand)
        yield from found
