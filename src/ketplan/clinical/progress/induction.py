"""Mid-course and end of induction: who goes on, who gets more, who stops. Facts 1.3, 1.6 and 8b."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ketplan.clinical.progress.facts import Happened, PlanFacts, induction_doses
from ketplan.clinical.progress.judgement import Judged, first_day, judge
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal
from ketplan.clinical.progress.stopping import review_futility
from ketplan.clinical.progress.tolerance import bars, dose_evidence

_ENDS = Effect("Dosing ends; follow-up and therapy go on.", ends_dosing=True)
_ESKETAMINE = "1.3: weekly or every two weeks, the lowest frequency that holds [F:SPRHCP]"


def review_induction(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """The mid-course check before the fourth dose, then the decision at the end of induction."""
    given = happened.induction
    if plan.maintenance or not given or not plan.planned:
        return
    if len(given) == limits.mid_course_before - 1 and plan.planned >= limits.mid_course_before:
        yield _mid_course(plan, happened, limits)
    if len(given) < plan.planned:
        yield from review_futility(plan, happened, limits)
    elif as_of >= end_review_day(plan, happened, limits):
        yield from _end(plan, happened, limits)


def end_review_day(plan: PlanFacts, happened: Happened, limits: Limits) -> date:
    """7 days after the last dose given, or the day from the first dose that the protocol fixes (1.6)."""
    given, fixed = happened.induction, _fixed_day(plan, happened)
    if fixed is None:
        return given[-1].on + timedelta(days=limits.review_after_days)
    return max(fixed, given[-1].on)


def _fixed_day(plan: PlanFacts, happened: Happened) -> date | None:
    """The protocol's own day for the decision, unless doses were added to it."""
    day = plan.protocol.end_of_induction_day
    if day is None or len(happened.induction) > induction_doses(plan.protocol):
        return None
    return first_day(plan, happened) + timedelta(days=day)


def _mid_course(plan: PlanFacts, happened: Happened, limits: Limits) -> Proposal:
    judged = judge(plan, happened, limits, happened.induction[0].on)
    trouble = [f"dose {d.number}: {', '.join(b)}" for d in happened.induction if (b := bars(d, limits))]
    return proposal(
        Kind.MID_COURSE_REVIEW,
        f"before-{limits.mid_course_before}",
        f"Mid-course check before infusion {limits.mid_course_before}: {judged.words}.",
        "Nothing by itself: go on, change or stop is the clinician's decision.",
        reasons=trouble or ("no trouble recorded at a dose",),
        evidence=(*judged.evidence, *map(dose_evidence, happened.induction)),
    )


def _end(plan: PlanFacts, happened: Happened, limits: Limits) -> Iterator[Proposal]:
    given = happened.induction
    anchor = f"after-{len(given)}"
    judged = judge(plan, happened, limits, given[-1].on, _fixed_day(plan, happened))
    if judged.response is None:
        scale = plan.disorder.scale.title
        yield proposal(
            Kind.RATING_NEEDED,
            f"end-of-induction-{anchor}",
            f"The end of induction cannot be judged: {judged.words}.",
            f"Nothing by itself: rate {scale}. Without a known response no maintenance is proposed.",
        )
    elif not plan.protocol.weight_dosed:
        yield _by_device(judged, anchor)
    elif judged.response:
        yield _maintenance(judged, anchor, limits)
    else:
        yield from _no_response(plan, happened, limits, judged, anchor)


def _maintenance(judged: Judged, anchor: str, limits: Limits) -> Proposal:
    days, count = limits.maintenance[0]
    return proposal(
        Kind.START_MAINTENANCE,
        anchor,
        f"Response: maintenance may start, weekly × {count}, every two weeks × {limits.fortnightly_doses},"
        f" then every {limits.monthly_days} days.",
        Effect(
            f"Maintenance doses {days} days apart for the first {count}, at the dose last given; "
            f"re-authorised after {limits.authorised_days} days at the latest.",
            interval_days=days,
        ),
        reasons=(judged.words,),
        evidence=judged.evidence,
    )


def _by_device(judged: Judged, anchor: str) -> Proposal:
    """Esketamine: a decision after the four-week induction; its label's calendar takes it from there."""
    going_on = bool(judged.response)
    return proposal(
        Kind.END_OF_INDUCTION_REVIEW,
        anchor,
        "End of the four-week induction: "
        + ("response, go on as the label says." if going_on else "no response, weigh stopping."),
        Effect("Weekly doses in weeks 5 to 8, then weekly or every two weeks.", interval_days=7)
        if going_on
        else _ENDS,
        reasons=(judged.words,),
        evidence=judged.evidence,
        source=f"1.3 [F:MIMS]; {_ESKETAMINE}" if going_on else "",
    )


def _no_response(
    plan: PlanFacts, happened: Happened, limits: Limits, judged: Judged, anchor: str
) -> Iterator[Proposal]:
    futile = list(review_futility(plan, happened, limits))
    if futile:
        yield from futile
        return
    added = max(plan.planned, len(happened.induction)) - induction_doses(plan.protocol)
    left = limits.added_doses - added
    if judged.improved_by(limits.partial_pct) and left > 0:
        yield proposal(
            Kind.ADD_INFUSIONS,
            anchor,
            f"Partial response: up to {left} more infusion{'s' if left > 1 else ''} may be added.",
            Effect(f"Up to {left} more, at least 48 h apart, then review again.", doses_added=left),
            reasons=(judged.words, f"partial is {limits.partial_pct} % up to the response"),
            evidence=judged.evidence,
        )
    else:
        partial = bool(judged.improved_by(limits.partial_pct))
        yield proposal(
            Kind.STOP,
            anchor,
            "Partial response and no infusion left to add: consider stopping."
            if partial
            else "No response at the end of induction: no maintenance, consider stopping.",
            _ENDS,
            reasons=(judged.words,),
            evidence=judged.evidence,
        )
