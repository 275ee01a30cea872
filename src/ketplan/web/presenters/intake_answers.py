"""What was typed into the intake, understood: the answers, and per field what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.assessment import target_of
from ketplan.clinical.record import RXNORM, Code, Intake, When
from ketplan.fhir.datatypes import parse_when
from ketplan.fhir.intake_form import FORMS, GROUPS, QUESTIONS, Group, Kind, Question
from ketplan.web.presenters import words
from ketplan.web.presenters.intake_form import DRUGS, HINTS, row_is_used, rows_of
from ketplan.workflow import Proposal

# The question without which a row says nothing.
_LEADING = {
    "medication-trial": "ingredient",
    "psychotherapy-course": "form",
    "prior-nmda-course": "ingredient",
}
_LONGEST = 2000
_DAY_LENGTHS = (4, 7, 10)


class Invalid(Exception):
    """What is wrong with one answer, in words for the person who typed it."""


@dataclass
class _Checked:
    """What was understood so far, and what was not."""

    zone: ZoneInfo
    today: date
    codes: Mapping[str, Code]
    errors: dict[str, str] = field(default_factory=dict)

    def answer(self, name: str, question: Question, said: Mapping[str, str], drugs: Mapping[str, str]) -> Any:
        text = said.get(name, "").strip()[:_LONGEST]
        if not text:
            return None
        try:
            return _PARSERS[question.kind](text, self, drugs)
        except Invalid as wrong:
            self.errors[name] = str(wrong)
            return None


def read(said: Mapping[str, str], proposal: Proposal, zone: ZoneInfo) -> tuple[Intake, dict[str, str]]:
    """The answers, and per field what is wrong with it. An empty row counts as none."""
    checked = _Checked(zone, proposal.draft.as_of, _principal_codes(proposal))
    answers = {q.attribute: checked.answer(q.link, q, said, {}) for q in QUESTIONS}
    for group in GROUPS:
        answers[group.attribute] = tuple(_courses(group, said, checked))
    given = {name: value for name, value in answers.items() if value is not None}
    return Intake(**given), checked.errors


def _courses(group: Group, said: Mapping[str, str], checked: _Checked) -> Iterator[Any]:
    for n in range(rows_of(said, group)):
        if not row_is_used(said, group, n):
            continue
        prefix, drugs = f"{group.link}.{n}", DRUGS.get(group.link, {})
        answers = {q.attribute: checked.answer(f"{prefix}.{q.link}", q, said, drugs) for q in group.questions}
        leading = f"{prefix}.{_LEADING[group.link]}"
        if not said.get(leading, "").strip():
            checked.errors[leading] = "say which one this row is about, or clear the row."
        _in_order(prefix, answers, checked)
        yield group.course(**{name: value for name, value in answers.items() if value is not None})


def _in_order(prefix: str, answers: Mapping[str, Any], checked: _Checked) -> None:
    start, end = answers.get("start"), answers.get("end")
    if start and end and end.latest < start.earliest:
        checked.errors[f"{prefix}.end"] = "this lies before the start."


def _principal_codes(proposal: Proposal) -> dict[str, Code]:
    """For each target disorder the code by which the chart names it."""
    view = proposal.assessment.view
    return {
        d.id: next(code for c in view.active(d.value_set) for code in c.codes if target_of(code) is d)
        for d in proposal.assessment.targets
    }


def _yes_no(text: str, _c: _Checked, _d: Mapping[str, str]) -> bool:
    if text not in ("yes", "no"):
        raise Invalid("answer yes or no.")
    return text == "yes"


def _diagnosis(text: str, checked: _Checked, _d: Mapping[str, str]) -> Code:
    if text not in checked.codes:
        raise Invalid("choose one of the diagnoses of this chart.")
    return checked.codes[text]


def _form(text: str, _c: _Checked, _d: Mapping[str, str]) -> str:
    if text not in FORMS:
        raise Invalid("choose one of the forms.")
    return text


def _drug(text: str, _c: _Checked, drugs: Mapping[str, str]) -> Code:
    known = next((code for code, name in drugs.items() if name == text.casefold()), None)
    return Code(RXNORM, known, text.casefold()) if known else Code("", text, text)


def _day(text: str, checked: _Checked, _d: Mapping[str, str]) -> When:
    when = parse_when(text, checked.zone) if len(text) in _DAY_LENGTHS else None
    if when is None:
        raise Invalid(f"give a year, a month or a day: {HINTS[Kind.DAY]}.")
    if when.earliest > checked.today:
        raise Invalid(f"this lies after today, {words.full_day(checked.today)}.")
    return when


def _whole(most: int) -> Callable[[str, _Checked, Mapping[str, str]], int]:
    def parse(text: str, _c: _Checked, _d: Mapping[str, str]) -> int:
        if not text.isascii() or not text.isdecimal() or int(text[:9]) > most:
            raise Invalid(f"give a whole number from 0 to {most}.")
        return int(text)

    return parse


_PARSERS: Mapping[Kind, Callable[[str, _Checked, Mapping[str, str]], Any]] = {
    Kind.YES_NO: _yes_no,
    Kind.WORDS: lambda text, _c, _d: text,
    Kind.DIAGNOSIS: _diagnosis,
    Kind.FORM: _form,
    Kind.DRUG: _drug,
    Kind.DAY: _day,
    Kind.AT_LEAST: _whole(999),
    Kind.BELOW: _whole(100),
}
