"""What asks somebody to book by hand, for an EHR that takes no appointment: a task for each visit, or one
message that lists them all.

Both are made of the signed resources of the plan. Worklists and inboxes are read by many, so that they name
the visit, its time and its place, and nothing of why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering.authoring import Intent, coding, concept, reference, step_identifier, tidy

MESSAGE = "message"
TASK_PREFIX = "task-"
TOPIC = "Visits to be booked"
NOTIFICATION = coding(
    "http://terminology.hl7.org/CodeSystem/communication-category", "notification", "Notification"
)
FULFILL = coding("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill the focal request")
ASKED = "The visits below belong to a signed plan. Those without an appointment have to be booked by hand:"


def task_key(appointment_key: str) -> str:
    return f"{TASK_PREFIX}{appointment_key.removeprefix('appointment-')}"


def render_task(visit: Json, plan: Json, plan_id: str, key: str) -> Json:
    """The Task to book `visit`, an Appointment as it was signed; `plan` is the CarePlan, `key` the step's."""
    window = next(iter(visit.get("requestedPeriod", ())), None)
    resource: Json = tidy(
        {
            "resourceType": "Task",
            "identifier": [step_identifier(plan_id, task_key(key))],
            "basedOn": visit.get("supportingInformation"),
            "status": "requested" if plan.get("author") else "draft",
            "intent": Intent.PLAN,
            "priority": "routine",
            "code": concept(FULFILL, text="Book an appointment"),
            "description": f"Book: {told(visit)}",
            "focus": next(iter(visit.get("basedOn", ())), None),
            "for": plan["subject"],
            "authoredOn": plan["created"],
            "requester": plan.get("author"),
            "restriction": {"period": window or {"start": visit["start"], "end": visit["end"]}},
        }
    )
    return resource


def render_message(visits: Sequence[Json], plan: Json, plan_id: str, encounter: str = "") -> Json:
    """The Communication that lists `visits`, to the one who signed: whose visits they are to have booked."""
    author = plan.get("author")
    resource: Json = tidy(
        {
            "resourceType": "Communication",
            "identifier": [step_identifier(plan_id, MESSAGE)],
            "basedOn": visits[0].get("supportingInformation") if visits else None,
            "status": "completed" if author else "preparation",
            "category": [concept(NOTIFICATION)],
            "subject": plan["subject"],
            "topic": {"text": TOPIC},
            "encounter": reference(f"Encounter/{encounter}") if encounter else None,
            "sent": plan["created"],
            "recipient": [author] if author else [],
            "sender": author,
            "payload": [{"contentString": "\n".join([ASKED, *map(told, _in_order(visits))])}],
        }
    )
    return resource


def told(visit: Json) -> str:
    """A visit in a line: what, when, where and with whom."""
    day, start, end = visit["start"][:10], visit["start"][11:16], visit["end"][11:16]
    offset = visit["start"][19:] or "Z"
    names = [p["actor"].get("display", "") for p in visit["participant"]]
    where = ", ".join(name for name in names if name)
    said = f"{visit['description']}, {day} {start}-{end} ({'UTC' if offset == 'Z' else 'UTC' + offset})"
    return f"{said}, {where}" if where else said


def _in_order(visits: Iterable[Json]) -> list[Json]:
    return sorted(visits, key=lambda visit: datetime.fromisoformat(visit["start"]))
