"""Mutants of suicide risk, blood pressure, pregnancy, diagnoses and medication."""

from __future__ import annotations

from tests.golden.mutants import (
    HCG,
    INTENT,
    LIFETIME,
    METHOD,
    NO,
    PLAN,
    THOUGHTS,
    THREE_MONTHS,
    WISH,
    YES,
    Case,
    mutant,
)

GAD_ALONE = "CBT_ONLY:CBT_GAD_14"
LAST_YEAR = {"status": "completed", "start": "2025-01-01", "end": "2025-04-01"}
NOTHING = {"protocol": "NONE", "route": None, "infusions": 0, "dose_mg": None, "dates": []}


@mutant("A01", "SI_HIGH", schedule_state="held")
def intent_without_a_plan(c: Case) -> None:
    c.also(INTENT, YES)


@mutant("A01", "SI_HIGH")
def intent_three_weeks_ago_and_an_all_no_since(c: Case) -> None:
    c.also(INTENT, YES, "2026-01-26")
    for item in (METHOD, INTENT, PLAN, THREE_MONTHS):
        c.also(item, NO, "2026-02-12")


@mutant("A01")
def intent_31_days_ago(c: Case) -> None:
    c.also(INTENT, YES, "2026-01-16")


@mutant("A01", "SI_HIGH")
def behaviour_90_days_ago(c: Case) -> None:
    c.also(THREE_MONTHS, YES, "2025-11-18")


@mutant("A01", "SI_HIGH WORKUP_INCOMPLETE")
def behaviour_ever_and_lately_unanswered(c: Case) -> None:
    c.instead(LIFETIME, YES, "2026-02-12")


@mutant("A01", "SI_MODERATE")
def behaviour_ever_but_not_lately(c: Case) -> None:
    c.instead(LIFETIME, YES, "2026-02-12")
    c.also(THREE_MONTHS, NO, "2026-02-12")


@mutant("A01", "SI_LOW")
def a_wish_to_be_dead(c: Case) -> None:
    c.instead(WISH, YES, "2026-02-12")


@mutant("A01", "SI_LOW WORKUP_INCOMPLETE")
def thoughts_and_nothing_asked_further(c: Case) -> None:
    c.instead(THOUGHTS, YES, "2026-02-12")


@mutant("A01", "PHQ9_ITEM9_POSITIVE")
def item_nine_after_the_last_screen(c: Case) -> None:
    c.also("44260-8", 1, "2026-02-14")


@mutant("A06", "PSYCHOSIS_SPECTRUM", decision="blocked", alternative_plan="REFER_PSYCHOSIS_SERVICE")
def suicide_risk_in_a_blocked_patient(c: Case) -> None:
    """It is shown though it does not decide: `first_finding` is checked besides."""
    c.also(PLAN, YES)


# --- blood pressure ---------------------------------------------------------------------------------------


@mutant("A01")
def three_readings_that_fall(c: Case) -> None:
    c.pressures((185, 100, "2026-02-16T10:00"), (150, 88, "2026-02-16T10:10"), (138, 86, "2026-02-16T10:20"))


@mutant("A01", "BP_CRISIS", decision="blocked", ketamine=NOTHING, cbt=None)
def a_crisis_five_minutes_apart(c: Case) -> None:
    c.pressures((184, 98, "2026-02-16T10:00"), (170, 111, "2026-02-16T10:05"))


@mutant("A01", "BP_HOLD_GE_160_100", schedule_state="held")
def two_critical_readings_four_minutes_apart(c: Case) -> None:
    c.pressures((184, 112, "2026-02-16T10:00"), (182, 111, "2026-02-16T10:04"))


@mutant("A01", "BP_HOLD_GE_160_100")
def one_critical_reading(c: Case) -> None:
    c.pressures((210, 125, "2026-02-16T10:00"))


@mutant("A01", "BP_CRISIS", decision="blocked")
def a_crisis_with_a_calm_third_reading(c: Case) -> None:
    """Two readings ten minutes apart, both critical: what came after does not take it back."""
    c.pressures((184, 112, "2026-02-16T10:00"), (182, 111, "2026-02-16T10:10"), (138, 85, "2026-02-16T10:20"))


@mutant("A01", "BP_GT_140_90")
def the_lower_of_two_each(c: Case) -> None:
    c.pressures((165, 95, "2026-02-16T10:00"), (158, 102, "2026-02-16T10:20"))


# --- pregnancy ------------------------------------------------------------------------------------------


@mutant("A01", "PREGNANCY_UNCERTAIN")
def hcg_of_12(c: Case) -> None:
    c.also("2118-8", 12, "2026-02-14", ucum="[IU]/L")


@mutant("A01", "PREGNANCY", decision="blocked", alternative_plan=GAD_ALONE, ketamine=NOTHING)
def hcg_of_25(c: Case) -> None:
    c.also("2118-8", 25, "2026-02-14", ucum="[IU]/L")


