"""House defaults of the screens: facts 3.1, 3.3, 4.2 and 8b. A site may set them within what is allowed.

Towards caution a site is free; the looser edge of each range is the paper's own number, or for the age of a
result a house bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ketplan.clinical.setting import check_allowed, setting

Limit = tuple[Decimal, Decimal]
_NEAREST = "8b; nearest published is 165/100 [F:ROD20]"


@dataclass(frozen=True, slots=True)
class PressureLimits:
    """The blood-pressure ladder, mmHg, before a dose and at assessment. Raises ConfigError beyond a range;
    the ranges of its rungs do not cross."""

    review_systolic: int = setting(
        140, "systolic above this is reviewed", "mmHg", (120, 140), "4.2 [F:JANSCI]"
    )
    review_diastolic: int = setting(
        90, "diastolic above this is reviewed", "mmHg", (80, 90), "4.2 [F:JANSCI]"
    )
    review_systolic_over_65: int = setting(
        150, "systolic above this is reviewed over 65", "mmHg", (120, 150), "4.2 [F:JANSCI]"
    )
    hold_systolic: int = setting(160, "systolic from here on holds", "mmHg", (141, 160), _NEAREST)
    hold_diastolic: int = setting(100, "diastolic from here on holds", "mmHg", (91, 100), _NEAREST)
    crisis_systolic: int = setting(180, "systolic of a crisis, twice", "mmHg", (160, 180), "8b")
    crisis_diastolic: int = setting(110, "diastolic of a crisis, twice", "mmHg", (100, 110), "8b")
    repeat_minutes: int = setting(5, "between two readings that count as two", "min", (5, 15), "8b")
    rest_minutes: int = setting(15, "rest before a raised reading is repeated", "min", (15, 60), "4.2")
    crisis_diagnosis_days: int = setting(30, "a diagnosed crisis counts for", "days", (30, 365), "3.1")

    def __post_init__(self) -> None:
        check_allowed(self)

    @property
    def review(self) -> Limit:
        return Decimal(self.review_systolic), Decimal(self.review_diastolic)

    @property
    def review_over_65(self) -> Limit:
        return Decimal(self.review_systolic_over_65), Decimal(self.review_diastolic)

    @property
    def hold(self) -> Limit:
        return Decimal(self.hold_systolic), Decimal(self.hold_diastolic)

    @property
    def crisis(self) -> Limit:
        return Decimal(self.crisis_systolic), Decimal(self.crisis_diastolic)

    @property
    def apart(self) -> timedelta:
        return timedelta(minutes=self.repeat_minutes)

    @property
    def rest(self) -> timedelta:
        return timedelta(minutes=self.rest_minutes)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old each item of the work-up may be, in days, at the as-of date. Raises ConfigError beyond a
    range."""

    evaluation: int = setting(90, "oldest psychiatric evaluation", "days", (7, 180), "3.3")
    consent: int = setting(90, "oldest consent", "days", (1, 90), "8b")
    pdmp: int = setting(
        30, "oldest prescription monitoring review", "days", (1, 91), "3.3; 7: every 3 months"
    )
    vitals: int = setting(30, "oldest pressure, heart rate, saturation", "days", (1, 30), "3.3")
    liver: int = setting(90, "oldest ALT and AST", "days", (7, 180), "3.3")
    renal: int = setting(90, "oldest creatinine or eGFR", "days", (7, 180), "3.3")
    thyroid: int = setting(365, "oldest TSH", "days", (30, 730), "3.3")
    urine_drugs: int = setting(30, "oldest urine drug screen", "days", (1, 91), "3.3")
    pregnancy: int = setting(7, "oldest pregnancy test", "days", (1, 7), "3.3, 8b")
    ecg: int = setting(365, "oldest ECG", "days", (7, 365), "within a year [F:NMDA]")
    scales: int = setting(14, "oldest questionnaire and C-SSRS", "days", (1, 28), "3.3, 5.2")

    def __post_init__(self) -> None:
        check_allowed(self)


@dataclass(frozen=True, slots=True)
class WeightLimits:
    """When a weight is doubtful or no weight to dose on. Raises ConfigError beyond a range."""

    fresh_days: int = setting(90, "older, the dose is provisional", "days", (1, 90), "3.1")
    longest_days: int = setting(365, "older, there is no dose", "days", (90, 365), "3.1")
    change_days: int = setting(90, "a change of weight is looked for within", "days", (90, 365), "3.1")
    change_pct: int = setting(15, "change of weight that is doubtful", "%", (5, 15), "3.1")
    lowest_kg: int = setting(30, "a lower weight is doubtful", "kg", (30, 50), "3.1")
    highest_kg: int = setting(300, "a higher weight is doubtful", "kg", (150, 300), "3.1")
    lowest_bmi: int = setting(12, "a lower body mass index is doubtful", "", (12, 18), "3.1")
    highest_bmi: int = setting(70, "a higher body mass index is doubtful", "", (40, 70), "3.1")

    def __post_init__(self) -> None:
        check_allowed(self)

    @property
    def kg(self) -> Limit:
        return Decimal(self.lowest_kg), Decimal(self.highest_kg)

    @property
    def bmi(self) -> Limit:
        return Decimal(self.lowest_bmi), Decimal(self.highest_bmi)


@dataclass(frozen=True, slots=True)
class ResultLimits:
    """Results from which a finding is made. Raises ConfigError beyond a range."""

    qtc_hold: int = setting(500, "QTc above this holds", "ms", (470, 500), "8b")
    qtc_review: int = setting(470, "QTc from here on is reviewed", "ms", (430, 470), "8b")
    egfr: int = setting(30, "eGFR under this is reviewed", "mL/min/1.73 m²", (30, 90), "8b")
    liver_multiple: int = setting(3, "ALT or AST above so many upper limits", "times", (1, 3), "3.1")
    spo2: int = setting(94, "oxygen saturation under this is reviewed", "%", (94, 98), "3.1")
    bladder_score: int = setting(19, "BPIC-SS from here on is reviewed", "points", (10, 19), "3.1 [M:HUM12]")
    lifetime_doses: int = setting(12, "more known lifetime doses are reviewed", "doses", (1, 12), "8b")

    def __post_init__(self) -> None:
        check_allowed(self)


@dataclass(frozen=True, slots=True)
class EntryTotals:
    """The lowest total of each disorder's scale at which an induction is usual; below it is reviewed (8b)."""

    gad_7: int = setting(10, "GAD-7 under this is reviewed", "points", (5, 15), "8b; bands of 5.1")
    lsas: int = setting(51, "LSAS under this is reviewed", "points", (30, 60), "8b; cuts of 5.1")
    pdss: int = setting(11, "PDSS under this is reviewed", "points", (6, 14), "8b; bands of 5.1")
    y_bocs: int = setting(16, "Y-BOCS under this is reviewed", "points", (8, 24), "8b; bands of 5.1")
    pcl_5: int = setting(31, "PCL-5 under this is reviewed", "points", (29, 33), "8b; 5.1 [F:MARX22]")
    smsp: int = setting(20, "phobia measure under this is reviewed", "points", (10, 30), "8b")

    def __post_init__(self) -> None:
        check_allowed(self)

    def of(self, scale_id: str) -> int:
        """The entry total of a disorder's scale by its id ("GAD-7"). Raises AttributeError for another."""
        total: int = getattr(self, scale_id.lower().replace("-", "_"))
        return total
