"""Treatment resistance: protocol facts 3.4 as amended by 8b and the readings of the first release.

At least two adequate trials of distinct SSRI/SNRI/clomipramine ingredients and one therapy course of the
right form, each with too little improvement. What a trial achieved comes from the intake: it is asked, never
guessed. A clinician's statement why that is not possible stands instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ketplan.clinical.disorders import Disorder
from ketplan.clinical.findings import Evidence, Finding, evidence_of
from ketplan.clinical.ingredients import resolve
from ketplan.clinical.record import MedicationKind, MedicationTrial, TherapyCourse, When
from ketplan.clinical.rules import finding
from ketplan.clinical.view import View

FIRST_LINE: dict[str, str] = {
    "36437": "sertraline",
    "4493": "fluoxetine",
    "32937": "paroxetine",
    "321988": "escitalopram",
    "2556": "citalopram",
    "42355": "fluvoxamine",
    "39786": "venlafaxine",
    "734064": "desvenlafaxine",
    "72625": "duloxetine",
    "2597": "clomipramine",
}


@dataclass(frozen=True, slots=True)
class Resistance:
    """`met`, with the trials and courses that count and, in words, what is still missing."""

    met: bool
    drugs: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    statement: str = ""


def judge(view: View, targets: Sequence[Disorder]) -> Resistance:
    """Is the criterion met for every one of the targets?"""
    intake = view.record.intake
    drugs = _adequate_drugs(view, "OCD" in {d.id for d in targets})
    courses = tuple(f for f in dict.fromkeys(d.therapy_form for d in targets) if _course(view, f, targets))
    missing = []
    if any(d.drug_trials for d in targets) and len(drugs) < view.house.min_drug_trials:
        missing.append(f"{len(drugs)} of {view.house.min_drug_trials} adequate SSRI/SNRI/clomipramine trials")
    missing += [
        f"no past {d.therapy_form} course of {view.house.min_therapy_sessions} or more sessions"
        for d in targets
        if d.therapy_form not in courses
    ]
    met = not missing or bool(intake.resistance_statement)
    return Resistance(met, drugs, courses, tuple(dict.fromkeys(missing)), intake.resistance_statement)


def screen(view: View, resistance: Resistance) -> Iterator[Finding]:
    if resistance.met:
        return
    on_file = [m for m in view.record.medications if view.ingredients_of(m) & FIRST_LINE.keys()]
    told = [Evidence(view.record.intake.reference, "intake")] if view.record.intake.reference else []
    yield finding(
        "TR_CRITERION_NOT_MET",
        f"Treatment resistance is not shown. What counts so far falls short: {'; '.join(resistance.missing)}."
        " First-line treatment is proposed instead.",
        [*told, *map(evidence_of, on_file)],
    )


def _adequate_drugs(view: View, ocd: bool) -> tuple[str, ...]:
    """Distinct first-line ingredients tried long enough without enough benefit, or not tolerated."""
    days = view.house.trial_days_ocd if ocd else view.house.trial_days
    found: dict[str, None] = {}
    for trial in view.record.intake.medication_trials:
        ingredient = _first_line(trial)
        if ingredient and (trial.stopped_for_intolerance or _failed(view, trial, ingredient, days)):
            found[ingredient] = None
    for medication in view.record.medications:
        if medication.stopped_for_intolerance:
            found |= dict.fromkeys(sorted(view.ingredients_of(medication) & FIRST_LINE.keys()))
    return tuple(FIRST_LINE[i] for i in found)


def _first_line(trial: MedicationTrial) -> str | None:
    if trial.ingredient is None:
        return None
    named = resolve((trial.ingredient,), trial.ingredient.display) or frozenset()
    return next(iter(sorted(named & FIRST_LINE.keys())), None)


def _failed(view: View, trial: MedicationTrial, ingredient: str, days: int) -> bool:
    below = trial.improvement_below_pct
    return (
        below is not None
        and below <= view.house.trial_improvement_pct
        and (_lasted(view, trial, ingredient) or 0) >= days
    )


def _lasted(view: View, trial: MedicationTrial, ingredient: str) -> int | None:
    """Days the trial lasted at the least; dates the intake leaves out are taken from the chart."""
    charted = [
        m
        for m in view.record.medications
        if m.kind is not MedicationKind.ADMINISTRATION and ingredient in view.ingredients_of(m)
    ]
    start = trial.start or min((m.start for m in charted if m.start), key=lambda w: w.latest, default=None)
    end = trial.end
    if end is None and not any(m in view.current_medications for m in charted):
        end = max((m.end for m in charted if m.end), key=lambda w: w.earliest, default=None)
    return _span(start, end, view.as_of)


def _span(start: When | None, end: When | None, as_of: date) -> int | None:
    """From the latest possible start to the earliest possible end, or to the as-of date."""
    if start is None:
        return None
    return (min(end.earliest, as_of) if end else as_of).toordinal() - start.latest.toordinal()


def _course(view: View, form: str, targets: Sequence[Disorder]) -> bool:
    """Did one finished or running course of this form fail for every target that asks for the form?"""
    needs_35 = any(d.id == "OCD" and d.therapy_form == form for d in targets)
    limit = view.house.therapy_improvement_pct_ocd if needs_35 else view.house.therapy_improvement_pct
    return any(_counts(view, c, form, limit) for c in view.record.intake.therapy_courses)


def _counts(view: View, course: TherapyCourse, form: str, limit: int) -> bool:
    return (
        (course.form or "").casefold() == form.casefold()
        and (course.sessions or 0) >= view.house.min_therapy_sessions
        and course.improvement_below_pct is not None
        and course.improvement_below_pct <= limit
        and view.happened(course.start)
    )
