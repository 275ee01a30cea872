"""The signed plan to take away by hand, for an EHR that takes nothing of it: as text to copy, as FHIR."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from flask import make_response
from werkzeug.wrappers import Response

from ketplan.errors import InputError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.render import Step, final, link
from ketplan.fhir.rendering.note import as_text
from ketplan.kept import steps_of
from ketplan.store.audit import UNKNOWN, AuditEvent
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.sessions import LiveSession
from ketplan.writeback.references import without

routes = room("handing_out", __name__)

_ADDRESSES = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/handed-out")


@routes.get("/plan.txt")
def text(lid: str) -> Response:
    """The whole plan as it was signed, to be copied into the chart."""
    plan = _signed(session := sessions.current())
    told = next((s.resource for s in steps_of(plan) if s.type == "CarePlan"), None)
    if told is None:
        raise InputError("There is no signed plan of this patient to hand out.")
    return _handed(session, plan, as_text(told), "text/plain; charset=utf-8")


@routes.get("/plan.json")
def bundle(lid: str) -> Response:
    """Its resources as a FHIR Bundle, each with the id it has in the EHR where it stands there."""
    plan = _signed(session := sessions.current())
    whole = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": plan.payload["confirmed_at"],
        "entry": list(entries(steps_of(plan), plan.plan_id, plan.iss, standing_of(plan))),
    }
    return _handed(session, plan, r4.to_json(whole), "application/fhir+json")


def _signed(session: LiveSession) -> StoredPlan:
    """The newest plan signed for the launched patient, and nobody else's."""
    plans = desk().services.plans.find(session.iss, session.patient)
    if not plans:
        raise InputError("There is no signed plan of this patient to hand out.")
    return plans[0]


def standing_of(plan: StoredPlan) -> dict[str, str]:
    """What stands in the EHR of a plan as it was signed, by step."""
    receipt = desk().glue.stored_receipt(desk().services, plan.plan_id)
    return {row.key: row.reference for row in receipt.rows if row.reference} if receipt else {}


def entries(steps: Sequence[Step], plan_id: str, iss: str, stands: Mapping[str, str]) -> Iterator[Json]:
    """Each resource with its address: in the EHR for what stands there (by step), else of its own."""
    named = {step.key: stands.get(step.key) or _address(plan_id, step) for step in steps}
    created = [step for step in steps if not step.updates]
    not_done = {step.key for step in created if step.only_if_needed and step.key not in stands}
    for step, resource in zip(created, final(steps), strict=True):
        if step.key in not_done:
            continue
        linked = link(without(resource, not_done), named)
        if step.key in stands:
            id = stands[step.key].partition("/")[2]
            yield {"fullUrl": f"{iss}/{stands[step.key]}", "resource": linked | {"id": id}}
        else:
            yield {"fullUrl": named[step.key], "resource": linked}


def _address(plan_id: str, step: Step) -> str:
    return f"urn:uuid:{uuid.uuid5(_ADDRESSES, f'{plan_id}/{step.key}')}"


def _handed(session: LiveSession, plan: StoredPlan, body: str, kind: str) -> Response:
    who = session.user or UNKNOWN
    event = AuditEvent(who, "plan-handed-out", session.iss, session.reference, plan.plan_id)
    desk().services.audit.append(event, desk().now())
    answer = make_response(body)
    answer.headers["Content-Type"] = kind
    ending = "txt" if kind.startswith("text") else "json"
    answer.headers["Content-Disposition"] = f'attachment; filename="plan.{ending}"'
    return answer
