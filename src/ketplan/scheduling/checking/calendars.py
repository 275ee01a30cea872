"""Rules on the EHR's calendars: whoever is needed is there, and no slot is used twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from ketplan.scheduling.checking.case import Case, utc
from ketplan.scheduling.timetable import FreeSlot, Placed


def slots_hold(case: Case) -> Iterator[str]:
    uses = Counter(reference for p in case.placed for reference in p.slots)
    for p in case.free:
        if any(uses[reference] > 1 for reference in p.slots):
            yield f"{p.visit.key} shares a slot with another visit."
        if any(reference not in case.slots for reference in p.slots):
            yield f"{p.visit.key} takes a slot that is not free."
        else:
            yield from _held_by(p, case)


def _held_by(p: Placed, case: Case) -> Iterator[str]:
    slots = [case.slots[reference] for reference in p.slots]
    by_service: dict[str, list[FreeSlot]] = defaultdict(list)
    for slot in slots:
        by_service[slot.service].append(slot)
    wanted = case.wanted(p.visit)
    if by_service.keys() != wanted.keys():
        yield f"{p.visit.key} takes other calendars than it needs."
    for service, length in wanted.items():
        held = by_service[service]
        if len({slot.resource for slot in held}) > 1:
            yield f"{p.visit.key} changes its {service} half-way."
        if not covers(held, utc(p.start), length):
            yield f"{p.visit.key} has no {service} for as long as it needs."
    if set(p.resources) != {(slot.resource, slot.resource_name) for slot in slots}:
        yield f"{p.visit.key} names other resources than its slots."


def covers(slots: list[FreeSlot], start: datetime, length: timedelta) -> bool:
    """Whether the slots, taken together, leave no gap."""
    reached = start
    for slot in sorted(slots, key=lambda s: utc(s.start)):
        if utc(slot.start) <= reached:
            reached = max(reached, utc(slot.end))
    return reached >= start + length
