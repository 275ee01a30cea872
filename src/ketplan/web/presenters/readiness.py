"""Is this patient ready? The verdict, each finding with what it rests on, and what was met."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ketplan.clinical.findings import Decision, Evidence, Finding, FindingClass, must_be_resolved
from ketplan.clinical.record import Section, SectionState
from ketplan.clinical.rule_words import FIRES
from ketplan.clinical.rules import RULES
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.clinical.screens.workup import Item, ItemState
from ketplan.web.bench import Bench
from ketplan.web.plan.work import Answer, fingerprint
from ketplan.web.presenters import instruments, words
from ketplan.workflow import Proposal

_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9._-]{1,255}")
SUICIDE = frozenset({"SI_HIGH", "SI_MODERATE", "SI_LOW", "PHQ9_ITEM9_POSITIVE"})
# Answered best where the fact itself is recorded.
BY_INTAKE = frozenset({"MULTI_DX_PRINCIPAL_UNSPECIFIED", "TR_CRITERION_NOT_MET", "NO_ESCORT"})
# Sections in which exclusions stand; where one of them is empty, not finding any says little.
EXCLUDING = frozenset({"Condition", "AllergyIntolerance"})
_UNREAD = frozenset({SectionState.FORBIDDEN, SectionState.FAILED, SectionState.PARTIAL})


@dataclass(frozen=True)
class EvidenceView:
    """`href` is empty where the EHR has no address for it."""

    words: str
    when: str
    reference: str
    href: str


@dataclass(frozen=True)
class FindingView:
    """`parts` are the separate fields its reason is made of; empty for a reason in one piece."""

    id: str
    tag: str
    text: str
    evidence: tuple[EvidenceView, ...]
    source: str
    standing: tuple[str, ...]
    resolves: str
    resolvable: bool
    answer: Answer | None
    lapsed: Answer | None
    about: str
    parts: tuple[str, ...]
    by_intake: bool
    rule: str

    @property
    def is_open(self) -> bool:
        return self.resolvable and self.answer is None


@dataclass(frozen=True)
class Verdict:
    """`tone` is one of stop, warn, ok, quiet."""

    tone: str
    lead: str
    rest: str


@dataclass(frozen=True)
class Met:
    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class GateRow:
    """`scale` is the instrument that closes the line when it is filled in; "" for none. `stands` says how the
    line stands in a word: FOUND, STALE, NOT ASKED, FORBIDDEN, NOT READ or MISSING."""

    words: str
    state: str
    value: str
    when: str
    evidence: tuple[EvidenceView, ...]
    scale: str
    stands: str


@dataclass(frozen=True)
class SectionRow:
    name: str
    state: str
    words: str
    count: int
    unreadable: int
    detail: str


def findings(bench: Bench) -> tuple[FindingView, ...]:
    return tuple(_finding(bench, f) for f in bench.proposal.draft.findings)


def verdict(bench: Bench) -> Verdict:
    proposal, left = bench.proposal, bench.left_open
    if proposal.assessment.found("PATIENT_DECEASED"):
        return Verdict("stop", "The record says that this patient has died.", "Nothing is proposed.")
    if proposal.draft.decision is Decision.BLOCKED:
        blocks = sum(f.cls is FindingClass.BLOCK for f in proposal.draft.findings)
        return Verdict(
            "stop",
            "Blocked.",
            f"{_number(blocks)} exclusion{'' if blocks == 1 else 's'} found. "
            "No ketamine plan can be written for this patient.",
        )
    if left:
        which = "One finding" if left == 1 else f"{_number(left)} findings"
        return Verdict("warn", "Needs your review.", f"{which} must be resolved before anything is written.")
    if not (proposal.draft.ketamine.infusions or proposal.draft.cbt):
        return Verdict("quiet", "Nothing is proposed.", "There is no course to write.")
    if proposal.open_findings:
        return Verdict("ok", "Ready to sign.", "Every finding that asked for an answer has one.")
    return Verdict("ok", "Ready.", "Nothing found stands against this proposal. A clinician decides.")


def met(proposal: Proposal) -> Iterator[Met]:
    """What was asked and is in order: silence is not reassurance."""
    assessment = proposal.assessment
    resistance, intake = assessment.resistance, proposal.record.intake
    if resistance and resistance.met:
        if resistance.missing:
            yield Met("Treatment resistance: stated in the intake", (f"“{resistance.statement}”",))
        else:
            trials = words.count(len(resistance.drugs), "drug trial")
            courses = words.count(len(resistance.courses), "therapy course")
            told = (*resistance.drugs, *resistance.courses)
            yield Met(f"Treatment resistance: {trials}, {courses}", told)
    if assessment.targets and intake.escort_confirmed:
        yield Met("A companion is confirmed for each dose")
    columbia = next((i for i in assessment.gate if i.name == "cssrs"), None)
    if columbia and columbia.state is ItemState.MET and not assessment.found(*SUICIDE):
        yield Met(f"C-SSRS of {words.recorded(columbia.when)} complete, no suicide risk found in it")


@dataclass(frozen=True)
class LookedFor:
    """Exclusions looked for and not found, in how many entries, and where there was nothing to read."""

    names: tuple[str, ...]
    entries: int
    silent: tuple[str, ...]


def looked_for(proposal: Proposal) -> LookedFor | None:
    """None where exclusions are not judged: for therapy alone they do not matter, for the dead neither."""
    assessment = proposal.assessment
    if assessment.choice.cbt_only or assessment.found("PATIENT_DECEASED"):
        return None
    sections = proposal.record.sections
    return LookedFor(
        tuple(words.EXCLUSIONS[id] for id in words.BLOCKS if not assessment.found(id)),
        sum(s.count for s in sections),
        tuple(s.name for s in sections if s.name in EXCLUDING and not s.count),
    )


def gate(bench: Bench) -> tuple[GateRow, ...]:
    """Every line of the work-up; what is open comes first."""
    rows = [_gate_row(bench, item) for item in bench.proposal.assessment.gate]
    return tuple(sorted(rows, key=lambda row: row.state == ItemState.MET))


def sections(proposal: Proposal) -> tuple[SectionRow, ...]:
    return tuple(
        SectionRow(s.name, s.state.value, words.SECTION_STATES[s.state], s.count, s.unreadable, s.detail)
        for s in proposal.record.sections
    )


def unread(proposal: Proposal) -> tuple[Section, ...]:
    """Sections of which something is not known: nothing may be concluded from their silence."""
    return tuple(s for s in proposal.record.sections if s.state in _UNREAD)


def evidence(facts: Iterable[Evidence], base: str) -> tuple[EvidenceView, ...]:
    """`base` is the EHR's address; a reference that means nothing there gets no link."""
    return tuple(
        EvidenceView(
            e.words,
            words.recorded(e.when),
            e.reference,
            f"{base}/{e.reference}" if _REFERENCE.fullmatch(e.reference) else "",
        )
        for e in facts
    )


