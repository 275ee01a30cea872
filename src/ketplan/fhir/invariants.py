"""Checks of our own on the JSON that is really sent, because the models check neither codes nor invariants.

Generic checks walk the whole resource; tables name required elements, codes, times and reference targets;
the rest are FHIR's named invariants and ketplan's own: plans only, never orders, one patient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from ketplan.errors import KetplanError
from ketplan.fhir import note_rules, session_rules, survey_rules, to_do_rules
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering import xhtml
from ketplan.fhir.rendering.appointment import ACTORS
from ketplan.fhir.rendering.authoring import (
    CARE_PLAN_CATEGORY,
    RELATIVE_REFERENCE,
    AppointmentStatus,
    GoalStatus,
    Intent,
    ParticipantRequired,
    ParticipationStatus,
    RequestStatus,
    awaited,
    clean,
)

REQUIRED = {
    "Appointment": ("identifier", "status", "participant"),
    "CarePlan": ("identifier", "text", "status", "intent", "category", "subject"),
    "Goal": ("identifier", "lifecycleStatus", "description", "subject"),
    "Provenance": ("target", "recorded", "agent"),
    "ServiceRequest": ("identifier", "status", "intent", "code", "subject"),
}
CODES: dict[str, frozenset[str]] = {
    "Appointment.status": frozenset(AppointmentStatus),
    "Appointment.participant.status": frozenset(ParticipationStatus),
    "Appointment.participant.required": frozenset(ParticipantRequired),
    "CarePlan.status": frozenset(RequestStatus),
    "CarePlan.intent": frozenset(Intent),
    "CarePlan.text.status": frozenset({"generated", "additional"}),
    "Goal.lifecycleStatus": frozenset(GoalStatus),
    "Goal.target.detailQuantity.comparator": frozenset({"<", "<=", ">=", ">"}),
    "Provenance.entity.role": frozenset({"derivation", "revision", "quotation", "source", "removal"}),
    "ServiceRequest.status": frozenset(RequestStatus),
    "ServiceRequest.intent": frozenset(Intent),
}
_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
TARGETS: dict[str, frozenset[str]] = {
    "Appointment.basedOn": frozenset({"ServiceRequest"}),
    "Appointment.participant.actor": ACTORS | {"Patient"},
    "Appointment.reasonReference": frozenset({"Condition"}),
    "Appointment.slot": frozenset({"Slot"}),
    "CarePlan.activity.reference": frozenset({"Appointment", "ServiceRequest"}),
    "CarePlan.addresses": frozenset({"Condition"}),
    "CarePlan.author": _PEOPLE,
    "CarePlan.goal": frozenset({"Goal"}),
    "CarePlan.note.authorReference": frozenset({"Practitioner"}),
    "CarePlan.subject": frozenset({"Patient"}),
    "Goal.addresses": frozenset({"Condition"}),
    "Goal.expressedBy": _PEOPLE,
    "Goal.subject": frozenset({"Patient"}),
    "Provenance.agent.who": _PEOPLE | {"Device"},
    "ServiceRequest.basedOn": frozenset({"CarePlan"}),
    "ServiceRequest.reasonReference": frozenset({"Condition"}),
    "ServiceRequest.requester": _PEOPLE,
    "ServiceRequest.subject": frozenset({"Patient"}),
}
_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_INSTANT = re.compile(_DATE + r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)")
TIMES = {
    "Appointment.start": "instant",
    "Appointment.end": "instant",
    "Appointment.created": "dateTime",
    "Appointment.requestedPeriod.start": "dateTime",
    "Appointment.requestedPeriod.end": "dateTime",
    "CarePlan.created": "dateTime",
    "CarePlan.note.time": "dateTime",
    "CarePlan.period.start": "dateTime",
    "CarePlan.period.end": "dateTime",
    "Goal.startDate": "date",
    "Goal.target.dueDate": "date",
    "Provenance.occurredDateTime": "dateTime",
    "Provenance.recorded": "instant",
    "ServiceRequest.authoredOn": "dateTime",
    "ServiceRequest.occurrenceTiming.event": "dateTime",
    "ServiceRequest.occurrenceTiming.repeat.boundsPeriod.start": "dateTime",
    "ServiceRequest.occurrenceTiming.repeat.boundsPeriod.end": "dateTime",
}
# The tables above are a plan's, and stand in its profiles; these are everything ketplan writes.
_REQUIRED = (
    REQUIRED | survey_rules.REQUIRED | session_rules.REQUIRED | note_rules.REQUIRED | to_do_rules.REQUIRED
)
_CODES = CODES | survey_rules.CODES | session_rules.CODES | note_rules.CODES | to_do_rules.CODES
_TARGETS = TARGETS | survey_rules.TARGETS | session_rules.TARGETS | note_rules.TARGETS | to_do_rules.TARGETS
_TIMES = TIMES | survey_rules.TIMES | session_rules.TIMES | note_rules.TIMES | to_do_rules.TIMES
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_INDEX = re.compile(r"\[\d+\]")


def check(resource: Json, *, patient: str | None = None, unlinked: bool = False) -> list[str]:
    """What is wrong with the resource, each problem with its element's path; empty when it may be sent.

    `patient` is whom it must be about ("Patient/…"). `unlinked` allows placeholders of steps to come.
    """
    kind = resource.get("resourceType")
    if kind not in _REQUIRED:
        return ["resourceType: not a type that ketplan writes"]
    found = [f"{kind}.{name}: required" for name in _REQUIRED[kind] if name not in resource]
    for path, value in _walk(resource, kind):
        found += (f"{path}: {words}" for words in _generic(path, value, unlinked))
    found += _subject(resource, kind, patient)
    if kind in _RULES:
        found += (f"{kind}.{words}" for words in _RULES[kind](resource))
    return found


def require_valid(resource: Json, *, patient: str | None = None, unlinked: bool = False) -> None:
    """Raises KetplanError when the resource must not be sent; the message holds paths, never values."""
    found = check(resource, patient=patient, unlinked=unlinked)
    if found:
        raise KetplanError(f"What would be written is not valid: {'; '.join(found[:5])}.")


def patients(resource: Json) -> list[str]:
    """Whom a resource is about: its subject, whom a task is for, or an Appointment's patient participants."""
    actors = [p.get("actor") for p in _dicts(resource.get("participant"))]
    about = [resource.get("subject"), resource.get("for"), *actors]
    references = [r.get("reference", "") for r in _dicts(about)]
    return [r for r in references if r.startswith("Patient/")]


