"""House defaults: numbers without a published source that a medical director can change.

Each field says in its metadata what it is and how far a site may change it; all are tagged [H] in the
protocol facts. Shown as house defaults wherever they decide something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, NamedTuple

from ketplan.clinical.protocols.ketamine import MIN_GAP_HOURS


def _house(
    default: Any, words: str, unit: str = "", allowed: tuple[Any, Any] | None = None, why: str = ""
) -> Any:
    metadata = {"words": words, "unit": unit, "allowed": allowed, "why": why}
    return field(default=default, metadata=metadata)


_FORTY, _QUARTER, _HALF = Decimal(40), Decimal("0.25"), Decimal("0.5")
_LABEL_START = "56 mg by the US label, 28 mg by the EU and UK texts [F:SPR19][F:JANUK][F:MIMS]"
_WINDOW = "17 h after a dose [M:WIL17] to 14 days [F:ROD16] is what trials did"


@dataclass(frozen=True, slots=True)
class House:
    """The clinic's settings. Times are minutes, doses mg/kg, ages years."""

    country: str = _house("US", "country whose rules apply (PDMP review is asked in the US)")
    ecg_for_all: bool = _house(False, "ask an ECG of everybody, not only from 50 on or with cardiac history")
    min_drug_trials: int = _house(
        2, "adequate SSRI/SNRI/clomipramine trials for treatment resistance", "trials", (1, 4)
    )
    trial_days: int = _house(56, "days that make a drug trial adequate", "days", (28, 365))
    trial_days_ocd: int = _house(84, "days that make a drug trial adequate in OCD", "days", (28, 365))
    trial_improvement_pct: int = _house(50, "a failed drug trial improved by less than this", "%", (20, 50))
    therapy_improvement_pct: int = _house(
        50, "a failed therapy course improved by less than this", "%", (20, 50)
    )
    therapy_improvement_pct_ocd: int = _house(35, "the same for OCD", "%", (20, 35))
    min_therapy_sessions: int = _house(8, "sessions that make a therapy course", "sessions", (4, 20))
    liver_upper_limit: Decimal = _house(
        _FORTY, "ALT and AST upper limit where the lab gives none", "U/L", (Decimal(20), Decimal(60))
    )
    dose_absolute_review_mg: int = _house(80, "a single dose above this is reviewed", "mg", (30, 100))
    first_dose_mg_per_kg_from_65: Decimal = _house(
        _QUARTER, "first IV dose from 65 on", "mg/kg", (Decimal("0.1"), _HALF), "ceiling from 65 on, 8b"
    )
    esketamine_first_mg_from_65: int = _house(
        56, "first esketamine dose from 65 on", "mg", (28, 56), _LABEL_START
    )
    cbt_window_hours: tuple[int, int] = _house(
        (24, 72), "therapy after a dose: common practice, not proven", "h", (17, 336), _WINDOW
    )
    dose_gap_hours: int = _house(
        MIN_GAP_HOURS,
        "shortest time from dose to dose",
        "h",
        (MIN_GAP_HOURS, 336),
        "the tightest schedule tested is every two days",
    )
    preparation_minutes: int = _house(30, "before an infusion starts", "min", (10, 120))
    discharge_minutes: int = _house(30, "after the minimum observation", "min", (10, 120))
    review_minutes: int = _house(30, "length of a review", "min", (10, 120))
    call_minutes: int = _house(15, "length of the 24-hour call", "min", (5, 60))
    emergency_plan: str = _house(
        "Not named yet by this clinic: rescuer, equipment, drugs, transfer number.",
        "who and what is at hand in an emergency, on every plan (8b)",
    )


class Line(NamedTuple):
    """One setting for people. `allowed` is the range a site may choose from, "" where any value will do."""

    name: str
    value: str
    shipped: str
    words: str
    allowed: str
    why: str

    @property
    def changed(self) -> bool:
        return self.value != self.shipped


def described(house: House) -> list[Line]:
    """Every setting, for the manual and the screen."""
    shipped = House()
    return [
        Line(
            f.name,
            worded(getattr(house, f.name), f.metadata["unit"]),
            worded(getattr(shipped, f.name), f.metadata["unit"]),
            f.metadata["words"],
            worded(f.metadata["allowed"], f.metadata["unit"]) if f.metadata["allowed"] else "",
            f.metadata["why"],
        )
        for f in fields(House)
    ]


def deviations(house: House) -> Iterator[str]:
    """What a site set otherwise than shipped, a sentence each."""
    for line in described(house):
        if line.changed:
            yield f"{line.words[0].upper()}{line.words[1:]}: {line.value} (shipped: {line.shipped})."


def worded(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = " to ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{words} {unit}".rstrip()
