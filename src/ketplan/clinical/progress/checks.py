"""What falls due while a drug course runs: bladder, cognition, liver, misuse, missed visits. Facts 7."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import CheckKind, Happened, PlanFacts, said_of
from ketplan.clinical.progress.judgement import first_day
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal

LIVER_TESTS = ("ALT", "AST")


def review_checks(
    plan: PlanFacts, happened: Happened, limits: Limits, house: House, as_of: date
) -> Iterator[Proposal]:
    """Everything due on `as_of`. Nothing before the first dose: the work-up gate rules until then."""
    if not happened.doses:
        return
    yield from _bladder(plan, happened, limits, as_of)
    yield from _cognition(plan, happened, limits, as_of)
    yield from _liver(plan, happened, limits, as_of)
    yield from _misuse(plan, happened, limits, house, as_of)


def review_missed(happened: Happened) -> Iterator[Proposal]:
    """A missed visit is placed again, never skipped in silence."""
    for missed in happened.missed:
        yield proposal(
            Kind.RESCHEDULE,
            f"{missed.key}-{missed.on}",
            f"{missed.title} was missed on {missed.on}: place it again.",
            "The visit gets a new time, at least 48 h between doses; later visits move with it.",
            evidence=[said_of(missed, f"{missed.title}: missed")],
        )


def _due(kind: Kind, what: str, since: date | None, due: date, source: str = "") -> Proposal:
    last = f"last on {since}" if since else "none on file"
    return proposal(
        kind,
        f"{what.replace(' ', '-')}-{due}",
        f"{what[0].upper()}{what[1:]} due: {last}.",
        Effect(f"{what[0].upper()}{what[1:]} at the next visit.", due=due),
        source=source,
    )


def _newest(days: Iterable[date]) -> date | None:
    return max(days, default=None)


def _every(last: date | None, first_due: date, days: int, as_of: date) -> date | None:
    """When the next is due, if it is by now: `days` after the last, or on `first_due` while there is none."""
    due = first_due if last is None else last + timedelta(days=days)
    return due if as_of >= due else None


def _bladder(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """Questions at every visit; urinalysis at baseline and every three months of maintenance."""
    asked = _newest(u.on for u in happened.urinary if u.complete)
    last = happened.doses[-1].on
    if asked is None or asked < last:
        yield _due(Kind.BLADDER_CHECK, "questions on passing urine", asked, last)
    tested = _newest(c.on for c in happened.checks if c.kind is CheckKind.URINALYSIS)
    due = _every(tested, plan.start, limits.check_days, as_of)
    if due and (tested is None or plan.maintenance):
        yield _due(Kind.BLADDER_CHECK, "urinalysis", tested, due)


def _cognition(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """SLUMS at baseline, 3, 6 and 12 months."""
    done = _newest(r.on for r in happened.ratings if r.instrument == "SLUMS" and r.total is not None)
    milestones = (plan.start + timedelta(days=d) for d in limits.late_review_days)
    passed = [day for day in milestones if as_of >= day]
    due = passed[-1] if passed else plan.start
    if done is None or (passed and done < due):
        yield _due(Kind.COGNITION_CHECK, "SLUMS", done, due)


def _liver(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """ALT and AST at baseline, at the end of induction, and every three months of maintenance."""
    newest = {
        test: _newest(x.on for x in happened.labs if x.test == test and x.value is not None)
        for test in LIVER_TESTS
    }
    both = [day for day in newest.values() if day is not None]
    last = min(both) if len(both) == len(LIVER_TESTS) else None
    finished = len(happened.induction) >= plan.planned
    end = happened.induction[-1].on if happened.induction else plan.start
    if last is None:
        yield _due(Kind.LIVER_CHECK, "ALT and AST", None, first_day(plan, happened))
    elif finished and last < end:
        yield _due(Kind.LIVER_CHECK, "ALT and AST", last, end)
    elif plan.maintenance and (due := _every(last, end, limits.check_days, as_of)):
        yield _due(Kind.LIVER_CHECK, "ALT and AST", last, due)


def _misuse(
    plan: PlanFacts, happened: Happened, limits: Limits, house: House, as_of: date
) -> Iterator[Proposal]:
    """Prescription monitoring (US) each course and every three months; a urine drug screen on file."""
    if house.country.upper() == "US":
        looked = _newest(c.on for c in happened.checks if c.kind is CheckKind.PRESCRIPTIONS)
        if due := _every(looked, plan.start, limits.check_days, as_of):
            yield _due(Kind.ABUSE_CHECK, CheckKind.PRESCRIPTIONS, looked, due)
    screened = _newest(c.on for c in happened.checks if c.kind is CheckKind.URINE_DRUGS)
    if screened is None:
        yield _due(Kind.ABUSE_CHECK, CheckKind.URINE_DRUGS, None, plan.start)
