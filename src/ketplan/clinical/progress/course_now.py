"""The plan as it stands now: what was signed and what clinicians have answered since, and the next dose.

An answer acts through the effect it accepted or edited; a rejected one changes nothing. Where a proposal was
answered twice the second answer stands. Nothing that was answered lifts a limit: each is asked again here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import DoseGiven, Happened, PlanFacts, with_added
from ketplan.clinical.progress.history import Entry, History, Verdict, unanswered
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.next_dose import DoseNow, next_dose
from ketplan.clinical.progress.proposals import Kind, Proposal
from ketplan.clinical.progress.review import review

_STARTS = frozenset({Kind.START_MAINTENANCE, Kind.END_OF_INDUCTION_REVIEW})
# Dosing waits while one of these stands, until a clinician has answered it with no.
_WAITS = frozenset({Kind.SUICIDE_PATHWAY, Kind.STOP_AT_ONCE, Kind.HOLD})
# Dosing waits until these have been answered, one way or the other.
_FIRST_ANSWERED = frozenset({Kind.STEP_DOWN})


@dataclass(frozen=True, slots=True)
class Stated:
    """What a chart rarely says and a named clinician has stated: frailty, doses before this course, anywhere.
    None was not stated."""

    frail: bool | None = None
    lifetime_before: int | None = None

    def added_to(self, plan: PlanFacts) -> PlanFacts:
        """Frailty on record stands whatever was stated."""
        frail = plan.frail if plan.frail or self.frail is None else self.frail
        before = plan.lifetime_before if self.lifetime_before is None else self.lifetime_before
        return replace(plan, frail=frail, lifetime_before=before)


@dataclass(frozen=True, slots=True)
class CourseNow:
    """`plan` with every answer in it, the proposals of today's review, `open` those nobody has answered yet.

    `due`: when the next maintenance dose is, None in induction (its doses have appointments) and after the
    end of dosing.
    """

    plan: PlanFacts
    happened: Happened
    proposals: tuple[Proposal, ...]
    open: tuple[Proposal, ...]
    dose: DoseNow
    due: date | None


def course_now(
    signed: PlanFacts,
    happened: Happened,
    history: History,
    as_of: date,
    zone: tzinfo,
    *,
    limits: Limits | None = None,
    house: House | None = None,
    barred: str = "",
) -> CourseNow:
    """Where a course stands on `as_of`. `signed` is the plan as it was signed, `zone` the site's; `barred`
    says why no dose is given at all, as while the course is suspended."""
    limits, house = limits or Limits(), house or House()
    plan, until = as_answered(signed, history, zone, limits), happened.until(as_of)
    proposals = review(plan, happened, as_of, limits=limits, house=house)
    waits = (*filter(None, [barred]), *_waits(plan, until, history, proposals, as_of))
    dose = next_dose(plan, until, _dose_answered(plan, until, history, zone), waits, limits, house)
    return CourseNow(plan, until, proposals, still_open(proposals, history), dose, _due(plan, until, history))


def as_answered(signed: PlanFacts, history: History, zone: tzinfo, limits: Limits | None = None) -> PlanFacts:
    """The signed plan with what was answered: doses added, maintenance, interval, authorisation, the end."""
    limits = limits or Limits()
    agreed = [e for e in standing(history) if e.answer.verdict is not Verdict.REJECTED]
    added = sum(value_of(e, "doses_added") or 0 for e in agreed)
    starts = any(e.proposal.kind in _STARTS and e.proposal.effect.interval_days is not None for e in agreed)
    maintenance = signed.maintenance or starts
    intervals = [days for e in agreed if (days := value_of(e, "interval_days")) is not None]
    ends = [_day(e, zone) for e in agreed if e.proposal.effect.ends_dosing]
    authorised = [_day(e, zone) for e in agreed if e.proposal.kind is Kind.REAUTHORISE]
    return replace(
        with_added(signed, min(added, limits.added_doses)),
        maintenance=maintenance,
        interval_days=(intervals or [signed.interval_days])[-1] if maintenance else None,
        authorised_on=max(filter(None, [signed.authorised_on, *authorised]), default=None),
        stopped_on=min(filter(None, [signed.stopped_on, *ends]), default=None),
    )


def standing(history: History) -> tuple[Entry, ...]:
    """The newest answer to each proposal, in the order they were given."""
    newest = {entry.proposal.id: n for n, entry in enumerate(history.entries)}
    return tuple(history.entries[n] for n in sorted(newest.values()))


def value_of(entry: Entry, name: str) -> Any:
    """What was agreed for one value of the effect: the edited one, else the proposed."""
    edited = getattr(entry.answer.edit, name) if entry.answer.edit else None
    return getattr(entry.proposal.effect, name) if edited is None else edited


def still_open(proposals: tuple[Proposal, ...], history: History) -> tuple[Proposal, ...]:
    """What waits for an answer; what makes dosing wait is asked again also when only its evidence is new."""
    unseen = set(unanswered(proposals, history))
    seen = {(e.proposal.id, e.proposal.evidence) for e in history.entries}
    return tuple(p for p in proposals if p in unseen or (p.kind in _WAITS and (p.id, p.evidence) not in seen))


# --- what stands in the way ---------------------------------------------------------------------------------


def _waits(
    plan: PlanFacts, happened: Happened, history: History, proposals: tuple[Proposal, ...], as_of: date
) -> Iterator[str]:
    """Why no dose may be given now, a sentence each."""
    if plan.stopped_on is not None and plan.stopped_on <= as_of:
        yield f"Dosing ended on {plan.stopped_on}."
    unseen = set(still_open(proposals, history))
    answered = {e.proposal.id: e.answer.verdict for e in standing(history)}
    for found in proposals:
        verdict = None if found in unseen else answered[found.id]
        if _must_wait(found.kind, verdict):
            yield found.text
    if not plan.maintenance and len(happened.induction) >= plan.planned:
        yield f"All {plan.planned} planned doses have been given." if plan.planned else "No dose is planned."


def _must_wait(kind: Kind, verdict: Verdict | None) -> bool:
    """Does a proposal with this answer, None while there is none, keep the next dose from being given?"""
    if kind in _WAITS:
        return verdict is not Verdict.REJECTED
    # An authorisation that was given makes the proposal go away.
    return kind is Kind.REAUTHORISE or (kind in _FIRST_ANSWERED and verdict is None)


# --- the dose and its day -----------------------------------------------------------------------------------


def _dose_answered(plan: PlanFacts, happened: Happened, history: History, zone: tzinfo) -> Decimal | None:
    """The dose last agreed on; in maintenance only while no dose has been given since."""
    sized = [
        e
        for e in standing(history)
        if e.answer.verdict is not Verdict.REJECTED and value_of(e, "mg_per_kg") is not None
    ]
    last = happened.last_dose
    if not sized or (plan.maintenance and last is not None and _day(sized[-1], zone) < last.on):
        return None
    agreed: Decimal = value_of(sized[-1], "mg_per_kg")
    return agreed


def _due(plan: PlanFacts, happened: Happened, history: History) -> date | None:
    last = happened.last_dose
    if not plan.maintenance or plan.stopped_on is not None or plan.interval_days is None or last is None:
        return None
    return max([last.on + timedelta(days=plan.interval_days), *_days_wanted(history, last)])


def _days_wanted(history: History, last: DoseGiven) -> Iterator[date]:
    """A day that a clinician has set for the next dose itself."""
    for entry in standing(history):
        edit = entry.answer.edit
        moves = entry.proposal.effect.interval_days is not None
        if moves and edit is not None and edit.due is not None and edit.due > last.on:
            yield edit.due


def _day(entry: Entry, zone: tzinfo) -> date:
    """The day of an answer at the site."""
    return entry.answer.at.astimezone(zone).date()
