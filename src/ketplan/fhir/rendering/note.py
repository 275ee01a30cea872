"""The whole plan as something to read, for an EHR that takes no care plan: a note, or answers to a form.

Both are made of the CarePlan's own resource and its narrative, so that they say what it says. Lists and
portals show a note's title, so it names no drug and no diagnosis.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.rendering import wording, xhtml
from ketplan.fhir.rendering.authoring import coding, concept, reference, step_identifier, tidy

NOTE, RESPONSE = "note", "plan-response"
TITLE = "Treatment plan"
QUESTIONNAIRE = f"{BASE}/Questionnaire/treatment-plan"
PROGRESS_NOTE = coding("http://loinc.org", "11506-3", "Progress note")
CLINICAL_NOTE = coding(
    "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
    "clinical-note",
    "Clinical Note",
)
TRUTH = (
    "Where the truth is: this is the plan as it was signed. Appointments of the plan that stand in this "
    "record hold the current times and count where they differ; visits without one have to be booked by hand."
)


def render_note(plan: Json, plan_id: str, encounter: str = "", pdf: bytes = b"") -> Json:
    """The DocumentReference that tells the CarePlan `plan`: as text first, laid out, and as `pdf` if any.

    `encounter` is the id of the visit it belongs to, or "".
    """
    at = plan["created"]
    forms = [("text/plain;charset=utf-8", as_text(plan).encode())]
    forms.append(("text/html;charset=utf-8", as_html(plan).encode()))
    if pdf:
        forms.append(("application/pdf", pdf))
    author = plan.get("author")
    resource: Json = tidy(
        {
            "resourceType": "DocumentReference",
            "identifier": [step_identifier(plan_id, NOTE)],
            "status": "current",
            "docStatus": "final" if author else "preliminary",
            "type": concept(PROGRESS_NOTE, text=TITLE),
            "category": [concept(CLINICAL_NOTE)],
            "subject": plan["subject"],
            "date": at,
            "author": [author] if author else [],
            "description": TITLE,
            "content": [{"attachment": _attachment(kind, data, at)} for kind, data in forms],
            "context": {
                "encounter": [reference(f"Encounter/{encounter}")] if encounter else [],
                "period": {"start": at, "end": at},
            },
        }
    )
    return resource


def render_response(plan: Json, plan_id: str, encounter: str = "") -> Json:
    """The QuestionnaireResponse that tells it, one answer for each part of the narrative."""
    resource: Json = tidy(
        {
            "resourceType": "QuestionnaireResponse",
            "identifier": step_identifier(plan_id, RESPONSE),
            "questionnaire": QUESTIONNAIRE,
            "status": "completed",
            "subject": plan["subject"],
            "encounter": reference(f"Encounter/{encounter}") if encounter else None,
            "authored": plan["created"],
            "author": plan.get("author"),
            "item": list(_items(plan)),
        }
    )
    return resource


def as_text(plan: Json) -> str:
    """The plan as plain text, to be put into a note or copied."""
    return f"{xhtml.plain(_narrative(plan))}\n"


def as_html(plan: Json) -> str:
    """The plan as a page of its own: no script, no address, nothing to fetch."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title></head>'
        f"<body>{_narrative(plan)}</body></html>\n"
    )


def _narrative(plan: Json) -> str:
    told = str(plan["text"]["div"]).replace(wording.TRUTH, TRUTH)
    return told.replace("<th>State</th>", "<th>Meant to be</th>")


def _items(plan: Json) -> Iterator[Json]:
    for number, (heading, words) in enumerate(xhtml.chapters(_narrative(plan)), 1):
        yield {"linkId": f"part-{number}", "text": heading, "answer": [{"valueString": words or heading}]}


def _attachment(kind: str, data: bytes, at: str) -> Json:
    return {
        "contentType": kind,
        "language": "en",
        "data": b64encode(data).decode(),
        "size": len(data),
        "title": TITLE,
        "creation": at,
    }
