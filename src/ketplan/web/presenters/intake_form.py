"""The intake as a form: fields from the questionnaire's own table, what was typed, and what is wrong with it.

What stands in the form is one flat mapping of field names to text, whether it was typed, saved earlier or
taken from the chart; so nothing typed is ever lost on the way back to the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ketplan.clinical.assessment import target_of
from ketplan.clinical.record import Code, MedicationKind
from ketplan.clinical.screens.resistance import FIRST_LINE
from ketplan.fhir.intake_form import FORMS, GROUPS, QUESTIONS, Group, Kind, Question
from ketplan.workflow import Proposal

Typed = dict[str, str]

NMDA_DRUGS = {"6130": "ketamine", "2119365": "esketamine"}
DRUGS = {"medication-trial": FIRST_LINE, "prior-nmda-course": NMDA_DRUGS}
_MOST_ROWS = 40
HINTS = {
    Kind.DAY: "2024, 2024-03 or 2024-03-15",
    Kind.BELOW: "0 to 100",
}


@dataclass(frozen=True)
class Field:
    """`options` are (value, words) to choose from; `suggestions` may be typed over."""

    name: str
    label: str
    kind: Kind
    value: str
    error: str
    options: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Rows:
    """One repeating group. `notes` says of a row where it came from."""

    link: str
    title: str
    rows: tuple[tuple[Field, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Form:
    alone: tuple[Field, ...]
    groups: tuple[Rows, ...]
    errors: tuple[tuple[str, str], ...]


# --- what stands in the form --------------------------------------------------------------------------------


def typed(proposal: Proposal) -> tuple[Typed, dict[str, str]]:
    """The intake as known so far and drug trials of the chart, with a note per row that came from there."""
    intake, said = proposal.record.intake, Typed()
    for question in QUESTIONS:
        said[question.link] = _shown(question, getattr(intake, question.attribute), {})
    for group in GROUPS:
        for n, course in enumerate(getattr(intake, group.attribute)):
            drugs = DRUGS.get(group.link, {})
            said |= {
                f"{group.link}.{n}.{q.link}": _shown(q, getattr(course, q.attribute), drugs)
                for q in group.questions
            }
        said[f"{group.link}.rows"] = str(len(getattr(intake, group.attribute)))
    return said, _suggest(proposal, said)


def _shown(question: Question, value: Any, drugs: Mapping[str, str]) -> str:
    if value is None or value == "" or (value is False and question.link == "stopped-for-intolerance"):
        return ""
    if question.kind is Kind.YES_NO:
        return "yes" if value else "no"
    if question.kind is Kind.DIAGNOSIS:
        named = target_of(value)
        return named.id if named else ""
    return drugs.get(value.code, value.display or value.code) if isinstance(value, Code) else str(value)


def _suggest(proposal: Proposal, said: Typed) -> dict[str, str]:
    """A row for each first-line drug of the chart that the intake leaves out: what did it achieve?"""
    view, link = proposal.assessment.view, "medication-trial"
    mentioned = {value.casefold() for name, value in said.items() if name.endswith(".ingredient")}
    notes: dict[str, str] = {}
    row = int(said[f"{link}.rows"])
    for medication in proposal.record.medications:
        if medication.kind is MedicationKind.ADMINISTRATION:
            continue
        for code in sorted(view.ingredients_of(medication) & FIRST_LINE.keys()):
            if FIRST_LINE[code] in mentioned:
                continue
            mentioned.add(FIRST_LINE[code])
            dated = {"start": medication.start, "end": medication.end}
            said |= {f"{link}.{row}.ingredient": FIRST_LINE[code]}
            said |= {f"{link}.{row}.{name}": str(when) for name, when in dated.items() if when}
            notes[f"{link}.{row}"] = f"From the chart ({medication.reference}). What did it achieve?"
            row += 1
    said[f"{link}.rows"] = str(row)
    return notes


# --- the page -----------------------------------------------------------------------------------------------


def form(
    said: Mapping[str, str], errors: Mapping[str, str], proposal: Proposal, notes: Mapping[str, str]
) -> Form:
    """Every field with what stands in it; each group ends with an empty row."""

    def one(name: str, question: Question, group: str = "") -> Field:
        return Field(
            name,
            question.text,
            question.kind,
            said.get(name, ""),
            errors.get(name, ""),
            _choices(question, proposal),
            tuple(DRUGS[group].values()) if question.kind is Kind.DRUG else (),
            HINTS.get(question.kind, ""),
        )

    groups = []
    for group in GROUPS:
        count = rows_of(said, group)
        if count < _MOST_ROWS and (not count or row_is_used(said, group, count - 1)):
            count += 1
        groups.append(
            Rows(
                group.link,
                group.text,
                tuple(
                    tuple(one(f"{group.link}.{n}.{q.link}", q, group.link) for q in group.questions)
                    for n in range(count)
                ),
                tuple(notes.get(f"{group.link}.{n}", "") for n in range(count)),
            )
        )
    alone = tuple(one(q.link, q) for q in QUESTIONS)
    places = _places(alone, groups)
    told = tuple((name, f"{where}: {errors[name]}") for name, where in places if name in errors)
    return Form(alone, tuple(groups), told)


def _places(alone: tuple[Field, ...], groups: list[Rows]) -> Iterator[tuple[str, str]]:
    """Each field's name and where on the page it stands, in the page's order."""
    yield from ((f.name, f.label) for f in alone)
    for group in groups:
        for n, row in enumerate(group.rows, 1):
            yield from ((f.name, f"{group.title}, row {n}, {f.label}") for f in row)


def _choices(question: Question, proposal: Proposal) -> tuple[tuple[str, str], ...]:
    if question.kind is Kind.FORM:
        return tuple((form, form) for form in FORMS)
    if question.kind is Kind.DIAGNOSIS:
        return tuple((d.id, d.title) for d in proposal.assessment.targets)
    return ()


def rows_of(said: Mapping[str, str], group: Group) -> int:
    count = said.get(f"{group.link}.rows", "0")
    return min(int(count), _MOST_ROWS) if count.isdecimal() else 0


def row_is_used(said: Mapping[str, str], group: Group, n: int) -> bool:
    return any(said.get(f"{group.link}.{n}.{q.link}", "").strip() for q in group.questions)
