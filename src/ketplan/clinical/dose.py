"""The first dose, with its arithmetic in the open. Protocol facts 1.1, 1.3, 8b."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ketplan.clinical import codes
from ketplan.clinical.disorders import Disorder
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.clinical.screens.weight import DosingWeight, two_places
from ketplan.clinical.view import View

ESKETAMINE_FIRST_MG, DEVICE_MG = 56, 28
_PARENTERAL = ("IV", "SC")
_BASIS_WORDS = {"actual": "actual weight", "ideal": "ideal weight", "adjusted": "adjusted weight"}


@dataclass(frozen=True, slots=True)
class Dose:
    """The first dose. `unrounded_mg` is exact, `mg` rounded half up to 1 mg; None without a weight."""

    mg_per_kg: Decimal | None
    kg: Decimal | None
    basis: str | None
    unrounded_mg: Decimal | None
    mg: int | None
    ceiling_mg_per_kg: Decimal | None
    provisional: bool
    arithmetic: str
    titration: tuple[str, ...] = ()


def first_dose(
    view: View,
    protocol: KetamineProtocol,
    weight: DosingWeight,
    basis: str | None = None,
    disorder: Disorder | None = None,
) -> Dose | None:
    """The first dose of a protocol, None for a protocol without a drug."""
    if protocol.mg_by_device:
        return _by_device(view, protocol)
    if not protocol.weight_dosed:
        return None
    ceiling = _ceiling(view, protocol)
    mg_per_kg = min(filter(None, (protocol.mg_per_kg[0], ceiling)))
    if protocol.route == "IV" and view.is_65_or_older:
        mg_per_kg = min(mg_per_kg, view.house.first_dose_mg_per_kg_from_65)
    kg, used = _chosen(weight, basis)
    exact = None if kg is None else kg * mg_per_kg
    mg = None if exact is None else round_half_up(exact)
    return Dose(
        mg_per_kg,
        kg,
        used,
        exact,
        mg,
        ceiling,
        weight.provisional,
        _arithmetic(mg_per_kg, kg, used, exact, mg),
        (
            *_ascending(protocol, kg, ceiling),
            *_titration(protocol, mg_per_kg, kg, ceiling, disorder, view.house.review),
            *protocol.notes,
        ),
    )


def _by_device(view: View, protocol: KetamineProtocol) -> Dose:
    """Esketamine: whole devices, never by weight; the start from 65 on is a setting (1.3)."""
    mg = view.house.esketamine_first_mg_from_65 if view.is_65_or_older else ESKETAMINE_FIRST_MG
    devices = mg // DEVICE_MG
    words = f"{devices} device{'s' if devices > 1 else ''} of {DEVICE_MG} mg; not dosed by weight"
    return Dose(None, None, None, None, mg, None, False, words, protocol.notes)


def round_half_up(mg: Decimal) -> int:
    """38.5 becomes 39: nearest 1 mg, half up [H]."""
    return int(mg.quantize(Decimal(1), ROUND_HALF_UP))


def _chosen(weight: DosingWeight, basis: str | None) -> tuple[Decimal | None, str | None]:
    options = dict(weight.options)
    return (options[basis], basis) if basis in options else (weight.kg, weight.basis)


def _ceiling(view: View, protocol: KetamineProtocol) -> Decimal | None:
    """The protocol's; at most 0.5 mg/kg by drip or needle from 65 on or when frail, no override (8b)."""
    ceiling = protocol.ceiling_mg_per_kg
    if protocol.route in _PARENTERAL and (view.is_65_or_older or view.active(codes.FRAILTY)):
        lower = view.house.review.ceiling_from_65_mg_per_kg
        return min(lower, ceiling or lower)
    return ceiling


def _arithmetic(
    mg_per_kg: Decimal, kg: Decimal | None, basis: str | None, exact: Decimal | None, mg: int | None
) -> str:
    if kg is None or exact is None:
        return f"{mg_per_kg} mg/kg × no usable weight: no dose"
    words = _BASIS_WORDS[basis or "actual"]
    return f"{mg_per_kg} mg/kg × {two_places(kg)} kg ({words}) = {two_places(exact)} mg, rounded to {mg} mg"


def _ascending(protocol: KetamineProtocol, kg: Decimal | None, ceiling: Decimal | None) -> Iterator[str]:
    """The later doses of a course that goes up by itself, each within the ceiling."""
    for n, planned in enumerate(protocol.mg_per_kg[1:], 2):
        dose = min(planned, ceiling or planned)
        mg = f" ({round_half_up(kg * dose)} mg)" if kg is not None else ""
        yield f"Dose {n}, if the one before was tolerated: {dose} mg/kg{mg}."


def _titration(
    protocol: KetamineProtocol,
    first: Decimal,
    kg: Decimal | None,
    ceiling: Decimal | None,
    disorder: Disorder | None,
    limits: Limits,
) -> tuple[str, ...]:
    """Steps a clinician will be asked about, each within the largest step and never beyond the ceiling."""
    current, told = first, []
    for n, step in enumerate(protocol.titration):
        dose = min(step.mg_per_kg, current + limits.step_mg_per_kg, ceiling or step.mg_per_kg)
        if dose <= current:
            continue
        cut = disorder.scale.response_pct if n and disorder else step.improvement_below_pct
        mg = f" ({round_half_up(kg * dose)} mg)" if kg is not None else ""
        told.append(
            f"After infusion {step.after}, if improved by less than {cut} % and tolerated:"
            f" propose {dose} mg/kg{mg}."
        )
        current = dose
    if told:
        told.append(
            f"Never up after {limits.bar_systolic}/{limits.bar_diastolic} or more, distressing dissociation,"
            f" vomiting, saturation under {limits.lowest_spo2} % or new suicidal thoughts."
        )
    if protocol.floor_mg_per_kg is not None:
        told.append(
            f"Step down by {limits.step_mg_per_kg} mg/kg after"
            f" {limits.down_systolic}/{limits.down_diastolic}, distressing dissociation or vomiting despite"
            " treatment;"
            f" not below {protocol.floor_mg_per_kg} mg/kg."
        )
    return tuple(told)
