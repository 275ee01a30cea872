"""A course under way on the screen: what happened, how the score moved, what was answered, what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from ketplan.clinical.findings import Evidence
from ketplan.clinical.instruments.change import Change, Rating
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.progress.course_now import CourseNow
from ketplan.clinical.progress.facts import DoseGiven, EventKind, Happened
from ketplan.clinical.progress.history import Entry, Verdict
from ketplan.clinical.progress.judgement import against_baseline
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Proposal
from ketplan.clinical.progress.tolerance import bars, unrecorded
from ketplan.fhir.rendering.review_response import wanted
from ketplan.web.presenters import readiness, words
from ketplan.web.presenters.readiness import EvidenceView

VERDICTS = {
    Verdict.ACCEPTED: "accepted",
    Verdict.EDITED: "accepted with changes",
    Verdict.REJECTED: "rejected",
}


@dataclass(frozen=True)
class DoseRow:
    number: int
    on: str
    size: str
    pressure: str
    spo2: str
    trouble: tuple[str, ...]
    missing: tuple[str, ...]
    maintenance: bool
    link: EvidenceView


@dataclass(frozen=True)
class RatingRow:
    """`change` is against the baseline, or why there is none; `tags` what was reached."""

    title: str
    on: str
    total: str
    change: str
    tags: tuple[str, ...]
    link: EvidenceView


@dataclass(frozen=True)
class Line:
    """Something else that happened, in words."""

    on: str
    words: str
    link: EvidenceView | None
    grave: bool = False


@dataclass(frozen=True)
class Told:
    """An answer as the history tells it."""

    title: str
    proposed: str
    verdict: str
    instead: str
    reason: str
    by: str
    at: str
    stands: bool


@dataclass(frozen=True)
class Consequence:
    """What an answer changes in ketplan, and what stands unchanged in the EHR for all that."""

    here: str
    there: str


# --- what happened ------------------------------------------------------------------------------------------


def doses(now: CourseNow, limits: Limits, base: str) -> tuple[DoseRow, ...]:
    return tuple(_dose(dose, limits, base) for dose in now.happened.doses)


def _dose(dose: DoseGiven, limits: Limits, base: str) -> DoseRow:
    per_kg = f"{dose.mg_per_kg} mg/kg" if dose.mg_per_kg is not None else ""
    mg = f"{_plain(dose.mg)} mg" if dose.mg is not None else ""
    return DoseRow(
        dose.number,
        words.full_day(dose.on),
        ", ".join(filter(None, [per_kg, mg])) or "not recorded",
        dose.pressure if dose.pressure != "?/?" else "not recorded",
        "not recorded" if dose.lowest_spo2 is None else f"{dose.lowest_spo2} %",
        bars(dose, limits),
        unrecorded(dose, limits),
        dose.maintenance,
        _link(dose.reference, base),
    )


def ratings(now: CourseNow, limits: Limits, base: str) -> tuple[RatingRow, ...]:
    """Every rating of the disorder's own scale, oldest first, then the newest of each other one."""
    lead = now.plan.disorder.scale.id
    own = [r for r in now.happened.ratings if r.instrument == lead]
    others = {r.instrument: r for r in now.happened.ratings if r.instrument != lead}
    return tuple(_rating(r, now, limits, base) for r in (*own, *others.values()))


def _rating(rating: Rating, now: CourseNow, limits: Limits, base: str) -> RatingRow:
    judged = None
    if rating.instrument == now.plan.disorder.scale.id and _is_later(rating, now):
        judged = against_baseline(now.plan, now.happened, limits, rating)
    change = judged.change if judged else None
    said = ""
    if judged is not None:
        said = _moved(change) if change else judged.why_not
    elif rating.instrument == now.plan.disorder.scale.id:
        said = "before the first dose"
    return RatingRow(
        instrument(rating.instrument).title,
        words.full_day(rating.on),
        "incomplete" if rating.total is None else _plain(rating.total),
        said,
        tuple(_reached(change)) if change else (),
        _link(rating.reference, base),
    )


def _is_later(rating: Rating, now: CourseNow) -> bool:
    first = now.happened.doses[0].on if now.happened.doses else now.plan.start
    return rating.total is not None and rating.on > first


def _moved(change: Change) -> str:
    if change.pct is None or change.baseline.total is None:
        return "the change cannot be computed"
    moved = f"{change.pct} % better" if change.pct >= 0 else f"{-change.pct} % worse"
    return f"{moved} than {_plain(change.baseline.total)} on {words.full_day(change.baseline.on)}"


