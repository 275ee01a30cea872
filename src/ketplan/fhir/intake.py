"""The intake's answers, read from and written as the QuestionnaireResponse to <BASE>/Questionnaire/intake."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any

from ketplan.clinical.record import Code, Intake
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.intake_form import (
    FORMS,
    GROUPS,
    INTAKE,
    PSYCHOTHERAPY_FORM,
    QUESTIONS,
    Kind,
    Question,
    write_coding,
)
from ketplan.fhir.reading import Reading
from ketplan.fhir.survey import walk

_COUNTS = frozenset({"completed", "amended"})
_FORM_BY_WORD = {form.casefold(): form for form in FORMS}
_ALONE = {question.link: question for question in QUESTIONS}
_GROUPED = {f"{group.link}.{q.link}": (group.link, q) for group in GROUPS for q in group.questions}
_GROUP_LINKS = frozenset(group.link for group in GROUPS)


def is_intake(raw: Json) -> bool:
    canonical = fhir.text(raw.get("questionnaire")).partition("|")[0]
    return canonical.rstrip("/") == INTAKE


def newest(intakes: Iterable[Intake]) -> Intake:
    """The one authored last; an empty one when there is none."""
    return max(reversed(list(intakes)), key=_authored, default=Intake())


def _authored(intake: Intake) -> datetime:
    when = intake.authored
    if when is None:
        return datetime.min.replace(tzinfo=UTC)
    return when.instant or datetime.combine(when.earliest, time.min, UTC)


# --- reading --------------------------------------------------------------------------------------------


def read_intake(raw: Json, reading: Reading) -> Intake | None:
    """The answers of a finished response; None for one in progress, stopped or entered in error.

    A group may be nested or flat: a course begins where its group does, or where a question of it returns.
    """
    if fhir.text(raw.get("status")).lower() not in _COUNTS:
        return None
    answers: dict[str, Any] = {}
    courses: dict[str, list[dict[str, Any]]] = {link: [] for link in _GROUP_LINKS}
    for item in walk(raw):
        link = fhir.text(item.get("linkId"))
        if link in _GROUP_LINKS:
            courses[link].append({})
        elif link in _GROUPED:
            group, question = _GROUPED[link]
            if not courses[group] or question.attribute in courses[group][-1]:
                courses[group].append({})
            courses[group][-1][question.attribute] = _read(question, item, reading)
        elif link in _ALONE:
            answers.setdefault(_ALONE[link].attribute, _read(_ALONE[link], item, reading))
    for group_ in GROUPS:
        answers[group_.attribute] = tuple(
            group_.course(**given) for said in courses[group_.link] if (given := _given(said))
        )
    return Intake(
        reference=fhir.reference_to(raw), authored=reading.when(raw.get("authored")), **_given(answers)
    )


def _given(answers: dict[str, Any]) -> dict[str, Any]:
    return {attribute: value for attribute, value in answers.items() if value is not None}


def _read(question: Question, item: Json, reading: Reading) -> Any:
    """The first answer to a question; None when there is none or it cannot be understood."""
    given = fhir.element(item.get("answer"))
    raw = next((value for key, value in given.items() if key.startswith("value")), None)
    return reading.wanted(lambda value: _parse(question.kind, value, reading), raw)


def _parse(kind: Kind, value: Any, reading: Reading) -> Any:
    match kind:
        case Kind.YES_NO:
            return fhir.boolean(value)
        case Kind.WORDS:
            return fhir.text(value) or None
        case Kind.DIAGNOSIS | Kind.DRUG:
            said = fhir.text(value)
            return Code("", said, said) if said else fhir.coding(value)
        case Kind.FORM:
            code = fhir.coding(value)
            return _FORM_BY_WORD.get((code.code if code else fhir.text(value)).casefold())
        case Kind.DAY:
            return fhir.parse_day(value, reading.zone)
        case Kind.AT_LEAST | Kind.BELOW:
            amount = fhir.number(value)
            rounded = math.ceil if kind is Kind.BELOW else math.floor
            return None if amount is None else rounded(amount)


# --- writing --------------------------------------------------------------------------------------------


def build_intake_response(
    intake: Intake, patient: str, authored: datetime, author: str | None = None
) -> Json:
    """The QuestionnaireResponse that `read_intake` reads back as the same answers.

    `patient` and `author` are references ("Patient/1", "Practitioner/2"); `authored` is aware.
    """
    alone = [_item(q.link, q.kind, getattr(intake, q.attribute)) for q in QUESTIONS]
    groups = [
        {"linkId": group.link, "item": [item for item in inner if item]}
        for group in GROUPS
        for course in getattr(intake, group.attribute)
        if (inner := [_course_item(group.link, q, course) for q in group.questions])
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": INTAKE,
        "status": "completed",
        "subject": {"reference": patient},
        "authored": authored.isoformat(timespec="seconds"),
        **({"author": {"reference": author}} if author else {}),
        "item": [item for item in [*alone, *groups] if item],
    }


def _course_item(group: str, question: Question, course: object) -> Json | None:
    value = getattr(course, question.attribute)
    # Within a course an unticked box says nothing; the escort's "no" is an answer.
    return None if value is False else _item(f"{group}.{question.link}", question.kind, value)


def _item(link: str, kind: Kind, value: Any) -> Json | None:
    return None if value is None or value == "" else {"linkId": link, "answer": [_write(kind, value)]}


def _write(kind: Kind, value: Any) -> Json:
    match kind:
        case Kind.YES_NO:
            return {"valueBoolean": value}
        case Kind.WORDS:
            return {"valueString": value}
        case Kind.DIAGNOSIS | Kind.DRUG:
            return {"valueCoding": write_coding(value)} if value.system else {"valueString": value.code}
        case Kind.FORM:
            return {"valueCoding": {"system": PSYCHOTHERAPY_FORM, "code": value}}
        case Kind.DAY:
            return {"valueDate": str(value)}
        case Kind.AT_LEAST | Kind.BELOW:
            return {"valueInteger": value}
