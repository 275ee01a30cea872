"""What a request to book by hand must be, beside what `fhir.invariants` asks of all we write."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.fhir.datatypes import Json, element
from ketplan.fhir.rendering.authoring import Intent

_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
REQUIRED = {
    "Task": ("identifier", "status", "intent", "description", "for", "authoredOn"),
    "Communication": ("identifier", "status", "subject", "payload", "sent"),
}
CODES: dict[str, frozenset[str]] = {
    "Task.status": frozenset(
        {
            *("draft", "requested", "received", "accepted", "rejected", "ready", "in-progress", "on-hold"),
            *("cancelled", "failed", "completed", "entered-in-error"),
        }
    ),
    # Some EHRs keep every task's intent as unknown, and that is not ours to doubt.
    "Task.intent": frozenset({*Intent, "unknown"}),
    "Task.priority": frozenset({"routine", "urgent", "asap", "stat"}),
    "Communication.status": frozenset(
        {
            *("preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"),
            *("entered-in-error", "unknown"),
        }
    ),
}
TARGETS: dict[str, frozenset[str]] = {
    "Task.basedOn": frozenset({"CarePlan"}),
    "Task.focus": frozenset({"ServiceRequest"}),
    "Task.for": frozenset({"Patient"}),
    "Task.requester": _PEOPLE,
    "Communication.basedOn": frozenset({"CarePlan"}),
    "Communication.encounter": frozenset({"Encounter"}),
    "Communication.recipient": _PEOPLE,
    "Communication.sender": _PEOPLE,
    "Communication.subject": frozenset({"Patient"}),
}
TIMES = {
    "Task.authoredOn": "dateTime",
    "Task.restriction.period.start": "dateTime",
    "Task.restriction.period.end": "dateTime",
    "Communication.sent": "dateTime",
}


def message(resource: Json) -> Iterator[str]:
    """A message that says something, from somebody."""
    for place, part in enumerate(resource.get("payload", [])):
        if not element(part).get("contentString"):
            yield f"payload[{place}].contentString: required"
    if resource.get("status") == "completed" and "sender" not in resource:
        yield "sender: required of what was sent"
