"""House defaults: numbers without a published source that a medical director can change.

Each field says what it is in its metadata; all are tagged [H] in the protocol facts. Shown as house defaults
wherever they decide something.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any


def _house(default: Any, words: str) -> Any:
    return field(default=default, metadata={"words": words})


_FORTY, _QUARTER = Decimal(40), Decimal("0.25")


@dataclass(frozen=True, slots=True)
class House:
    """The clinic's settings. Times are minutes, doses mg/kg, ages years."""

    country: str = _house("US", "country whose rules apply (PDMP review is asked in the US)")
    ecg_for_all: bool = _house(False, "ask an ECG of everybody, not only from 50 on or with cardiac history")
    min_drug_trials: int = _house(2, "adequate SSRI/SNRI/clomipramine trials for treatment resistance")
    trial_days: int = _house(56, "days that make a drug trial adequate")
    trial_days_ocd: int = _house(84, "days that make a drug trial adequate in OCD")
    trial_improvement_pct: int = _house(50, "a failed drug trial improved by less than this")
    therapy_improvement_pct: int = _house(50, "a failed therapy course improved by less than this")
    therapy_improvement_pct_ocd: int = _house(35, "the same for OCD")
    min_therapy_sessions: int = _house(8, "sessions that make a therapy course")
    liver_upper_limit: Decimal = _house(_FORTY, "ALT and AST upper limit (U/L) where the lab gives none")
    dose_absolute_review_mg: int = _house(80, "a single dose above this is reviewed")
    first_dose_mg_per_kg_from_65: Decimal = _house(_QUARTER, "first IV dose from 65 on")
    preparation_minutes: int = _house(30, "before an infusion starts")
    discharge_minutes: int = _house(30, "after the minimum observation")
    review_minutes: int = _house(30, "length of a review")
    call_minutes: int = _house(15, "length of the 24-hour call")


def described(house: House) -> list[tuple[str, str, str]]:
    """(name, value, what it means) of every setting, for the manual and the screen."""
    return [(f.name, str(getattr(house, f.name)), f.metadata["words"]) for f in fields(house)]
