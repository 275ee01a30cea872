"""Sample patients and what must be said of them, row by row after the protocol facts.

A patient is a man of 40, 70 kg, treatment-resistant, whose work-up is complete and normal, and what `given`
adds. The tests hold every row; the manual prints it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.clinical.assessment import Choice
from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.findings import FindingClass, must_be_resolved
from ketplan.clinical.record import NmdaCourse
from ketplan.clinical.rules import RULES, finding
from ketplan.manual.spec import patients as p
from ketplan.manual.spec.outcome import Outcome
from ketplan.manual.spec.patients import Given, aged, has, measured, pressure, takes

USUAL = {
    "GAD": ("IV6_2PW × 6, first 35 mg", "CBT_GAD_14"),
    "SAD": ("IV6_2PW × 6, first 35 mg", "CBT_SAD_14"),
    "PANIC": ("IV6_2PW × 6, first 35 mg", "CBT_PANIC_12"),
    "SPECIFIC_PHOBIA": ("", "OST_PHOBIA_4_CBTONLY"),
    "OCD": ("IV1 × 1, first 35 mg", "ERP_OCD_17"),
    "PTSD": ("IV3_QW × 3, first 35 mg", "PE_PTSD_10"),
}
PROVISIONAL = "IV6_2PW × 6, first 35 mg, provisional"
NO_DOSE = "IV6_2PW × 6, no dose"


@dataclass(frozen=True, slots=True)
class Row:
    """`expected` is the exact outcome, of its notes those that must be among them."""

    about: str
    disorder: str
    given: tuple[Given, ...]
    expected: Outcome
    choice: Choice | None = None


def _row(
    about: str,
    *given: Given,
    disorder: str = "GAD",
    finds: str = "",
    notes: str = "",
    drug: str | None = None,
    therapy: str | None = None,
    instead: str | None = None,
    choice: Choice | None = None,
) -> Row:
    """By default the disorder's usual courses, and for a blocked patient the therapy alone instead."""
    found = frozenset(finds.split())
    blocked = any(RULES[id].cls is FindingClass.BLOCK for id in found)
    open_ = any(must_be_resolved(finding(id, "")) for id in found)
    usual_drug, usual_therapy = ("", "") if blocked else USUAL[disorder]
    alone = f"CBT_ONLY:{BY_ID[disorder].cbt_alone}" if blocked else ""
    expected = Outcome(
        "blocked" if blocked else "needs_review" if open_ else "eligible",
        found,
        frozenset(notes.split()),
        usual_drug if drug is None else drug,
        usual_therapy if therapy is None else therapy,
        alone if instead is None else instead,
    )
    return Row(about, disorder, given, expected, choice)


def _by(protocol: str) -> Choice:
    return Choice(protocol=protocol)


def _si(item: str, days: int = 3) -> Given:
    names = {"93246-7": "1", "93247-5": "2", "93248-3": "3", "93249-1": "4", "93250-9": "5"}
    names |= {"93267-3": "6, ever", "93269-9": "6, past 3 months"}
    return measured(item, "Yes", f"C-SSRS {names[item]}", days=days)


def _no(item: str) -> Given:
    return measured(item, "No", f"C-SSRS {'6, past 3 months' if item == '93269-9' else item}")


