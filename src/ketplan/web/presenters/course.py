"""What is proposed: the dose with its arithmetic, therapy, watch, evidence, and what else there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from ketplan.clinical.assessment import Assessment
from ketplan.clinical.dose import first_dose
from ketplan.clinical.draft import draft
from ketplan.clinical.plan import KetamineCourse, SessionMonitoring
from ketplan.clinical.protocols import expectations
from ketplan.clinical.protocols.evidence import TRIALS, Result, Trial
from ketplan.clinical.screens.weight import two_places
from ketplan.errors import InputError
from ketplan.web.presenters import words
from ketplan.workflow import Proposal

ROUTES = {"IV": "intravenous", "SC": "subcutaneous", "IN": "intranasal", "PO": "by mouth"}
BASES = {"actual": "actual weight", "ideal": "ideal weight (Devine)", "adjusted": "adjusted weight"}
_RESULTS = {
    Result.POSITIVE: "benefit found",
    Result.NULL: "no benefit found",
    Result.MIXED: "mixed",
    Result.UNKNOWN: "no comparison",
}


@dataclass(frozen=True)
class BasisOption:
    """One weight the first dose may be computed on. `mg` is None where the protocol gives no such dose."""

    id: str
    words: str
    kg: Decimal
    mg: int | None
    chosen: bool


@dataclass(frozen=True)
class DoseView:
    """`sum` is the arithmetic; `mg` is None without a usable weight, and then there is no dose at all."""

    title: str
    how: str
    mg: int | None
    sum: str
    provisional: bool
    basis: str
    options: tuple[BasisOption, ...]
    per_kg: str
    ceiling: str
    titration: tuple[str, ...]
    infusions: int
    source: str
    off_label: str


@dataclass(frozen=True)
class WatchView:
    stay: str
    vitals: str
    instruments: tuple[str, ...]
    escort: bool
    driving: str
    source: str


@dataclass(frozen=True)
class SessionRow:
    number: int
    title: str
    minutes: int
    when: str


@dataclass(frozen=True)
class TherapyView:
    id: str
    title: str
    note: str
    source: str
    sessions: tuple[SessionRow, ...]


@dataclass(frozen=True)
class TrialRow:
    name: str
    size: str
    route: str
    words: str
    result: str
    kind: str
    source: str


@dataclass(frozen=True)
class EvidenceTable:
    disorder: str
    tally: str
    rows: tuple[TrialRow, ...]


@dataclass(frozen=True)
class Choices:
    """What the library offers instead, as (id, words); `protocol` and `cbt` are chosen, "" for none."""

    protocols: tuple[tuple[str, str], ...]
    courses: tuple[tuple[str, str], ...]
    protocol: str
    cbt: str
    basis: str


def dose(proposal: Proposal, course: KetamineCourse | None = None) -> DoseView | None:
    """The first dose, None where no drug course is proposed."""
    course = course or proposal.draft.ketamine
    if not course.infusions:
        return None
    over = f" over {course.minutes} min" if course.minutes else ""
    return DoseView(
        title=proposal.assessment.library.protocol(course.protocol).title,
        how=f"{course.product}, {ROUTES.get(course.route or '', course.route or '')}{over}",
        mg=course.dose_mg,
        sum=course.arithmetic,
        provisional=course.provisional,
        basis=BASES.get(course.dosing_weight_basis or "", ""),
        options=_options(proposal.assessment, course),
        per_kg="" if course.mg_per_kg is None else f"{course.mg_per_kg} mg/kg",
        ceiling="" if course.ceiling_mg_per_kg is None else f"{course.ceiling_mg_per_kg} mg/kg",
        titration=course.titration,
        infusions=course.infusions,
        source=course.source,
        off_label=next((f.text for f in proposal.draft.findings if f.id == "OFF_LABEL"), ""),
    )


def _options(assessment: Assessment, course: KetamineCourse) -> tuple[BasisOption, ...]:
    """Every basis with its own dose, by the same rule that makes the proposed one."""
    found = []
    protocol = assessment.library.protocol(course.protocol)
    for basis, kg in assessment.weight.options:
        dose = first_dose(assessment.view, protocol, assessment.weight, basis, assessment.lead)
        mg = dose.mg if dose and dose.mg_per_kg is not None else None
        chosen = basis == course.dosing_weight_basis
        found.append(BasisOption(basis, BASES[basis], two_places(kg), mg, chosen))
    return tuple(found)


def watch(monitoring: SessionMonitoring | None) -> WatchView | None:
    if monitoring is None:
        return None
    return WatchView(
        f"{monitoring.minimum_observation_minutes} min from the start at the least",
        "at " + ", ".join(map(str, monitoring.vitals_minutes)) + " min",
        monitoring.instruments,
        monitoring.escort_required,
        monitoring.no_driving_until,
        monitoring.source,
    )


def expected(proposal: Proposal) -> tuple[expectations.Expectation, ...]:
    """What is known of such a course, now and in the long run; nothing where no drug course is proposed."""
    course, terms = proposal.draft.ketamine, proposal.draft.terms
    return expectations.of(course.route, terms.age if terms else None) if course.infusions else ()


def therapy(proposal: Proposal) -> TherapyView | None:
    course = proposal.draft.cbt
    if course is None:
        return None
    placed = {p.visit.key: p.start for p in proposal.timetable.placed}
    rows = []
    for s in course.sessions:
        at = placed.get(f"cbt-{s.number}")
        when = words.day(at.date(), proposal.draft.start) if at else "not placed"
        rows.append(SessionRow(s.number, s.title, s.minutes, when))
    title = proposal.assessment.library.course(course.protocol).title
    return TherapyView(course.protocol, title, course.note, course.source, tuple(rows))


def evidence(proposal: Proposal) -> tuple[EvidenceTable, ...]:
    """Every trial of each target disorder. Nothing sorts the null results away."""
    return tuple(
        EvidenceTable(d.title, _tally(TRIALS[d.id]), tuple(map(_trial, TRIALS[d.id])))
        for d in proposal.assessment.targets
        if TRIALS.get(d.id)
    )


def _tally(trials: tuple[Trial, ...]) -> str:
    kinds = [(kind, sum(t.result is kind for t in trials)) for kind in Result]
    return ", ".join(f"{n} {_RESULTS[kind]}" for kind, n in kinds if n)


def _trial(trial: Trial) -> TrialRow:
    size = f"n = {trial.n}" if trial.n else "size not stated"
    kind = trial.result.value
    return TrialRow(trial.name, size, trial.route, trial.words, _RESULTS[trial.result], kind, trial.source)


def choices(proposal: Proposal) -> Choices:
    assessment = proposal.assessment
    library = assessment.library
    offered = [p for p in library.protocols if p.enabled and p.day_offsets] if assessment.targets else []
    chosen = assessment.choice
    return Choices(
        tuple((p.id, p.title) for p in offered),
        tuple((c.id, c.title) for c in library.courses if _takes(assessment, c.id)),
        chosen.protocol or "",
        chosen.cbt or "",
        chosen.basis or "",
    )


def _takes(assessment: Assessment, course: str) -> bool:
    """Whether the library lets this course be chosen for the disorder that leads: ask the one who decides."""
    if assessment.lead is None:
        return False
    try:
        draft(replace(assessment, choice=replace(assessment.choice, cbt=course)))
    except InputError:
        return False
    return True


def override(proposal: Proposal) -> DoseView | None:
    """What a clinician may choose against the default, with a reason of their own."""
    offered = proposal.draft.override
    return dose(proposal, offered.ketamine) if offered else None
