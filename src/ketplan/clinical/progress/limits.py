"""House defaults of a course under way: facts 1.1, 1.6, 7 and 8b. A site may change them, within `allowed`.

All are [H] unless a field says otherwise. What may never be exceeded (step, ceilings, added doses) is the
edge of the allowed range itself.
"""

# `setting` makes a field, and the values it is given are immutable.
# ruff: noqa: RUF009
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ketplan.clinical.protocols.ketamine import CEILING_FROM_65, STEP_MG_PER_KG
from ketplan.clinical.setting import check_allowed, setting
from ketplan.errors import ConfigError

Ladder = tuple[tuple[int, int | None], ...]
WEEK = 7
_D = Decimal
_MONTHS = "longest anxiety data [F:GLU18]"


@dataclass(frozen=True, slots=True)
class Limits:
    """Doses in mg/kg, pressures in mmHg (systolic, diastolic), days, per cent of the baseline score.

    Raises ConfigError for a value outside its allowed range.
    """

    step_mg_per_kg: Decimal = setting(
        STEP_MG_PER_KG, "largest step of a dose, up or down", "mg/kg", (_D("0.05"), STEP_MG_PER_KG), "8b"
    )
    ceiling_from_65_mg_per_kg: Decimal = setting(
        CEILING_FROM_65, "ceiling from 65 on or when frail", "mg/kg", (_D("0.25"), CEILING_FROM_65), "8b"
    )
    bar_systolic: int = setting(165, "systolic: no rise after it", "mmHg", (140, 165), "8b [F:ROD20]")
    bar_diastolic: int = setting(100, "diastolic: no rise after it", "mmHg", (90, 100), "8b [F:ROD20]")
    down_systolic: int = setting(180, "systolic: step down after it", "mmHg", (160, 180), "1.1")
    down_diastolic: int = setting(110, "diastolic: step down after it", "mmHg", (100, 110), "1.1")
    lowest_spo2: int = setting(94, "oxygen saturation: no rise under it", "%", (94, 97), "8b")
    baseline_days: int = setting(14, "oldest baseline rating before the first dose", "days", (7, 14), "5.2")
    partial_pct: int = setting(25, "less is futile, from here on partial", "%", (20, 35), "1.6, 8b")
    futile_after: int = setting(6, "doses after which futility is judged", "doses", (4, 6), "1.6")
    futile_after_high: int = setting(4, "the same at a high dose", "doses", (2, 4), "1.6")
    high_mg_per_kg: Decimal = setting(
        _D("0.75"), "what counts as a high dose", "mg/kg", (_D("0.5"), _D("1.0")), "1.6"
    )
    added_doses: int = setting(2, "doses a partial responder may get added", "doses", (0, 2), "1.6")
    review_after_days: int = setting(7, "end-of-induction review after the last dose", "days", (7, 14), "1.6")
    authorised_days: int = setting(91, "before maintenance is re-authorised", "days", (28, 91), _MONTHS)
    spacing_days: int = setting(60, "by then at most one dose a week", "days", (28, 61), "month 2 [M:SAN17]")
    relapse_days: int = setting(14, "between two ratings that show a relapse", "days", (14, 28), "7")
    cumulative_every: int = setting(12, "lifetime doses between two reviews", "doses", (6, 12), "7")
    bladder_score: int = setting(19, "BPIC-SS that pauses dosing", "points", (10, 19), "7 [M:HUM12]")
    liver_stop_multiple: int = setting(
        5, "ALT times its upper limit that stops dosing", "times", (3, 5), "1.6"
    )
    check_days: int = setting(
        91, "between urine, liver and prescription checks", "days", (28, 91), "7: every 3 months"
    )
    mid_course_before: int = setting(4, "mid-course check before this dose", "doses", (2, 4), "1.6")
    month_review_days: int = setting(28, "one-month review after the last dose", "days", (14, 28), "1.6, 7")
    late_review_days: tuple[int, ...] = setting(
        (91, 182, 364), "late reviews and cognition checks, from day 0", "days", (42, 364), "1.6, 7"
    )
    weekly_doses: int = setting(
        4, "weekly maintenance doses before the taper", "doses", (1, 4), "1.6 [F:PHI19]"
    )
    fortnightly_doses: int = setting(2, "then doses every two weeks", "doses", (0, 2), "1.6")
    monthly_days: int = setting(28, "then one dose in so many days", "days", (28, 91), "1.6")

    def __post_init__(self) -> None:
        check_allowed(self)
        if len(self.late_review_days) != 3 or list(self.late_review_days) != sorted(
            set(self.late_review_days)
        ):
            raise ConfigError("The late reviews are three days, each later than the one before.")

    @property
    def maintenance(self) -> Ladder:
        """Days between maintenance doses and for how many doses; the last for as long as it goes on."""
        steps = ((WEEK, self.weekly_doses), (2 * WEEK, self.fortnightly_doses), (self.monthly_days, None))
        return tuple((days, count) for days, count in steps if count != 0)


# The label's weeks 5 to 8 and after, 1.3 [F:SPRHCP]: no site's to set.
ESKETAMINE_MAINTENANCE: Ladder = ((WEEK, 4), (2 * WEEK, None))
