"""Whatever happens in a course: no dose above a ceiling or by more than a step, never up after a bar."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical import disorders
from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.progress.facts import (
    DoseGiven,
    Event,
    EventKind,
    Happened,
    Lab,
    PlanFacts,
    Urinary,
)
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Kind
from ketplan.clinical.progress.review import review
from ketplan.clinical.progress.tolerance import bars, unrecorded
from ketplan.clinical.protocols import ketamine
from tests.clinical_progress.builders import a_plan, day

maybe = st.none() | st.booleans()
amounts = st.sampled_from([None, *(Decimal(n) / 20 for n in range(3, 31))])
usually_fine = st.sampled_from([False, False, False, False, True, None])


@st.composite
def some_doses(draw: st.DrawFn) -> tuple[DoseGiven, ...]:
    count = draw(st.integers(0, 10))
    offset, given = 0, []
    for number in range(1, count + 1):
        given.append(
            DoseGiven(
                number,
                day(offset),
                draw(amounts),
                systolic=draw(st.sampled_from([120, 150, 164, 165, 179, 180, None])),
                diastolic=draw(st.sampled_from([80, 99, 100, 110, None])),
                lowest_spo2=draw(st.sampled_from([98, 94, 93, None])),
                distressing_dissociation=draw(usually_fine),
                vomiting=draw(usually_fine),
                vomiting_despite_treatment=draw(usually_fine),
                new_suicidal_ideation=draw(usually_fine),
                maintenance=number > 6,
            )
        )
        offset += draw(st.integers(2, 7))
    return tuple(given)


@st.composite
def some_ratings(draw: st.DrawFn, scale: str) -> tuple[Rating, ...]:
    offsets = draw(st.lists(st.integers(-20, 100), max_size=8))
    return tuple(
        Rating(
            scale,
            day(offset),
            draw(st.none() | st.integers(0, 20).map(Decimal)),
            draw(st.sampled_from([None, 7, 14, 30])),
        )
        for offset in offsets
    )


@st.composite
def courses(draw: st.DrawFn) -> tuple[PlanFacts, Happened, int]:
    disorder = draw(st.sampled_from(disorders.DISORDERS))
    protocol = draw(st.sampled_from(sorted(ketamine.BY_ID)))
    plan = a_plan(
        disorder.id,
        protocol,
        age=draw(st.none() | st.integers(18, 90)),
        frail=draw(maybe),
        maintenance=draw(st.booleans()),
        lifetime_before=draw(st.none() | st.integers(0, 40)),
        dosing_weight_kg=draw(st.none() | st.integers(40, 160).map(Decimal)),
    )
    happened = Happened(
        draw(some_doses()),
        draw(some_ratings(disorder.scale.id)),
        tuple(Event(k, day(draw(st.integers(0, 90)))) for k in draw(st.sets(st.sampled_from(EventKind)))),
        tuple(
            Urinary(day(o), *(draw(maybe) for _ in range(4)))
            for o in draw(st.lists(st.integers(0, 90), max_size=3))
        ),
        tuple(
            Lab("ALT", day(o), draw(st.none() | st.integers(5, 400).map(Decimal)))
            for o in draw(st.lists(st.integers(-10, 90), max_size=3))
        ),
    )
    return plan, happened, draw(st.integers(0, 120))


LIMITS = Limits()


@settings(max_examples=300)
@given(courses())
def test_no_proposed_dose_beyond_ceiling_or_step(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    for found in review(plan, happened, day(at)):
        effect = found.effect
        for dose in (effect.mg_per_kg, effect.highest_mg_per_kg):
            if dose is None:
                continue
            current = happened.until(day(at)).doses[-1].mg_per_kg
            assert current is not None
            assert dose <= current + LIMITS.step_mg_per_kg
            if found.kind is Kind.TITRATE_UP:
                elderly = plan.age is not None and (plan.age >= 65 or plan.frail)
                assert dose <= (Decimal("0.5") if elderly else Decimal("1.0"))
                assert dose > current
            else:
                assert found.kind is Kind.STEP_DOWN
                assert Decimal("0.25") <= dose < current
        assert effect.doses_added is None or effect.doses_added <= 2


@settings(max_examples=300)
@given(courses())
def test_never_up_after_a_bar_or_on_what_nobody_recorded(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    past = happened.until(day(at))
    found = review(plan, happened, day(at))
    kinds = {p.kind for p in found}
    if any(bars(d, LIMITS) or unrecorded(d, LIMITS) for d in past.doses) or plan.age is None:
        assert Kind.TITRATE_UP not in kinds
    if any(e.kind is EventKind.SUICIDAL_IDEATION for e in past.events):
        assert found[0].kind is Kind.SUICIDE_PATHWAY
        assert not kinds & {Kind.TITRATE_UP, Kind.ADD_INFUSIONS, Kind.START_MAINTENANCE}
    assert not {Kind.TITRATE_UP, Kind.STEP_DOWN} <= kinds
    assert len({p.id for p in found}) == len(found), "one question, one proposal"


@given(courses(), st.integers(0, 10_000))
def test_the_order_of_facts_means_nothing(course: tuple[PlanFacts, Happened, int], seed: int) -> None:
    plan, happened, at = course
    rng = random.Random(seed)

    def shuffled(facts: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(rng.sample(facts, len(facts)))

    other = Happened(*(shuffled(getattr(happened, name)) for name in Happened.__slots__))  # type: ignore[arg-type]
    assert review(plan, other, day(at)) == review(plan, happened, day(at))


@given(courses())
def test_the_future_changes_nothing(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    tomorrow = Event(EventKind.MANIA, day(at + 1))
    more = replace(happened, events=(*happened.events, tomorrow))
    assert review(plan, more, day(at)) == review(plan, happened, day(at))


@given(courses())
def test_a_stop_at_once_never_makes_a_review_milder(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    more = replace(happened, events=(*happened.events, Event(EventKind.ANAPHYLAXIS, day(at))))
    before, after = (review(plan, h, day(at)) for h in (happened, more))
    stops = {Kind.SUICIDE_PATHWAY, Kind.STOP_AT_ONCE, Kind.HOLD, Kind.FUTILITY}
    assert {p.kind for p in before if p.kind in stops} <= {p.kind for p in after}
    assert Kind.STOP_AT_ONCE in {p.kind for p in after}
    assert not {p.kind for p in after} & {Kind.TITRATE_UP, Kind.START_MAINTENANCE, Kind.ADD_INFUSIONS}
    assert not any(p.effect.mg_per_kg for p in after)


@given(courses())
def test_an_incomplete_rating_is_as_good_as_none(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    complete = replace(happened, ratings=tuple(r for r in happened.ratings if r.total is not None))
    assert review(plan, complete, day(at)) == review(plan, happened, day(at))
