"""Stepping the dose: facts 1.1 and 8b "Titration".

Up: only by the protocol's own steps, at most 0.25 mg/kg at a time, never beyond the ceiling, never after a
bar, and never on something that was not recorded. Down: by the same step, not below the floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ketplan.clinical.dose import round_half_up
from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import DoseGiven, Happened, PlanFacts
from ketplan.clinical.progress.judgement import Judged, judge
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal
from ketplan.clinical.progress.tolerance import bars, dose_evidence, reasons_to_step_down, unrecorded
from ketplan.clinical.protocols.ketamine import HARD_CEILING_MG_PER_KG, TitrationStep

ELDERLY = 65


def review_dose(plan: PlanFacts, happened: Happened, limits: Limits, house: House) -> Iterator[Proposal]:
    """Step down, step up, or what is missing to judge a step. Nothing once no further dose is to come."""
    last = happened.last_dose
    if last is None or not _more_to_come(plan, happened):
        return
    reasons = reasons_to_step_down(last, limits)
    if reasons:
        yield _down(plan, last, reasons, limits)
        return
    yield from _unrecorded(happened, limits)
    step = _step_now(plan, happened)
    if step is not None and not any(bars(d, limits) for d in happened.doses):
        yield from _up(plan, happened, limits, house, step)


def _more_to_come(plan: PlanFacts, happened: Happened) -> bool:
    return plan.maintenance or len(happened.induction) < plan.planned


def _unrecorded(happened: Happened, limits: Limits) -> Iterator[Proposal]:
    asked = happened.maintenance[-1:] or happened.induction
    open_ = [(d, missing) for d in asked if (missing := unrecorded(d, limits))]
    if open_:
        yield proposal(
            Kind.FACT_NEEDED,
            f"doses-{'-'.join(str(d.number) for d, _ in open_)}",
            "Not recorded, and no rise is proposed until it is: "
            + "; ".join(f"dose {d.number}: {', '.join(missing)}" for d, missing in open_)
            + ".",
            "Nothing by itself: complete the session sheet.",
            evidence=[dose_evidence(d) for d, _ in open_],
        )


# --- up -------------------------------------------------------------------------------------------------


def ceiling(plan: PlanFacts, limits: Limits) -> Decimal | None:
    """The highest dose in mg/kg for this patient; None where the protocol has none or the age is unknown."""
    own = plan.protocol.ceiling_mg_per_kg
    hard = HARD_CEILING_MG_PER_KG.get(plan.protocol.route or "")
    if own is None or hard is None or plan.age is None or plan.frail is None:
        return None
    if plan.age >= ELDERLY or plan.frail:
        return min(own, hard, limits.ceiling_from_65_mg_per_kg)
    return min(own, hard)


def _step_now(plan: PlanFacts, happened: Happened) -> TitrationStep | None:
    """The step whose turn it is: its dose has been given, and the dose has not been raised since."""
    given = happened.induction
    due = [s for s in plan.protocol.titration if s.after <= len(given)]
    if plan.maintenance or not due:
        return None
    step = max(due, key=lambda s: s.after)
    then, now = given[step.after - 1].mg_per_kg, given[-1].mg_per_kg
    return None if then is not None and now is not None and now > then else step


def cut_pct(plan: PlanFacts, step: TitrationStep) -> int:
    """Improvement below which a step is proposed: the first step's own, later the disorder's response."""
    first = plan.protocol.titration[0]
    response = plan.disorder.scale.response_pct
    return min(step.improvement_below_pct, response) if step == first else response


def _up(
    plan: PlanFacts, happened: Happened, limits: Limits, house: House, step: TitrationStep
) -> Iterator[Proposal]:
    given, anchor = happened.induction, f"after-{step.after}"
    current, highest = given[-1].mg_per_kg, ceiling(plan, limits)
    missing = [
        words
        for words, absent in (
            ("the dose last given in mg/kg", current is None),
            ("the patient's age", plan.age is None),
            ("frailty", plan.frail is None),
        )
        if absent
    ]
    if missing:
        yield proposal(
            Kind.FACT_NEEDED,
            anchor,
            f"Whether to raise the dose cannot be judged without {', '.join(missing)}.",
            "Nothing by itself.",
        )
        return
    if current is None or highest is None:
        return
    target = min(step.mg_per_kg, current + limits.step_mg_per_kg, highest)
    if target <= current or any(unrecorded(d, limits) for d in happened.doses):
        return
    judged = judge(plan, happened, limits, given[step.after - 1].on)
    enough = _enough(plan, judged, step)
    if enough is None:
        yield proposal(
            Kind.RATING_NEEDED,
            anchor,
            f"Whether to raise the dose after infusion {step.after} cannot be judged: {judged.words}.",
            f"Nothing by itself: rate {plan.disorder.scale.title}.",
        )
    elif not enough:
        yield _raise(plan, happened, limits, house, judged, step, current, target, highest)


def _enough(plan: PlanFacts, judged: Judged, step: TitrationStep) -> bool | None:
    """Improved so far that the dose need not rise: the step's own cut at first, then a response (8b)."""
    if step == plan.protocol.titration[0]:
        return judged.improved_by(cut_pct(plan, step))
    return judged.response


