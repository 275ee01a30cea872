"""ValueSets of the conditions the rules know, and of the totals a goal may be measured by.

A condition's set holds what `clinical.codes` matches: the SNOMED CT codes listed, each ICD-10-CM code with
all below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical import codes
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.record import ICD10CM, LOINC, SNOMED
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.definitions.canonical import CODE_NOTICE, header, source
from ketplan.fhir.definitions.code_systems import coded_totals, uncoded_totals
from ketplan.fhir.instrument_form import slug
from ketplan.fhir.intake_form import FORMS, PSYCHOTHERAPY_FORM
from ketplan.fhir.rendering.authoring import tidy
from ketplan.fhir.rendering.goal import INSTRUMENT_TOTAL

_UNVERIFIED = "[M]: the paper names it without codes, a terminologist must confirm them"

# Section of the protocol facts and tags, by the set's name in `clinical.codes`.
SOURCES = {
    "GAD": "6 [V]",
    "PANIC": "6 [V]",
    "SAD": "6 [V]",
    "SPECIFIC_PHOBIA": "6 [V], 8b",
    "OCD": "6 [V]",
    "PTSD": "6 [V]",
    "UNSPECIFIED_ANXIETY": "6 [V]",
    "UNSPECIFIED_PHOBIA": "6 [V], 8b",
    "DEPRESSION": "6 [V]",
    "ESKETAMINE_INDICATION": "1.7, 6 [V]",
    "PREGNANT": "3.1, 8b [F:SPR21]; block [H]",
    "BREASTFEEDING": "3.1 [F:SPR-MN]; block [H]",
    "ANEURYSM_AVM": "3.1 [F:SPR25]",
    "INTRACRANIAL_HAEMORRHAGE": "3.1 [F:SPR25]; subarachnoid and subdural [H]",
    "HYPERTENSIVE_CRISIS": "3.1 [H]",
    "MALIGNANT_HYPERTENSION": "3.1 [H]",
    "UNSTABLE_ANGINA": "3.1 [M:EUSMPC][F:KETUK]",
    "MYOCARDIAL_INFARCTION": "3.1 [M:EUSMPC][F:KETUK]",
    "UNSTABLE_HEART": f"3.1 [M:EUSMPC][F:KETUK]; codes of heart failure {_UNVERIFIED}",
    "RAISED_PRESSURE_INTRACRANIAL": "3.1 [F:SPR19]",
    "PSYCHOSIS": "3.1, 8b [F:SHI20][F:VA][H]",
    "MANIA": "3.1, 8b [F:NCT-SHI][H]",
    "KETAMINE_USE_DISORDER": "3.1 [F:SPR19][F:VA][H], 6 [V]",
    "SUBSTANCE_DEPENDENCE": "3.1 [F:SPR19][F:VA][H]",
    "DELIRIUM": "3.1 [F:VA][H]",
    "DEMENTIA": f"3.1, 8b [F:VA][H]; codes of Alzheimer's disease {_UNVERIFIED}",
    "HEPATIC_FAILURE": "3.1 [M:label]",
    "PREECLAMPSIA": "3.1 [F:KETUK]",
    "HYPERTHYROID": "3.1 [M:KETALAR]",
    "URINARY": "3.1 [F:SPR21]",
    "CYSTITIS": "3.1 [F:SPR21]",
    "GLAUCOMA_CLOSURE": "3.1 [F:droracle, secondary][H]",
    "GLAUCOMA": "3.1 [H]",
    "SEIZURE": "3.1 [H]",
    "SLEEP_APNOEA_COPD": "3.1 [F:SPR25][F:CPSBC]",
    "CIRRHOSIS": "3.1 [M:label][H]",
    "BIPOLAR": "3.1 [H]",
    "FRAILTY": "3.1 [H]",
    "CARDIAC_HISTORY": f"3.3; codes {_UNVERIFIED}",
    "NO_UTERUS_OR_MENOPAUSE": f"3.3; codes {_UNVERIFIED}",
}


def condition_sets() -> dict[str, ValueSet]:
    """Every value set of `clinical.codes`, by its name there."""
    return {name: found for name, found in vars(codes).items() if isinstance(found, ValueSet)}


def condition_set(meaning: ValueSet, where: str) -> Json:
    """One condition. ICD-10-CM is a tree by prefix, so that `is-a` says what the prefix match does."""
    listed = [{"system": SNOMED, "concept": [{"code": code} for code in sorted(meaning.snomed)]}]
    below = [
        {"system": ICD10CM, "filter": [{"property": "concept", "op": "is-a", "value": code}]}
        for code in meaning.icd
    ]
    return _value_set(slug(meaning.name), meaning.name, where, [*(listed if meaning.snomed else []), *below])


def instrument_total() -> Json:
    """The totals a goal may name: LOINC's where there is one, else our own."""
    loinc = [{"code": code, "display": words} for code, words in coded_totals().items()]
    ours = [{"code": code, "display": words} for code, words in uncoded_totals().items()]
    return _value_set(
        "instrument-total",
        "Total scores of instruments",
        "5.1; no LOINC code found for the local ones",
        [{"system": LOINC, "concept": loinc}, {"system": INSTRUMENT_TOTAL, "concept": ours}],
    )


def psychotherapy_form() -> Json:
    forms = [{"code": form, "display": form} for form in FORMS]
    return _value_set(
        "psychotherapy-form",
        "Forms of psychotherapy",
        "3.4",
        [{"system": PSYCHOTHERAPY_FORM, "concept": forms}],
    )


def _value_set(name: str, title: str, where: str, include: list[Json]) -> Json:
    foreign = any(not part["system"].startswith(BASE) for part in include)
    made: Json = tidy(
        {
            **header("ValueSet", name, title),
            "extension": source(where),
            "copyright": CODE_NOTICE if foreign else "",
            "compose": {"include": include},
        }
    )
    return made


def value_sets() -> Iterator[Json]:
    yield instrument_total()
    yield psychotherapy_form()
    for name, meaning in condition_sets().items():
        yield condition_set(meaning, SOURCES[name])
