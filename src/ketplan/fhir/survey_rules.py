"""What filled-in instruments and observations must be, beside what `fhir.invariants` asks of all we write."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.fhir.datatypes import Json, element, elements

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
CATEGORIES = frozenset({"vital-signs", "survey", "exam", "procedure"})
_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
REQUIRED = {
    "Observation": (
        "identifier",
        "status",
        "category",
        "code",
        "subject",
        "effectiveDateTime",
    ),
    "QuestionnaireResponse": (
        "identifier",
        "questionnaire",
        "status",
        "subject",
        "authored",
        "author",
        "item",
    ),
}
CODES: dict[str, frozenset[str]] = {
    "Observation.status": frozenset({"final"}),
    "QuestionnaireResponse.status": frozenset({"completed", "stopped"}),
}
TARGETS: dict[str, frozenset[str]] = {
    "Observation.derivedFrom": frozenset({"QuestionnaireResponse"}),
    "Observation.performer": _PEOPLE,
    "Observation.subject": frozenset({"Patient"}),
    "QuestionnaireResponse.author": _PEOPLE,
    "QuestionnaireResponse.basedOn": frozenset({"CarePlan"}),
    "QuestionnaireResponse.source": _PEOPLE | {"Patient"},
    "QuestionnaireResponse.subject": frozenset({"Patient"}),
}
TIMES = {"Observation.effectiveDateTime": "dateTime", "QuestionnaireResponse.authored": "dateTime"}


def observation(resource: Json) -> Iterator[str]:
    """One of HL7's categories; a value, or components that each have one."""
    codings = [c for concept in elements(resource.get("category")) for c in elements(concept.get("coding"))]
    if not any(c.get("system") == CATEGORY and c.get("code") in CATEGORIES for c in codings):
        yield "category: survey or another of HL7's is missing"
    parts = elements(resource.get("component"))
    for place, part in enumerate(parts):
        if not _has_value(part):
            yield f"component[{place}].value: required"
    if not parts and not _has_value(resource):
        yield "value: required where there are no components"


def _has_value(part: Json) -> bool:
    if "valueQuantity" in part:
        return "value" in element(part["valueQuantity"])
    return isinstance(part.get("valueBoolean"), bool)


def response(resource: Json) -> Iterator[str]:
    yield from _answers(resource, "")


def _answers(parent: Json, path: str) -> Iterator[str]:
    """A question stands once, with one answer; a group may repeat."""
    items = elements(parent.get("item"))
    asked = [item.get("linkId") for item in items if "item" not in item]
    for place, item in enumerate(items):
        here = f"{path}item[{place}]"
        if not item.get("linkId") or asked.count(item["linkId"]) > 1:
            yield f"{here}.linkId: must be there and be its own"
        if "item" in item and "answer" not in item:
            yield from _answers(item, f"{here}.")
        elif [len(answer) for answer in elements(item.get("answer"))] != [1]:
            yield f"{here}.answer: must be one"
