"""The intake as a published Questionnaire: the form's own table, with answers any forms engine can offer."""

from __future__ import annotations

from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.ingredients import INGREDIENTS
from ketplan.clinical.record import RXNORM, SNOMED, Code
from ketplan.clinical.screens.interactions import NMDA
from ketplan.clinical.screens.resistance import FIRST_LINE
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import header, source
from ketplan.fhir.intake_form import questionnaire

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
