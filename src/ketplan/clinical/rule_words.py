"""What makes each finding, in words a clinician can check against the record. Protocol facts 3.1-3.4, 8b.

Codes stand in `codes`, ingredients in `screens.interactions`, house defaults in `house`; the words here say
how they are used. Ages and freshness count back from the as-of date; a value dated later is not used.
"""

from __future__ import annotations

_ACTIVE = "active (or without a status), not refuted or entered in error"
_EVER = "in the record with any status, not refuted or entered in error"
_TAKEN = "current medication (ordered, planned, on hold or reported) with an ingredient of the list"

FIRES: dict[str, str] = {
    "PATIENT_DECEASED": "The patient resource says deceased. Nothing else is assessed.",
    "AGE_LT_18": "Under 18 on day 0, by every date of birth the record allows.",
    "ALLERGY_KETAMINE": (
        "An allergy to ketamine or esketamine by code or by the substance's name, active and not refuted or"
        " entered in error."
    ),
    "PREGNANCY": (
        "The newest hCG (of at most 42 days) positive or 25 IU/L or more; or pregnancy status says pregnant,"
        f" at most 300 days old, with no later “not pregnant”; or a pregnancy code, {_ACTIVE}."
    ),
    "BREASTFEEDING": f"A breastfeeding code, {_ACTIVE}.",
    "ANEURYSM_AVM": f"An aneurysm or arteriovenous malformation, {_EVER}.",
    "ICH_HISTORY": f"An intracranial haemorrhage, {_EVER}.",
    "BP_CRISIS": (
        "Two readings of one day, at least five minutes apart, each 180 systolic or 110 diastolic or more;"
        " or malignant hypertension, active; or a hypertensive crisis of the last 30 days whatever its status"
        " (without a date it counts while active)."
    ),
    "UNSTABLE_CARDIAC": (
        "Unstable angina, decompensated heart failure, ventricular tachycardia or complete heart block,"
        " active; or an infarction of the last 42 days whatever its status (without a date it counts while"
        " active)."
    ),
    "RAISED_ICP": f"Raised intracranial pressure or hydrocephalus, {_ACTIVE}.",
    "PSYCHOSIS_SPECTRUM": f"A psychotic disorder, {_EVER}.",
    "MANIA_CURRENT": f"A manic or mixed episode, {_ACTIVE}.",
    "SUD_ACTIVE": (
        "A ketamine or PCP use disorder at any time; or any other moderate or severe substance use disorder"
        " that is active without a remission code. Tobacco never."
    ),
    "DELIRIUM_DEMENTIA": f"Delirium that began in the last 90 days; or dementia, {_ACTIVE}.",
    "HEPATIC_SEVERE": (
        "Hepatic failure or end-stage liver disease, active; or Child-Pugh C (10 points or more)."
    ),
    "PREECLAMPSIA": f"Pre-eclampsia, {_ACTIVE}.",
    "SI_HIGH": (
        "C-SSRS item 4 or 5 answered yes within 30 days; or behaviour in the past three months answered yes"
        " within 90 days; or lifetime behaviour yes while the three-month item is unanswered. A later no"
        " does not undo it. Shown first, whatever the decision."
    ),
    "BP_HOLD_GE_160_100": (
        "The reading that decides is 160 systolic or 100 diastolic or more, also on one reading, and no"
        " crisis. The newest reading decides; of several on one day the lower of the last two. A newest"
        " reading of 180/110 or more holds too, whatever the one before it."
    ),
    "QTC_GT_500": "The newest QTc is above 500 ms.",
    "REMS_NOT_CONFIRMED": (
        "Esketamine is chosen: site certification, enrolment and the monitoring form are confirmed by a"
        " person, never read from the chart."
    ),
    "SI_MODERATE": (
        "C-SSRS item 3 yes, unless a later item 2 is no; or lifetime behaviour yes with the three-month item"
        " no."
    ),
    "SI_LOW": "C-SSRS item 1 or 2 yes in the newest answers.",
    "PHQ9_ITEM9_POSITIVE": "PHQ-9 item 9 is 1 or more and no C-SSRS of the same day or later is on file.",
    "BP_GT_140_90": (
        "The reading that decides is above 140 systolic (150 over 65) or 90 diastolic, and under the hold."
    ),
    "PREGNANCY_UNCERTAIN": (
        "hCG of 5 to 24.9 IU/L; or a positive result of at most 42 days followed by one that is not."
    ),
    "HYPERTHYROID": f"Hyperthyroidism, {_ACTIVE}; or the newest TSH under 0.1.",
    "LUTS_OR_CYSTITIS": (
        "Lower urinary tract symptoms or interstitial cystitis, active; recurrent cystitis; or BPIC-SS of 19"
        " or more."
    ),
    "GLAUCOMA_IOP": f"Angle-closure glaucoma or raised eye pressure, {_ACTIVE}.",
    "SEIZURE": f"A seizure disorder, {_ACTIVE}.",
    "RESPIRATORY_OSA": (
        "Sleep apnoea or chronic obstructive lung disease, active; or the newest oxygen saturation under 94"
        " %."
    ),
    "HEPATIC_MODERATE": (
        "Cirrhosis, active; or the newest ALT or AST above three times the laboratory's upper limit, or the"
        " house limit where it gives none."
    ),
    "BIPOLAR": f"Bipolar disorder, {_ACTIVE}.",
    "SUD_HISTORY": (
        "A moderate or severe substance use disorder that is no longer active; AUDIT-C of 4 (men) or 3"
        " (others) or more; DAST-10 of 3 or more."
    ),
    "UDS_UNEXPECTED": (
        "The newest conclusive urine screen of a class is positive and no current prescription explains it."
    ),
    "COGNITION_LOW": "The newest MoCA under 26 or SLUMS under 27.",
    "AGE_GE_65": "65 or older at the as-of date, or possibly so.",
    "FRAILTY": f"Frailty, {_ACTIVE}.",
    "EGFR_LT_30": "The newest eGFR under 30.",
    "QTC_470_500": "The newest QTc is 470 to 500 ms.",
    "WEIGHT_MISSING": "No measured body weight; a stated weight does not count.",
    "WEIGHT_STALE_91_365D": "The newest weight is 91 to 365 days old: the dose is provisional.",
    "WEIGHT_STALE_GT_365D": "The newest weight is older than 365 days or has no date: there is no dose.",
    "WEIGHT_IMPLAUSIBLE": (
        "Under 30 or over 300 kg; BMI under 12 or over 70; more than 15 % change within 90 days; or no"
        " usable unit."
    ),
    "HEIGHT_MISSING": "No usable height: the dose is provisional.",
    "DOSE_WEIGHT_BASIS_BMI_GE_30": "BMI of 30 or more: ideal body weight is proposed, actual weight shown.",
    "DOSE_ABS_GT_80": "The first dose is above the house limit for a single dose.",
    "INTERACTION_BENZODIAZEPINE": f"A {_TAKEN}.",
    "INTERACTION_LAMOTRIGINE": f"A {_TAKEN}.",
    "INTERACTION_MAOI": f"A {_TAKEN}.",
    "INTERACTION_STIMULANT": f"A {_TAKEN}.",
    "INTERACTION_CNS_DEPRESSANT": f"A {_TAKEN}.",
    "INTERACTION_OPIOID_ANTAGONIST": f"A {_TAKEN}.",
    "INTERACTION_CYP_INHIBITOR": f"A {_TAKEN}; for information only unless ketamine is given by mouth.",
    "INTERACTION_CYP_INDUCER": f"A {_TAKEN}.",
    "INTERACTION_THEOPHYLLINE": f"A {_TAKEN}.",
    "INTERACTION_ANTIPSYCHOTIC": f"A {_TAKEN}.",
    "MEDICATION_UNMAPPED": (
        "A current medicine whose drug cannot be told from its code, or that is words only."
    ),
    "PRIOR_NMDA_EXPOSURE": (
        "Ketamine or esketamine in the medication record, unless it was never given; or an earlier course in"
        " the intake."
    ),
    "PRIOR_NMDA_NONRESPONSE": "The intake says that an earlier course helped by less than 25 %.",
    "CUMULATIVE_DOSE_REVIEW": "More than 12 lifetime administrations are known.",
    "NO_TARGET_DISORDER": "None of the six target disorders is active. Nothing is proposed.",
    "MULTI_DX_PRINCIPAL_UNSPECIFIED": (
        "Two or more target disorders are active and the intake names none of them principal."
    ),
    "TR_CRITERION_NOT_MET": (
        "Fewer adequate drug trials or therapy courses than the house asks, and no clinician's statement why"
        " they are not possible. Ketamine is not proposed."
    ),
    "SEVERITY_BELOW_ENTRY": "The newest total of the disorder's own scale is below the usual entry.",
    "EVIDENCE_VERY_LOW": "Panic disorder, and no target disorder with more evidence.",
    "EVIDENCE_INSUFFICIENT": "Specific phobia, and no target disorder with more evidence.",
    "ROUTE_AMBIGUOUS_IN": (
        "A current medicine says intranasal ketamine 28 mg: one esketamine device, or a compounded racemic"
        " spray?"
    ),
    "ESK_OFF_LABEL_ANXIETY": (
        "Esketamine is chosen for one of the six disorders; the words say whether depression is coded."
    ),
    "ORAL_COMPOUNDED": "The oral protocol is chosen.",
    "WORKUP_INCOMPLETE": (
        "An item of the gate is missing, too old or undated; or a condition cannot be judged (words only, a"
        " phobia of no stated kind, unspecified anxiety without a target)."
    ),
    "NO_ESCORT": "The intake does not confirm a companion; not answered counts as none.",
    "OFF_LABEL": "Always, with a target disorder.",
    "EVIDENCE_LOW": "GAD, social anxiety or OCD is a target.",
    "EVIDENCE_MIXED": "PTSD is a target.",
    "DSM5_CLASS_OCD": "OCD is a target.",
    "DSM5_CLASS_TRAUMA": "PTSD is a target.",
    "UNIT_CONVERTED": "The newest weight or height was recorded in another unit.",
    "COMORBID_TRD_LABELLED_OPTION": f"Major depression, {_ACTIVE}.",
    "GLAUCOMA_OTHER": "Glaucoma other than angle closure, active.",
    "OSA_SCREEN_DUE": "BMI of 35 or more and no STOP-BANG on file.",
    "SCHEDULE_ADJUSTED": "A visit had to move more than two business days from its target.",
}
