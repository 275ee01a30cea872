"""A filled-in instrument: the QuestionnaireResponse with its answers and the Observation of its total.

A total is written only when nothing is missing, and answers only where there were questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ketplan.clinical.instruments.filling import questions
from ketplan.clinical.instruments.model import Instrument, Item
from ketplan.clinical.instruments.on_record import RECALL_WORDS, name_of
from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.plan import Clinician
from ketplan.clinical.record import LOINC, UCUM
from ketplan.errors import InputError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.instrument_form import answer_coding, canonical_of, link_of, slug
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import concept, moment, placeholder, reference, step_identifier, tidy
from ketplan.fhir.rendering.goal import INSTRUMENT_TOTAL

RESPONSE, TOTAL = "response", "total"
_SURVEY = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}


@dataclass(frozen=True, slots=True)
class FilledIn:
    """`id` names this one filling-in for ever; `patient` is "Patient/…", `by_patient` who gave the answers,
    `zone` the site's."""

    id: str
    score: Score
    patient: str
    clinician: Clinician
    by_patient: bool
    at: datetime
    zone: str

    kind: ClassVar[str] = "instrument"

    @property
    def row(self) -> Instrument:
        return instrument(self.score.instrument)

    @property
    def said(self) -> dict[str, Any]:
        """What was answered, and by whom."""
        return {
            "instrument": self.score.instrument,
            "answers": [list(pair) for pair in self.score.answers],
            "total": self.score.total,
            "by_patient": self.by_patient,
        }

    def steps(self) -> tuple[Step, ...]:
        return render_instrument(self)


def render_instrument(filled: FilledIn) -> tuple[Step, ...]:
    """The steps that write it. InputError when there is nothing in it, KetplanError when it is not valid."""
    steps = tuple(_steps(filled))
    if not steps:
        raise InputError("Nothing has been answered, so there is nothing to keep.")
    for step in steps:
        require_valid(r4.build(step.resource), patient=filled.patient, unlinked=True)
    return steps


def _steps(filled: FilledIn) -> Iterator[Step]:
    answered = bool(filled.score.answers)
    if answered:
        yield Step(RESPONSE, _response(filled))
    if filled.score.total is not None:
        yield Step(TOTAL, _total(filled, answered), (RESPONSE,) if answered else ())


def _response(filled: FilledIn) -> Json:
    items = {item.id: item for item in questions(filled.row)}
    author = reference(filled.clinician.reference, filled.clinician.name)
    resource: Json = tidy(
        {
            "resourceType": "QuestionnaireResponse",
            "identifier": step_identifier(filled.id, RESPONSE),
            "questionnaire": canonical_of(filled.row),
            "status": "stopped" if filled.score.missing else "completed",
            "subject": reference(filled.patient),
            "authored": moment(filled.at, filled.zone),
            "author": author,
            "source": reference(filled.patient) if filled.by_patient else author,
            "item": [_answered(items[id], points) for id, points in filled.score.answers],
        }
    )
    return resource


def _answered(item: Item, points: int) -> Json:
    chosen = next((c for c in item.choices if c.points == points), None)
    value = {"valueCoding": answer_coding(chosen)} if chosen else {"valueInteger": points}
    # Where the code is all that may be named, the question's words are their owner's.
    words = "" if item.id == item.loinc else item.text
    return {"linkId": link_of(item), "text": words, "answer": [value]}


def _total(filled: FilledIn, answered: bool) -> Json:
    row = filled.row
    resource: Json = tidy(
        {
            "resourceType": "Observation",
            "identifier": [step_identifier(filled.id, TOTAL)],
            "status": "final",
            "category": [{"coding": [_SURVEY]}],
            "code": concept(_total_coding(row), text=total_words(row)),
            "subject": reference(filled.patient),
            "effectiveDateTime": moment(filled.at, filled.zone),
            "performer": [reference(filled.clinician.reference, filled.clinician.name)],
            "valueQuantity": {
                "value": filled.score.total,
                "unit": "{score}",
                "system": UCUM,
                "code": "{score}",
            },
            "derivedFrom": [reference(placeholder(RESPONSE))] if answered else [],
        }
    )
    return resource


def _total_coding(row: Instrument) -> Json:
    if row.loinc_total:
        return {"system": LOINC, "code": row.loinc_total}
    return {"system": INSTRUMENT_TOTAL, "code": slug(row.id), "display": f"{row.id} total score"}


def total_words(row: Instrument) -> str:
    """What the total is called; with the period asked about, where the instrument has several."""
    period = f", {RECALL_WORDS[row.recalls[0]]}" if len(row.recalls) > 1 else ""
    return f"{name_of(row)} total score{period}"