_EVIDENCE = {"PANIC": "EVIDENCE_VERY_LOW", "SPECIFIC_PHOBIA": "EVIDENCE_INSUFFICIENT"}
# The routes no disorder gets by default: course and first dose, what choosing it finds.
_BY_ROUTE = {
    "SC_ASC_WEEKLY": ("SC_ASC_WEEKLY × 3, first 18 mg", ""),
    "ESK_LABEL": ("ESK_LABEL × 12, first 56 mg", "ESK_OFF_LABEL_ANXIETY REMS_NOT_CONFIRMED"),
    "PO_SUPERVISED": ("PO_SUPERVISED × 1, first 35 mg", "ORAL_COMPOUNDED"),
}
COURSES: tuple[Row, ...] = (
    _row("course", disorder="GAD", notes="OFF_LABEL EVIDENCE_LOW"),
    _row("course", disorder="SAD", notes="OFF_LABEL EVIDENCE_LOW"),
    _row("course", disorder="PANIC", finds="EVIDENCE_VERY_LOW"),
    _row("course", disorder="SPECIFIC_PHOBIA", finds="EVIDENCE_INSUFFICIENT"),
    _row("course", disorder="OCD", notes="EVIDENCE_LOW DSM5_CLASS_OCD"),
    _row("course", disorder="PTSD", notes="EVIDENCE_MIXED DSM5_CLASS_TRAUMA"),
    _row("course", disorder="PTSD", choice=Choice(cbt="CPT_PTSD_12"), therapy="CPT_PTSD_12"),
    _row("course", disorder="GAD", choice=_by("IV6_3PW"), drug="IV6_3PW × 6, first 35 mg"),
    _row("course", disorder="SAD", choice=_by("IV1"), drug="IV1 × 1, first 35 mg"),
    _row("course", disorder="PTSD", choice=_by("IV6_3PW"), drug="IV6_3PW × 6, first 35 mg"),
    _row(
        "course",
        disorder="SPECIFIC_PHOBIA",
        choice=_by("IV1"),
        finds="EVIDENCE_INSUFFICIENT",
        drug="IV1 × 1, first 35 mg",
        therapy="OST_PHOBIA_4_WITH_K",
    ),
    _row("course", disorder="GAD", choice=Choice(cbt_only=True), drug=""),
    *(
        _row(
            "course",
            disorder=disorder,
            choice=_by(protocol),
            finds=f"{_EVIDENCE.get(disorder, '')} {found}",
            drug=drug,
            therapy=BY_ID[disorder].cbt_with_ketamine,
        )
        for protocol, (drug, found) in _BY_ROUTE.items()
        for disorder in USUAL
    ),
)

DOSES: tuple[Row, ...] = (
    _row("1.1 half up", measured("29463-7", 77, "weight", "kg"), drug="IV6_2PW × 6, first 39 mg"),
    _row(
        "UNIT_CONVERTED",
        measured("29463-7", 154, "weight", "[lb_av]"),
        notes="UNIT_CONVERTED",
    ),
    _row(
        "DOSE_WEIGHT_BASIS_BMI_GE_30",
        measured("29463-7", 100, "weight", "kg"),
        finds="DOSE_WEIGHT_BASIS_BMI_GE_30",
        drug="IV6_2PW × 6, first 35 mg, provisional",
    ),
    _row(
        "OSA_SCREEN_DUE",
        measured("29463-7", 110, "weight", "kg"),
        finds="DOSE_WEIGHT_BASIS_BMI_GE_30",
        notes="OSA_SCREEN_DUE",
        drug="IV6_2PW × 6, first 35 mg, provisional",
    ),
    _row(
        "DOSE_ABS_GT_80",
        measured("8302-2", 250, "height", "cm"),
        measured("29463-7", 170, "weight", "kg"),
        finds="DOSE_ABS_GT_80",
        drug="IV6_2PW × 6, first 85 mg",
    ),
    _row("WEIGHT_MISSING", p.without("29463-7", "weight"), finds="WEIGHT_MISSING", drug=NO_DOSE),
    _row(
        "WEIGHT_STALE_91_365D",
        measured("29463-7", 70, "weight", "kg", days=91),
        finds="WEIGHT_STALE_91_365D",
        drug=PROVISIONAL,
    ),
    _row("1.1 fresh", measured("29463-7", 70, "weight", "kg", days=90)),
    _row(
        "WEIGHT_STALE_GT_365D",
        measured("29463-7", 70, "weight", "kg", days=366),
        finds="WEIGHT_STALE_GT_365D",
        drug=NO_DOSE,
    ),
    _row(
        "WEIGHT_IMPLAUSIBLE",
        measured("29463-7", 29, "weight", "kg"),
        finds="WEIGHT_IMPLAUSIBLE",
        drug=NO_DOSE,
    ),
    _row("WEIGHT_IMPLAUSIBLE", measured("29463-7", 70, "weight"), finds="WEIGHT_IMPLAUSIBLE", drug=NO_DOSE),
    _row("HEIGHT_MISSING", p.without("8302-2", "height"), finds="HEIGHT_MISSING", drug=PROVISIONAL),
    _row("AGE_GE_65", aged(65), finds="AGE_GE_65", drug="IV6_2PW × 6, first 18 mg"),
    _row("1.1 under 65", aged(64)),
    _row("FRAILTY", has("R54", "frailty"), finds="FRAILTY"),
    _row(
        "1.3 older adult",
        aged(70),
        choice=_by("ESK_LABEL"),
        finds="AGE_GE_65 ESK_OFF_LABEL_ANXIETY REMS_NOT_CONFIRMED",
        drug="ESK_LABEL × 12, first 56 mg",
    ),
)

