"""Mutants of what was tried, which diagnosis leads, scales, logistics, and of no patient for a plan."""

from __future__ import annotations

from tests.golden.mutants import Case, mutant

SERTRALINE = {"rxnorm": "36437", "display": "sertraline 200 mg/day", "status": "stopped"}
PAROXETINE = {"rxnorm": "32937", "display": "paroxetine 60 mg/day", "status": "stopped"}
LONG = {"start": "2023-10-01", "end": "2024-02-15"}
NO_KETAMINE = {"protocol": "NONE", "route": None, "infusions": 0, "dose_mg": None, "mg_per_kg": None}
GAD, SAD, OCD = "21897009", "25501002", "191736004"


def weekly(sessions: int) -> list[int]:
    return [7 * n for n in range(sessions)]


# --- treatment resistance -----------------------------------------------------------------------------------


@mutant("A01", "TR_CRITERION_NOT_MET", alternative_plan="CBT_ONLY:CBT_GAD_14", ketamine=NO_KETAMINE)
def the_same_drug_twice(c: Case) -> None:
    c.tried(SERTRALINE | LONG, SERTRALINE | {"start": "2024-06-01", "end": "2024-12-01"})


@mutant("A01", "TR_CRITERION_NOT_MET")
def fifty_five_days(c: Case) -> None:
    c.tried(SERTRALINE | LONG, PAROXETINE | {"start": "2024-06-01", "end": "2024-07-26"})


@mutant("A01")
def fifty_six_days(c: Case) -> None:
    c.tried(SERTRALINE | LONG, PAROXETINE | {"start": "2024-06-01", "end": "2024-07-27"})


@mutant(
    "A10",
    "TR_CRITERION_NOT_MET",
    alternative_plan="CBT_ONLY:ERP_OCD_17",
    ketamine=NO_KETAMINE | {"dosing_weight_kg": 82.0, "dosing_weight_basis": "actual"},
    cbt={"protocol": "ERP_OCD_17", "day_offsets": weekly(17), "total_minutes": 1050},
)
def paroxetine_for_60_days_in_ocd(c: Case) -> None:
    c.tried(SERTRALINE | LONG, PAROXETINE | {"start": "2024-06-01", "end": "2024-07-31"})


@mutant("A10")
def paroxetine_for_84_days_in_ocd(c: Case) -> None:
    c.tried(SERTRALINE | LONG, PAROXETINE | {"start": "2024-06-01", "end": "2024-08-24"})


@mutant("A10", "TR_CRITERION_NOT_MET")
def exposure_that_helped_by_a_third_or_more(c: Case) -> None:
    """Less than 50 % is not less than the 35 % of OCD."""
    c.therapy("Prior ERP, 15 sessions, <50 % Y-BOCS reduction", "ERP", 15)


@mutant("A01", "TR_CRITERION_NOT_MET")
def seven_sessions(c: Case) -> None:
    c.therapy("CBT, 7 sessions, <50 % improvement", "CBT", 7)


@mutant("A01")
def eight_sessions(c: Case) -> None:
    c.therapy("CBT, 8 sessions, <50 % improvement", "CBT", 8)


@mutant("A11", "TR_CRITERION_NOT_MET", cbt={"protocol": "PE_PTSD_10", "day_offsets": weekly(10)})
def therapy_for_ptsd_that_was_not_trauma_focused(c: Case) -> None:
    c.therapy("CBT, 14 sessions, <50 % improvement", "CBT", 14)


# --- panic, phobia ----------------------------------------------------------------------------------------


@mutant(
    "A02",
    "EVIDENCE_VERY_LOW",
    ketamine={"protocol": "IV6_2PW", "dose_mg": 42},
    cbt={"protocol": "CBT_PANIC_12", "sessions": 12, "total_minutes": 720},
    alternative_plan=None,
)
def panic_disorder(c: Case) -> None:
    """Drafted at once; the evidence is resolved before anything is written."""
    c.diagnosis("Panic disorder", "371631005", "F41.0")
    c.scale("PDSS", 18)


@mutant("A02", "EVIDENCE_VERY_LOW SEVERITY_BELOW_ENTRY")
def mild_panic_disorder(c: Case) -> None:
    c.diagnosis("Panic disorder with agoraphobia", icd="F40.01")
    c.scale("PDSS", 10)


@mutant(
    "A12",
    "EVIDENCE_INSUFFICIENT TR_CRITERION_NOT_MET",
    alternative_plan="CBT_ONLY:OST_PHOBIA_4_CBTONLY",
    cbt={"protocol": "OST_PHOBIA_4_CBTONLY", "day_offsets": [0, 7, 14, 28]},
    override_plan=None,
)
def phobia_without_exposure(c: Case) -> None:
    c.therapy("CBT, 14 sessions, <50 % improvement", "CBT", 14)


