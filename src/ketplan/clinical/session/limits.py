"""House defaults of the day of a dose: facts 4.1 to 4.3 and 8b, all [H] unless a field says otherwise.

The blood-pressure limits before a dose are those of the assessment (`screens.pressure`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ketplan.clinical.progress.limits import check_allowed, says

_LABEL = "esketamine instructions [F:MAYO]"
_TRIAL = "esketamine trial protocol [M]"
_D = Decimal


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Hours, days, mmHg, per cent. Raises ConfigError for a value outside its allowed range."""

    lowest_heart_rate: int = field(
        default=50, metadata=says("heart rate before a dose, at least", "/min", 50, 60, "8b")
    )
    highest_heart_rate: int = field(
        default=110, metadata=says("heart rate before a dose, at most", "/min", 90, 110, "8b")
    )
    lowest_spo2: int = field(default=94, metadata=says("oxygen saturation, at least", "%", 94, 97, "8b"))
    food_hours: Decimal = field(
        default=_D(6), metadata=says("without solid food before a dose", "h", _D(6), _D(12), "4.1")
    )
    fluid_hours: Decimal = field(
        default=_D(2), metadata=says("without clear fluids before a dose", "h", _D(2), _D(6), "4.1")
    )
    esketamine_food_hours: Decimal = field(
        default=_D(2), metadata=says("without food before esketamine", "h", _D(2), _D(12), _LABEL)
    )
    esketamine_fluid_hours: Decimal = field(
        default=_D("0.5"), metadata=says("without liquid before esketamine", "h", _D("0.5"), _D(6), _LABEL)
    )
    nasal_spray_hours: Decimal = field(
        default=_D(1),
        metadata=says("from nasal steroid or decongestant to esketamine", "h", _D(1), _D(12), _LABEL),
    )
    weight_change_pct: int = field(
        default=10, metadata=says("change of weight that asks for a new dose", "%", 5, 10, "8b")
    )
    hcg_days_first: int = field(
        default=7, metadata=says("oldest pregnancy test at the first dose", "days", 1, 7, "8b")
    )
    hcg_days: int = field(
        default=28, metadata=says("oldest pregnancy test in the course", "days", 7, 28, "8b")
    )
    pause_systolic: int = field(
        default=180, metadata=says("systolic that pauses a dose", "mmHg", 160, 180, _TRIAL)
    )
    pause_diastolic: int = field(
        default=110, metadata=says("diastolic that pauses a dose", "mmHg", 100, 110, _TRIAL)
    )
    stop_systolic: int = field(
        default=200, metadata=says("systolic that stops a dose", "mmHg", 180, 200, _TRIAL)
    )
    stop_diastolic: int = field(
        default=120, metadata=says("diastolic that stops a dose", "mmHg", 110, 120, _TRIAL)
    )
    leave_systolic: int = field(
        default=160, metadata=says("systolic to leave with, at most", "mmHg", 140, 160, "4.3")
    )
    leave_diastolic: int = field(
        default=100, metadata=says("diastolic to leave with, at most", "mmHg", 90, 100, "4.3")
    )

    def __post_init__(self) -> None:
        check_allowed(self)