BLOCKS: tuple[Row, ...] = (
    _row("PATIENT_DECEASED", p.deceased(), finds="PATIENT_DECEASED", instead=""),
    _row(
        "AGE_LT_18", aged(17), finds="AGE_LT_18 WORKUP_INCOMPLETE", instead="REFER_CHILD_ADOLESCENT_SERVICE"
    ),
    _row("ALLERGY_KETAMINE", p.allergic("ketamine", "6130"), finds="ALLERGY_KETAMINE"),
    _row("PREGNANCY", p.woman(), measured("2106-3", "Positive", "hCG"), finds="PREGNANCY"),
    _row("PREGNANCY", p.woman(), measured("2106-3", 25, "hCG", "[IU]/L"), finds="PREGNANCY"),
    _row("BREASTFEEDING", p.woman(), has("Z39.1", "breastfeeding"), finds="BREASTFEEDING"),
    _row("ANEURYSM_AVM", has("I71.4", "aortic aneurysm", "resolved"), finds="ANEURYSM_AVM"),
    _row("ICH_HISTORY", has("I60.9", "subarachnoid haemorrhage", "resolved"), finds="ICH_HISTORY"),
    _row("BP_CRISIS", pressure((184, 96), (182, 94)), finds="BP_CRISIS"),
    _row("UNSTABLE_CARDIAC", has("I21.4", "infarction", days=42), finds="UNSTABLE_CARDIAC WORKUP_INCOMPLETE"),
    _row("RAISED_ICP", has("G93.2", "intracranial hypertension"), finds="RAISED_ICP"),
    _row(
        "PSYCHOSIS_SPECTRUM",
        has("F20.9", "schizophrenia", "remission"),
        finds="PSYCHOSIS_SPECTRUM",
        instead="REFER_PSYCHOSIS_SERVICE",
    ),
    _row("MANIA_CURRENT", has("F30.10", "manic episode"), finds="MANIA_CURRENT"),
    _row("SUD_ACTIVE", has("F10.20", "alcohol dependence"), finds="SUD_ACTIVE"),
    _row("SUD_ACTIVE", has("724713006", "harmful use of ketamine", "resolved"), finds="SUD_ACTIVE"),
    _row("DELIRIUM_DEMENTIA", has("F03.90", "dementia"), finds="DELIRIUM_DEMENTIA"),
    _row("HEPATIC_SEVERE", has("K72.90", "hepatic failure"), finds="HEPATIC_SEVERE"),
    _row("PREECLAMPSIA", p.woman(), has("398254007", "pre-eclampsia"), finds="PREECLAMPSIA"),
    _row(
        "8b: suicide risk above a block",
        has("F10.20", "alcohol dependence"),
        _si("93247-5"),
        _si("93249-1"),
        measured("93248-3", "No", "C-SSRS 3"),
        measured("93250-9", "No", "C-SSRS 5"),
        finds="SUD_ACTIVE SI_HIGH",
    ),
)

