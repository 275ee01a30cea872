"""The intake questionnaire: what charts rarely code and a clinician answers in ketplan.

One table says which questions there are. The Questionnaire is rendered from it here, and answers are read
and written by it in `fhir.intake`. Its linkIds are a public promise: other systems fill it in too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from ketplan.clinical.record import Code, MedicationTrial, NmdaCourse, TherapyCourse
from ketplan.fhir.datatypes import BASE, Json

INTAKE = f"{BASE}/Questionnaire/intake"
PSYCHOTHERAPY_FORM = f"{BASE}/CodeSystem/psychotherapy-form"
FORMS = ("CBT", "ERP", "trauma-focused", "exposure")

Course = type[MedicationTrial] | type[TherapyCourse] | type[NmdaCourse]


class Kind(Enum):
    """What may be answered. Numbers are whole: a part of a session is none, and "improved by less than
    49.5 %" means less than 50."""

    YES_NO = auto()
    WORDS = auto()
    DIAGNOSIS = auto()
    FORM = auto()
    DRUG = auto()
    DAY = auto()
    AT_LEAST = auto()
    BELOW = auto()


_ITEM_TYPE = {
    Kind.YES_NO: "boolean",
    Kind.WORDS: "text",
    Kind.DIAGNOSIS: "choice",
    Kind.FORM: "choice",
    Kind.DRUG: "open-choice",
    Kind.DAY: "date",
    Kind.AT_LEAST: "integer",
    Kind.BELOW: "integer",
}


class Question(NamedTuple):
    """`link` is the linkId (within its group), `attribute` where the answer goes in `clinical.record`."""

    link: str
    attribute: str
    kind: Kind
    text: str


class Group(NamedTuple):
    """Questions that repeat together, one `course` of the record for each time."""

    link: str
    attribute: str
    course: Course
    text: str
    questions: tuple[Question, ...]


_BELOW = "Improved by less than (percent)"

QUESTIONS = (
    Question("escort-confirmed", "escort_confirmed", Kind.YES_NO, "Is a companion confirmed for each dose?"),
    Question("principal-diagnosis", "principal_diagnosis", Kind.DIAGNOSIS, "Which diagnosis leads?"),
    Question(
        "resistance-not-possible",
        "resistance_statement",
        Kind.WORDS,
        "If adequate first-line treatment was not possible: why not?",
    ),
)
GROUPS = (
    Group(
        "medication-trial",
        "medication_trials",
        MedicationTrial,
        "Earlier medication for this disorder",
        (
            Question("ingredient", "ingredient", Kind.DRUG, "Drug"),
            Question("start", "start", Kind.DAY, "From"),
            Question("end", "end", Kind.DAY, "Until"),
            Question("improvement-percent-below", "improvement_below_pct", Kind.BELOW, _BELOW),
            Question(
                "stopped-for-intolerance",
                "stopped_for_intolerance",
                Kind.YES_NO,
                "Stopped because it was not tolerated?",
            ),
        ),
    ),
    Group(
        "psychotherapy-course",
        "therapy_courses",
        TherapyCourse,
        "Earlier psychotherapy for this disorder",
        (
            Question("form", "form", Kind.FORM, "Form"),
            Question("sessions", "sessions", Kind.AT_LEAST, "Sessions attended"),
            Question("start", "start", Kind.DAY, "From"),
            Question("end", "end", Kind.DAY, "Until"),
            Question("improvement-percent-below", "improvement_below_pct", Kind.BELOW, _BELOW),
        ),
    ),
    Group(
        "prior-nmda-course",
        "nmda_courses",
        NmdaCourse,
        "Earlier treatment with ketamine or esketamine",
        (
            Question("ingredient", "ingredient", Kind.DRUG, "Drug"),
            Question("administrations", "administrations", Kind.AT_LEAST, "Administrations"),
            Question("end", "end", Kind.DAY, "Until"),
            Question("improvement-percent-below", "improvement_below_pct", Kind.BELOW, _BELOW),
        ),
    ),
)


def questionnaire(options: Mapping[str, Sequence[Code]]) -> Json:
    """The Questionnaire resource. `options` offers codes by linkId ("principal-diagnosis",
    "medication-trial.ingredient", "prior-nmda-course.ingredient"); the forms of therapy are its own."""
    return {
        "resourceType": "Questionnaire",
        "id": "intake",
        "url": INTAKE,
        "name": "KetplanIntake",
        "title": "Intake for a combined ketamine and CBT program",
        "status": "active",
        "subjectType": ["Patient"],
        "item": [
            *(_item(question.link, question, options) for question in QUESTIONS),
            *(_group(group, options) for group in GROUPS),
        ],
    }


def _group(group: Group, options: Mapping[str, Sequence[Code]]) -> Json:
    inner = [_item(f"{group.link}.{question.link}", question, options) for question in group.questions]
    return {"linkId": group.link, "text": group.text, "type": "group", "repeats": True, "item": inner}


def _item(link: str, question: Question, options: Mapping[str, Sequence[Code]]) -> Json:
    item: Json = {"linkId": link, "text": question.text, "type": _ITEM_TYPE[question.kind]}
    offered: Sequence[Code] = options.get(link, ())
    if question.kind is Kind.FORM:
        offered = [Code(PSYCHOTHERAPY_FORM, form, form) for form in FORMS]
    if offered:
        item["answerOption"] = [{"valueCoding": write_coding(code)} for code in offered]
    return item


def write_coding(code: Code) -> Json:
    """A Coding without empty elements."""
    return {name: part for name, part in code._asdict().items() if part}
