"""After induction: taper, stretching, relapse, re-authorisation, cumulative exposure. Facts 1.6 and 7."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ketplan.clinical.progress.facts import Happened, PlanFacts, said_of
from ketplan.clinical.progress.judgement import course_of_response, evidence_of, judge
from ketplan.clinical.progress.limits import ESKETAMINE_MAINTENANCE, Ladder, Limits
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal
from ketplan.clinical.protocols.ketamine import KetamineProtocol

SHIPPED = Limits().maintenance


def ladder(protocol: KetamineProtocol, limits: Limits) -> Ladder:
    """Days between maintenance doses and for how many doses; esketamine stays within its label (1.3)."""
    return ESKETAMINE_MAINTENANCE if protocol.mg_by_device else limits.maintenance


def interval_after(given: int, steps: Ladder = SHIPPED) -> int:
    """Days from maintenance dose number `given` to the next, by the table: 7 after 0 to 3, 14, then 28."""
    left = given
    for days, count in steps:
        if count is None or left < count:
            return days
        left -= count
    return steps[-1][0]


def maintenance_days(count: int, steps: Ladder = SHIPPED) -> tuple[int, ...]:
    """Days of the first `count` maintenance doses after the last induction dose: 7, 14, 21, 28, 42, …"""
    days, day = [], 0
    for given in range(count):
        day += interval_after(given, steps)
        days.append(day)
    return tuple(days)


def review_maintenance(
    plan: PlanFacts, happened: Happened, limits: Limits, as_of: date
) -> Iterator[Proposal]:
    """Next interval while the scores hold; what is due before treatment goes on."""
    if plan.maintenance and happened.maintenance:
        yield from _interval(plan, happened, limits)
    if plan.maintenance:
        yield from _authorisation(plan, limits, as_of)


def _interval(plan: PlanFacts, happened: Happened, limits: Limits) -> Iterator[Proposal]:
    given, last = len(happened.maintenance), happened.maintenance[-1]
    steps = ladder(plan.protocol, limits)
    now = plan.interval_days or interval_after(given - 1, steps)
    judged = judge(plan, happened, limits, last.on)
    if judged.response is None:
        yield proposal(
            Kind.RATING_NEEDED,
            f"maintenance-{given}",
            f"Whether the response holds cannot be judged: {judged.words}.",
            f"Nothing by itself: rate {plan.disorder.scale.title}.",
        )
        return
    planned = interval_after(given, steps)
    longer = next((days for days, _ in steps if days > now), None)
    if not judged.response or longer is None:
        return
    kind = Kind.TAPER if planned > now else Kind.STRETCH_INTERVAL
    days = planned if kind is Kind.TAPER else longer
    yield proposal(
        kind,
        f"maintenance-{given}",
        f"The response holds: next dose {days} days after the last instead of {now}.",
        Effect(
            f"Maintenance doses {days} days apart.",
            interval_days=days,
            due=last.on + timedelta(days=days),
        ),
        reasons=(judged.words, f"{given} maintenance doses given"),
        evidence=judged.evidence,
    )


def _authorisation(plan: PlanFacts, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """Three months from the last authorisation; where that is not known, from day 0."""
    since = plan.authorised_on or plan.start
    due = since + timedelta(days=limits.authorised_days)
    if as_of >= due:
        yield proposal(
            Kind.REAUTHORISE,
            due.isoformat(),
            f"{limits.authorised_days} days since {since}: no further dose without a new authorisation.",
            Effect(f"Treatment goes on for at most {limits.authorised_days} days more.", due=due),
            reasons=("three months are the longest anxiety data, and uncontrolled",),
        )


def review_relapse(plan: PlanFacts, happened: Happened, limits: Limits) -> Iterator[Proposal]:
    """After the acute course: response lost on two ratings two weeks apart. A review, never re-dosing (7)."""
    if plan.stopped_on is None and len(happened.induction) < plan.planned:
        return
    course = course_of_response(plan, happened, limits)
    responses = [n for n, (_, reached) in enumerate(course) if reached]
    lost = [rating for rating, _ in course[responses[-1] + 1 :]] if responses else []
    if not lost:
        return
    first, last = lost[0], lost[-1]
    evidence = [evidence_of(course[responses[-1]][0]), *map(evidence_of, lost)]
    if (last.on - first.on).days >= limits.relapse_days:
        yield proposal(
            Kind.RELAPSE_REVIEW,
            first.on.isoformat(),
            f"The response was lost on {first.on} and still on {last.on}: review with the patient.",
            "Nothing by itself: no dose is given because of this without a new decision.",
            evidence=evidence,
        )
    else:
        again = first.on + timedelta(days=limits.relapse_days)
        yield proposal(
            Kind.RATING_NEEDED,
            f"relapse-{first.on}",
            f"The response was lost on {first.on}: rate again from {again} on before calling it a relapse.",
            Effect(f"{plan.disorder.scale.title} on or after {again}.", due=again),
            evidence=evidence,
            source="7 [H]: two ratings two weeks apart",
        )


def review_exposure(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """Reviews at 12, 24 and every 12 further lifetime doses, and at three months (7)."""
    if not happened.doses:
        return
    here = len(happened.doses)
    known = here + (plan.lifetime_before or 0)
    at_least = "at least " if plan.lifetime_before is None else ""
    milestone = known - known % limits.cumulative_every
    evidence = [said_of(happened.doses[-1], f"dose {here} of this course")]
    reasons = ["no evidence-based ceiling exists"]
    if plan.lifetime_before is None:
        reasons.append("doses before this course are not known")
        yield proposal(
            Kind.FACT_NEEDED,
            "lifetime",
            "How many doses the patient had before this course, anywhere, is not recorded.",
            "Nothing by itself: without it the lifetime count is only a minimum.",
        )
    if milestone:
        yield proposal(
            Kind.CUMULATIVE_REVIEW,
            f"doses-{milestone}",
            f"{at_least.capitalize()}{known} lifetime doses: review of the cumulative exposure.",
            "Nothing by itself: the clinician decides whether to go on.",
            reasons=reasons,
            evidence=evidence,
        )
    day = plan.start + timedelta(days=limits.authorised_days)
    if plan.maintenance and as_of >= day:
        yield proposal(
            Kind.CUMULATIVE_REVIEW,
            "three-months",
            f"Three months of treatment, {at_least}{known} lifetime doses: review of the exposure.",
            "Nothing by itself: the clinician decides whether to go on.",
            reasons=reasons,
            evidence=evidence,
        )
