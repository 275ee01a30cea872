"""What an EHR wants of the body of a write beyond FHIR, as its file says."""

from __future__ import annotations

from datetime import datetime

from ketplan.sandbox.likes import Like, Shape
from ketplan.sandbox.parameters import leaves
from ketplan.sandbox.store import Store
from ketplan.sandbox.wire import FhirError, Resource

_ALWAYS = {"resourceType", "id", "meta"}
_NOT_TIMED = {"cancelled", "entered-in-error", "noshow", "proposed", "waitlist"}


def shaped(like: Like, on: str, resource: Resource) -> Resource:
    """The body as this EHR keeps it. Raises FhirError 422 that names the element it will not have."""
    for shape in like.shape:
        if resource["resourceType"] in shape.types and on in shape.on and _applies(shape, resource):
            resource = _shaped(shape, resource)
    return resource


def _applies(shape: Shape, resource: Resource) -> bool:
    return all(resource.get(name) == code for name, code in shape.when.items())


def _shaped(shape: Shape, resource: Resource) -> Resource:
    kind = resource["resourceType"]
    surplus = {name for name in resource if name in shape.without}
    if shape.fields:
        surplus |= set(resource) - _ALWAYS - set(shape.fields)
    if surplus and shape.surplus == "refuse":
        name = min(surplus)
        raise FhirError(422, "business-rule", f"{kind}.{name} is not supported.", where=f"{kind}.{name}")
    for path in shape.needs:
        if not any(True for _ in leaves(resource, path)):
            raise FhirError(422, "required", f"{kind}.{path} is required here.", where=f"{kind}.{path}")
    for path, start in shape.holds.items():
        if not any(str(leaf).startswith(start) for leaf in leaves(resource, path)):
            words = f"{kind}.{path} has no {start.rstrip('/')} in it."
            raise FhirError(422, "business-rule", words, where=f"{kind}.{path}")
    for path, most in shape.at_most.items():
        if sum(1 for _ in leaves(resource, path)) > most:
            words = f"{kind}.{path} is there more than {most} times."
            raise FhirError(422, "business-rule", words, where=f"{kind}.{path}")
    return {name: value for name, value in resource.items() if name not in surplus}


def timed(store: Store, resource: Resource) -> Resource:
    """An appointment with start and end of its Slots, where it has some."""
    slots = [store.at(str(one)) for one in leaves(resource, "slot.reference")]
    found = [one for one in slots if one]
    if resource["resourceType"] != "Appointment" or not found:
        return resource
    start, end = min(one["start"] for one in found), max(one["end"] for one in found)
    return {**resource, "start": start, "end": end}


def refuse_same_time(store: Store, appointment: Resource, status: int) -> None:
    """Raises FhirError with ``status`` when somebody of this appointment has another one at that time."""
    times = _times(appointment)
    if not times:
        return
    mine = _actors(appointment)
    for other in store.all("Appointment"):
        theirs = _times(other)
        if other["id"] == appointment.get("id") or not theirs or not mine & _actors(other):
            continue
        if times[0] < theirs[1] and theirs[0] < times[1]:
            raise FhirError(status, "business-rule", "Somebody of this appointment is booked at that time.")


def _actors(appointment: Resource) -> set[str]:
    return {str(one) for one in leaves(appointment, "participant.actor.reference")}


def _times(appointment: Resource) -> tuple[datetime, datetime] | None:
    if appointment.get("status") in _NOT_TIMED:
        return None
    try:
        return datetime.fromisoformat(appointment["start"]), datetime.fromisoformat(appointment["end"])
    except (KeyError, TypeError, ValueError):
        return None