def standing(source: str, label: str) -> tuple[str, ...]:
    """Where a rule stands: in the drug's label, from memory of the literature, or a house default."""
    said = [f"Label: {label}"] if label and label != "none" else []
    said += ["House default: a medical director may change it"] if "[H]" in source else []
    said += ["From memory of the literature, to be verified"] if "[M" in source else []
    return tuple(said)


def _finding(bench: Bench, found: Finding) -> FindingView:
    rule = RULES[found.id]
    return FindingView(
        id=found.id,
        tag=found.cls.value,
        text=found.text,
        evidence=evidence(found.evidence, bench.session.iss),
        source=found.source,
        standing=standing(found.source, rule.label),
        resolves=found.resolves,
        resolvable=must_be_resolved(found) and bench.proposal.draft.decision is not Decision.BLOCKED,
        answer=bench.work.answer_to(found),
        lapsed=bench.work.lapsed(found),
        about=fingerprint(found),
        parts=RELEASE_FIELDS if found.id == "SI_HIGH" else (),
        by_intake=found.id in BY_INTAKE,
        rule=FIRES.get(found.id, ""),
    )


def _gate_row(bench: Bench, item: Item) -> GateRow:
    scale = instruments.of_gate(item.name, item.words)
    return GateRow(
        item.words,
        item.state.value,
        item.value,
        words.recorded(item.when),
        evidence(item.evidence, bench.session.iss),
        scale,
        _stands(bench, item, scale),
    )


# Where each line of the work-up would stand, when it is not a result; the rest are Observations.
_STANDS_IN = {
    "psychiatric_evaluation": ("Encounter", "Procedure"),
    "consent": ("Procedure",),
    "pdmp_review": ("Procedure",),
    "ecg": ("Procedure", "Observation"),
    "allergy_list": ("AllergyIntolerance", "List"),
    "medication_list": ("Medication", "List"),
    "birth_date": ("Patient",),
}
_OF_STATE = {
    SectionState.FORBIDDEN: "FORBIDDEN",
    SectionState.FAILED: "NOT READ",
    SectionState.PARTIAL: "NOT READ",
}


def _stands(bench: Bench, item: Item, scale: str) -> str:
    """What is not there may be forbidden, not read or never asked: only the rest is missing."""
    if item.state is not ItemState.MISSING:
        return "FOUND" if item.state is ItemState.MET else "STALE"
    homes = _STANDS_IN.get(item.name, ("Observation",))
    for section in unread(bench.proposal):
        if section.name.startswith(homes) or item.name == f"read_{section.name.lower().replace(' ', '_')}":
            return _OF_STATE[section.state]
    return "NOT ASKED" if scale else "MISSING"


def _number(n: int) -> str:
    names = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return names[n] if n < len(names) else str(n)
