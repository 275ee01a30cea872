"""House defaults of the day of a dose: facts 4.1 to 4.3 and 8b, all [H] unless a field says otherwise.

The blood-pressure limits before a dose are those of the assessment.
"""

# `setting` makes a field, and the values it is given are immutable.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ketplan.clinical.screens.limits import PressureLimits
from ketplan.clinical.setting import check_allowed, setting

_LABEL = "esketamine instructions [F:MAYO]"
_TRIAL = "esketamine trial protocol [M]"
_D = Decimal


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Hours, days, mmHg, per cent. Raises ConfigError for a value outside its allowed range."""

    lowest_heart_rate: int = setting(50, "heart rate before a dose, at least", "/min", (50, 60), "8b")
    highest_heart_rate: int = setting(110, "heart rate before a dose, at most", "/min", (90, 110), "8b")
    lowest_spo2: int = setting(94, "oxygen saturation, at least", "%", (94, 97), "8b")
    food_hours: Decimal = setting(_D(6), "without solid food before a dose", "h", (_D(6), _D(12)), "4.1")
    fluid_hours: Decimal = setting(_D(2), "without clear fluids before a dose", "h", (_D(2), _D(6)), "4.1")
    esketamine_food_hours: Decimal = setting(
        _D(2), "without food before esketamine", "h", (_D(2), _D(12)), _LABEL
    )
    esketamine_fluid_hours: Decimal = setting(
        _D("0.5"), "without liquid before esketamine", "h", (_D("0.5"), _D(6)), _LABEL
    )
    nasal_spray_hours: Decimal = setting(
        _D(1), "from nasal steroid or decongestant to esketamine", "h", (_D(1), _D(12)), _LABEL
    )
    weight_change_pct: int = setting(10, "change of weight that asks for a new dose", "%", (5, 10), "8b")
    hcg_days_first: int = setting(7, "oldest pregnancy test at the first dose", "days", (1, 7), "8b")
    hcg_days: int = setting(28, "oldest pregnancy test in the course", "days", (7, 28), "8b")
    pause_systolic: int = setting(180, "systolic that pauses a dose", "mmHg", (160, 180), _TRIAL)
    pause_diastolic: int = setting(110, "diastolic that pauses a dose", "mmHg", (100, 110), _TRIAL)
    stop_systolic: int = setting(200, "systolic that stops a dose", "mmHg", (180, 200), _TRIAL)
    stop_diastolic: int = setting(120, "diastolic that stops a dose", "mmHg", (110, 120), _TRIAL)
    leave_systolic: int = setting(160, "systolic to leave with, at most", "mmHg", (140, 160), "4.3")
    leave_diastolic: int = setting(100, "diastolic to leave with, at most", "mmHg", (90, 100), "4.3")

    stay_minutes: int = setting(
        120, "observation, at least", "min", (120, 480), "4.1 [F:ABD22]; label [F:SPR19]"
    )
    after_infusion_minutes: int = setting(60, "observation after an infusion's end", "min", (60, 240), "8b")
    cadss6_above: int = setting(1, "CADSS-6 above the first to leave with", "points", (0, 1), "4.3")
    cadss_above: int = setting(4, "CADSS above the first to leave with", "points", (0, 4), "4.3 [M:CADSS4]")
    recovery_score: int = setting(9, "PADSS or modified Aldrete to leave with", "points", (9, 10), "4.3 [M]")
    # One ladder for the assessment and the day of a dose; a table of its own in the settings file.
    pressure: PressureLimits = PressureLimits()

    def __post_init__(self) -> None:
        check_allowed(self)
