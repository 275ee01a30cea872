"""House defaults of a course under way: facts 1.1, 1.6, 7 and 8b. A site may change them, within `allowed`.

All are [H] unless a field says otherwise. What may never be exceeded (step, ceilings, added doses) is the
edge of the allowed range itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ketplan.clinical.dose import CEILING_FROM_65, STEP_MG_PER_KG
from ketplan.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def says(words: str, unit: str, low: Any, high: Any, why: str = "") -> dict[str, Any]:
    """Metadata in the form of `clinical.house`."""
    return {"words": words, "unit": unit, "allowed": (low, high), "why": why}


def check_allowed(settings: DataclassInstance) -> None:
    """Every field within its allowed range, or ConfigError with a sentence."""
    for f in fields(settings):
        low, high = f.metadata["allowed"]
        if not low <= getattr(settings, f.name) <= high:
            words = f.metadata["words"]
            unit = f.metadata["unit"]
            raise ConfigError(f"{words[0].upper()}{words[1:]}: {low} to {high} {unit} is allowed.")


_D = Decimal
_MONTHS = "longest anxiety data [F:GLU18]"


@dataclass(frozen=True, slots=True)
class Limits:
    """Doses in mg/kg, pressures in mmHg (systolic, diastolic), days, per cent of the baseline score.

    Raises ConfigError for a value outside its allowed range.
    """

    step_mg_per_kg: Decimal = field(
        default=STEP_MG_PER_KG,
        metadata=says("largest step of a dose, up or down", "mg/kg", _D("0.05"), STEP_MG_PER_KG, "8b"),
    )
    ceiling_from_65_mg_per_kg: Decimal = field(
        default=CEILING_FROM_65,
        metadata=says("ceiling from 65 on or when frail", "mg/kg", _D("0.25"), CEILING_FROM_65, "8b"),
    )
    bar_systolic: int = field(
        default=165, metadata=says("systolic: no rise after it", "mmHg", 140, 165, "8b [F:ROD20]")
    )
    bar_diastolic: int = field(
        default=100, metadata=says("diastolic: no rise after it", "mmHg", 90, 100, "8b [F:ROD20]")
    )
    down_systolic: int = field(
        default=180, metadata=says("systolic: step down after it", "mmHg", 160, 180, "1.1")
    )
    down_diastolic: int = field(
        default=110, metadata=says("diastolic: step down after it", "mmHg", 100, 110, "1.1")
    )
    lowest_spo2: int = field(
        default=94, metadata=says("oxygen saturation: no rise under it", "%", 94, 97, "8b")
    )
    baseline_days: int = field(
        default=14, metadata=says("oldest baseline rating before the first dose", "days", 7, 14, "5.2")
    )
    partial_pct: int = field(
        default=25, metadata=says("less is futile, from here on partial", "%", 20, 35, "1.6, 8b")
    )
    futile_after: int = field(
        default=6, metadata=says("doses after which futility is judged", "doses", 4, 6, "1.6")
    )
    futile_after_high: int = field(default=4, metadata=says("the same at a high dose", "doses", 2, 4, "1.6"))
    high_mg_per_kg: Decimal = field(
        default=_D("0.75"), metadata=says("what counts as a high dose", "mg/kg", _D("0.5"), _D("1.0"), "1.6")
    )
    added_doses: int = field(
        default=2, metadata=says("doses a partial responder may get added", "doses", 0, 2, "1.6")
    )
    review_after_days: int = field(
        default=7, metadata=says("end-of-induction review after the last dose", "days", 7, 14, "1.6")
    )
    authorised_days: int = field(
        default=91, metadata=says("before maintenance is re-authorised", "days", 28, 91, _MONTHS)
    )
    spacing_days: int = field(
        default=60, metadata=says("by then at most one dose a week", "days", 28, 61, "month 2 [M:SAN17]")
    )
    relapse_days: int = field(
        default=14, metadata=says("between two ratings that show a relapse", "days", 14, 28, "7")
    )
    cumulative_every: int = field(
        default=12, metadata=says("lifetime doses between two reviews", "doses", 6, 12, "7")
    )
    bladder_score: int = field(
        default=19, metadata=says("BPIC-SS that pauses dosing", "points", 10, 19, "7 [M:HUM12]")
    )
    liver_stop_multiple: int = field(
        default=5, metadata=says("ALT times its upper limit that stops dosing", "times", 3, 5, "1.6")
    )
    check_days: int = field(
        default=91,
        metadata=says("between urine, liver and prescription checks", "days", 28, 91, "7: every 3 months"),
    )

    def __post_init__(self) -> None:
        check_allowed(self)


COGNITION_DAYS = (91, 182, 364)
# Maintenance: days between doses and for how many doses; the last for as long as it goes on. 1.6; the
# label's weeks 5 to 8 and after, 1.3 [F:SPRHCP].
Ladder = tuple[tuple[int, int | None], ...]
MAINTENANCE: Ladder = ((7, 4), (14, 2), (28, None))
ESKETAMINE_MAINTENANCE: Ladder = ((7, 4), (14, None))
