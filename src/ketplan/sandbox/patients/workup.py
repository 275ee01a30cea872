"""What a chart holds when somebody has been worked up for treatment: examinations, tests, scales, history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ketplan.sandbox.patients.build import RXNORM, SNOMED, THERAPY_FORM, Chart, Number, concept
from ketplan.sandbox.wire import Resource

KG, CM = "kg", "cm"
_BEHAVIOUR_THERAPY = (SNOMED, "228557008", "Cognitive and behavioral therapy")
_SCREENS = (
    ("19261-7", "Amphetamines [Presence] in Urine by Screen method"),
    ("19359-9", "Cocaine [Presence] in Urine by Screen method"),
    ("19295-5", "Opiates [Presence] in Urine by Screen method"),
    ("14316-4", "Benzodiazepines [Presence] in Urine by Screen method"),
    ("19659-2", "Phencyclidine [Presence] in Urine by Screen method"),
)
BENZODIAZEPINE_SCREEN = "14316-4"


@dataclass(frozen=True)
class Trial:
    """One past or present trial of a drug, with what it achieved; days before today."""

    rxnorm: str
    name: str
    dose: str
    since: int
    until: int | None = None
    improved_less_than: int = 50


@dataclass(frozen=True)
class Therapy:
    """One past course of psychotherapy, with its form and what it achieved; days before today."""

    form: str
    words: str
    sessions: int = 14
    since: int = 520
    until: int = 410
    improved_less_than: int = 50


SERTRALINE = Trial("36437", "sertraline", "200 mg daily", 900, 750)
ESCITALOPRAM = Trial("321988", "escitalopram", "20 mg daily", 600)
FLUVOXAMINE = Trial("42355", "fluvoxamine", "300 mg daily", 1100, 900)
CLOMIPRAMINE = Trial("2597", "clomipramine", "200 mg daily", 700, 500)
SERTRALINE_NOW = Trial("36437", "sertraline", "200 mg daily", 450)
VENLAFAXINE = Trial("39786", "venlafaxine", "225 mg daily", 800, 610)
CBT = Therapy("CBT", "Cognitive behavioural therapy")
ERP = Therapy("ERP", "Exposure and response prevention", 15, improved_less_than=35)
TRAUMA_FOCUSED = Therapy("trauma-focused", "Cognitive processing therapy", 12)
EXPOSURE = Therapy("exposure", "Graded exposure", 8, 400, 340)


def examined(chart: Chart, *, weight: Number | None, height: Number | None, ago: int = 3) -> None:
    """Weight in kg, height in cm, pulse and oxygen saturation."""
    if weight is not None:
        chart.measure("29463-7", "Body weight", weight, KG, ago)
    if height is not None:
        chart.measure("8302-2", "Body height", height, CM, ago)
    chart.measure("8867-4", "Heart rate", 72, "/min", ago)
    chart.measure("59408-5", "Oxygen saturation by pulse oximetry", 98, "%", ago)


def tested(chart: Chart, *, pregnant: bool = False, positive: tuple[str, ...] = ()) -> None:
    """Blood, urine and ECG; an hCG where it is asked for. ``positive`` are drug screens by LOINC."""
    chart.measure("1742-6", "Alanine aminotransferase (ALT)", 22, "U/L", 11)
    chart.measure("1920-8", "Aspartate aminotransferase (AST)", 20, "U/L", 11)
    chart.measure("2160-0", "Creatinine", Decimal("0.80"), "mg/dL", 11)
    chart.measure("3016-3", "Thyrotropin (TSH)", Decimal("2.10"), "m[IU]/L", 11)
    for loinc, text in _SCREENS:
        chart.screen(loinc, text, loinc in positive, 9)
    if chart.person.sex == "F" and 12 <= chart.person.age <= 55:
        chart.screen("2106-3", "Choriogonadotropin (pregnancy test) in Urine", pregnant, 2)
    normal = concept((SNOMED, "17621005", "Normal"))
    chart.observe("11524-6", "EKG study: sinus rhythm, no acute change", 90, valueCodeableConcept=normal)


def interviewed(chart: Chart, *, suicidal: dict[str, bool] | None = None) -> None:
    """Evaluation, then consent; prescription monitoring; the scales everybody fills in; the C-SSRS screen."""
    visit = chart.encounter(6, "Psychiatric evaluation")
    seen = {"reference": f"Encounter/{visit['id']}"}
    evaluation = (SNOMED, "10197000", "Psychiatric interview and evaluation")
    chart.procedure("Psychiatric interview and evaluation", evaluation, 6, encounter=seen)
    monitoring = (SNOMED, "461621000124108", "Review of prescription drug monitoring program")
    chart.procedure("Prescription drug monitoring program reviewed", monitoring, 6, encounter=seen)
    consent = (SNOMED, "408835000", "Consent given for procedure")
    words = "Informed consent given for ketamine treatment; off-label use explained and documented"
    chart.procedure(words, consent, 4, "15:00")
    chart.score("44261-6", "PHQ-9 total score", 9, 4)
    chart.score("75626-2", "AUDIT-C total score", 1, 4)
    chart.score("82667-7", "DAST-10 total score", 0, 4)
    answers = {"93246-7": False, "93247-5": False, "93267-3": False} | (suicidal or {})
    for loinc, yes in sorted(answers.items()):
        chart.answer(loinc, _COLUMBIA[loinc], yes, 4)


_COLUMBIA = {
    "93246-7": "C-SSRS wish to be dead, past month",
    "93247-5": "C-SSRS non-specific active suicidal thoughts, past month",
    "93248-3": "C-SSRS active suicidal ideation with any methods, past month",
    "93249-1": "C-SSRS active suicidal ideation with some intent to act, past month",
    "93250-9": "C-SSRS active suicidal ideation with specific plan and intent, past month",
    "93267-3": "C-SSRS suicidal behavior, lifetime",
    "93269-9": "C-SSRS suicidal behavior, past 3 months",
}


def treated(
    chart: Chart, *, drugs: tuple[Trial, ...], therapies: tuple[Therapy, ...], escort: bool = True
) -> None:
    """Past treatments, as charts have them, and the intake answers about what they achieved."""
    items: list[Resource] = []
    for drug in drugs:
        chart.medication(drug.rxnorm, drug.name, drug.dose, drug.since, drug.until)
        items.append(_trial_answers(chart, drug))
    for course in therapies:
        step = (course.since - course.until) / max(1, course.sessions - 1)
        for number in range(course.sessions):
            words = f"{course.words}, session {number + 1}"
            chart.procedure(words, _BEHAVIOUR_THERAPY, course.since - round(number * step))
        items.append(_course_answers(chart, course))
    items.append({"linkId": "escort-confirmed", "answer": [{"valueBoolean": escort}]})
    chart.intake(items)


def _trial_answers(chart: Chart, drug: Trial) -> Resource:
    answers: dict[str, Resource] = {
        "ingredient": {"valueCoding": {"system": RXNORM, "code": drug.rxnorm, "display": drug.name}},
        "start": {"valueDate": chart.day(drug.since)},
    }
    if drug.until is not None:
        answers["end"] = {"valueDate": chart.day(drug.until)}
    answers["improvement-percent-below"] = {"valueInteger": drug.improved_less_than}
    return _group("medication-trial", answers)


def _course_answers(chart: Chart, course: Therapy) -> Resource:
    return _group(
        "psychotherapy-course",
        {
            "form": {"valueCoding": {"system": THERAPY_FORM, "code": course.form}},
            "sessions": {"valueInteger": course.sessions},
            "start": {"valueDate": chart.day(course.since)},
            "end": {"valueDate": chart.day(course.until)},
            "improvement-percent-below": {"valueInteger": course.improved_less_than},
        },
    )


def _group(link: str, answers: dict[str, Resource]) -> Resource:
    items = [{"linkId": f"{link}.{name}", "answer": [value]} for name, value in answers.items()]
    return {"linkId": link, "item": items}


def no_known_allergy(chart: Chart) -> None:
    chart.allergy("No known allergy", (SNOMED, "716186003", "No known allergy"))
