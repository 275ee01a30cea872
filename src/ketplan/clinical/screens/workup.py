"""The pre-treatment work-up gate: protocol facts 3.3 (the JSON is the gate), as amended by 8b.

Anything missing or too old makes WORKUP_INCOMPLETE. Ages count from the as-of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from ketplan.clinical import codes
from ketplan.clinical.disorders import Disorder
from ketplan.clinical.findings import Evidence, Finding, evidence_of, value_words
from ketplan.clinical.instruments.recomputed import contradiction
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.record import (
    CPT,
    SNOMED,
    Encounter,
    Fact,
    Observation,
    Procedure,
    SectionState,
    When,
)
from ketplan.clinical.rules import finding
from ketplan.clinical.scales import AUDIT_C, DAST_10, PHQ9_TOTAL, Scale
from ketplan.clinical.screens import suicide
from ketplan.clinical.screens.pregnancy import HCG
from ketplan.clinical.view import View, is_positive, moment_of, number


class ItemState(StrEnum):
    MET = "met"
    MISSING = "missing"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the gate as it stands. `when` and `value` describe the newest entry, if any; `last` is
    its earliest possible day."""

    name: str
    state: ItemState
    words: str
    when: str = ""
    value: str = ""
    evidence: tuple[Evidence, ...] = ()
    last: date | None = None


Wanted = dict[str, tuple[str, ...]]
EVALUATION: Wanted = {SNOMED: ("10197000", "79094001"), CPT: ("90791", "90792")}
CONSENT: Wanted = {SNOMED: ("408835000", "370861006")}
PDMP: Wanted = {SNOMED: ("461621000124108",)}
ECG_PROCEDURE: Wanted = {SNOMED: ("268400002",)}
ECG = ("11524-6", "8636-3")
MEDICATION_LIST, ALLERGY_LIST = ("10160-0",), ("48765-2",)
_NO_INFORMATION = frozenset({"no-allergy-info", "no-medication-info", "1631000175102"})

# name, LOINC codes any of which will do, the limit of `Freshness` that holds for it, words.
RESULTS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    ("sbp", ("8480-6",), "vitals", "systolic blood pressure"),
    ("dbp", ("8462-4",), "vitals", "diastolic blood pressure"),
    ("heart_rate", ("8867-4",), "vitals", "heart rate"),
    ("spo2", ("59408-5",), "vitals", "oxygen saturation"),
    ("alt", ("1742-6",), "liver", "ALT"),
    ("ast", ("1920-8",), "liver", "AST"),
    ("renal", ("2160-0", "98979-8", "51990-0"), "renal", "creatinine or eGFR"),
    ("tsh", ("3016-3",), "thyroid", "TSH"),
    ("uds_amphetamines", ("19261-7",), "urine_drugs", "urine screen: amphetamines"),
    ("uds_cocaine", ("19359-9",), "urine_drugs", "urine screen: cocaine"),
    ("uds_opiates", ("19295-5",), "urine_drugs", "urine screen: opiates"),
    ("uds_benzodiazepines", ("14316-4",), "urine_drugs", "urine screen: benzodiazepines"),
    ("uds_pcp", ("19659-2",), "urine_drugs", "urine screen: phencyclidine"),
    ("phq9", (PHQ9_TOTAL,), "scales", "PHQ-9 total"),
    ("audit_c", (AUDIT_C,), "scales", "AUDIT-C total"),
    ("dast10", (DAST_10,), "scales", "DAST-10 total"),
)
_SCALES_OF_THE_GATE = {"phq9": "PHQ-9", "audit_c": "AUDIT-C", "dast10": "DAST-10"}
_QUALITATIVE = frozenset({"hcg", *(name for name, *_ in RESULTS if name.startswith("uds_"))})
# Section 3.3, `repeat_before_first_dose`: what is measured that very day, and how old the rest may be.
ON_THE_DAY = ("blood pressure", "heart rate", "oxygen saturation", "weight", "C-SSRS")
STILL_FRESH_AT_DOSE = {"hcg": "pregnancy", "disorder_scale": "scales", "uds": "urine_drugs"}
# Sections in which an exclusion may stand, and the states in which nobody can say that it does not.
EXCLUDING = frozenset({"Condition", "AllergyIntolerance", "MedicationRequest", "Observation"})
UNREAD = frozenset({SectionState.FORBIDDEN, SectionState.FAILED, SectionState.PARTIAL})
_DONE = frozenset({None, "completed", "finished", "unknown"})


def items(view: View, targets: Sequence[Disorder]) -> tuple[Item, ...]:
    """Every line of the gate that applies to this patient."""
    fresh = view.house.freshness
    lines = [_evaluation(view), _consent(view)]
    if view.house.country.upper() == "US":
        lines.append(_done(view, "pdmp_review", PDMP, fresh.pdmp, "prescription monitoring review"))
    lines += [_result(view, name, loinc, getattr(fresh, age), words) for name, loinc, age, words in RESULTS]
    if view.may_be_pregnant:
        lines.append(_result(view, "hcg", HCG, fresh.pregnancy, "pregnancy test"))
    if _needs_ecg(view):
        lines.append(_ecg(view))
    lines.append(_cssrs(view))
    lines += [_scale(view, d.scale) for d in targets]
    lines += [_allergy_list(view), _medication_list(view)]
    if (birth := _birth_date(view)) is not None:
        lines.append(birth)
    return (*lines, *_not_read(view))