def _walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _walk(item, f"{path}[{place}]")


def _generic(path: str, value: Any, unlinked: bool) -> Iterator[str]:
    if isinstance(value, str):
        yield from _string(path, value)
    elif value is None or value == [] or value == {}:
        yield "empty"
    elif isinstance(value, dict):
        element = _INDEX.sub("", path)
        if isinstance(value.get("reference"), str):
            yield from _reference(element, value["reference"], unlinked)
        elif "type" in value and element in _TARGETS and value["type"] not in _TARGETS[element]:
            yield "refers to a type not allowed here"
        if element.endswith(".coding") and not (value.get("system") and value.get("code")):
            yield "a coding needs system and code"
    elif not isinstance(value, list | bool | int | Decimal):
        yield "not a JSON value that keeps its digits"


def _string(path: str, value: str) -> Iterator[str]:
    element = _INDEX.sub("", path)
    if not value.strip():
        yield "empty"
    elif element.endswith(".text.div"):
        yield from xhtml.problems(value)
    elif clean(value) != value:
        yield "blanks or characters that are not allowed"
    if element in _CODES and value not in _CODES[element]:
        yield "not a code of the required value set"
    if element in _TIMES and not _is_time(value, _TIMES[element]):
        yield f"not a {_TIMES[element]} with a zone" if "T" in value else f"not a {_TIMES[element]}"
    if element.endswith(".id") and not _ID.fullmatch(value):
        yield "not an id of at most 64 characters"


def _is_time(value: str, kind: str) -> bool:
    has_time = len(value) > 10
    if has_time != (kind == "instant") and kind != "dateTime":
        return False
    if has_time and not _INSTANT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return has_time or len(value) == 10


def _reference(element: str, target: str, unlinked: bool) -> Iterator[str]:
    if awaited(target) is not None:
        if not unlinked:
            yield "refers to a step that has not been done"
        return
    shape = RELATIVE_REFERENCE.fullmatch(target)
    if shape is None:
        yield "not a reference of the form Type/id"
    elif element in _TARGETS and shape[1] not in _TARGETS[element]:
        yield "refers to a type not allowed here"