_TWO_YES = (_si("93247-5"), measured("93249-1", "No", "C-SSRS 4"), measured("93250-9", "No", "C-SSRS 5"))
RISKS: tuple[Row, ...] = (
    _row(
        "SI_HIGH",
        _si("93247-5"),
        measured("93248-3", "No", "C-SSRS 3"),
        measured("93249-1", "No", "C-SSRS 4"),
        _si("93250-9"),
        finds="SI_HIGH",
    ),
    _row("SI_HIGH", _si("93267-3"), _si("93269-9"), finds="SI_HIGH"),
    _row("SI_HIGH unanswered", _si("93267-3"), finds="SI_HIGH WORKUP_INCOMPLETE"),
    _row("SI_MODERATE", _si("93267-3"), _no("93269-9"), finds="SI_MODERATE"),
    _row("SI_MODERATE", *_TWO_YES, _si("93248-3"), finds="SI_MODERATE"),
    _row("SI_LOW", _si("93246-7"), finds="SI_LOW"),
    _row("SI_LOW", *_TWO_YES, measured("93248-3", "No", "C-SSRS 3"), finds="SI_LOW"),
    _row(
        "PHQ9_ITEM9_POSITIVE",
        measured("44260-8", 1, "PHQ-9 item 9", days=3),
        finds="PHQ9_ITEM9_POSITIVE",
    ),
    _row("BP_HOLD_GE_160_100", pressure((160, 90)), finds="BP_HOLD_GE_160_100"),
    _row("BP_HOLD_GE_160_100", pressure((184, 96)), finds="BP_HOLD_GE_160_100"),
    _row("4.2 the lower of two", pressure((164, 98), (150, 88)), finds="BP_GT_140_90"),
    _row("BP_GT_140_90", pressure((141, 80)), finds="BP_GT_140_90"),
    _row("4.2 proceed", pressure((140, 90))),
    _row("QTC_GT_500", measured("8636-3", 501, "QTc", "ms"), finds="QTC_GT_500"),
    _row("QTC_470_500", measured("8636-3", 470, "QTc", "ms"), finds="QTC_470_500"),
)

