"""A row of the audit trail as FHIR's AuditEvent, for the site's own audit repository.

Codes are those of DICOM and of HL7's audit code systems, as FHIR R4 binds them. It names references alone:
who an id belongs to is for the EHR to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ketplan import __version__
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.rendering.authoring import PLAN_SYSTEM, RELATIVE_REFERENCE, coding

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
HL7 = "http://terminology.hl7.org/CodeSystem"
ACTIONS = f"{BASE}/CodeSystem/audit-action"
TRAIL = f"{BASE}/sid/audit-trail"


@dataclass(frozen=True)
class Kind:
    """`code` is DICOM's event id, `action` FHIR's letter: create, read, update, delete, execute."""

    code: str
    display: str
    action: str


ACCESS = Kind("110110", "Patient Record", "R")
CHANGE = Kind("110110", "Patient Record", "U")
WRITE = Kind("110110", "Patient Record", "C")
SIGN_IN = Kind("110114", "User Authentication", "E")
ALERT = Kind("110113", "Security Alert", "E")
EXPORT = Kind("110106", "Export", "R")
OTHER = Kind("110100", "Application Activity", "E")
KINDS: Mapping[str, Kind] = {
    "launch": SIGN_IN,
    "session-ended": SIGN_IN,
    "clinic-launch": SIGN_IN,
    "list-read": ACCESS,
    "list-handed-out": EXPORT,
    "task-given": WRITE,
    "patient-called": CHANGE,
    "record-read": ACCESS,
    "plan-previewed": ACCESS,
    "finding-resolved": CHANGE,
    "finding-reopened": CHANGE,
    "plan-signed": OTHER,
    "plan-written": WRITE,
    "plan-resumed": WRITE,
    "step-sent-again": WRITE,
    "step-settled": CHANGE,
    "plan-handed-out": EXPORT,
    "instrument-taken-down": WRITE,
    "device-handed-over": ACCESS,
    "device-taken-back": ACCESS,
    "instrument-resumed": WRITE,
    "course-reviewed": OTHER,
    "review-written": WRITE,
    "session-before-saved": CHANGE,
    "session-during-saved": CHANGE,
    "session-leaving-saved": CHANGE,
    "session-closed": OTHER,
    "session-written": WRITE,
    "adverse-event-recorded": WRITE,
    "adverse-event-resumed": WRITE,
    "course-revise": OTHER,
    "course-suspend": OTHER,
    "course-resume": OTHER,
    "course-complete": OTHER,
    "course-revoke": OTHER,
    "course-void": OTHER,
    "decision-written": WRITE,
    "difference-settled": OTHER,
    "difference-written": WRITE,
    "patient-guard": ALERT,
}
# FHIR's outcome codes; what a run left undone is a minor failure, what a guard stopped a serious one.
OUTCOMES = {"success": "0", "written": "0", "stopped": "8"}
UNFINISHED = "4"


@dataclass(frozen=True)
class Event:
    """One row of the trail. `actor`, `patient`, `target` are references on `iss`, or ids, or empty."""

    number: int
    at: datetime
    actor: str
    action: str
    iss: str
    patient: str
    target: str
    outcome: str
    note: str
    hash: str


def render_audit_event(event: Event) -> Json:
    """The AuditEvent. Its id is the row's number in the trail: two exports give the same resources."""
    kind = KINDS.get(event.action, OTHER)
    return {
        "resourceType": "AuditEvent",
        "id": f"ketplan-{event.number}",
        "type": coding(DICOM, kind.code, kind.display),
        "subtype": [coding(ACTIONS, event.action, event.action.replace("-", " ").capitalize())],
        "action": kind.action,
        "recorded": event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "outcome": OUTCOMES.get(event.outcome, UNFINISHED),
        "outcomeDesc": event.outcome,
        "agent": [{"who": _named(event.iss, event.actor or "unknown user"), "requestor": True}],
        "source": {
            "observer": {"display": f"ketplan {__version__}"},
            "type": [coding(f"{HL7}/security-source-type", "4", "Application Server")],
        },
        "entity": [*_patient(event), *_target(event), _row(event)],
    }


def _patient(event: Event) -> list[Json]:
    if not event.patient:
        return []
    return [
        {
            "what": _named(event.iss, event.patient),
            "type": coding(f"{HL7}/audit-entity-type", "1", "Person"),
            "role": coding(f"{HL7}/object-role", "1", "Patient"),
        }
    ]


def _target(event: Event) -> list[Json]:
    found: Json = {"role": coding(f"{HL7}/object-role", "4", "Domain Resource")}
    if event.target:
        found["what"] = _named(event.iss, event.target)
    if event.note:
        found["detail"] = [{"type": "finding", "valueString": event.note}]
    return [found] if len(found) > 1 else []


def _row(event: Event) -> Json:
    """Where the event stands in the trail, so that it can be held against it."""
    return {
        "what": {"identifier": {"system": TRAIL, "value": f"{event.number}:{event.hash}"}},
        "role": coding(f"{HL7}/object-role", "13", "Security Resource"),
    }


def _named(iss: str, text: str) -> Json:
    """A reference with the EHR it lives in; an id of ours by its system; anything else as words."""
    if RELATIVE_REFERENCE.fullmatch(text):
        return {"reference": f"{iss.rstrip('/')}/{text}" if iss else text}
    if re.fullmatch(r"[A-Za-z0-9-]{8,64}", text):
        return {"identifier": {"system": PLAN_SYSTEM, "value": text}}
    return {"display": text}