def _reached(change: Change) -> Iterator[str]:
    answers = (
        (change.response, "response"),
        (change.remission, "remission"),
        (change.reliable, "reliable change"),
    )
    for reached, name in answers:
        yield f"{name}: {'not known' if reached is None else 'yes' if reached else 'no'}"


def others(happened: Happened, base: str) -> tuple[Line, ...]:
    """Events and missed visits, oldest first."""
    events = [
        (e.on, e.words or e.kind.value, _link(e.reference, base), e.kind is not EventKind.OTHER)
        for e in happened.events
    ]
    missed = [(m.on, f"{m.title}: missed", None, False) for m in happened.missed]
    rows = sorted([*events, *missed], key=lambda row: row[0])
    return tuple(Line(words.full_day(on), said, link, grave) for on, said, link, grave in rows)


def exposure(now: CourseNow) -> str:
    """How much has been given, here and before."""
    here, before = len(now.happened.doses), now.plan.lifetime_before
    known = [d.mg for d in now.happened.doses if d.mg is not None]
    mg = f", {_plain(sum(known, Decimal(0)))} mg in {words.count(len(known), 'dose')}" if known else ""
    if before is None:
        return f"{words.count(here, 'dose')} in this course{mg}; how many before it is not recorded."
    return f"{words.count(here, 'dose')} in this course{mg}; {before} before it, {here + before} in all."


def _link(reference: str, base: str) -> EvidenceView:
    return readiness.evidence([Evidence(reference, "")], base)[0]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


# --- where it stands ----------------------------------------------------------------------------------------


def next_dose(now: CourseNow) -> str:
    """The dose to give next, short."""
    dose = now.dose
    if dose.no_dose:
        return "none now"
    per_kg = f"{dose.mg_per_kg} mg/kg" if dose.mg_per_kg is not None else ""
    mg = f"{dose.mg} mg" if dose.mg is not None else "no dose in mg: no usable weight"
    return ", ".join(filter(None, [per_kg, mg]))


def lines(now: CourseNow) -> dict[str, str]:
    """The course in a few lines, for one moment or to compare two."""
    plan = now.plan
    given = len(now.happened.induction)
    rows = {
        "Next dose": next_dose(now),
        "Induction": f"{given} of {plan.planned} given",
        "Maintenance": f"every {plan.interval_days} days"
        if plan.maintenance and plan.interval_days
        else "not started",
        "Next maintenance dose": words.full_day(now.due) if now.due else "–",
        "Authorised": words.full_day(plan.authorised_on) if plan.authorised_on else "not known",
        "Dosing": f"ended on {words.full_day(plan.stopped_on)}" if plan.stopped_on else "goes on",
    }
    return rows


def changes(before: CourseNow, after: CourseNow) -> tuple[tuple[str, str, str], ...]:
    """What differs: name, before, after."""
    was, will = lines(before), lines(after)
    return tuple((name, was[name], will[name]) for name in was if was[name] != will[name])


def consequences(entries: tuple[Entry, ...]) -> tuple[Consequence, ...]:
    """What the agreed answers change here, and what of the plan in the EHR they leave as it is."""
    found = (_consequence(e.proposal) for e in entries if e.answer.verdict is not Verdict.REJECTED)
    return tuple(dict.fromkeys(c for c in found if c))


def _consequence(proposal: Proposal) -> Consequence | None:
    effect = proposal.effect
    if effect.ends_dosing:
        return Consequence(
            "No session sheet offers a further dose.",
            "The care plan stays active, and open appointments stand, until somebody ends them there.",
        )
    if effect.mg_per_kg is not None:
        return Consequence(
            "The next session sheet shows the new dose.",
            "The request for ketamine still says the dose that was signed, until the plan is revised.",
        )
    if effect.doses_added is not None:
        return Consequence(
            "More doses are planned.",
            "The added doses have no appointments yet; the request still says the old number.",
        )
    if effect.interval_days is not None:
        return Consequence(
            "The day of the next maintenance dose is computed anew.",
            "Maintenance doses have no appointments there yet, and appointments that stand are not moved.",
        )
    return None


# --- history ------------------------------------------------------------------------------------------------


def told(entry: Entry, name: str, zone: ZoneInfo, stands: bool) -> Told:
    answer = entry.answer
    return Told(
        entry.proposal.title,
        entry.proposal.text,
        VERDICTS[answer.verdict],
        wanted(answer.edit) if answer.edit else "",
        answer.reason,
        name or answer.clinician,
        words.moment(answer.at, zone),
        stands,
    )
