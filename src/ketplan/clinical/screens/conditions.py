"""Diagnoses, allergies and age that exclude or need review: protocol facts 3.1 and 8b."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketplan.clinical import codes
from ketplan.clinical.codes import ValueSet
from ketplan.clinical.findings import Evidence, Finding, evidence_of
from ketplan.clinical.ingredients import names_in
from ketplan.clinical.record import ICD10CM, RXNORM, SNOMED, Allergy, Condition
from ketplan.clinical.rules import finding
from ketplan.clinical.view import View

KETAMINE, ESKETAMINE = "6130", "2119365"
KETAMINE_SUBSTANCE = "373464007"
INFARCTION_DAYS, DELIRIUM_DAYS = 42, 90

# Finding, value set, does history count whatever its status, words.
_TABLE: tuple[tuple[str, ValueSet, bool, str], ...] = (
    ("ANEURYSM_AVM", codes.ANEURYSM_AVM, True, "Aneurysm or arteriovenous malformation in the history."),
    ("ICH_HISTORY", codes.INTRACRANIAL_HAEMORRHAGE, True, "Intracranial haemorrhage in the history."),
    ("RAISED_ICP", codes.RAISED_PRESSURE_INTRACRANIAL, False, "Raised intracranial pressure."),
    ("PSYCHOSIS_SPECTRUM", codes.PSYCHOSIS, True, "A psychotic disorder, now or in the history."),
    ("MANIA_CURRENT", codes.MANIA, False, "A manic or mixed episode now."),
    ("PREECLAMPSIA", codes.PREECLAMPSIA, False, "Pre-eclampsia."),
    ("HYPERTHYROID", codes.HYPERTHYROID, False, "Hyperthyroidism."),
    ("GLAUCOMA_IOP", codes.GLAUCOMA_CLOSURE, False, "Angle-closure glaucoma or raised eye pressure."),
    ("SEIZURE", codes.SEIZURE, False, "A seizure disorder."),
    ("BIPOLAR", codes.BIPOLAR, False, "Bipolar disorder."),
    ("FRAILTY", codes.FRAILTY, False, "Frailty."),
)


def screen(view: View) -> Iterator[Finding]:
    yield from _age(view)
    yield from _allergy(view)
    for id, value_set, any_status, words in _TABLE:
        if found := (view.ever if any_status else view.active)(value_set):
            yield finding(id, words, map(evidence_of, found))
    yield from _heart(view)
    yield from _mind(view)
    yield from _urinary(view)
    other = [c for c in view.active(codes.GLAUCOMA) if c not in codes.GLAUCOMA_CLOSURE]
    if other:
        yield finding("GLAUCOMA_OTHER", "Glaucoma of another kind.", map(evidence_of, other))
    yield from _substances(view)


def _age(view: View) -> Iterator[Finding]:
    patient = view.record.patient
    born = (Evidence(patient.reference, "date of birth", str(patient.birth_date)),)
    at_start = view.age_range(view.start)
    if at_start and at_start[1] < 18:
        yield finding("AGE_LT_18", f"Aged {at_start[1]} on day 0: under 18.", born)
    if view.is_65_or_older:
        yield finding("AGE_GE_65", "65 or older: a lower first dose is proposed.", born)


def _allergy(view: View) -> Iterator[Finding]:
    if found := [a for a in view.record.allergies if _counts(a) and _is_ketamine(a)]:
        yield finding("ALLERGY_KETAMINE", "An allergy to ketamine is recorded.", map(evidence_of, found))


def _counts(allergy: Allergy) -> bool:
    return allergy.verification_status not in codes.NOT_SO and allergy.clinical_status in (None, "active")


def _is_ketamine(allergy: Allergy) -> bool:
    """By code; the substance's name counts as well, because missing an allergy is the worse mistake."""
    words = " ".join([allergy.text, *(c.display for c in allergy.codes)])
    return (
        allergy.has(RXNORM, (KETAMINE, ESKETAMINE))
        or allergy.has(SNOMED, (KETAMINE_SUBSTANCE,))
        or bool(names_in(words) & {KETAMINE, ESKETAMINE})
    )


def _heart(view: View) -> Iterator[Finding]:
    infarction = [c for c in view.ever(codes.MYOCARDIAL_INFARCTION) if view.began_within(c, INFARCTION_DAYS)]
    found = [*view.active(codes.UNSTABLE_ANGINA), *infarction, *view.active(codes.UNSTABLE_HEART)]
    if found:
        yield finding("UNSTABLE_CARDIAC", "Unstable heart disease.", map(evidence_of, found))


def _mind(view: View) -> Iterator[Finding]:
    delirium = [c for c in view.ever(codes.DELIRIUM) if view.began_within(c, DELIRIUM_DAYS)]
    if found := [*delirium, *view.active(codes.DEMENTIA)]:
        yield finding(
            "DELIRIUM_DEMENTIA", "Delirium in the last 90 days, or dementia.", map(evidence_of, found)
        )


def _urinary(view: View) -> Iterator[Finding]:
    cystitis = view.active(codes.CYSTITIS)
    again = [c for c in cystitis if c.clinical_status in ("recurrence", "relapse")]
    recurrent = again or (cystitis if len(view.ever(codes.CYSTITIS)) > 1 else [])
    if found := [*view.active(codes.URINARY), *recurrent]:
        yield finding("LUTS_OR_CYSTITIS", "Urinary symptoms or cystitis.", map(evidence_of, found))


def _substances(view: View) -> Iterator[Finding]:
    ketamine = view.ever(codes.KETAMINE_USE_DISORDER)
    others = view.ever(codes.SUBSTANCE_DEPENDENCE)
    active = [c for c in others if codes.is_active(c) and not _in_remission(c)]
    if found := list(dict.fromkeys([*ketamine, *active])):
        yield finding(
            "SUD_ACTIVE", "A substance use disorder that excludes ketamine.", map(evidence_of, found)
        )
    if history := [c for c in others if c not in active and c not in ketamine]:
        yield finding("SUD_HISTORY", "A substance use disorder in remission.", map(evidence_of, history))


def _in_remission(condition: Condition) -> bool:
    return condition.clinical_status == "remission" or any(
        c.system == ICD10CM and c.code.endswith(codes.SUBSTANCE_REMISSION_SUFFIX) for c in condition.codes
    )


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per id: a diagnosis and a result that say the same are one thing with both as evidence."""
    merged: dict[str, Finding] = {}
    for f in findings:
        if (first := merged.get(f.id)) is None:
            merged[f.id] = f
        else:
            merged[f.id] = Finding(
                f.id,
                min(first.cls, f.cls, key=lambda c: c.rank),
                first.text if first.text == f.text else f"{first.text} {f.text}",
                f.source,
                f.resolves,
                tuple(dict.fromkeys([*first.evidence, *f.evidence])),
            )
    return list(merged.values())
