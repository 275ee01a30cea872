"""Slot and Schedule: the free time an EHR publishes, as the scheduler understands it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
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


def read_free_time(
    resources: Iterable[Json], zone: ZoneInfo, services: Mapping[str, str] | None = None
) -> FreeTime:
    """Free slots whose Schedule says what it is of; the others could be anybody's and are not used.

    `services` says it for the EHR, by the Schedule's reference or its actor's.
    """
    resources = [r for r in resources if isinstance(r, dict)]
    said = services or {}
    owners = {fhir.reference_to(r): _owner(r, said) for r in resources if r.get("resourceType") == "Schedule"}
    slots = [s for r in resources if r.get("resourceType") == "Slot" and (s := _slot(r, owners, zone))]
    slots.sort(key=lambda s: (s.start, s.resource, s.reference))
    published: dict[str, date] = {}
    for slot in slots:
        published[slot.service] = slot.end.astimezone(zone).date()
    return FreeTime(tuple(slots), published)


class _Owner(NamedTuple):
    """Whose time a Schedule is: the actor's reference and name, and what kind of resource it is."""

    resource: str
    name: str
    service: str


def _owner(schedule: Json, said: Mapping[str, str]) -> _Owner:
    actor = next(iter(fhir.elements(schedule.get("actor"))), {})
    own = said.get(fhir.reference_to(schedule)) or said.get(fhir.reference(actor))
    service = own or _service(schedule)
    name = fhir.text(actor.get("display")) or fhir.text(schedule.get("comment")) or service
    return _Owner(fhir.reference(actor) or name, name, service)


_NOBODY = _Owner("", "", "")


def _slot(raw: Json, owners: Mapping[str, _Owner], zone: ZoneInfo) -> FreeSlot | None:
    if fhir.text(raw.get("status")) != "free":
        return None
    owner = owners.get(fhir.reference(raw.get("schedule")), _NOBODY)
    service = owner.service or _service(raw)
    start, end = (fhir.parse_when(raw.get(edge), zone) for edge in ("start", "end"))
    if not service or not start or not end or not start.instant or not end.instant:
        return None
    if start.instant >= end.instant:
        return None
    return FreeSlot(
        fhir.reference_to(raw),
        start.instant,
        end.instant,
        owner.resource or service,
        owner.name or service,
        service,
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
