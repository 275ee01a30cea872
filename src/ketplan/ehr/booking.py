"""Booking a visit by the operations an EHR offers for it: `$hold`, `$book`, `$cancel`.

Two shapes are known. IHE ITI Scheduling speaks of an appointment that stands already, so that a proposed one
is created first; Argonaut's takes the appointment itself. Either way the appointment carries our identifier,
and what an attempt left proposed or held is found by it and booked from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ketplan.ehr import urls
from ketplan.ehr.client import FhirClient, Written
from ketplan.errors import Conflict, EhrError, Fatal, Forbidden, NotFound, NotSupported, Temporary

Json = dict[str, Any]

KIND = "Appointment"
NOT_YET = frozenset({"proposed", "pending"})
"""What an appointment is before it is booked."""
_IHE = "ihe.net"
_GONE = frozenset({400, 404, 409, 410, 412, 422})
"""How servers say that a hold is no more."""
TAKEN = "The time was taken meanwhile."


@dataclass(frozen=True)
class Ways:
    """What an EHR offers. `by_reference`: it takes no appointment that it does not have already."""

    hold: bool
    cancel: bool
    by_reference: bool


def ways(client: FhirClient) -> Ways | None:
    """None where nothing can be booked by operation, or the EHR does not say so."""
    try:
        said = client.capabilities()
    except EhrError:
        return None
    where = said.operation(KIND, "book")
    if where is None or client.profile.takes(KIND, "create") is False:
        return None
    by_reference = _IHE in where
    if by_reference and not said.can(KIND, "create"):
        return None
    return Ways(
        said.operation(KIND, "hold") is not None,
        said.operation(KIND, "cancel") is not None,
        by_reference,
    )


def is_for_booking(visit: Mapping[str, Any]) -> bool:
    """Only what takes slots of the EHR's calendar is booked; anything else is proposed."""
    return visit.get("resourceType") == KIND and visit.get("status") == "booked" and bool(visit.get("slot"))


def book(
    client: FhirClient, offered: Ways, visit: Json, standing: str = "", condition: str | None = None
) -> Written:
    """Hold and book `visit`; `standing` is the id of what an earlier attempt left proposed or held.

    A hold that is no more is taken once again; what cannot be booked then stays asked for, where it stands.
    NotSupported, Forbidden or NotFound when the EHR offers the operations in vain and has nothing of the
    visit, Conflict when the time is taken, Temporary when nobody knows how far it came.
    """
    if offered.by_reference and not standing:
        standing = client.create(_as(visit, "proposed"), condition).id
    try:
        return _taken(client, offered, visit, standing)
    except Temporary:
        raise
    except EhrError as error:
        if not standing and isinstance(error, NotSupported | Forbidden | NotFound):
            raise
        return _fallen_back(client, standing, error)


def _taken(client: FhirClient, offered: Ways, visit: Json, standing: str) -> Written:
    id = _held(client, offered, visit, standing) if offered.hold else standing
    try:
        return _booked(client, offered, visit, id)
    except EhrError as error:
        if isinstance(error, Temporary) or not offered.hold or error.status not in _GONE:
            raise
    try:
        anew = _asked_anew(client, visit, standing) if offered.by_reference else ""
        return _booked(client, offered, visit, _held(client, offered, visit, anew))
    except EhrError as error:
        if isinstance(error, Temporary) or error.status not in _GONE:
            raise
        # What others hold by now is refused, and that is the answer.
        raise Conflict(TAKEN, error.status, error.server_said) from None


def _asked_anew(client: FhirClient, visit: Json, standing: str) -> str:
    """A hold that ran out may be cancelled with the appointment it was of: then that is asked for anew."""
    if client.read(KIND, standing).raw.get("status") in NOT_YET:
        return standing
    return client.create(_as(visit, "proposed")).id


def _fallen_back(client: FhirClient, standing: str, error: EhrError) -> Written:
    """What is asked for, where that stands in the EHR; else Conflict."""
    if standing:
        found = client.read(KIND, standing)
        if found.raw.get("status") in NOT_YET:
            return Written(standing, found.etag, 200, True)
    raise Conflict(TAKEN, error.status, error.server_said) from None


def cancel(client: FhirClient, id: str) -> None:
    client.operate(KIND, id, "cancel", {"resourceType": "Parameters"})


def others_in(client: FhirClient, slots: list[str]) -> list[Json]:
    """Appointments that take one of the slots ("Slot/1"). One page is enough: there should be one."""
    if not slots:
        return []
    found = client.search(KIND, [("slot", ",".join(slots))], max_pages=1).resources
    return [raw for raw in found if _slots(client, raw) & set(slots)]


def _held(client: FhirClient, offered: Ways, visit: Json, standing: str) -> str:
    """The id of the hold; the one that stands already, where the EHR will not hold it a second time."""
    asked = _parameters(offered, _as(visit, "pending"), standing)
    try:
        return str(_appointment(client, "hold", asked)["id"])
    except Fatal:
        if not standing:
            raise
        return standing


def _booked(client: FhirClient, offered: Ways, visit: Json, id: str) -> Written:
    found = _appointment(client, "book", _parameters(offered, visit, id))
    meta = found.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return Written(str(found["id"]), f'W/"{version}"' if version else None, 200, True)


def _parameters(offered: Ways, visit: Json, id: str) -> Json:
    if id:
        name = "appointment-reference" if offered.by_reference else "appt-reference"
        one: Json = {"name": name, "valueReference": {"reference": f"{KIND}/{id}"}}
    else:
        one = {"name": "appt-resource", "resource": visit}
    return {"resourceType": "Parameters", "parameter": [one]}


def _appointment(client: FhirClient, name: str, parameters: Json) -> Json:
    """The appointment that an operation answers with, wherever in the answer it stands."""
    body = client.operate(KIND, "", name, parameters)
    found = next((r for r in resources_of(body) if r.get("resourceType") == KIND), None)
    if found is None:
        refused = any(r.get("resourceType") == "OperationOutcome" for r in resources_of(body))
        if refused:
            raise Conflict(TAKEN, 409)
        raise Temporary("The EHR did not say what it booked; it has to be looked up.")
    if found.get("status") == "cancelled":
        raise Conflict(TAKEN, 409)
    if not urls.is_id(found.get("id")):
        raise Temporary("The EHR did not say what it booked; it has to be looked up.")
    return found


def resources_of(body: Any) -> list[Json]:
    """Those of a Bundle, of a Parameters around one, or the one that is the answer itself."""
    if not isinstance(body, dict):
        return []
    inner = {"Bundle": "entry", "Parameters": "parameter"}.get(str(body.get("resourceType")))
    if inner is None:
        return [body]
    listed = body.get(inner)
    parts = [p.get("resource") for p in listed if isinstance(p, dict)] if isinstance(listed, list) else []
    return [resource for part in parts for resource in resources_of(part)]


def _as(visit: Json, status: str) -> Json:
    people = [{**one, "status": "needs-action"} for one in visit.get("participant", [])]
    return {**visit, "status": status, "participant": people}


def _slots(client: FhirClient, raw: Json) -> set[str | None]:
    listed = raw.get("slot")
    slots = listed if isinstance(listed, list) else []
    return {urls.relative_reference(client.base, s.get("reference")) for s in slots if isinstance(s, dict)}
