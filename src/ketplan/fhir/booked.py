"""Appointment, CarePlan and List, as they are found in the EHR before ketplan adds its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ketplan.clinical.record import AssertedEmptyList, Booked, ExistingPlan, Fact
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading

_NIL_KNOWN = "nilknown"


def read_appointment(raw: Json, reading: Reading) -> Sequence[Fact]:
    """Cancelled ones are kept with their status: a visit of ours may be among them."""
    status = fhir.text(raw.get("status")).lower() or None
    if status == "entered-in-error":
        return ()
    kinds = [*fhir.elements(raw.get("serviceType")), *fhir.elements(raw.get("appointmentType"))]
    return (
        Booked(
            fhir.reference_to(raw),
            tuple(code for kind in kinds for code in fhir.codings(kind)),
            next(filter(None, map(fhir.all_words, kinds)), ""),
            status=status,
            start=reading.wanted(lambda given: _instant(given, reading), raw.get("start")),
            end=reading.wanted(lambda given: _instant(given, reading), raw.get("end")),
            identifiers=fhir.identifiers(raw),
            description=fhir.text(raw.get("description")),
            slots=tuple(filter(None, map(fhir.reference, fhir.elements(raw.get("slot"))))),
            resources=tuple(_resources(raw)),
        ),
    )


def _resources(raw: Json) -> Iterator[tuple[str, str]]:
    for participant in fhir.elements(raw.get("participant")):
        actor = fhir.element(participant.get("actor"))
        reference = fhir.reference(actor)
        if reference and not reference.startswith("Patient/"):
            yield reference, fhir.text(actor.get("display"))


def _instant(given: object, reading: Reading) -> datetime | None:
    when = fhir.parse_when(given, reading.zone)
    return when.instant if when else None


def read_care_plan(raw: Json, reading: Reading) -> Sequence[Fact]:
    """Those entered in error are kept with their status: one of ours may be among them."""
    status = fhir.text(raw.get("status")).lower() or None
    kinds = fhir.elements(raw.get("category"))
    title = fhir.text(raw.get("title"))
    return (
        ExistingPlan(
            fhir.reference_to(raw),
            tuple(code for kind in kinds for code in fhir.codings(kind)),
            title or next(filter(None, map(fhir.all_words, kinds)), ""),
            status=status,
            title=title,
            identifiers=fhir.identifiers(raw),
        ),
    )


def read_list(raw: Json, reading: Reading) -> Sequence[Fact]:
    """A fact only where somebody asserted, with a code, that there is nothing to list."""
    if raw.get("entry") or fhir.text(raw.get("status")) not in ("current", ""):
        return ()
    if fhir.status_code(raw.get("emptyReason")) != _NIL_KNOWN:
        return ()
    recorded = reading.when(raw.get("date"))
    code = raw.get("code")
    return (AssertedEmptyList(fhir.reference_to(raw), fhir.codings(code), fhir.words(code), recorded),)
