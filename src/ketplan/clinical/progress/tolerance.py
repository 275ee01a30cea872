"""How a dose was tolerated: what bars a rise (8b), what asks for a lower dose (1.1), what nobody recorded."""

from __future__ import annotations

from ketplan.clinical.findings import Evidence
from ketplan.clinical.progress.facts import DoseGiven, said_of
from ketplan.clinical.progress.limits import Limits


def reached(dose: DoseGiven, systolic: int, diastolic: int) -> bool | None:
    """Was either pressure reached? None when neither is known to be and one was not recorded."""
    pairs = ((dose.systolic, systolic), (dose.diastolic, diastolic))
    if any(value is not None and value >= limit for value, limit in pairs):
        return True
    return None if any(value is None for value, _ in pairs) else False


def _asked(dose: DoseGiven, limits: Limits) -> dict[str, bool | None]:
    """The bars to a rise, each with its answer."""
    low = None if dose.lowest_spo2 is None else dose.lowest_spo2 < limits.lowest_spo2
    return {
        f"blood pressure of {limits.bar_systolic}/{limits.bar_diastolic} or more": reached(
            dose, limits.bar_systolic, limits.bar_diastolic
        ),
        "distressing dissociation": dose.distressing_dissociation,
        "vomiting": True if dose.vomiting_despite_treatment else dose.vomiting,
        f"oxygen saturation under {limits.lowest_spo2} %": low,
        "new suicidal ideation": dose.new_suicidal_ideation,
    }


def bars(dose: DoseGiven, limits: Limits) -> tuple[str, ...]:
    """What happened at this dose that forbids any rise (8b)."""
    return tuple(words for words, answer in _asked(dose, limits).items() if answer)


def unrecorded(dose: DoseGiven, limits: Limits) -> tuple[str, ...]:
    """Which of the bars nobody recorded."""
    return tuple(words for words, answer in _asked(dose, limits).items() if answer is None)


def reasons_to_step_down(dose: DoseGiven, limits: Limits) -> tuple[str, ...]:
    """1.1: pressure of 180/110, distressing dissociation, vomiting despite an antiemetic."""
    found = []
    if reached(dose, limits.down_systolic, limits.down_diastolic):
        found.append(f"blood pressure {dose.pressure}")
    if dose.distressing_dissociation:
        found.append("distressing dissociation")
    if dose.vomiting_despite_treatment:
        found.append("vomiting despite an antiemetic")
    return tuple(found)


def dose_evidence(dose: DoseGiven) -> Evidence:
    size = "" if dose.mg_per_kg is None else f", {dose.mg_per_kg} mg/kg"
    return said_of(dose, f"Dose {dose.number}{size}, highest pressure {dose.pressure}")