REVIEWS: tuple[Row, ...] = (
    _row(
        "PREGNANCY_UNCERTAIN", p.woman(), measured("2106-3", 12, "hCG", "[IU]/L"), finds="PREGNANCY_UNCERTAIN"
    ),
    _row("HYPERTHYROID", measured("3016-3", "0.05", "TSH"), finds="HYPERTHYROID"),
    _row("LUTS_OR_CYSTITIS", has("N30.10", "interstitial cystitis"), finds="LUTS_OR_CYSTITIS"),
    _row("GLAUCOMA_IOP", has("H40.20X0", "angle-closure glaucoma"), finds="GLAUCOMA_IOP"),
    _row("GLAUCOMA_OTHER", has("H40.11X0", "open-angle glaucoma"), notes="GLAUCOMA_OTHER"),
    _row("SEIZURE", has("G40.909", "epilepsy"), finds="SEIZURE"),
    _row("RESPIRATORY_OSA", has("G47.33", "sleep apnoea"), finds="RESPIRATORY_OSA"),
    _row("RESPIRATORY_OSA", measured("59408-5", 93, "oxygen saturation", "%"), finds="RESPIRATORY_OSA"),
    _row("HEPATIC_MODERATE", measured("1742-6", 121, "ALT", "U/L"), finds="HEPATIC_MODERATE"),
    _row("BIPOLAR", has("F31.81", "bipolar disorder"), finds="BIPOLAR"),
    _row("SUD_HISTORY", has("F10.21", "alcohol dependence, in remission"), finds="SUD_HISTORY"),
    _row("SUD_HISTORY", measured("75626-2", 4, "AUDIT-C"), finds="SUD_HISTORY"),
    _row("UDS_UNEXPECTED", measured("19359-9", "Positive", "urine cocaine"), finds="UDS_UNEXPECTED"),
    _row("COGNITION_LOW", measured("72172-0", 25, "MoCA"), finds="COGNITION_LOW"),
    _row("EGFR_LT_30", measured("98979-8", 29, "eGFR"), finds="EGFR_LT_30"),
    _row("INTERACTION_BENZODIAZEPINE", takes("clonazepam", "2598"), finds="INTERACTION_BENZODIAZEPINE"),
    _row("INTERACTION_LAMOTRIGINE", takes("lamotrigine", "28439"), finds="INTERACTION_LAMOTRIGINE"),
    _row("INTERACTION_MAOI", takes("phenelzine", "8123"), finds="INTERACTION_MAOI"),
    _row("INTERACTION_STIMULANT", takes("methylphenidate", "6901"), finds="INTERACTION_STIMULANT"),
    _row("INTERACTION_CNS_DEPRESSANT", takes("gabapentin", "25480"), finds="INTERACTION_CNS_DEPRESSANT"),
    _row("INTERACTION_OPIOID_ANTAGONIST", takes("naltrexone", "7243"), finds="INTERACTION_OPIOID_ANTAGONIST"),
    _row("INTERACTION_CYP_INHIBITOR", takes("clarithromycin", "21212"), notes="INTERACTION_CYP_INHIBITOR"),
    _row(
        "INTERACTION_CYP_INHIBITOR",
        takes("clarithromycin", "21212"),
        choice=_by("PO_SUPERVISED"),
        finds="INTERACTION_CYP_INHIBITOR ORAL_COMPOUNDED",
        drug="PO_SUPERVISED × 1, first 35 mg",
    ),
    _row("INTERACTION_CYP_INDUCER", takes("carbamazepine", "2002"), finds="INTERACTION_CYP_INDUCER"),
    _row("INTERACTION_THEOPHYLLINE", takes("theophylline", "10438"), finds="INTERACTION_THEOPHYLLINE"),
    _row("INTERACTION_ANTIPSYCHOTIC", takes("risperidone", "35636"), notes="INTERACTION_ANTIPSYCHOTIC"),
    _row("3.2 no finding", takes("lithium", "6448")),
    _row("MEDICATION_UNMAPPED", takes("a pill for the nerves"), finds="MEDICATION_UNMAPPED"),
    _row(
        "ROUTE_AMBIGUOUS_IN",
        takes("intranasal ketamine 28 mg", "6130"),
        finds="ROUTE_AMBIGUOUS_IN PRIOR_NMDA_EXPOSURE",
    ),
    _row(
        "CUMULATIVE_DOSE_REVIEW",
        p.asked(
            "13 earlier infusions, helped by less than 25 %", nmda_courses=(NmdaCourse(None, 13, None, 25),)
        ),
        finds="PRIOR_NMDA_EXPOSURE PRIOR_NMDA_NONRESPONSE CUMULATIVE_DOSE_REVIEW",
    ),
    _row("NO_ESCORT", p.asked("no companion confirmed", escort_confirmed=None), finds="NO_ESCORT"),
    _row(
        "SEVERITY_BELOW_ENTRY",
        measured("70274-6", 9, "GAD-7"),
        finds="SEVERITY_BELOW_ENTRY",
    ),
    _row(
        "COMORBID_TRD_LABELLED_OPTION",
        has("F33.2", "major depression"),
        notes="COMORBID_TRD_LABELLED_OPTION",
    ),
    _row("WORKUP_INCOMPLETE", p.without("3016-3", "TSH"), finds="WORKUP_INCOMPLETE"),
    _row(
        "WORKUP_INCOMPLETE",
        measured("19359-9", "Negative", "urine cocaine", days=31),
        finds="WORKUP_INCOMPLETE",
    ),
    _row("8b matching", has("", "heart trouble"), finds="WORKUP_INCOMPLETE"),
    _row(
        "NO_TARGET_DISORDER",
        p.only("386808001", "phobia of no stated kind"),
        finds="NO_TARGET_DISORDER WORKUP_INCOMPLETE",
        drug="",
        therapy="",
    ),
    _row(
        "TR_CRITERION_NOT_MET",
        p.asked("no past drug trial", medication_trials=()),
        finds="TR_CRITERION_NOT_MET",
        drug="",
        instead="CBT_ONLY:CBT_GAD_14",
    ),
    _row(
        "MULTI_DX_PRINCIPAL_UNSPECIFIED",
        has("F40.10", "social anxiety"),
        measured("", 92, "LSAS", anew=False),
        finds="MULTI_DX_PRINCIPAL_UNSPECIFIED",
        therapy="",
    ),
)

CHAPTERS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    ("Courses by disorder and route", COURSES),
    ("The first dose", DOSES),
    ("What blocks", BLOCKS),
    ("Suicide risk, blood pressure, ECG", RISKS),
    ("What must be looked at", REVIEWS),
)
ROWS = tuple(row for _, rows in CHAPTERS for row in rows)
