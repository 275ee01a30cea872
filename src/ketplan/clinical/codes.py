"""Value sets: which codes mean which clinical fact, and how a condition is matched against them.

A Condition matches when any coding is in the set's SNOMED codes or any ICD-10-CM coding begins with a
listed prefix; a SNOMED miss never suppresses an ICD hit (protocol facts 8b, "Matching"). Codes are those of
protocol facts sections 3.1, 6 and 8b unless a row says otherwise; `[M]` marks one from memory of the
literature that a terminologist must confirm.
"""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.clinical.record import ICD10CM, SNOMED, Condition, Fact


@dataclass(frozen=True, slots=True)
class ValueSet:
    """SNOMED codes and ICD-10-CM prefixes (with their dot, e.g. "F40.2") that mean one thing."""

    name: str
    snomed: frozenset[str] = frozenset()
    icd: tuple[str, ...] = ()

    def __contains__(self, fact: object) -> bool:
        return isinstance(fact, Fact) and (
            fact.has(SNOMED, self.snomed)
            or (bool(self.icd) and any(c.system == ICD10CM and _begins(c.code, self.icd) for c in fact.codes))
        )


def _begins(code: str, prefixes: tuple[str, ...]) -> bool:
    return code.upper().startswith(prefixes)


def _set(name: str, snomed: str = "", icd: str = "") -> ValueSet:
    return ValueSet(name, frozenset(snomed.split()), tuple(icd.split()))


# Target disorders (section 6). 386808001 "Phobia" is deliberately not a specific phobia.
GAD = _set("Generalized anxiety disorder", "21897009", "F41.1")
PANIC = _set("Panic disorder", "371631005 35607004", "F41.0 F40.01")
SAD = _set("Social anxiety disorder", "25501002 62351001", "F40.10 F40.11")
SPECIFIC_PHOBIA = _set("Specific phobia", "54587008", "F40.2")
OCD = _set("Obsessive-compulsive disorder", "191736004", "F42.2 F42.8 F42.9")
PTSD = _set("Posttraumatic stress disorder", "47505003", "F43.1")
UNSPECIFIED_ANXIETY = _set("Unspecified anxiety", "197480006 48694002")
UNSPECIFIED_PHOBIA = _set("Phobia, kind not stated", "386808001")
DEPRESSION = _set("Major depression", "370143000 1153570009", "F32.9 F33.2 F33.9")
ESKETAMINE_INDICATION = _set("Depression on the esketamine label", "370143000 1153570009")

# Blocks (3.1, 8b).
PREGNANT = _set("Pregnancy", "77386006", "Z33.1 Z34 O09 Z3A")
BREASTFEEDING = _set("Breastfeeding", "69840006 169750002", "Z39.1")
ANEURYSM_AVM = _set(
    "Aneurysm or arteriovenous malformation",
    "432119003 67362008 433068007 233985008 128609009 308546005 234142008 234141001 275519006",
    "I71 I67.1 I72 Q28.0 Q28.2 Q27.3",
)
INTRACRANIAL_HAEMORRHAGE = _set(
    "Intracranial haemorrhage", "1386000 274100004 21454007", "I60 I61 I62 I69.0 I69.1"
)
HYPERTENSIVE_CRISIS = _set("Hypertensive crisis", "", "I16")
MALIGNANT_HYPERTENSION = _set("Malignant hypertension", "70272006")
UNSTABLE_ANGINA = _set("Unstable angina", "4557003", "I20.0")
MYOCARDIAL_INFARCTION = _set("Myocardial infarction", "22298006", "I21 I22")
# 195111005 and the ICD rows for acute heart failure: [M], the table names "decompensated HF" without codes.
UNSTABLE_HEART = _set(
    "Decompensated heart failure or unstable rhythm",
    "195111005",
    "I50.21 I50.23 I50.31 I50.33 I50.41 I50.43 I50.811 I50.813 I47.2 I44.2",
)
RAISED_PRESSURE_INTRACRANIAL = _set(
    "Raised intracranial pressure", "271719001 68267002 230745008", "G93.2 G91"
)
PSYCHOSIS = _set(
    "Psychosis spectrum",
    "58214004 68890003 69322001 64905009",
    "F20 F22 F23 F24 F25 F28 F29 F31.2 F31.5 F31.64 F32.3 F33.3 F53.1",
)
MANIA = _set("Mania or mixed episode", "231494001", "F30 F31.0 F31.1 F31.2 F31.6")
KETAMINE_USE_DISORDER = _set("Ketamine or PCP use disorder", "724715004 724713006", "F16.2")
SUBSTANCE_DEPENDENCE = _set(
    "Substance use disorder, moderate or severe",
    "11061003 75544000 7200002 31956009 427327003",
    "F10.2 F11.2 F12.2 F13.2 F14.2 F15.2 F16.2 F18.2 F19.2",
)
SUBSTANCE_REMISSION_SUFFIX = ".21"
DELIRIUM = _set("Delirium", "2776000", "F05")
# 26929004 and 230265002 are Alzheimer's disease, children of dementia: descendants, [M].
DEMENTIA = _set("Dementia", "52448006 26929004 230265002", "F01 F02 F03 G30 G31.0 G31.83")
HEPATIC_FAILURE = _set("Severe liver disease", "716203000 59927004", "K72")
PREECLAMPSIA = _set("Pre-eclampsia", "398254007")

# Reviews (3.1).
HYPERTHYROID = _set("Hyperthyroidism", "34486009 90739004", "E05")
URINARY = _set("Lower urinary tract symptoms or interstitial cystitis", "197834003 307541003", "N30.1 N30.2")
CYSTITIS = _set("Cystitis", "38822007")
GLAUCOMA_CLOSURE = _set("Angle-closure glaucoma or raised eye pressure", "392291006 30041005", "H40.2")
GLAUCOMA = _set("Glaucoma", "23986001", "H40")
SEIZURE = _set("Seizure disorder", "84757009 128613002", "G40")
SLEEP_APNOEA_COPD = _set("Sleep apnoea or COPD", "78275009 13645005", "G47.33")
CIRRHOSIS = _set("Cirrhosis", "19943007", "K74")
BIPOLAR = _set("Bipolar disorder", "13746004", "F31")
FRAILTY = _set("Frailty", "248279007 404904002", "R54")

# Who is tested and how far (3.3). The paper names these without codes: all [M].
CARDIAC_HISTORY = _set(
    "Cardiac history",
    "53741008 22298006 399211009 84114007 88805009 49436004 4557003 410429000 429007001 195111005",
    "I20 I21 I22 I23 I24 I25 I30 I31 I33 I34 I35 I36 I37 I38 I40 I42 I44 I45 I46 I47 I48 I49 I50",
)
NO_UTERUS_OR_MENOPAUSE = _set("Hysterectomy or menopause", "236886002", "Z90.710 Z78.0")

ACTIVE = frozenset({"active", "recurrence", "relapse"})
NOT_SO = frozenset({"refuted", "entered-in-error"})


def is_stated(condition: Condition) -> bool:
    """Somebody says the patient has or had it (not refuted, not a mistake)."""
    return condition.verification_status not in NOT_SO


def is_active(condition: Condition) -> bool:
    """Stated, and active now; a condition without a clinical status counts as active, to be safe."""
    return is_stated(condition) and (condition.clinical_status is None or condition.clinical_status in ACTIVE)


def is_coded(fact: Fact) -> bool:
    return any(c.system in (SNOMED, ICD10CM) and c.code for c in fact.codes)