def _subject(resource: Json, kind: str, patient: str | None) -> Iterator[str]:
    if kind == "Provenance":
        return
    about = patients(resource)
    if len(about) != 1:
        yield f"{kind}: must be about exactly one patient"
    elif patient is not None and about[0] != patient:
        yield f"{kind}: is about another patient"


# --- named invariants ---------------------------------------------------------------------------------


def _appointment(resource: Json) -> Iterator[str]:
    start, end, status = resource.get("start"), resource.get("end"), resource.get("status")
    for place, participant in enumerate(_dicts(resource.get("participant"))):
        if "type" not in participant and "actor" not in participant:
            yield f"participant[{place}]: app-1, neither type nor actor"
        if "status" not in participant:
            yield f"participant[{place}].status: required"
    if (start is None) != (end is None):
        yield "start: app-2, start and end only together"
    if start is None and status not in ("proposed", "cancelled", "waitlist"):
        yield "start: app-3, required in this status"
    if "cancelationReason" in resource and status not in ("cancelled", "noshow"):
        yield "cancelationReason: app-4, not in this status"
    if status == "proposed" and start is None and "requestedPeriod" not in resource:
        yield "requestedPeriod: a proposed visit needs a time or a period"
    if start is not None and not _precedes(start, end):
        yield "end: must be after start"
    yield from _periods(resource.get("requestedPeriod"), "requestedPeriod")


def _care_plan(resource: Json) -> Iterator[str]:
    for place, activity in enumerate(_dicts(resource.get("activity"))):
        if "detail" in activity and "reference" in activity:
            yield f"activity[{place}]: cpl-3, detail and reference together"
        elif "reference" not in activity:
            yield f"activity[{place}]: must refer to what was written"
    codings = [c for category in _dicts(resource.get("category")) for c in _dicts(category.get("coding"))]
    if not any(c.get("system") == CARE_PLAN_CATEGORY and c.get("code") == "assess-plan" for c in codings):
        yield "category: US Core's assess-plan is missing"
    yield from _periods([resource.get("period")], "period")


def _goal(resource: Json) -> Iterator[str]:
    for place, target in enumerate(_dicts(resource.get("target"))):
        if "measure" not in target and any(key.startswith("detail") for key in target):
            yield f"target[{place}]: gol-1, a detail without a measure"


def _request(resource: Json) -> Iterator[str]:
    if "orderDetail" in resource and "code" not in resource:
        yield "orderDetail: prr-1, without a code"
    timing = resource.get("occurrenceTiming", {})
    yield from _periods(
        [timing.get("repeat", {}).get("boundsPeriod")], "occurrenceTiming.repeat.boundsPeriod"
    )


def _provenance(resource: Json) -> Iterator[str]:
    for name, needed in (("agent", "who"), ("entity", "role"), ("entity", "what")):
        for place, part in enumerate(_dicts(resource.get(name))):
            if needed not in part:
                yield f"{name}[{place}].{needed}: required"


_RULES: dict[str, Callable[[Json], Iterable[str]]] = {
    "AdverseEvent": session_rules.adverse_event,
    "Appointment": _appointment,
    "CarePlan": _care_plan,
    "Communication": to_do_rules.message,
    "DocumentReference": note_rules.note,
    "Goal": _goal,
    "MedicationAdministration": session_rules.administration,
    "Observation": survey_rules.observation,
    "Procedure": session_rules.procedure,
    "Provenance": _provenance,
    "QuestionnaireResponse": survey_rules.response,
    "ServiceRequest": _request,
}


def _periods(values: Any, name: str) -> Iterator[str]:
    for period in _dicts(values):
        start, end = period.get("start"), period.get("end")
        if start is not None and end is not None and start != end and not _precedes(start, end):
            yield f"{name}: ends before it starts"


def _precedes(start: Any, end: Any) -> bool:
    """Whether `start` lies before `end`; False when they cannot be compared."""
    try:
        return datetime.fromisoformat(start) < datetime.fromisoformat(end)
    except (TypeError, ValueError):
        return False


def _dicts(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
