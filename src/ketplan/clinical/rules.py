"""Every finding ketplan can make: its class, where the rule comes from, and what resolves it.

Protocol facts 3.1, 3.2 and 8b; the readings of the first release are marked "reading". Tags: [F] found in a
source that was read, [M] from memory of the literature, [H] house default a medical director must approve.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ketplan.clinical.findings import Evidence, Finding, FindingClass
from ketplan.clinical.rule_words import FIRES

B, H, R, I = FindingClass.BLOCK, FindingClass.HOLD, FindingClass.REVIEW, FindingClass.INFO  # noqa: E741


@dataclass(frozen=True, slots=True)
class Rule:
    """`label` is the standing in the esketamine label: contraindication, warning or none; `fires` says what
    makes the finding."""

    id: str
    cls: FindingClass
    source: str
    resolves: str
    label: str = "none"

    @property
    def fires(self) -> str:
        return FIRES[self.id]


_NOT_HERE = "Cannot be resolved: ketamine is not offered. The alternative plan stands."
_JUDGE = "A named clinician's judgement, with a reason."

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("PATIENT_DECEASED", B, "The record says the patient has died", "Correct the record if wrong."),
        Rule("AGE_LT_18", B, "Not approved in children [F:SPR25]; [H]", _NOT_HERE, "warning"),
        Rule("ALLERGY_KETAMINE", B, "Spravato label [F:SPR25]", _NOT_HERE, "contraindication"),
        Rule("PREGNANCY", B, "Embryo-fetal toxicity [F:SPR21]; block is [H]; 8b", _NOT_HERE, "warning"),
        Rule("BREASTFEEDING", B, "Not recommended [F:SPR-MN]; block is [H]", _NOT_HERE, "warning"),
        Rule("ANEURYSM_AVM", B, "Spravato label [F:SPR25]", _NOT_HERE, "contraindication"),
        Rule("ICH_HISTORY", B, "Spravato label [F:SPR25]; some codes [H]", _NOT_HERE, "contraindication"),
        Rule("BP_CRISIS", B, "[H]; 8b blood pressure", "Urgent medical review first.", "warning"),
        Rule("UNSTABLE_CARDIAC", B, "[M:EUSMPC] six weeks; [F:KETUK]", _NOT_HERE, "warning"),
        Rule("RAISED_ICP", B, "[F:SPR19]", _NOT_HERE, "warning (US), contraindication (EU)"),
        Rule(
            "PSYCHOSIS_SPECTRUM", B, "[F:SPR19] softer; trials exclude [F:SHI20]; [H]", _NOT_HERE, "warning"
        ),
        Rule("MANIA_CURRENT", B, "[F:NCT-SHI]; [H]", _NOT_HERE),
        Rule("SUD_ACTIVE", B, "[F:SPR19]; [F:VA]; block is [H]", _NOT_HERE, "warning"),
        Rule("DELIRIUM_DEMENTIA", B, "[F:VA]; [H]", _NOT_HERE),
        Rule("HEPATIC_SEVERE", B, "[M:label]", _NOT_HERE, "warning"),
        Rule("PREECLAMPSIA", B, "[F:KETUK]", _NOT_HERE),
        Rule(
            "SI_HIGH",
            H,
            "Columbia triage [M]; the stricter reading, 8b",
            "Only a named licensed clinician's record of time of assessment, risk level, disposition, "
            "safety plan and means counselling releases it. A later all-no does not.",
            "warning",
        ),
        Rule(
            "BP_HOLD_GE_160_100",
            H,
            "[H], section 4.2 and 8b",
            "Two readings of 140/90 or less on separate days within 30 days, or a documented override. "
            "Repeat the reading after 5 to 15 minutes.",
            "warning",
        ),
        Rule("QTC_GT_500", H, "[H], 8b", "A newer ECG, or a cardiologist's opinion recorded as the reason."),
        Rule("REMS_NOT_CONFIRMED", H, "8b; [F:SPR19]", "Site certified, patient enrolled, form per session."),
        Rule("SI_MODERATE", R, "Columbia triage [M]; 8b", "A clinician's own risk assessment.", "warning"),
        Rule("SI_LOW", R, "Columbia triage [M]; 8b", "A clinician's own risk assessment.", "warning"),
        Rule("PHQ9_ITEM9_POSITIVE", R, "8b", "A C-SSRS of the same day or later.", "warning"),
        Rule("BP_GT_140_90", R, "[F:JANSCI]; label guide [F:SPR19]", "Repeat, or weigh a delay.", "warning"),
        Rule("PREGNANCY_UNCERTAIN", R, "8b", "Repeat the hCG in 48 hours."),
        Rule("HYPERTHYROID", R, "[M:KETALAR]", _JUDGE),
        Rule("LUTS_OR_CYSTITIS", R, "[F:SPR21]; cut-off [M:HUM12]", _JUDGE, "warning"),
        Rule("GLAUCOMA_IOP", R, "[F:droracle, secondary]; [H]", _JUDGE),
        Rule("SEIZURE", R, "[H]", _JUDGE),
        Rule("RESPIRATORY_OSA", R, "Boxed warning [F:SPR25]; [F:CPSBC]", _JUDGE, "warning"),
        Rule("HEPATIC_MODERATE", R, "[M:label]; [H]", _JUDGE, "warning"),
        Rule("BIPOLAR", R, "[H]", _JUDGE),
        Rule("SUD_HISTORY", R, "[F:SPR19]; AUDIT-C [F:LOINC-AUDITC]; DAST [M]", _JUDGE, "warning"),
        Rule("UDS_UNEXPECTED", R, "[F:VA]; [H]", "Explain or repeat the screen."),
        Rule("COGNITION_LOW", R, "[F:CAMCOPS]", _JUDGE, "warning"),
        Rule("AGE_GE_65", R, "Section 1.1 [H]", "Accept the lower first dose, with a reason.", "warning"),
        Rule("FRAILTY", R, "[H]", _JUDGE),
        Rule("EGFR_LT_30", R, "[H], 8b", _JUDGE),
        Rule("QTC_470_500", R, "[H], 8b", _JUDGE),
        Rule("WEIGHT_MISSING", R, "[H]", "Weigh the patient. No dose is computed without a weight."),
        Rule("WEIGHT_STALE_91_365D", R, "[H]", "Weigh again, or accept the weight with a reason."),
        Rule("WEIGHT_STALE_GT_365D", R, "[H]", "Weigh again. No dose is computed on it."),
        Rule("WEIGHT_IMPLAUSIBLE", R, "[H]", "Weigh again and correct the entry."),
        Rule("HEIGHT_MISSING", R, "[H], 8b", "Measure the height; until then the dose is provisional."),
        Rule("DOSE_WEIGHT_BASIS_BMI_GE_30", R, "[F:SIN19]", "Choose the dosing weight, with a reason."),
        Rule("DOSE_ABS_GT_80", R, "[H], 8b", "Confirm the dose, with a reason."),
        Rule("INTERACTION_BENZODIAZEPINE", R, "[F:VER21][F:NMDA]", _JUDGE, "warning"),
        Rule("INTERACTION_LAMOTRIGINE", R, "[F:VER21]", _JUDGE, "warning"),
        Rule("INTERACTION_MAOI", R, "[F:SPR19][F:VER21]", _JUDGE, "warning"),
        Rule("INTERACTION_STIMULANT", R, "[F:SPR19]", _JUDGE, "warning"),
        Rule("INTERACTION_CNS_DEPRESSANT", R, "[F:SPR19]", _JUDGE, "warning"),
        Rule("INTERACTION_OPIOID_ANTAGONIST", R, "[F:WIL18]", _JUDGE, "warning"),
        Rule("INTERACTION_CYP_INHIBITOR", R, "[F:HAG10][F:PEL11][F:GRA12]; by class [M]", _JUDGE, "warning"),
        Rule("INTERACTION_CYP_INDUCER", R, "[F:PEL12]", _JUDGE, "warning"),
        Rule("INTERACTION_THEOPHYLLINE", R, "[M:KETALAR]", _JUDGE, "warning"),
        Rule("INTERACTION_ANTIPSYCHOTIC", I, "[F:VER21]", ""),
        Rule("MEDICATION_UNMAPPED", R, "8b matching", "Say which drug it is, or accept with a reason."),
        Rule("PRIOR_NMDA_EXPOSURE", R, "[H]", _JUDGE),
        Rule("PRIOR_NMDA_NONRESPONSE", R, "[H]", _JUDGE),
        Rule("CUMULATIVE_DOSE_REVIEW", R, "Section 7; 8b", _JUDGE),
        Rule("NO_TARGET_DISORDER", R, "First release, reading", "Record the diagnosis being treated."),
        Rule(
            "MULTI_DX_PRINCIPAL_UNSPECIFIED",
            R,
            "[H]",
            "Say in the intake which diagnosis leads the plan.",
        ),
        Rule(
            "TR_CRITERION_NOT_MET",
            R,
            "[H], section 3.4; stricter than most definitions [F:BOK19]",
            "Record the past trials and therapy in the intake; ketamine is not proposed until then.",
        ),
        Rule("SEVERITY_BELOW_ENTRY", R, "[H], 8b", _JUDGE),
        Rule("EVIDENCE_VERY_LOW", R, "Section 1.5 [F:RAY16]", "Weigh the evidence, with a reason."),
        Rule("EVIDENCE_INSUFFICIENT", R, "Section 1.5 [F:OTAGO]", "Weigh the evidence, with a reason."),
        Rule("ROUTE_AMBIGUOUS_IN", R, "Seed S5", "Say esketamine (devices) or compounded racemic spray."),
        Rule("ESK_OFF_LABEL_ANXIETY", R, "Section 1.3", _JUDGE),
        Rule("ORAL_COMPOUNDED", R, "[F:FDA23]", _JUDGE),
        Rule("WORKUP_INCOMPLETE", R, "Section 3.3 gate; freshness [H]", "Complete the missing items."),
        Rule("NO_ESCORT", R, "[F:SPR19]", "Confirm a companion for every dose.", "warning"),
        Rule("OFF_LABEL", I, "Section 1.1: off-label for all six disorders", ""),
        Rule("EVIDENCE_LOW", I, "Section 1.5", ""),
        Rule("EVIDENCE_MIXED", I, "Section 1.5 [F:ABD22]", ""),
        Rule("DSM5_CLASS_OCD", I, "[M:DSM5]", ""),
        Rule("DSM5_CLASS_TRAUMA", I, "[F:DSM-PTSD]", ""),
        Rule("UNIT_CONVERTED", I, "Exact conversion factors", ""),
        Rule("COMORBID_TRD_LABELLED_OPTION", I, "Esketamine label [F:ONA][F:SPR25]", ""),
        Rule("GLAUCOMA_OTHER", I, "Section 3.1", ""),
        Rule("OSA_SCREEN_DUE", I, "[F:CPSBC]", ""),
        Rule("SCHEDULE_ADJUSTED", I, "8b placing visits", ""),
    )
}


def finding(
    id: str, text: str, evidence: Iterable[Evidence] = (), *, cls: FindingClass | None = None
) -> Finding:
    """A finding under the rule `id`. `cls` only where the table gives two classes for one id."""
    rule = RULES[id]
    return Finding(rule.id, cls or rule.cls, text, rule.source, rule.resolves, tuple(evidence))
