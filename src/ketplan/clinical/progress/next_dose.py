"""The size of the next dose: as signed or as answered, within every ceiling: facts 1.1, 1.3, 8b."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ketplan.clinical.dose import DEVICE_MG, round_half_up
from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import Happened, PlanFacts
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.titration import ceiling
from ketplan.clinical.progress.tolerance import bars, unrecorded
from ketplan.clinical.protocols.ketamine import HARD_CEILING_MG_PER_KG


@dataclass(frozen=True, slots=True)
class DoseNow:
    """The next dose, number `number` of the course. `no_dose` says why none may be given now; then, and
    without a usable weight, there is no `mg`. `words` is the arithmetic, `reasons` why it is this size."""

    number: int
    mg_per_kg: Decimal | None
    mg: int | None
    words: str
    reasons: tuple[str, ...] = ()
    no_dose: tuple[str, ...] = ()


def next_dose(
    plan: PlanFacts,
    happened: Happened,
    answered: Decimal | None,
    waits: tuple[str, ...],
    limits: Limits,
    house: House,
) -> DoseNow:
    """`answered` is the dose in mg/kg that a clinician last agreed on, None while nobody has changed any."""
    number = len(happened.doses) + 1
    if waits:
        return DoseNow(number, None, None, "No dose now.", no_dose=waits)
    if plan.protocol.mg_by_device:
        return _by_device(plan, happened, number)
    wanted, why = _wanted(plan, happened, answered)
    mg_per_kg, limited = _within(plan, happened, wanted, limits)
    return _sized(plan, number, mg_per_kg, (why, *limited), house)


def _by_device(plan: PlanFacts, happened: Happened, number: int) -> DoseNow:
    """Whole devices, as last given; 56 or 84 mg is the clinician's choice under the label (1.3)."""
    sizes = plan.protocol.mg_by_device
    given = [int(d.mg) for d in happened.doses if d.mg is not None and d.mg in sizes]
    mg, why = (given[-1], "as last given") if given else (plan.first_mg, "as signed")
    if mg is None:
        return DoseNow(number, None, None, "The dose of this plan is not known.")
    devices = mg // DEVICE_MG
    words = f"{mg} mg: {devices} device{'s' if devices > 1 else ''} of {DEVICE_MG} mg; not dosed by weight"
    choice = f"the label has {', '.join(map(str, sizes[:-1]))} and {sizes[-1]} mg: the clinician's choice"
    return DoseNow(number, None, mg, words, (why, choice))


def _wanted(plan: PlanFacts, happened: Happened, answered: Decimal | None) -> tuple[Decimal, str]:
    """What was decided, before any limit: the answer, the dose last given, or the plan as signed."""
    planned, last = plan.protocol.mg_per_kg, happened.last_dose
    if answered is not None:
        return answered, "as agreed in the review"
    if plan.maintenance and last is not None and last.mg_per_kg is not None:
        return last.mg_per_kg, "maintenance at the dose last given"
    if len(planned) > 1 and happened.doses:
        return planned[min(len(happened.doses), len(planned) - 1)], "the protocol's own ascending doses"
    return plan.first_mg_per_kg or planned[0], "as signed"


def highest(plan: PlanFacts, limits: Limits) -> Decimal:
    """The most that may be given, mg/kg. With age or frailty unknown the elderly's ceiling, or what was
    signed in knowledge of it."""
    known = ceiling(plan, limits)
    if known is not None:
        return known
    own = plan.protocol.ceiling_mg_per_kg or max(plan.protocol.mg_per_kg)
    hard = HARD_CEILING_MG_PER_KG.get(plan.protocol.route or "", own)
    return min(own, hard, max(limits.ceiling_from_65_mg_per_kg, plan.first_mg_per_kg or Decimal(0)))


def _within(
    plan: PlanFacts, happened: Happened, wanted: Decimal, limits: Limits
) -> tuple[Decimal, tuple[str, ...]]:
    """The dose within its ceiling, and not above the last one where a rise is barred or too large a step."""
    dose, most, why = wanted, highest(plan, limits), []
    if dose > most:
        dose = most
        why.append(f"ceiling {most} mg/kg")
    last = next((d.mg_per_kg for d in reversed(happened.doses) if d.mg_per_kg is not None), None)
    if last is None or dose <= last:
        return dose, tuple(why)
    if trouble := _barred(happened, limits):
        return min(last, most), (*why, trouble)
    if len(plan.protocol.mg_per_kg) == 1 and dose > last + limits.step_mg_per_kg:
        dose = last + limits.step_mg_per_kg
        why.append(f"at most {limits.step_mg_per_kg} mg/kg above the dose last given")
    return dose, tuple(why)


def _barred(happened: Happened, limits: Limits) -> str:
    """Why no dose may be above the last one; "" when one may."""
    for dose in happened.doses:
        if found := bars(dose, limits):
            return f"no rise after dose {dose.number}: {', '.join(found)}"
        if missing := unrecorded(dose, limits):
            return f"no rise until it is recorded for dose {dose.number}: {', '.join(missing)}"
    return ""


def _sized(
    plan: PlanFacts, number: int, mg_per_kg: Decimal, reasons: tuple[str, ...], house: House
) -> DoseNow:
    kg = plan.dosing_weight_kg
    if kg is None:
        return DoseNow(number, mg_per_kg, None, f"{mg_per_kg} mg/kg × no usable weight: no dose", reasons)
    mg = round_half_up(kg * mg_per_kg)
    if mg > house.dose_absolute_review_mg:
        reasons = (*reasons, f"above {house.dose_absolute_review_mg} mg: to be confirmed as such [H]")
    exact = (kg * mg_per_kg).normalize()
    return DoseNow(
        number, mg_per_kg, mg, f"{mg_per_kg} mg/kg × {kg} kg = {exact:f} mg, rounded to {mg} mg", reasons
    )
