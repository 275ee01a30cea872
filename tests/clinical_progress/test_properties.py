"""Whatever happens in a course: no dose above a ceiling or by more than a step, never up after a bar."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

from hypothesis import Phase, find, given, settings
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
from tests.clinical_progress.builders import START, a_dose, a_plan, day

maybe = st.none() | st.booleans()
amounts = st.sampled_from([Decimal(n) / 20 for n in range(3, 21)])
usually_fine = st.sampled_from([False, False, False, False, True, None])
FINE = {
    "lowest_spo2": 97,
    "distressing_dissociation": False,
    "vomiting": False,
    "vomiting_despite_treatment": False,
    "new_suicidal_ideation": False,
}
TROUBLE = {
    "lowest_spo2": st.sampled_from([98, 94, 93, None]),
    **dict.fromkeys(list(FINE)[1:], usually_fine),
}


@st.composite
def some_doses(draw: st.DrawFn, quiet: bool) -> tuple[DoseGiven, ...]:
    """Up to ten doses, the seventh on in maintenance. Quiet ones were tolerated, mostly within limits."""
    offset, given = 0, []
    for number in range(1, draw(st.integers(0, 10)) + 1):
        systolic = draw(st.sampled_from([120, 150, 164] if quiet else [120, 164, 165, 179, 180, None]))
        diastolic = draw(st.sampled_from([80, 99] if quiet else [80, 99, 100, 110, None]))
        more = FINE if quiet else {name: draw(strategy) for name, strategy in TROUBLE.items()}
        size = draw(amounts if quiet else st.none() | amounts)
        given.append(
            DoseGiven(
                number,
                day(offset),
                size,
                systolic=systolic,
                diastolic=diastolic,
                maintenance=number > 6,
                **more,
            )
        )
        offset += draw(st.integers(2, 7))
    return tuple(given)


@st.composite
def some_ratings(draw: st.DrawFn, scale: str) -> tuple[Rating, ...]:
    """A baseline and up to eight later ones, some incomplete, over one period or another."""
    recall = draw(st.sampled_from([7, 30, None])) if scale == "PCL-5" else None
    offsets = draw(st.lists(st.integers(-20, 100), max_size=8))
    totals = st.none() | st.integers(0, 20).map(Decimal)
    first = Rating(scale, day(-draw(st.integers(1, 15))), Decimal(20), recall)
    return (first, *(Rating(scale, day(offset), draw(totals), recall) for offset in offsets))


@st.composite
def courses(draw: st.DrawFn) -> tuple[PlanFacts, Happened, int]:
    """Half of them quiet: nothing went wrong, so that the dose may move."""
    disorder, quiet = draw(st.sampled_from(disorders.DISORDERS)), draw(st.booleans())
    protocol = draw(st.sampled_from(["IV6_2PW"] if quiet else sorted(ketamine.BY_ID)))
    plan = a_plan(
        disorder.id,
        protocol,
        age=draw(st.integers(18, 90) if quiet else st.none() | st.integers(18, 90)),
        frail=draw(st.booleans() if quiet else maybe),
        maintenance=draw(st.booleans()),
        lifetime_before=draw(st.none() | st.integers(0, 40)),
        dosing_weight_kg=draw(st.none() | st.integers(40, 160).map(Decimal)),
    )
    given, rated = draw(some_doses(quiet)), draw(some_ratings(disorder.scale.id))
    if quiet:
        at = ((given[-1].on - START).days if given else 0) + draw(st.integers(1, 10))
        fresh = Rating(rated[0].instrument, day(at), Decimal(draw(st.integers(4, 20))), rated[0].recall_days)
        return plan, Happened(given, (*rated, fresh)), at
    at = draw(st.integers(0, 120))
    happened = Happened(
        given,
        rated,
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
    return plan, happened, at


@st.composite
def climbing(draw: st.DrawFn) -> tuple[PlanFacts, Happened, int]:
    """A course in which a rise may be due: two to five doses of one size, little gained, little wrong."""
    disorder = draw(st.sampled_from(disorders.DISORDERS))
    recall = 30 if disorder.id == "PTSD" else None
    size, count = draw(amounts), draw(st.integers(2, 5))
    wrong = draw(st.sampled_from([{}, {}, {"systolic": 165}, {"vomiting": True}, {"lowest_spo2": None}]))
    given = tuple(
        a_dose(n, 4 * n - 4, **{"mg_per_kg": str(size)} | (wrong if n == 1 else {}))
        for n in range(1, count + 1)
    )
    at = 4 * count + 7
    rated = (
        Rating(disorder.scale.id, day(-10), Decimal(60), recall),
        Rating(disorder.scale.id, day(at), Decimal(draw(st.integers(30, 60))), recall),
    )
    age, frail = draw(st.sampled_from([40, 64, 65, None])), draw(st.sampled_from([False, False, True]))
    return a_plan(disorder.id, age=age, frail=frail), Happened(given, rated), at


LIMITS = Limits()
MANY, SOME = settings(max_examples=120, deadline=None), settings(max_examples=50, deadline=None)
REACH = settings(max_examples=500, database=None, deadline=None, phases=[Phase.generate])


def test_the_property_below_is_about_something() -> None:
    def rises(course: tuple[PlanFacts, Happened, int]) -> bool:
        plan, happened, at = course
        return any(p.kind is Kind.TITRATE_UP for p in review(plan, happened, day(at)))

    assert rises(find(climbing(), rises, settings=REACH))


@MANY
@given(courses() | climbing())
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


@MANY
@given(courses() | climbing())
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


@SOME
@given(courses(), st.integers(0, 10_000))
def test_the_order_of_facts_means_nothing(course: tuple[PlanFacts, Happened, int], seed: int) -> None:
    plan, happened, at = course
    rng = random.Random(seed)

    def shuffled(facts: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(rng.sample(facts, len(facts)))

    other = Happened(*(shuffled(getattr(happened, name)) for name in Happened.__slots__))  # type: ignore[arg-type]
    assert review(plan, other, day(at)) == review(plan, happened, day(at))


@SOME
@given(courses())
def test_the_future_changes_nothing(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    tomorrow = Event(EventKind.MANIA, day(at + 1))
    more = replace(happened, events=(*happened.events, tomorrow))
    assert review(plan, more, day(at)) == review(plan, happened, day(at))


@SOME
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


@SOME
@given(courses())
def test_an_incomplete_rating_is_as_good_as_none(course: tuple[PlanFacts, Happened, int]) -> None:
    plan, happened, at = course
    complete = replace(happened, ratings=tuple(r for r in happened.ratings if r.total is not None))
    assert review(plan, complete, day(at)) == review(plan, happened, day(at))