@mutant("A01", "PREGNANCY_UNCERTAIN")
def positive_then_negative(c: Case) -> None:
    c.also(HCG, "positive", "2026-02-01")
    c.also(HCG, "negative", "2026-02-12")


@mutant("A01", "PREGNANCY", decision="blocked")
def positive_42_days_ago(c: Case) -> None:
    c.also(HCG, "positive", "2026-01-05")


@mutant("A01", "WORKUP_INCOMPLETE")
def positive_43_days_ago(c: Case) -> None:
    c.also(HCG, "positive", "2026-01-04")


@mutant("A02", "WORKUP_INCOMPLETE")
def a_man_by_gender_born_female(c: Case) -> None:
    """US Core birthsex decides who is tested."""
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
    c.person(extension=[{"url": url, "valueCode": "F"}])


# --- diagnoses ------------------------------------------------------------------------------------------


@mutant("A01", "PSYCHOSIS_SPECTRUM", decision="blocked", alternative_plan="REFER_PSYCHOSIS_SERVICE")
def schizophrenia_of_the_past_in_icd_only(c: Case) -> None:
    c.condition("Schizophrenia", icd="F20.9", clinicalStatus="inactive")


@mutant("A01")
def schizophrenia_refuted(c: Case) -> None:
    c.condition("Schizophrenia", "58214004", "F20.9", verificationStatus="refuted")


@mutant("A09", "AGE_LT_18 PSYCHOSIS_SPECTRUM", decision="blocked", alternative_plan="REFER_PSYCHOSIS_SERVICE")
def seventeen_with_psychosis(c: Case) -> None:
    c.condition("Brief psychotic disorder", icd="F23")


@mutant("A01", "WORKUP_INCOMPLETE")
def a_condition_in_words_only(c: Case) -> None:
    c.condition("Heart trouble")


@mutant("A01", "WORKUP_INCOMPLETE")
def a_past_condition_in_words_only(c: Case) -> None:
    c.condition("Voices, treated 2011", clinicalStatus="resolved")


@mutant("A02", "SUD_HISTORY")
def alcohol_dependence_in_remission(c: Case) -> None:
    c.condition("Alcohol dependence, in remission", icd="F10.21")


@mutant("A02", "SUD_ACTIVE", decision="blocked", alternative_plan="CBT_ONLY:CBT_SAD_14")
def hallucinogen_dependence_even_in_remission(c: Case) -> None:
    """F16.2* is the ketamine and PCP row: ever active."""
    c.condition("Hallucinogen dependence, in remission", icd="F16.21")


@mutant("A02", "QTC_GT_500", schedule_state="held")
def a_long_qtc(c: Case) -> None:
    c.also("8636-3", 505, "2026-01-20", ucum="ms", display="QTc")


# --- medication and allergies -----------------------------------------------------------------------------


@mutant("A01", "INTERACTION_BENZODIAZEPINE")
def a_benzodiazepine(c: Case) -> None:
    c.medication("alprazolam 0.5 mg", "596", start="2025-11-01")


@mutant("A01")
def a_benzodiazepine_stopped(c: Case) -> None:
    c.medication("alprazolam 0.5 mg", "596", "stopped", start="2025-01-01", end="2025-03-01")


@mutant("A01", "MEDICATION_UNMAPPED")
def a_drug_in_words_only(c: Case) -> None:
    c.medication("St John's wort 300 mg three times a day", start="2025-11-01")


@mutant("A01", info="INTERACTION_CYP_INHIBITOR")
def a_cyp_inhibitor_with_an_infusion(c: Case) -> None:
    c.medication("clarithromycin 500 mg", "21212", start="2026-02-10")


@mutant("A01", "PRIOR_NMDA_EXPOSURE PRIOR_NMDA_NONRESPONSE CUMULATIVE_DOSE_REVIEW")
def thirteen_administrations_without_benefit(c: Case) -> None:
    words = "ketamine IV, 13 administrations"
    c.medication(
        words, "6130", "completed", start="2025-01-01", end="2025-04-01", outcome="<25 % improvement"
    )


@mutant("A01", "PRIOR_NMDA_EXPOSURE")
def twelve_administrations_with_some(c: Case) -> None:
    words = "ketamine IV, 12 administrations"
    c.medication(
        words, "6130", "completed", start="2025-01-01", end="2025-04-01", outcome="<50 % improvement"
    )


@mutant("A15")
def an_allergy_refuted(c: Case) -> None:
    c.record["allergies_override"][0]["verificationStatus"] = "refuted"
    c.record["allergies_override"].append({"display": "No known allergy (asserted)", "date": "2026-02-12"})


@mutant("A01", "WORKUP_INCOMPLETE")
def no_allergy_list(c: Case) -> None:
    c.record["allergies_override"] = []
