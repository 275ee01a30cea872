"""House defaults: numbers without a published source that a medical director can change.

Each field says in its metadata what it is and how far a site may change it; all are tagged [H] in the
protocol facts. Shown as house defaults wherever they decide something.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ketplan.clinical import setting as settings
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.protocols.ketamine import MIN_GAP_HOURS
from ketplan.clinical.screens.limits import EntryTotals, Freshness, PressureLimits, ResultLimits, WeightLimits
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.setting import setting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


_FORTY, _QUARTER, _HALF = Decimal(40), Decimal("0.25"), Decimal("0.5")
_LABEL_START = "56 mg by the US label, 28 mg by the EU and UK texts [F:SPR19][F:JANUK][F:MIMS]"
_WINDOW = "17 h after a dose [M:WIL17] to 14 days [F:ROD16] is what trials did"


@dataclass(frozen=True, slots=True)
class House:
    """The clinic's settings. Times are minutes, doses mg/kg, ages years. Each group is a table of the
    settings file by its own name, and `pressure` is one ladder for the assessment and the day of a dose."""

    country: str = setting("US", "country whose rules apply (PDMP review is asked in the US)")
    ecg_for_all: bool = setting(False, "ask an ECG of everybody, not only from 50 on or with cardiac history")
    min_drug_trials: int = setting(
        2, "adequate SSRI/SNRI/clomipramine trials for treatment resistance", "trials", (1, 4)
    )
    trial_days: int = setting(56, "days that make a drug trial adequate", "days", (28, 365))
    trial_days_ocd: int = setting(84, "days that make a drug trial adequate in OCD", "days", (28, 365))
    trial_improvement_pct: int = setting(50, "a failed drug trial improved by less than this", "%", (20, 50))
    therapy_improvement_pct: int = setting(
        50, "a failed therapy course improved by less than this", "%", (20, 50)
    )
    therapy_improvement_pct_ocd: int = setting(35, "the same for OCD", "%", (20, 35))
    min_therapy_sessions: int = setting(8, "sessions that make a therapy course", "sessions", (4, 20))
    liver_upper_limit: Decimal = setting(
        _FORTY, "ALT and AST upper limit where the lab gives none", "U/L", (Decimal(20), Decimal(60))
    )
    dose_absolute_review_mg: int = setting(80, "a single dose above this is reviewed", "mg", (30, 100))
    first_dose_mg_per_kg_from_65: Decimal = setting(
        _QUARTER, "first IV dose from 65 on", "mg/kg", (Decimal("0.1"), _HALF), "ceiling from 65 on, 8b"
    )
    esketamine_first_mg_from_65: int = setting(
        56, "first esketamine dose from 65 on", "mg", (28, 56), _LABEL_START
    )
    cbt_window_hours: tuple[int, int] = setting(
        (24, 72), "therapy after a dose: common practice, not proven", "h", (17, 336), _WINDOW
    )
    dose_gap_hours: int = setting(
        MIN_GAP_HOURS,
        "shortest time from dose to dose",
        "h",
        (MIN_GAP_HOURS, 336),
        "the tightest schedule tested is every two days",
    )
    preparation_minutes: int = setting(30, "before an infusion starts", "min", (10, 120))
    discharge_minutes: int = setting(30, "after the minimum observation", "min", (10, 120))
    review_minutes: int = setting(30, "length of a review", "min", (10, 120))
    call_minutes: int = setting(15, "length of the 24-hour call", "min", (5, 60))
    emergency_plan: str = setting(
        "Not named yet by this clinic: rescuer, equipment, drugs, transfer number.",
        "who and what is at hand in an emergency, on every plan (8b)",
    )

    freshness: Freshness = Freshness()
    weight: WeightLimits = WeightLimits()
    results: ResultLimits = ResultLimits()
    entry: EntryTotals = EntryTotals()
    session: SessionLimits = SessionLimits()
    review: Limits = Limits()

    @property
    def pressure(self) -> PressureLimits:
        return self.session.pressure


# Table of the settings file → what it sets, in the manual's words.
GROUPS = {
    "house": "House defaults of this site",
    "pressure": "House defaults of the blood-pressure ladder",
    "freshness": "House defaults of the age of the work-up",
    "weight": "House defaults of the dosing weight",
    "results": "House defaults of results",
    "entry": "House defaults of the entry totals",
    "session": "House defaults of the day of a dose",
    "review": "House defaults of a course under way",
}


def group(house: House, table: str) -> DataclassInstance:
    """The settings of one table of GROUPS."""
    found: DataclassInstance = house if table == "house" else getattr(house, table)
    return found


def deviations(house: House) -> Iterator[str]:
    """What a site set otherwise than shipped, a sentence each."""
    for table in GROUPS:
        yield from settings.deviations(group(house, table))