@mutant("A12", "EVIDENCE_INSUFFICIENT")
def phobia_without_any_drug_trial(c: Case) -> None:
    c.tried({"rxnorm": "161", "display": "acetaminophen 500 mg", "status": "active", "outcome": None})


@mutant("A12", "EVIDENCE_INSUFFICIENT NO_ESCORT INTERACTION_BENZODIAZEPINE WEIGHT_MISSING HEIGHT_MISSING")
def phobia_is_judged_as_the_others_are(c: Case) -> None:
    c.medication("lorazepam 1 mg", "6470", start="2025-12-01")
    c.forget("Body")
    c.record["logistics"] = {"escort_confirmed": False}


# --- several diagnoses --------------------------------------------------------------------------------------


@mutant(
    "A02",
    "MULTI_DX_PRINCIPAL_UNSPECIFIED",
    cbt=None,
    cbt_candidates=["CBT_GAD_14", "CBT_SAD_14"],
    ketamine={"protocol": "IV6_2PW", "infusions": 6, "dose_mg": 42},
)
def gad_and_sad_none_named(c: Case) -> None:
    c.condition("Generalized anxiety disorder", GAD, "F41.1")


@mutant("A02", cbt={"protocol": "CBT_GAD_14", "total_minutes": 840}, ketamine={"protocol": "IV6_2PW"})
def gad_and_sad_with_gad_named(c: Case) -> None:
    c.condition("Generalized anxiety disorder", GAD, "F41.1")
    c.principal(GAD)


@mutant("A02", cbt={"protocol": "CBT_SAD_14"}, cbt_candidates=[])
def gad_and_sad_with_sad_named(c: Case) -> None:
    c.condition("Generalized anxiety disorder", GAD, "F41.1")
    c.principal(SAD)


@mutant(
    "A02",
    "MULTI_DX_PRINCIPAL_UNSPECIFIED TR_CRITERION_NOT_MET WORKUP_INCOMPLETE",
    cbt=None,
    ketamine=NO_KETAMINE,
    followups=[],
)
def sad_and_ocd_none_named(c: Case) -> None:
    """No exposure course, no Y-BOCS, and two different default protocols."""
    c.condition("Obsessive-compulsive disorder", OCD, "F42.2")


@mutant("A01", info="COMORBID_TRD_LABELLED_OPTION", ketamine={"protocol": "IV6_2PW"})
def resistant_depression_besides(c: Case) -> None:
    c.condition("Treatment resistant depression", "1153570009")


# --- scales and logistics -----------------------------------------------------------------------------------


@mutant("A02", "WORKUP_INCOMPLETE")
def an_lsas_of_15_days(c: Case) -> None:
    c.scale("LSAS-SR", 96, "2026-02-01")


@mutant("A02")
def an_lsas_of_14_days(c: Case) -> None:
    c.scale("LSAS-SR", 96, "2026-02-02")


@mutant("A02", "SEVERITY_BELOW_ENTRY")
def an_lsas_of_50(c: Case) -> None:
    c.scale("LSAS-SR", 50)


@mutant("A01", "NO_ESCORT")
def no_companion(c: Case) -> None:
    c.record["logistics"] = {"escort_confirmed": False}


@mutant("A01", "TR_CRITERION_NOT_MET WORKUP_INCOMPLETE")
def no_medication_list(c: Case) -> None:
    c.std["medications"] = []


# --- nobody to plan for -------------------------------------------------------------------------------------


@mutant("A01", "NO_TARGET_DISORDER", ketamine=NO_KETAMINE, cbt=None, followups=[], alternative_plan=None)
def depression_only(c: Case) -> None:
    c.diagnosis("Major depression", "370143000", "F33.2")


@mutant("A01", "NO_TARGET_DISORDER WORKUP_INCOMPLETE", ketamine=NO_KETAMINE)
def anxiety_of_no_stated_kind(c: Case) -> None:
    c.diagnosis("Anxiety", "48694002", "F41.9")


@mutant("A12", "NO_TARGET_DISORDER WORKUP_INCOMPLETE", ketamine=NO_KETAMINE)
def phobia_of_no_stated_kind(c: Case) -> None:
    c.diagnosis("Phobia", "386808001")


@mutant("A01", ketamine={"protocol": "IV6_2PW"})
def a_snomed_miss_beside_an_icd_hit(c: Case) -> None:
    c.diagnosis("Anxiety", "48694002", "F41.1")


@mutant("A01", "NO_TARGET_DISORDER")
def a_disorder_in_remission(c: Case) -> None:
    c.diagnosis("Generalized anxiety disorder", GAD, "F41.1", clinicalStatus="remission")


@mutant("A01", "PATIENT_DECEASED", decision="blocked", alternative_plan=None, ketamine=NO_KETAMINE, cbt=None)
def the_dead(c: Case) -> None:
    c.person(deceasedDateTime="2026-02-01")


@mutant("A01", write_allowed_after_clinician_signature=True)
def nothing_changed(c: Case) -> None:
    """The control."""
