"""The dosing weight: protocol facts 1.1, 3.1 and 8b. Units are converted exactly; the newest weight decides.

No dose is ever computed without a usable weight: missing, without a unit, implausible or older than a year
gives no dosing weight at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ketplan.clinical.findings import Finding, evidence_of, value_words
from ketplan.clinical.record import Observation
from ketplan.clinical.rules import finding
from ketplan.clinical.scales import STOP_BANG_NAMES
from ketplan.clinical.screens.limits import WeightLimits
from ketplan.clinical.view import View, number, quantity, unit

WEIGHT, HEIGHT = ("29463-7", "3141-9"), ("8302-2",)
KG: dict[str, Decimal] = {
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms"), Decimal(1)),
    **dict.fromkeys(("g", "gram", "grams"), Decimal("0.001")),
    **dict.fromkeys(("[lb_av]", "lb", "lbs", "pound", "pounds", "lb_av"), Decimal("0.45359237")),
    **dict.fromkeys(("[oz_av]", "oz"), Decimal("0.028349523125")),
}
CM: dict[str, Decimal] = {
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre"), Decimal(1)),
    **dict.fromkeys(("m", "meter", "meters", "metre"), Decimal(100)),
    "mm": Decimal("0.1"),
    **dict.fromkeys(("[in_i]", "in", "inch", "inches", "in_i", "[in_us]"), Decimal("2.54")),
    **dict.fromkeys(("[ft_i]", "ft", "foot", "feet"), Decimal("30.48")),
}
BMI_IDEAL_WEIGHT, BMI_APNOEA = 30, 35
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class DosingWeight:
    """What a weight-based dose may be computed on. All None when there is no usable weight.

    `kg` and `basis` (actual or ideal) are the proposal; `options` are every basis with its kilograms, for
    the clinician to choose from; `provisional` says the dose needs confirming before it is used.
    """

    kg: Decimal | None = None
    basis: str | None = None
    height_cm: Decimal | None = None
    bmi: Decimal | None = None
    provisional: bool = False
    options: tuple[tuple[str, Decimal], ...] = ()
    findings: tuple[Finding, ...] = ()


def dosing_weight(view: View) -> DosingWeight:
    """The dosing weight and every finding on the way to it."""
    newest = _newest(view)
    height = _height(view)
    found = [*_height_findings(height), *_converted(newest, height)]
    if newest is None:
        return DosingWeight(
            height_cm=_cm(height), findings=(*found, finding("WEIGHT_MISSING", "No measured body weight."))
        )
    kg, limits = kilograms(newest), view.house.weight
    age = view.age_days(newest.when)
    found += _freshness(newest, age, limits)
    usable = age is not None and age <= limits.longest_days and kg is not None
    bmi = _bmi(kg, _cm(height)) if usable and kg else None
    found += _plausibility(view, newest, kg, bmi)
    if not usable or kg is None or not _in(kg, limits.kg) or (bmi is not None and not _in(bmi, limits.bmi)):
        return DosingWeight(height_cm=_cm(height), bmi=bmi, findings=tuple(found))
    found += _bmi_findings(view, newest, bmi)
    options = _options(view, kg, _cm(height), bmi)
    basis = "ideal" if bmi is not None and bmi >= BMI_IDEAL_WEIGHT else "actual"
    proposed = dict(options).get(basis)
    doubtful = any(
        f.id
        in ("WEIGHT_STALE_91_365D", "WEIGHT_IMPLAUSIBLE", "HEIGHT_MISSING", "DOSE_WEIGHT_BASIS_BMI_GE_30")
        for f in found
    )
    return DosingWeight(
        proposed,
        basis if proposed is not None else None,
        _cm(height),
        bmi,
        doubtful,
        options,
        tuple(found),
    )


def kilograms(observation: Observation) -> Decimal | None:
    """Exact kilograms; None without a known unit, or where it only says more or less than something."""
    said = quantity(observation)
    if said is None or said.comparator:
        return None
    value, factor = number(observation), KG.get((unit(observation) or "").strip().lower())
    return None if value is None or factor is None else value * factor


def two_places(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)


def _newest(view: View) -> Observation | None:
    """The newest weight; of several at one moment the lightest, which gives the smaller dose."""
    weights = [o for o in view.history(*WEIGHT) if number(o) is not None]
    if not weights:
        return None
    last = weights[-1]
    same = [o for o in weights if o.when == last.when and kilograms(o) is not None]
    return (
        min(same, key=lambda o: kilograms(o) or Decimal(0)) if same and kilograms(last) is not None else last
    )


def _height(view: View) -> Observation | None:
    usable = [o for o in view.history(*HEIGHT) if (cm := _cm(o)) is not None and cm > 0]
    return usable[-1] if usable else None


def _cm(observation: Observation | None) -> Decimal | None:
    if observation is None:
        return None
    value, factor = number(observation), CM.get((unit(observation) or "").strip().lower())
    return None if value is None or factor is None else value * factor


def _bmi(kg: Decimal, cm: Decimal | None) -> Decimal | None:
    return None if cm is None else kg / (cm / 100) ** 2


def _in(value: Decimal, bounds: tuple[Decimal, Decimal]) -> bool:
    return bounds[0] <= value <= bounds[1]


def _height_findings(height: Observation | None) -> Iterator[Finding]:
    if height is None:
        yield finding("HEIGHT_MISSING", "No usable height: the body mass index cannot be checked.")


def _converted(*observations: Observation | None) -> Iterator[Finding]:
    metric = {"kg", "kgs", "kilogram", "kilograms", "cm", "centimeter", "centimeters", "centimetre", ""}
    found = [o for o in observations if o and (unit(o) or "").strip().lower() not in metric]
    if known := [o for o in found if kilograms(o) is not None or _cm(o) is not None]:
        words = ", ".join(
            f"{value_words(o)} = {two_places(kg)} kg"
            if (kg := kilograms(o)) is not None
            else f"{value_words(o)} = {two_places(_cm(o) or Decimal(0))} cm"
            for o in known
        )
        yield finding("UNIT_CONVERTED", f"Converted exactly: {words}.", map(evidence_of, known))


def _freshness(weight: Observation, age: int | None, limits: WeightLimits) -> Iterator[Finding]:
    evidence = [evidence_of(weight)]
    if age is None:
        yield finding("WEIGHT_STALE_GT_365D", "The newest weight has no date: no dose on it.", evidence)
    elif age > limits.longest_days:
        yield finding(
            "WEIGHT_STALE_GT_365D", f"The newest weight is {age} days old: no dose on it.", evidence
        )
    elif age > limits.fresh_days:
        yield finding(
            "WEIGHT_STALE_91_365D", f"The newest weight is {age} days old: the dose is provisional.", evidence
        )


def _plausibility(
    view: View, weight: Observation, kg: Decimal | None, bmi: Decimal | None
) -> Iterator[Finding]:
    evidence, limits = [evidence_of(weight)], view.house.weight
    if kg is None:
        yield finding("WEIGHT_IMPLAUSIBLE", "The newest weight has no usable unit or value.", evidence)
        return
    reasons = []
    if not _in(kg, limits.kg):
        reasons.append(f"{two_places(kg)} kg is outside {limits.lowest_kg} to {limits.highest_kg} kg")
    if bmi is not None and not _in(bmi, limits.bmi):
        reasons.append(
            f"a body mass index of {bmi:.1f} is outside {limits.lowest_bmi} to {limits.highest_bmi}"
        )
    if changed := _changed(view, weight, kg):
        reasons.append(f"it changed by more than {limits.change_pct} % within {limits.change_days} days")
        evidence.append(evidence_of(changed))
    if reasons:
        yield finding("WEIGHT_IMPLAUSIBLE", f"The weight is doubtful: {'; '.join(reasons)}.", evidence)


def _changed(view: View, weight: Observation, kg: Decimal) -> Observation | None:
    """An earlier weight, near enough in time, that differs by too much of it."""
    limits = view.house.weight
    if weight.when is None:
        return None
    for other in view.history(*WEIGHT):
        before = kilograms(other)
        if other == weight or before is None or not before or other.when is None:
            continue
        near = 0 <= (weight.when.earliest - other.when.latest).days <= limits.change_days
        if near and abs(kg - before) * 100 > limits.change_pct * before:
            return other
    return None


def _bmi_findings(view: View, weight: Observation, bmi: Decimal | None) -> Iterator[Finding]:
    if bmi is None:
        return
    if bmi >= BMI_IDEAL_WEIGHT:
        yield finding(
            "DOSE_WEIGHT_BASIS_BMI_GE_30",
            f"Body mass index {bmi:.1f}: consensus suggests ideal body weight, trials dosed actual weight.",
            [evidence_of(weight)],
        )
    if bmi >= BMI_APNOEA and view.newest_named(STOP_BANG_NAMES) is None:
        yield finding("OSA_SCREEN_DUE", f"Body mass index {bmi:.1f} and no STOP-BANG on file.")


def _options(
    view: View, kg: Decimal, cm: Decimal | None, bmi: Decimal | None
) -> tuple[tuple[str, Decimal], ...]:
    """Actual weight always; ideal (Devine) and adjusted weight where the height is known.

    Devine's formula falls to nothing for the very short: below the lowest plausible weight it says nothing.
    """
    options = [("actual", kg)]
    if cm is not None and bmi is not None and (ideal := _devine(view, cm)) >= view.house.weight.lowest_kg:
        options += [("ideal", ideal), ("adjusted", ideal + Decimal("0.4") * (kg - ideal))]
    return tuple(options)


def _devine(view: View, cm: Decimal) -> Decimal:
    """Ideal body weight [M:DEVINE]; where sex at birth is not known the smaller of the two."""
    base = Decimal("50.0") if view.record.patient.is_male else Decimal("45.5")
    return base + Decimal("2.3") * (cm / Decimal("2.54") - 60)
