"""The form of an answered course review: each proposal and the clinician's answer. Its linkIds are public."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ketplan.clinical.progress.history import Verdict
from ketplan.clinical.progress.proposals import KINDS
from ketplan.fhir.datatypes import BASE, Json

REVIEW = f"{BASE}/Questionnaire/course-review"
PROPOSAL_KIND = f"{BASE}/CodeSystem/course-review-proposal"
VERDICT = f"{BASE}/CodeSystem/course-review-answer"

GROUP = "proposal"
QUESTIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "kind": ("choice", "What is proposed"),
        "text": ("text", "The proposal"),
        "effect": ("text", "What accepting it changes"),
        "answer": ("choice", "The clinician's answer"),
        "instead": ("text", "What is wanted instead"),
        "reason": ("text", "Why"),
    }
)
FRAIL, LIFETIME = "frail", "lifetime-doses"
STATED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        FRAIL: ("boolean", "Is the patient frail?"),
        LIFETIME: ("integer", "Doses of ketamine or esketamine before this course, anywhere"),
    }
)


def kinds() -> dict[str, str]:
    """Code and words of every kind of proposal."""
    return {slug(kind.value): row.title for kind, row in KINDS.items()}


def verdicts() -> dict[str, str]:
    return {verdict.value: verdict.value.capitalize() for verdict in Verdict}


def slug(kind: str) -> str:
    return kind.replace("_", "-")


def link(question: str) -> str:
    """The linkId of a question about one proposal."""
    return f"{GROUP}.{question}"


def items() -> list[Json]:
    """The items of the Questionnaire."""
    options = {"kind": _options(PROPOSAL_KIND, kinds()), "answer": _options(VERDICT, verdicts())}
    asked = [
        {"linkId": link(name), "text": words, "type": kind, **options.get(name, {})}
        for name, (kind, words) in QUESTIONS.items()
    ]
    return [
        {"linkId": GROUP, "text": "A proposal", "type": "group", "repeats": True, "item": asked},
        *({"linkId": name, "text": words, "type": kind} for name, (kind, words) in STATED.items()),
    ]


def _options(system: str, codes: Mapping[str, str]) -> Json:
    offered = [{"system": system, "code": code, "display": words} for code, words in codes.items()]
    return {"answerOption": [{"valueCoding": option} for option in offered]}