def _raise(
    plan: PlanFacts,
    happened: Happened,
    limits: Limits,
    house: House,
    judged: Judged,
    step: TitrationStep,
    current: Decimal,
    target: Decimal,
    highest: Decimal,
) -> Proposal:
    points = None if step == plan.protocol.titration[0] else plan.disorder.scale.response_points
    short = f"{cut_pct(plan, step)} %" + (f" and {points} points" if points else "")
    mg = _mg(plan, target)
    reasons = [
        f"{judged.words}; short of {short}",
        "tolerated: nothing that bars a rise at any dose",
        f"at most {limits.step_mg_per_kg} mg/kg a step, ceiling {highest} mg/kg",
    ]
    if mg is not None and mg > house.dose_absolute_review_mg:
        reasons.append(f"above {house.dose_absolute_review_mg} mg: to be confirmed as such [H]")
    return proposal(
        Kind.TITRATE_UP,
        f"after-{step.after}",
        f"Raise from {current} to {target} mg/kg{_mg_words(plan, target)}.",
        Effect(
            f"The next doses are {target} mg/kg instead of {current}.",
            mg_per_kg=target,
            mg=mg,
            lowest_mg_per_kg=plan.protocol.floor_mg_per_kg or current,
            highest_mg_per_kg=min(current + limits.step_mg_per_kg, highest),
        ),
        reasons=reasons,
        evidence=(*judged.evidence, *map(dose_evidence, happened.doses)),
    )


# --- down -----------------------------------------------------------------------------------------------


def _down(plan: PlanFacts, last: DoseGiven, reasons: tuple[str, ...], limits: Limits) -> Proposal:
    floor, current = plan.protocol.floor_mg_per_kg, last.mg_per_kg
    what = f"After dose {last.number}: {', '.join(reasons)}."
    anchor, evidence = f"dose-{last.number}", (dose_evidence(last),)
    if floor is None or current is None or current <= floor:
        why = (
            "this protocol has no lower step"
            if floor is None
            else "the dose last given is not known"
            if current is None
            else f"{floor} mg/kg is the floor"
        )
        return proposal(
            Kind.HOLD,
            anchor,
            f"{what} No lower dose to propose: {why}.",
            "No further dose until a clinician has decided.",
            reasons=reasons,
            evidence=evidence,
            source="1.1 titration down [H]",
        )
    target = max(current - limits.step_mg_per_kg, floor)
    return proposal(
        Kind.STEP_DOWN,
        anchor,
        f"{what} Lower from {current} to {target} mg/kg{_mg_words(plan, target)}.",
        Effect(
            f"The next doses are {target} mg/kg instead of {current}.",
            mg_per_kg=target,
            mg=_mg(plan, target),
            lowest_mg_per_kg=floor,
            highest_mg_per_kg=target,
        ),
        reasons=reasons,
        evidence=evidence,
    )


def _mg(plan: PlanFacts, mg_per_kg: Decimal) -> int | None:
    return None if plan.dosing_weight_kg is None else round_half_up(plan.dosing_weight_kg * mg_per_kg)


def _mg_words(plan: PlanFacts, mg_per_kg: Decimal) -> str:
    mg = _mg(plan, mg_per_kg)
    return " (no usable weight: no dose in mg)" if mg is None else f" ({mg} mg)"
