"""What stops a course: at once, for now, or as futile. Facts 1.6, 7 and 8b."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import EventKind, Happened, PlanFacts, Urinary, said_of
from ketplan.clinical.progress.judgement import first_day, judge
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Effect, Kind, Proposal, proposal

AT_ONCE = (
    EventKind.PSYCHOSIS,
    EventKind.MANIA,
    EventKind.HYPERTENSION,
    EventKind.ANAPHYLAXIS,
    EventKind.PREGNANCY,
    EventKind.DIVERSION,
)
_ENDS = Effect("Dosing ends; open infusions are cancelled; follow-up stays.", ends_dosing=True)
_PAUSES = "No further dose until a clinician has decided."


def review_safety(plan: PlanFacts, happened: Happened, limits: Limits, house: House) -> Iterator[Proposal]:
    """Suicide risk, what stops dosing at once, what holds it."""
    yield from _suicide(happened)
    yield from _events(happened)
    yield from _urinary(plan, happened, limits)
    yield from _liver(happened, limits, house)


def _suicide(happened: Happened) -> Iterator[Proposal]:
    told = [e for e in happened.events if e.kind is EventKind.SUICIDAL_IDEATION]
    at_doses = [d for d in happened.doses if d.new_suicidal_ideation]
    facts = [said_of(e, e.words or e.kind) for e in told]
    facts += [said_of(d, f"Dose {d.number}: new suicidal ideation") for d in at_doses]
    if facts:
        latest = max(f.when for f in facts)
        yield proposal(
            Kind.SUICIDE_PATHWAY,
            latest,
            "New suicidal ideation: crisis contact today, do not leave the patient alone.",
            "No dose until a named licensed clinician has assessed the risk and released the hold.",
            evidence=facts,
        )


def _events(happened: Happened) -> Iterator[Proposal]:
    for kind in AT_ONCE:
        facts = [e for e in happened.events if e.kind is kind]
        if facts:
            yield proposal(
                Kind.STOP_AT_ONCE,
                f"{kind.name.lower()}-{facts[-1].on}",
                f"Stop at once: {kind}.",
                _ENDS,
                evidence=[said_of(e, e.words or e.kind) for e in facts],
            )


def _urinary(plan: PlanFacts, happened: Happened, limits: Limits) -> Iterator[Proposal]:
    """Blood with new symptoms stops dosing (1.6); blood alone, or a high BPIC-SS, pauses it (7)."""
    start = first_day(plan, happened)
    before = [u for u in happened.urinary if u.on <= start]
    since = [u for u in happened.urinary if u.on > start]
    bloody = [u for u in since if u.blood]
    if bloody:
        last = bloody[-1]
        known = before[-1].symptoms if before else frozenset()
        new = frozenset(s for u in since for s in u.symptoms) - known
        evidence = [said_of(u, _urinary_words(u)) for u in bloody]
        if new:
            text = "Stop at once: new urinary symptoms with blood in the urine."
            yield proposal(Kind.STOP_AT_ONCE, f"urinary-{last.on}", text, _ENDS, evidence=evidence)
        else:
            text = "Hold dosing: blood in the urine."
            yield proposal(Kind.HOLD, f"urinary-{last.on}", text, _PAUSES, evidence=evidence)
    scores = [r for r in happened.ratings if r.instrument == "BPIC-SS" and r.total is not None]
    if scores and (scores[-1].total or Decimal(0)) >= limits.bladder_score:
        yield proposal(
            Kind.HOLD,
            f"bpic-{scores[-1].on}",
            f"Hold dosing: BPIC-SS of {limits.bladder_score} or more.",
            _PAUSES,
            evidence=[said_of(scores[-1], f"BPIC-SS {scores[-1].total}")],
        )


def _urinary_words(answers: Urinary) -> str:
    return ", ".join((*sorted(answers.symptoms), *(["blood"] if answers.blood else [])))


def _liver(happened: Happened, limits: Limits, house: House) -> Iterator[Proposal]:
    alts = [x for x in happened.labs if x.test == "ALT" and x.value is not None]
    if not alts:
        return
    newest = [x for x in alts if x.on == alts[-1].on]
    worst = max(newest, key=lambda x: (x.value or Decimal(0)) / (x.upper_limit or house.liver_upper_limit))
    limit = worst.upper_limit or house.liver_upper_limit
    if worst.value is not None and worst.value > limits.liver_stop_multiple * limit:
        yield proposal(
            Kind.STOP_AT_ONCE,
            f"alt-{worst.on}",
            f"Stop at once: ALT above {limits.liver_stop_multiple} times its upper limit.",
            _ENDS,
            evidence=[said_of(worst, f"ALT {worst.value} U/L, upper limit {limit}")],
        )


def review_futility(plan: PlanFacts, happened: Happened, limits: Limits) -> Iterator[Proposal]:
    """Less than 25 % after six infusions, or after four of 0.75 mg/kg or more: stop, do not extend (1.6)."""
    given = happened.induction
    after = _futile_after(plan, happened, limits)
    if after is None or plan.maintenance:
        return
    judged = judge(plan, happened, limits, given[-1].on)
    improved = judged.improved_by(limits.partial_pct)
    if improved is False:
        yield proposal(
            Kind.FUTILITY,
            f"after-{len(given)}",
            f"Less than {limits.partial_pct} % better after {after}: stop, do not extend.",
            _ENDS,
            reasons=(judged.words,),
            evidence=judged.evidence,
        )


def _futile_after(plan: PlanFacts, happened: Happened, limits: Limits) -> str | None:
    given = happened.induction
    if not plan.protocol.weight_dosed:
        return None
    if len(given) >= limits.futile_after:
        return f"{len(given)} infusions"
    high = [d for d in given if d.mg_per_kg is not None and d.mg_per_kg >= limits.high_mg_per_kg]
    if plan.protocol.route in ("IV", "SC") and len(high) >= limits.futile_after_high:
        return f"{len(high)} infusions of {limits.high_mg_per_kg} mg/kg or more"
    return None


def review_spacing(plan: PlanFacts, happened: Happened, limits: Limits, as_of: date) -> Iterator[Proposal]:
    """By month 2 not down to one dose a week: consider stopping (1.6)."""
    since = as_of - timedelta(days=7)
    week = [d for d in happened.doses if d.on > since]
    if as_of >= plan.start + timedelta(days=limits.spacing_days) and len(week) > 1:
        yield proposal(
            Kind.STOP,
            "spacing",
            "Not down to one dose a week by month 2: consider stopping.",
            _ENDS,
            reasons=(f"{len(week)} doses in the last seven days",),
            evidence=[said_of(d, f"Dose {d.number}") for d in week],
            source="1.6 spacing rule [M:SAN17]",
        )
