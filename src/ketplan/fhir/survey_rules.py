"""What a filled-in instrument must be, beside what `fhir.invariants` asks of everything ketplan writes."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.fhir.datatypes import Json, element, elements

_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
REQUIRED = {
    "Observation": (
        "identifier",
        "status",
        "category",
        "code",
        "subject",
        "effectiveDateTime",
        "valueQuantity",
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
    "QuestionnaireResponse.source": _PEOPLE | {"Patient"},
    "QuestionnaireResponse.subject": frozenset({"Patient"}),
}
TIMES = {"Observation.effectiveDateTime": "dateTime", "QuestionnaireResponse.authored": "dateTime"}


def observation(resource: Json) -> Iterator[str]:
    codings = [c for concept in elements(resource.get("category")) for c in elements(concept.get("coding"))]
    if not any(c.get("code") == "survey" for c in codings):
        yield "category: survey is missing"
    if "value" not in element(resource.get("valueQuantity")):
        yield "valueQuantity.value: required"


def response(resource: Json) -> Iterator[str]:
    items = elements(resource.get("item"))
    links = [item.get("linkId") for item in items]
    for place, item in enumerate(items):
        if not item.get("linkId") or links.count(item["linkId"]) > 1:
            yield f"item[{place}].linkId: must be there and be its own"
        if [len(answer) for answer in elements(item.get("answer"))] != [1]:
            yield f"item[{place}].answer: must be one"