def screen(view: View, lines: Sequence[Item], has_target: bool) -> Iterator[Finding]:
    open_lines = [i for i in lines if i.state is not ItemState.MET]
    vague = _vague_conditions(view, has_target)
    reasons = [i.words for i in open_lines] + [f"{c.label} (which condition is it?)" for c in vague]
    if reasons:
        yield finding(
            "WORKUP_INCOMPLETE",
            f"Missing, too old or unclear: {'; '.join(reasons)}.",
            [*(e for i in open_lines for e in i.evidence), *map(evidence_of, vague)],
        )


def before_first_dose(view: View, lines: Sequence[Item]) -> tuple[str, ...]:
    """What must be done again before the first dose, because it will be too old by then (3.3)."""
    todo = [f"On the day of the first dose: {', '.join(ON_THE_DAY)}."]
    for line in lines:
        age = STILL_FRESH_AT_DOSE.get(line.name.split("_")[0]) or STILL_FRESH_AT_DOSE.get(line.name)
        if age is None or line.state is not ItemState.MET or line.last is None:
            continue
        limit = getattr(view.house.freshness, age)
        if (view.start - line.last).days > limit:
            todo.append(f"Within {limit} days before the first dose: {line.words} (last {line.when}).")
    return tuple(todo)


def _vague_conditions(view: View, has_target: bool) -> list[Fact]:
    """Conditions that cannot be judged: free text only, a phobia of no stated kind, unspecified anxiety.

    History excludes too, so words without a code are asked about whatever their status.
    """
    has_phobia = bool(view.active(codes.SPECIFIC_PHOBIA))
    return [
        c
        for c in sorted(view.stated_conditions, key=lambda c: (c.reference, c.label))
        if not codes.is_coded(c)
        or (
            codes.is_active(c)
            and (
                (c in codes.UNSPECIFIED_PHOBIA and not has_phobia)
                or (c in codes.UNSPECIFIED_ANXIETY and not has_target)
            )
        )
    ]


# --- lines ----------------------------------------------------------------------------------------------


def _line(name: str, words: str, newest: Fact | None, when: When | None, fresh: bool, note: str = "") -> Item:
    if newest is None:
        return Item(name, ItemState.MISSING, f"{words} (none)")
    evidence = (evidence_of(newest),)
    value = value_words(newest) if isinstance(newest, Observation) else ""
    said = str(when) if when else ""
    if fresh:
        return Item(name, ItemState.MET, words, said, value, evidence, when.earliest if when else None)
    reason = note or (f"too old: {said}" if said else "without a date")
    return Item(name, ItemState.STALE, f"{words} ({reason})", said, value, evidence)


def _result(view: View, name: str, loinc: Sequence[str], days: int, words: str) -> Item:
    told = [o for o in view.history(*loinc) if name not in _QUALITATIVE or _is_conclusive(o)]
    newest = told[-1] if told else None
    when = newest.when if newest else None
    line = _line(name, words, newest, when, view.is_fresh(when, days))
    return _unless_contradicted(view, line, _SCALES_OF_THE_GATE.get(name), newest)


def _unless_contradicted(view: View, line: Item, scale_id: str | None, total: Observation | None) -> Item:
    """A total that the answers on record contradict closes no line: which of the two is right?"""
    if scale_id is None or total is None:
        return line
    found = contradiction(view, instrument(scale_id), total)
    if found is None:
        return line
    told = tuple(dict.fromkeys((*line.evidence, *found.evidence)))
    return replace(
        line, state=ItemState.STALE, words=f"{line.name} ({found.words})", evidence=told, last=None
    )


def _is_conclusive(result: Observation) -> bool:
    """ "Invalid" or "indeterminate" is no result."""
    return is_positive(result) is not None or number(result) is not None


def _acts(view: View, wanted: Wanted) -> list[Procedure | Encounter]:
    """Procedures and encounters with one of the codes that have happened, oldest first."""
    facts: list[Procedure | Encounter] = [*view.record.procedures, *view.record.encounters]
    found = [
        f
        for f in facts
        if any(f.has(system, of_system) for system, of_system in wanted.items())
        and (f.status in _DONE or (isinstance(f, Encounter) and f.status == "in-progress"))
        and view.happened(f.when)
    ]
    return sorted(found, key=lambda f: (moment_of(f.when), f.reference))


def _done(view: View, name: str, wanted: Wanted, days: int, words: str) -> Item:
    newest = next(reversed(_acts(view, wanted)), None)
    when = newest.when if newest else None
    return _line(name, words, newest, when, view.is_fresh(when, days))


def _evaluation(view: View) -> Item:
    return _done(
        view, "psychiatric_evaluation", EVALUATION, view.house.freshness.evaluation, "psychiatric evaluation"
    )


