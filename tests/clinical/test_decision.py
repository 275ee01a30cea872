"""The decision model of protocol facts 3.1 and the list of findings, copied from the papers."""

from __future__ import annotations

from itertools import product

import pytest

from ketplan.clinical.findings import Decision, Finding, FindingClass, decide
from ketplan.clinical.rules import RULES

BLOCK = (
    "AGE_LT_18 ALLERGY_KETAMINE PREGNANCY BREASTFEEDING ANEURYSM_AVM ICH_HISTORY BP_CRISIS UNSTABLE_CARDIAC"
    " RAISED_ICP PSYCHOSIS_SPECTRUM MANIA_CURRENT SUD_ACTIVE DELIRIUM_DEMENTIA HEPATIC_SEVERE PREECLAMPSIA"
    " PATIENT_DECEASED"
)
HOLD = "BP_HOLD_GE_160_100 SI_HIGH REMS_NOT_CONFIRMED"
REVIEW = (
    "BP_GT_140_90 HYPERTHYROID LUTS_OR_CYSTITIS GLAUCOMA_IOP SEIZURE RESPIRATORY_OSA HEPATIC_MODERATE BIPOLAR"
    " SUD_HISTORY UDS_UNEXPECTED COGNITION_LOW AGE_GE_65 FRAILTY WEIGHT_MISSING WEIGHT_STALE_91_365D"
    " WEIGHT_STALE_GT_365D WEIGHT_IMPLAUSIBLE DOSE_WEIGHT_BASIS_BMI_GE_30 INTERACTION_BENZODIAZEPINE"
    " INTERACTION_LAMOTRIGINE INTERACTION_MAOI INTERACTION_STIMULANT INTERACTION_CNS_DEPRESSANT"
    " INTERACTION_OPIOID_ANTAGONIST INTERACTION_CYP_INHIBITOR INTERACTION_CYP_INDUCER"
    " INTERACTION_THEOPHYLLINE"
    " PRIOR_NMDA_EXPOSURE PRIOR_NMDA_NONRESPONSE MULTI_DX_PRINCIPAL_UNSPECIFIED TR_CRITERION_NOT_MET"
    " EVIDENCE_VERY_LOW EVIDENCE_INSUFFICIENT ROUTE_AMBIGUOUS_IN ESK_OFF_LABEL_ANXIETY ORAL_COMPOUNDED"
    " WORKUP_INCOMPLETE NO_ESCORT SI_MODERATE SI_LOW PHQ9_ITEM9_POSITIVE MEDICATION_UNMAPPED"
    " SEVERITY_BELOW_ENTRY HEIGHT_MISSING DOSE_ABS_GT_80 CUMULATIVE_DOSE_REVIEW NO_TARGET_DISORDER"
)
INFO = (
    "OFF_LABEL EVIDENCE_LOW EVIDENCE_MIXED DSM5_CLASS_OCD DSM5_CLASS_TRAUMA UNIT_CONVERTED"
    " COMORBID_TRD_LABELLED_OPTION OSA_SCREEN_DUE INTERACTION_ANTIPSYCHOTIC SCHEDULE_ADJUSTED"
)
PAPER = {
    id: FindingClass[cls]
    for cls, ids in {"BLOCK": BLOCK, "HOLD": HOLD, "REVIEW": REVIEW, "INFO": INFO}.items()
    for id in ids.split()
}


def test_every_finding_of_the_papers_is_known_with_its_class() -> None:
    assert {id: rule.cls for id, rule in RULES.items() if id in PAPER} == PAPER


def test_what_the_papers_leave_unnamed_is_all_there_is_beside_them() -> None:
    unnamed = {"QTC_GT_500", "QTC_470_500", "EGFR_LT_30", "PREGNANCY_UNCERTAIN", "GLAUCOMA_OTHER"}
    assert RULES.keys() - PAPER.keys() == unnamed


def test_every_rule_says_where_it_comes_from_and_how_it_is_resolved() -> None:
    for rule in RULES.values():
        assert rule.source
        assert rule.resolves or rule.cls is FindingClass.INFO


def a_finding(cls: FindingClass) -> Finding:
    return Finding("X", cls, "words", "source")


@pytest.mark.parametrize("present", [*product([False, True], repeat=4)], ids=str)
def test_decision_table(present: tuple[bool, ...]) -> None:
    classes = [cls for cls, there in zip(FindingClass, present, strict=True) if there]
    expected = (
        Decision.BLOCKED
        if FindingClass.BLOCK in classes
        else Decision.NEEDS_REVIEW
        if {FindingClass.HOLD, FindingClass.REVIEW} & {*classes}
        else Decision.ELIGIBLE
    )
    assert decide(map(a_finding, classes)) is expected
    assert decide(map(a_finding, reversed(classes))) is expected
