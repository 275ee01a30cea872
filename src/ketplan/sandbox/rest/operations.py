"""Scheduling operations in the shape of IHE ITI: ``$find``, ``$hold``, ``$book``, and ``$cancel``.

``$find`` takes start, end, patient-reference and perhaps schedule-reference and proposes one Appointment
per free Slot; ``$hold`` and ``$book`` take appt-resource or appt-reference (Argonaut), or
appointment-reference alone (IHE), and give it back as pending or booked; each answer is a searchset Bundle.
A hold may run out: then it is cancelled, and its Slots are free again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ketplan.sandbox.parameters import target
from ketplan.sandbox.rest import writing
from ketplan.sandbox.rest.exchange import Desk, Said
from ketplan.sandbox.wire import FhirError, Resource

MOST_FOUND = 20
_STATUS = {"hold": "pending", "book": "booked"}
_FROM = {"hold": {"proposed", "pending"}, "book": {"proposed", "pending"}}


def run(desk: Desk, kind: str, id_: str, name: str, parameters: Any) -> Said:
    """Raises FhirError 404 for an operation that is not offered, and whatever booking raises."""
    if name not in desk.harbor.like.operations.names or (kind, bool(id_)) not in _PLACES[name]:
        raise FhirError(404, "not-supported", f"This server has no operation ${name} there.")
    given = _given(parameters)
    if name == "find":
        schedule = f"Schedule/{id_}" if id_ else given.get("schedule-reference")
        return _find(desk, given, schedule)
    if name == "cancel":
        given = {**given, "appt-reference": f"Appointment/{id_}"}
        return _moved(desk, given, "cancelled", {"proposed", "pending", "booked"})
    return _moved(desk, given, _STATUS[name], _FROM[name])


_PLACES = {
    "find": {("Appointment", False), ("Schedule", True)},
    "hold": {("Appointment", False)},
    "book": {("Appointment", False)},
    "cancel": {("Appointment", True)},
}


def _given(parameters: Any) -> dict[str, Any]:
    """name → value of a Parameters resource. Raises FhirError 400 when it is none."""
    if not isinstance(parameters, dict) or parameters.get("resourceType") != "Parameters":
        raise FhirError(400, "structure", "The body is not a Parameters resource.")
    found: dict[str, Any] = {}
    for one in parameters.get("parameter", []):
        values = [value for key, value in one.items() if key == "resource" or key.startswith("value")]
        if one.get("name") and values:
            value = values[0]
            found[one["name"]] = value.get("reference", value) if isinstance(value, dict) else value
    return found


def _find(desk: Desk, given: dict[str, Any], schedule: str | None) -> Said:
    desk.reach("Appointment", "s")
    harbor = desk.harbor
    try:
        first, last = datetime.fromisoformat(given["start"]), datetime.fromisoformat(given["end"])
        patient = str(given["patient-reference"])
        free = [
            slot
            for slot in harbor.store.all("Slot")
            if slot["status"] == "free"
            and schedule in (None, target(slot["schedule"], harbor.fhir_url))
            and first <= datetime.fromisoformat(slot["start"]) < last
        ]
    except (KeyError, TypeError, ValueError):
        raise FhirError(400, "required", "$find needs start, end and patient-reference.") from None
    return _answer(desk, [_proposal(slot, patient) for slot in free[:MOST_FOUND]])


def _proposal(slot: Resource, patient: str) -> Resource:
    return {
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": slot.get("serviceType", []),
        "slot": [{"reference": f"Slot/{slot['id']}"}],
        "start": slot["start"],
        "end": slot["end"],
        "participant": [{"actor": {"reference": patient}, "status": "needs-action"}],
    }


def _moved(desk: Desk, given: dict[str, Any], status: str, out_of: set[str]) -> Said:
    """The appointment in its new status, created when it was only a proposal."""
    reference = given.get("appointment-reference") or given.get("appt-reference")
    if isinstance(reference, str):
        id_ = reference.rpartition("/")[2]
        before = _unless_run_out(desk, desk.existing("Appointment", id_, desk.reach("Appointment", "u")))
        if before["status"] not in out_of:
            raise FhirError(422, "business-rule", f"This appointment cannot become {status} any more.")
        writing.changed(desk, before, _with_status(before, status))
    else:
        proposal = given.get("appt-resource")
        if not isinstance(proposal, dict) or desk.harbor.like.operations.by_reference:
            raise FhirError(400, "required", "The appointment is not named.")
        id_ = writing.added(desk, _with_status(proposal, status))["id"]
    stored = desk.harbor.store.find("Appointment", id_)
    return _answer(desk, [stored] if stored else [])


def _unless_run_out(desk: Desk, held: Resource) -> Resource:
    """The appointment, unless it was held too long ago. Raises FhirError 410, and lets its Slots go."""
    lasts = desk.harbor.like.operations.hold_seconds
    since = desk.harbor.clock() - datetime.fromisoformat(held["meta"]["lastUpdated"]).timestamp()
    if held["status"] == "pending" and lasts and since > lasts:
        writing.changed(desk, held, _with_status(held, "cancelled"))
        raise FhirError(410, "expired", "This hold has run out.")
    return held


def _with_status(appointment: Resource, status: str) -> Resource:
    people = [
        {**one, "status": "accepted"} if status == "booked" else one
        for one in appointment.get("participant", [])
    ]
    return {**appointment, "status": status, "participant": people}


def _answer(desk: Desk, appointments: list[Resource]) -> Said:
    base = desk.harbor.fhir_url
    entries = [
        {**({"fullUrl": f"{base}/Appointment/{one['id']}"} if "id" in one else {}), "resource": one}
        for one in appointments
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return Said(200, {**bundle, "entry": entries} if entries else bundle)
