"""The six target disorders: how each is recognised and measured, what is tried first. Facts 1.5, 1.7, 2.2."""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.clinical import codes, scales
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.scales import Scale


@dataclass(frozen=True, slots=True)
class Disorder:
    """`therapy_form` is the form a past course must have had to count towards treatment resistance;
    `drug_trials` says whether drug trials count too; `class_note` the INFO finding on its DSM-5 class."""

    id: str
    title: str
    value_set: ValueSet
    scale: Scale
    therapy_form: str
    default_protocol: str
    cbt_with_ketamine: str
    cbt_alone: str
    evidence: str
    drug_trials: bool = True
    class_note: str | None = None


DISORDERS: tuple[Disorder, ...] = (
    Disorder(
        "GAD",
        "Generalized anxiety disorder",
        codes.GAD,
        scales.GAD7,
        "CBT",
        "IV6_2PW",
        "CBT_GAD_14",
        "CBT_GAD_14",
        "EVIDENCE_LOW",
    ),
    Disorder(
        "SAD",
        "Social anxiety disorder",
        codes.SAD,
        scales.LSAS,
        "CBT",
        "IV6_2PW",
        "CBT_SAD_14",
        "CBT_SAD_14",
        "EVIDENCE_LOW",
    ),
    Disorder(
        "PANIC",
        "Panic disorder",
        codes.PANIC,
        scales.PDSS,
        "CBT",
        "IV6_2PW",
        "CBT_PANIC_12",
        "CBT_PANIC_12",
        "EVIDENCE_VERY_LOW",
    ),
    Disorder(
        "SPECIFIC_PHOBIA",
        "Specific phobia",
        codes.SPECIFIC_PHOBIA,
        scales.PHOBIA,
        "exposure",
        "NONE",
        "OST_PHOBIA_4_WITH_K",
        "OST_PHOBIA_4_CBTONLY",
        "EVIDENCE_INSUFFICIENT",
        drug_trials=False,
    ),
    Disorder(
        "OCD",
        "Obsessive-compulsive disorder",
        codes.OCD,
        scales.YBOCS,
        "ERP",
        "IV1",
        "ERP_OCD_17",
        "ERP_OCD_17",
        "EVIDENCE_LOW",
        class_note="DSM5_CLASS_OCD",
    ),
    Disorder(
        "PTSD",
        "Posttraumatic stress disorder",
        codes.PTSD,
        scales.PCL5,
        "trauma-focused",
        "IV3_QW",
        "PE_PTSD_10",
        "PE_PTSD_10",
        "EVIDENCE_MIXED",
        class_note="DSM5_CLASS_TRAUMA",
    ),
)
BY_ID = {d.id: d for d in DISORDERS}
