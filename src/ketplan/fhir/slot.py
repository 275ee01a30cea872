"""Slot and Schedule: the free time an EHR publishes, as the scheduler understands it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.scheduling.timetable import FreeSlot

SERVICES = ("chair", "nurse", "prescriber", "therapist")


@dataclass(frozen=True)
class FreeTime:
    """Free slots, and per service the last day on which the EHR offers any."""

    slots: tuple[FreeSlot, ...] = ()
    published: Mapping[str, date] = field(default_factory=dict)


def read_free_time(resources: Iterable[Json], zone: ZoneInfo) -> FreeTime:
    """Free slots whose Schedule says what it is of; the others could be anybody's and are not used."""
    resources = [r for r in resources if isinstance(r, dict)]
    schedules = {fhir.reference_to(r): r for r in resources if r.get("resourceType") == "Schedule"}
    slots = [s for r in resources if r.get("resourceType") == "Slot" and (s := _slot(r, schedules, zone))]
    slots.sort(key=lambda s: (s.start, s.resource, s.reference))
    published: dict[str, date] = {}
    for slot in slots:
        published[slot.service] = slot.end.astimezone(zone).date()
    return FreeTime(tuple(slots), published)


def _slot(raw: Json, schedules: Mapping[str, Json], zone: ZoneInfo) -> FreeSlot | None:
    start, end = (fhir.parse_when(raw.get(edge), zone) for edge in ("start", "end"))
    schedule = schedules.get(fhir.reference(fhir.element(raw.get("schedule")))) or {}
    service = _service(schedule) or _service(raw)
    if not start or not end or not start.instant or not end.instant or start.instant >= end.instant:
        return None
    if fhir.text(raw.get("status")) != "free" or not service:
        return None
    actor = next(iter(fhir.elements(schedule.get("actor"))), {})
    name = fhir.text(actor.get("display")) or fhir.text(schedule.get("comment")) or service
    return FreeSlot(
        fhir.reference_to(raw), start.instant, end.instant, fhir.reference(actor) or name, name, service
    )


def _service(raw: Json) -> str:
    """chair, nurse, prescriber or therapist, by code or by a word in its kind; "" when it does not say."""
    concepts = [
        concept
        for element in ("serviceCategory", "serviceType", "specialty")
        for concept in fhir.elements(raw.get(element))
    ]
    codes = {c.code.lower() for concept in concepts for c in fhir.codings(concept)}
    words = " ".join(fhir.all_words(concept) for concept in concepts).lower()
    return next((s for s in SERVICES if s in codes), "") or next((s for s in SERVICES if s in words), "")
