"""Mutants of weight, height, age and dose."""

from __future__ import annotations

from tests.golden.mutants import CONSENT, HEIGHT, WEIGHT, Case, mutant

NO_DOSE = {
    "dosing_weight_kg": None,
    "dosing_weight_basis": None,
    "dose_mg_unrounded": None,
    "dose_mg": None,
    "infusions": 6,
}
JANE = {"dosing_weight_kg": 68.0, "dosing_weight_basis": "actual", "dose_mg_unrounded": 34.0, "dose_mg": 34}


@mutant("A01", info="UNIT_CONVERTED", ketamine=JANE)
def weight_in_grams(c: Case) -> None:
    c.instead(WEIGHT, 68000, ucum="g")


@mutant("A01", info="UNIT_CONVERTED", ketamine=JANE)
def height_in_inches(c: Case) -> None:
    c.instead(HEIGHT, 65, ucum="[in_i]")


@mutant("A01", info="UNIT_CONVERTED", ketamine=JANE)
def height_in_metres(c: Case) -> None:
    c.instead(HEIGHT, 1.65, ucum="m")


@mutant("A01", "HEIGHT_MISSING", ketamine=JANE | {"provisional": True})
def no_height(c: Case) -> None:
    c.forget(HEIGHT)


@mutant(
    "A02",
    "DOSE_WEIGHT_BASIS_BMI_GE_30",
    info="OSA_SCREEN_DUE",
    no="UNIT_CONVERTED",
    ketamine={"dosing_weight_kg": 74.99, "dose_mg_unrounded": 37.5, "dose_mg": 37},
)
def pounds_entered_as_kilograms(c: Case) -> None:
    """A body mass index of 57.1; Devine 50 + 2.3 × (180/2.54 − 60) = 74.992 kg."""
    c.instead(WEIGHT, 185, ucum="kg")


@mutant("A01", "WEIGHT_IMPLAUSIBLE", ketamine=NO_DOSE)
def weight_without_a_unit(c: Case) -> None:
    c.instead(WEIGHT, 68)


@mutant("A01", ketamine=JANE | {"provisional": False})
def weight_of_90_days(c: Case) -> None:
    c.instead(WEIGHT, 68.0, "2025-11-18", ucum="kg")


@mutant("A01", "WEIGHT_STALE_91_365D", ketamine=JANE | {"provisional": True})
def weight_of_91_days(c: Case) -> None:
    c.instead(WEIGHT, 68.0, "2025-11-17", ucum="kg")


@mutant("A01", "WEIGHT_STALE_91_365D", ketamine=JANE | {"provisional": True})
def weight_of_365_days(c: Case) -> None:
    c.instead(WEIGHT, 68.0, "2025-02-16", ucum="kg")


@mutant("A01", "WEIGHT_STALE_GT_365D", no="OSA_SCREEN_DUE", ketamine=NO_DOSE)
def a_heavy_weight_of_366_days(c: Case) -> None:
    """No dosing weight, no basis, no dose, and no finding on the body mass index."""
    c.instead(WEIGHT, 118.0, "2025-02-15", ucum="kg")


@mutant("A01", ketamine=JANE)
def an_older_weight_beside_the_newest(c: Case) -> None:
    c.also(WEIGHT, 61.0, "2025-06-01", ucum="kg")


@mutant("A01", "WEIGHT_IMPLAUSIBLE")
def a_sixth_lost_in_two_months(c: Case) -> None:
    c.also(WEIGHT, 81.6, "2025-12-20", ucum="kg")


@mutant(
    "A01",
    "DOSE_WEIGHT_BASIS_BMI_GE_30",
    no="OSA_SCREEN_DUE",
    ketamine={"dosing_weight_kg": 56.91, "dose_mg_unrounded": 28.45, "dose_mg": 28, "mg_per_kg": 0.5},
)
def body_mass_index_of_exactly_30(c: Case) -> None:
    c.instead(WEIGHT, 81.675, ucum="kg")


@mutant("A01", ketamine={"dosing_weight_basis": "actual", "dosing_weight_kg": 81.67, "dose_mg": 41})
def body_mass_index_just_below_30(c: Case) -> None:
    c.instead(WEIGHT, 81.67, ucum="kg")


@mutant("A02", "DOSE_ABS_GT_80", ketamine={"dose_mg": 85, "dosing_weight_basis": "actual"})
def a_very_tall_man(c: Case) -> None:
    c.instead(WEIGHT, 170, ucum="kg")
    c.instead(HEIGHT, 240, ucum="cm")


# --- age ------------------------------------------------------------------------------------------------


@mutant("A01", ketamine=JANE | {"mg_per_kg": 0.5})
def sixty_five_tomorrow(c: Case) -> None:
    c.born("1961-02-17", 64)


@mutant("A01", "AGE_GE_65", ketamine={"mg_per_kg": 0.25, "dose_mg_unrounded": 17.0, "dose_mg": 17})
def sixty_five_today(c: Case) -> None:
    c.born("1961-02-16", 65)


@mutant("A01", "AGE_GE_65 BP_GT_140_90")
def sixty_five_at_148_over_80(c: Case) -> None:
    c.born("1961-02-16", 65)
    c.pressures((148, 80, "2026-02-16T10:00"))


@mutant("A01", "AGE_GE_65", no="BP_GT_140_90")
def sixty_six_at_148_over_80(c: Case) -> None:
    c.born("1960-02-16", 66)
    c.pressures((148, 80, "2026-02-16T10:00"))


@mutant("A09", "WORKUP_INCOMPLETE", no="AGE_LT_18", alternative_plan=None)
def eighteen_on_day_0(c: Case) -> None:
    """Of age at the start, but the consent was given at seventeen."""
    c.born("2008-03-02", 17)


@mutant("A09", "AGE_LT_18", decision="blocked", alternative_plan="REFER_CHILD_ADOLESCENT_SERVICE", cbt=None)
def eighteen_a_day_late(c: Case) -> None:
    c.born("2008-03-03", 17)


@mutant("A05", "BP_HOLD_GE_160_100 WORKUP_INCOMPLETE")
def fifty_five_with_an_old_ecg(c: Case) -> None:
    c.instead("11524-6", "normal", "2025-02-15", display="ECG study")


@mutant("A01")
def thirty_four_without_an_ecg(c: Case) -> None:
    c.forget("11524-6")


@mutant("A01", "WORKUP_INCOMPLETE")
def consent_before_the_evaluation(c: Case) -> None:
    c.act(CONSENT, "Consent for procedure given (off-label ketamine, documented)", "2026-02-10")


@mutant("A01", "WORKUP_INCOMPLETE")
def consent_that_names_nothing(c: Case) -> None:
    c.act(CONSENT, "Consent for procedure given", "2026-02-13")


@mutant(
    "A01",
    start="2026-03-06",
    ketamine={"dates": ["2026-03-06", "2026-03-09", "2026-03-13", "2026-03-16", "2026-03-20", "2026-03-23"]},
)
def a_start_on_a_friday(c: Case) -> None:
    """Target dates by the weekend rule: day 3 is a Monday, day 10 a Monday, day 17 a Monday."""
