"""A patient's visits as an iCalendar file: neutral words, stable ids, the EHR's own times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from ketplan.clinical.record import Booked
from ketplan.fhir.datatypes import parse_when
from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.kept import steps_of
from ketplan.store.plans import StoredPlan

NEUTRAL = "Appointment"
_CALLED_OFF = frozenset({"cancelled", "noshow"})


@dataclass(frozen=True)
class Visit:
    """`uid` never changes; `sequence` grows when the visit is changed. What it is for is not said."""

    uid: str
    start: datetime
    end: datetime
    sequence: int = 0
    called_off: bool = False
    words: str = NEUTRAL


def visits(
    plan: StoredPlan, booked: Iterable[Booked], zone: ZoneInfo, decisions: int = 0
) -> tuple[Visit, ...]:
    """The plan's visits as the EHR has them, and as they were decided where it has none; in order. A visit
    that was placed again is the same visit. `decisions` counts what was decided since the plan was signed."""
    standing = {
        value: b
        for b in sorted(booked, key=lambda b: b.status in _CALLED_OFF, reverse=True)
        for system, value in b.identifiers
        if system == PLAN_STEP_SYSTEM
    }
    found = []
    for step in steps_of(plan):
        if step.type != "Appointment" or step.updates:
            continue
        signed = [parse_when(step.resource.get(name), zone) for name in ("start", "end")]
        start, end = (when.instant if when else None for when in signed)
        name = next(i["value"] for i in step.resource["identifier"] if i["system"] == PLAN_STEP_SYSTEM)
        there = standing.get(name)
        changed = there is not None and (there.start, there.end) != (start, end)
        if there and there.start and there.end:
            start, end = there.start, there.end
        if start and end:
            off = (there.status if there else step.resource["status"]) in _CALLED_OFF
            sequence = plan.revision - 1 + decisions + (changed or off)
            found.append(Visit(f"{plan.plan_id}/{step.key}@ketplan", start, end, sequence, off))
    return tuple(sorted(found, key=lambda v: v.start))


def calendar_file(found: Iterable[Visit], zone: ZoneInfo, place: str, now: datetime) -> bytes:
    """RFC 5545, with the rules of the site's time zone. `place` is the clinic's name."""
    calendar = Calendar()
    calendar.add("prodid", "-//ketplan//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for visit in found:
        event = Event()
        event.add("uid", visit.uid)
        event.add("dtstamp", now)
        event.add("sequence", visit.sequence)
        event.add("dtstart", visit.start.astimezone(zone))
        event.add("dtend", visit.end.astimezone(zone))
        event.add("summary", visit.words)
        event.add("location", place)
        event.add("status", "CANCELLED" if visit.called_off else "CONFIRMED")
        event.add("class", "PRIVATE")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())
