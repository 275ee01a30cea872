"""Published Questionnaires, with answers any forms engine can offer: the intake, and each instrument whose
questions may ship."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.ingredients import INGREDIENTS
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.clinical.record import LOINC, RXNORM, SNOMED, Code
from ketplan.clinical.screens.interactions import NMDA
from ketplan.clinical.screens.resistance import FIRST_LINE
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import header, source
from ketplan.fhir.instrument_form import items_of, ships, slug
from ketplan.fhir.intake_form import questionnaire
from ketplan.fhir.review_form import items as review_items

# The code that says no more than the diagnosis, where a disorder has several. Protocol facts 6 [V].
_PLAIN = {"PANIC": "371631005", "SAD": "25501002"}


def intake() -> Json:
    first_line = [Code(RXNORM, code, name) for code, name in FIRST_LINE.items()]
    nmda = [Code(RXNORM, key, INGREDIENTS[key].name) for key in sorted(NMDA)]
    form = questionnaire(
        {
            "principal-diagnosis": [_diagnosis(disorder) for disorder in DISORDERS],
            "medication-trial.ingredient": first_line,
            "prior-nmda-course.ingredient": nmda,
        }
    )
    return {
        **header("Questionnaire", form["id"], form["title"]),
        "extension": source("3.1 escort, 3.4 treatment resistance"),
        **form,
    }


def _diagnosis(disorder: Disorder) -> Code:
    code = _PLAIN.get(disorder.id) or min(disorder.value_set.snomed)
    return Code(SNOMED, code, disorder.title)


def course_review() -> Json:
    return {
        **header("Questionnaire", "course-review", "Review of a combined ketamine and CBT course"),
        "extension": source("1.6, 7: proposals, each answered by a clinician"),
        "subjectType": ["Patient"],
        "item": review_items(),
    }


def instruments() -> Iterator[Json]:
    yield from (_instrument(row) for row in INSTRUMENTS if ships(row))


def _instrument(row: Instrument) -> Json:
    panel = {"code": [{"system": LOINC, "code": row.loinc_panel}]} if row.loinc_panel else {}
    return {
        **header("Questionnaire", slug(row.id), row.title),
        "extension": source(row.source),
        "subjectType": ["Patient"],
        **panel,
        "item": items_of(row),
    }
