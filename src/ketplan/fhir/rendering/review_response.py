"""An answered course review as one QuestionnaireResponse, based on the CarePlan it reviews.

The plan itself is not changed by it: what it says was decided is for whoever reads the chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ketplan.clinical.plan import Clinician
from ketplan.clinical.progress.as_json import entry_json
from ketplan.clinical.progress.course_now import Stated
from ketplan.clinical.progress.history import Edit, Entry
from ketplan.errors import InputError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import moment, number, reference, step_identifier, tidy
from ketplan.fhir.review_form import (
    FRAIL,
    GROUP,
    LIFETIME,
    PROPOSAL_KIND,
    QUESTIONS,
    REVIEW,
    STATED,
    VERDICT,
    kinds,
    link,
    slug,
)

KIND = "review"


@dataclass(frozen=True, slots=True)
class AnsweredReview:
    """What one clinician answered at once, written once. `id` names it for ever, `plan` the plan reviewed;
    `care_plan` is where that stands ("CarePlan/…"), "" where it does not; `zone` the site's."""

    id: str
    plan: str
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    entries: tuple[Entry, ...]
    stated: Stated = field(default_factory=Stated)
    care_plan: str = ""

    @property
    def kind(self) -> str:
        return KIND

    @property
    def said(self) -> dict[str, Any]:
        """What is kept of it, as JSON values."""
        return {
            "plan": self.plan,
            "entries": [entry_json(entry) for entry in self.entries],
            "stated": asdict(self.stated),
        }

    def steps(self) -> tuple[Step, ...]:
        """The step that writes it. InputError when nothing was answered, KetplanError when not valid."""
        if not self.entries and self.stated == Stated():
            raise InputError("Nothing has been answered, so there is nothing to keep.")
        step = Step(KIND, _response(self))
        require_valid(r4.build(step.resource), patient=self.patient, unlinked=True)
        return (step,)


def _response(review: AnsweredReview) -> Json:
    author = reference(review.clinician.reference, review.clinician.name)
    resource: Json = tidy(
        {
            "resourceType": "QuestionnaireResponse",
            "identifier": step_identifier(review.id, KIND),
            "basedOn": [reference(review.care_plan)] if review.care_plan else [],
            "questionnaire": REVIEW,
            "status": "completed",
            "subject": reference(review.patient),
            "authored": moment(review.at, review.zone),
            "author": author,
            "source": author,
            "item": [*map(_group, review.entries), *_stated(review.stated)],
        }
    )
    return resource


def _group(entry: Entry) -> Json:
    asked, given = entry.proposal, entry.answer
    kind, verdict = slug(asked.kind.value), given.verdict.value
    values: dict[str, Json] = {
        "kind": {"valueCoding": {"system": PROPOSAL_KIND, "code": kind, "display": kinds()[kind]}},
        "text": {"valueString": asked.text},
        "effect": {"valueString": asked.effect.words},
        "answer": {
            "valueCoding": {"system": VERDICT, "code": verdict, "display": verdict.capitalize()},
        },
        "instead": {"valueString": wanted(given.edit) if given.edit else ""},
        "reason": {"valueString": given.reason},
    }
    items = [
        {"linkId": link(name), "text": words, "answer": [values[name]]}
        for name, (_, words) in QUESTIONS.items()
        if next(iter(values[name].values()))
    ]
    return {"linkId": GROUP, "text": asked.title, "item": items}


def wanted(edit: Edit) -> str:
    """An edit in words."""
    parts = (
        f"{number(edit.mg_per_kg)} mg/kg" if edit.mg_per_kg is not None else "",
        f"{edit.doses_added} more dose{'s' if edit.doses_added > 1 else ''}" if edit.doses_added else "",
        f"{edit.interval_days} days apart" if edit.interval_days is not None else "",
        f"due {edit.due.isoformat()}" if edit.due is not None else "",
    )
    return ", ".join(filter(None, parts))


def _stated(stated: Stated) -> Iterator[Json]:
    values: dict[str, Json] = {}
    if stated.frail is not None:
        values[FRAIL] = {"valueBoolean": stated.frail}
    if stated.lifetime_before is not None:
        values[LIFETIME] = {"valueInteger": stated.lifetime_before}
    for name, value in values.items():
        yield {"linkId": name, "text": STATED[name][1], "answer": [value]}