def _consent(view: View) -> Item:
    """8b: ketamine and off-label named, at 18 or older, after the evaluation, at most 90 days old."""
    consents = _acts(view, CONSENT)
    words = "consent naming ketamine and off-label use"
    good = [c for c in consents if _consent_fault(view, c) == ""]
    if not consents:
        return _line("consent", words, None, None, False)
    newest = (good or consents)[-1]
    return _line("consent", words, newest, newest.when, bool(good), _consent_fault(view, newest))


def _consent_fault(view: View, consent: Procedure | Encounter) -> str:
    note = consent.note if isinstance(consent, Procedure) else ""
    words = " ".join([consent.text, note, *(c.display for c in consent.codes)]).lower()
    if "ketamine" not in words or not ("off-label" in words or "off label" in words):
        return "does not name ketamine and off-label use"
    if consent.when is None:
        return "without a date"
    fresh = view.house.freshness
    if not view.is_fresh(consent.when, fresh.consent):
        return f"too old: {consent.when}"
    evaluations = [
        e.when for e in _acts(view, EVALUATION) if e.when and view.is_fresh(e.when, fresh.evaluation)
    ]
    if evaluations and not any(_day(e) <= _day(consent.when) for e in evaluations):
        return "given before the evaluation"
    ages = view.age_range(_day(consent.when))
    return "given under the age of 18" if ages and ages[0] < 18 else ""


def _day(when: When) -> date:
    return when.earliest


def _needs_ecg(view: View) -> bool:
    return view.house.ecg_for_all or view.age_may_be(50, 200) or bool(view.ever(codes.CARDIAC_HISTORY))


def _ecg(view: View) -> Item:
    facts: list[Fact] = [*_acts(view, ECG_PROCEDURE), *view.history(*ECG)]
    newest = max(facts, key=lambda f: moment_of(getattr(f, "when", None)), default=None)
    when = getattr(newest, "when", None)
    return _line("ecg", "ECG", newest, when, view.is_fresh(when, view.house.freshness.ecg))


def _cssrs(view: View) -> Item:
    words, oldest = "C-SSRS with every item it calls for", view.house.freshness.scales
    newest = view.newest(*suicide.ITEMS, *suicide.PANELS)
    complete = suicide.answered_items(view, oldest)
    when = newest.when if newest else None
    note = "incomplete" if view.is_fresh(when, oldest) else ""
    return _line("cssrs", words, newest, when, complete, note)


def _scale(view: View, scale: Scale) -> Item:
    newest = scale_score(view, scale)
    when = newest.when if newest else None
    fresh = view.is_fresh(when, view.house.freshness.scales)
    line = _line("disorder_scale", scale.title, newest, when, fresh)
    return _unless_contradicted(view, line, scale.id, newest)


def scale_score(view: View, scale: Scale) -> Observation | None:
    """The newest total of an instrument: by LOINC, and by name where the value carries no LOINC code."""
    coded = view.newest(scale.loinc) if scale.loinc else None
    named = view.newest_named(scale.names, coded=scale.loinc is None)
    found = [
        o for o in (coded, named) if o and (total := number(o)) is not None and 0 <= total <= scale.maximum
    ]
    return max(found, key=lambda o: moment_of(o.when), default=None)


def _allergy_list(view: View) -> Item:
    entries: list[Fact] = [
        a
        for a in view.record.allergies
        if a.verification_status not in codes.NOT_SO and not any(c.code in _NO_INFORMATION for c in a.codes)
    ]
    return _listed(view, "allergy_list", entries, ALLERGY_LIST, "allergy list")


def _medication_list(view: View) -> Item:
    entries: list[Fact] = [
        m for m in view.record.medications if not any(c.code in _NO_INFORMATION for c in m.codes)
    ]
    return _listed(view, "medication_list", entries, MEDICATION_LIST, "medication list")


def _listed(view: View, name: str, entries: list[Fact], lists: Sequence[str], words: str) -> Item:
    """Any entry, or a list somebody asserted to be empty; nothing at all is unknown, not none."""
    asserted = [e for e in view.record.empty_lists if any(c.code in lists for c in e.codes)]
    present = entries or asserted
    if not present:
        return Item(name, ItemState.MISSING, f"{words} (nothing recorded, not even that there is none)")
    return Item(name, ItemState.MET, words, value=f"{len(entries)} entries" if entries else "asserted empty")


def _not_read(view: View) -> Iterator[Item]:
    """A section that was refused, failed or came in part may hide an exclusion: unknown, never "no"."""
    for section in view.record.sections:
        if section.name.split()[0] in EXCLUDING and section.state in UNREAD:
            words = f"record section {section.name} ({section.state}: what it holds is not known)"
            yield Item(f"read_{section.name.lower().replace(' ', '_')}", ItemState.MISSING, words)


def _birth_date(view: View) -> Item | None:
    """A date of birth that leaves open whether the patient is of age must be completed."""
    ages = view.age_range(view.start)
    if ages and (ages[0] >= 18 or ages[1] < 18):
        return None
    return Item("birth_date", ItemState.MISSING, "date of birth (of age on day 0?)")
