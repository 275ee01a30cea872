"""What this server refuses to store: missing elements, codes FHIR does not know, and a few invariants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ketplan.sandbox.parameters import TYPES, leaves
from ketplan.sandbox.wire import FhirError, Resource

_REQUIRED: dict[str, tuple[str, ...]] = {
    "CarePlan": ("status", "intent", "subject"),
    "Appointment": ("status", "participant", "participant.status"),
    "ServiceRequest": ("status", "intent", "subject"),
    "Goal": ("lifecycleStatus", "description", "subject"),
    "Provenance": ("target", "recorded", "agent", "agent.who"),
    "Observation": ("status", "code"),
    "QuestionnaireResponse": ("status",),
    "Procedure": ("status", "subject"),
    "MedicationAdministration": ("status", "subject"),
    "AdverseEvent": ("actuality", "subject"),
    "Communication": ("status",),
    "DocumentReference": ("status", "content"),
    "Task": ("status", "intent"),
}

_REQUEST_STATUS = "draft active on-hold revoked completed entered-in-error unknown"
_CODES: dict[tuple[str, str], frozenset[str]] = {
    where: frozenset(words.split())
    for where, words in {
        ("CarePlan", "status"): _REQUEST_STATUS,
        ("CarePlan", "intent"): "proposal plan order option",
        (
            "CarePlan",
            "activity.detail.status",
        ): "not-started scheduled in-progress on-hold completed cancelled stopped unknown entered-in-error",
        ("ServiceRequest", "status"): _REQUEST_STATUS,
        (
            "ServiceRequest",
            "intent",
        ): "proposal plan directive order original-order reflex-order filler-order instance-order option",
        ("Goal", "lifecycleStatus"): "proposed planned accepted active on-hold completed cancelled "
        "entered-in-error rejected",
        (
            "Appointment",
            "status",
        ): "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist",
        ("Appointment", "participant.status"): "accepted declined tentative needs-action",
        (
            "Observation",
            "status",
        ): "registered preliminary final amended corrected cancelled entered-in-error unknown",
        (
            "Procedure",
            "status",
        ): "preparation in-progress not-done on-hold stopped completed entered-in-error unknown",
        (
            "MedicationAdministration",
            "status",
        ): "in-progress not-done on-hold completed entered-in-error stopped unknown",
        ("AdverseEvent", "actuality"): "actual potential",
    }.items()
}

_MAY_LACK_A_TIME = {"proposed", "cancelled", "waitlist"}


def check(
    resource: Any, kind: str, *, missing: int = 422, codes: bool = True, times: bool = True
) -> Resource:
    """The resource, when it may be stored as a ``kind``. Raises FhirError 400 (shape) or 422 (content).

    ``missing`` is the status for a missing element; ``codes`` and ``times`` say whether these are looked at.
    """
    if kind not in TYPES:
        raise FhirError(404, "not-supported", f"This server does not keep {kind}.")
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        raise FhirError(400, "structure", f"The body is not a {kind}.", where="resourceType")
    if not isinstance(resource.get("meta", {}), dict):
        raise FhirError(400, "structure", "meta is not an object.", where=f"{kind}.meta")
    for path in _empty(resource, kind):
        raise FhirError(400, "structure", "An element is empty; leave it out instead.", where=path)
    for path in _REQUIRED.get(kind, ()):
        if not any(True for _ in leaves(resource, path)):
            raise FhirError(missing, "required", f"{kind}.{path} is required.", where=f"{kind}.{path}")
    for (owner, path), known in _CODES.items() if codes else ():
        if owner == kind and not known.issuperset(map(str, leaves(resource, path))):
            raise FhirError(422, "code-invalid", f"{kind}.{path} has no such code.", where=f"{kind}.{path}")
    if kind == "Appointment" and times:
        _check_times(resource)
    return resource


def _empty(value: Any, path: str) -> Iterator[str]:
    """Paths of empty strings, lists and objects, which FHIR forbids (null is one, outside a list)."""
    if value in ("", [], {}) or value is None:
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _empty(item, f"{path}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if item is not None:
                yield from _empty(item, f"{path}[{number}]")


def _check_times(appointment: Resource) -> None:
    """Invariants app-1, app-2 and app-3 of Appointment, and that it does not end before it starts."""
    start, end = appointment.get("start"), appointment.get("end")
    if bool(start) != bool(end):
        raise FhirError(422, "invariant", "app-2: start and end come together.", where="Appointment")
    if not start and appointment["status"] not in _MAY_LACK_A_TIME:
        words = "app-3: only a proposed, cancelled or waitlisted appointment may have no start."
        raise FhirError(422, "invariant", words, where="Appointment.start")
    for who in leaves(appointment, "participant"):
        if not isinstance(who, dict) or not {"actor", "type"} & who.keys():
            words = "app-1: a participant has a type or an actor."
            raise FhirError(422, "invariant", words, where="Appointment.participant")
    if start and not _zoned_and_in_order(start, end):
        words = "Start and end are instants with an offset, the end after the start."
        raise FhirError(422, "invariant", words, where="Appointment.end")


def _zoned_and_in_order(start: Any, end: Any) -> bool:
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    except (TypeError, ValueError):
        return False
    return bool(first.tzinfo and last.tzinfo and first < last)
