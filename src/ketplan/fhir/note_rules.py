"""What a note must be, beside what `fhir.invariants` asks of all we write: the strictest EHR's recipe."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

from ketplan.fhir.datatypes import Json, element, elements

MOST_BYTES = 5 * 1024 * 1024
"""US Core 9 lets a server refuse more."""
_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
REQUIRED = {
    "DocumentReference": (
        "identifier",
        "status",
        "docStatus",
        "type",
        "subject",
        "content",
        "context",
    )
}
CODES: dict[str, frozenset[str]] = {
    "DocumentReference.status": frozenset({"current", "superseded", "entered-in-error"}),
    "DocumentReference.docStatus": frozenset({"preliminary", "final", "amended", "entered-in-error"}),
    "DocumentReference.relatesTo.code": frozenset({"replaces", "transforms", "signs", "appends"}),
    "DocumentReference.content.attachment.contentType": frozenset(
        {"text/plain;charset=utf-8", "text/html;charset=utf-8", "application/pdf"}
    ),
}
TARGETS: dict[str, frozenset[str]] = {
    "DocumentReference.author": _PEOPLE,
    "DocumentReference.context.encounter": frozenset({"Encounter"}),
    "DocumentReference.relatesTo.target": frozenset({"DocumentReference"}),
    "DocumentReference.subject": frozenset({"Patient"}),
}
TIMES = {
    "DocumentReference.date": "instant",
    "DocumentReference.content.attachment.creation": "dateTime",
    "DocumentReference.context.period.start": "dateTime",
    "DocumentReference.context.period.end": "dateTime",
}


def note(resource: Json) -> Iterator[str]:
    """One LOINC type; each content something to read, and not too much."""
    kinds = elements(element(resource.get("type")).get("coding"))
    if [coding.get("system") for coding in kinds] != ["http://loinc.org"]:
        yield "type: must be one LOINC code"
    for place, content in enumerate(elements(resource.get("content"))):
        attachment = element(content.get("attachment"))
        if not 0 < _size(attachment.get("data")) <= MOST_BYTES:
            yield f"content[{place}].attachment.data: must be there, 5 MiB at most"


def _size(data: object) -> int:
    try:
        return len(b64decode(data, validate=True)) if isinstance(data, str) else 0
    except (Error, ValueError):
        return 0
