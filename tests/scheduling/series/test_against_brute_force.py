"""Random small clinics: what is planned keeps every rule, costs what it must, and is refused only rightly.

`KETPLAN_LONG=1 python -m pytest -n 0 tests/scheduling/series` draws some hundreds of them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ketplan.scheduling import series
from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.series.model import Firmness, Patient, Request, Resource, Span, Standing
from ketplan.scheduling.series.replanning import Lost, Scope, request_after
from ketplan.scheduling.series.staff import from_hours
from ketplan.scheduling.timetable import Busy
from tests.scheduling.builders import MONDAY
from tests.scheduling.series.builders import (
    a_dose,
    a_request,
    a_session,
    a_small_clinic,
    by_brute_force,
    follows,
    gap,
    in_order,
)

LONG = 300 if os.environ.get("KETPLAN_LONG") else 0
ZONES = ("America/New_York", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata")
DAYS = (MONDAY, date(2026, 3, 27), date(2026, 4, 3), date(2028, 2, 28), date(2026, 12, 30))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    start, zone = draw(st.sampled_from(DAYS)), draw(st.sampled_from(ZONES))
    clinic = a_small_clinic(zone, time(9), time(13), 60)
    slack = draw(st.sampled_from([(0, 1, 2), (0, 2, 4), (1, 1, 1)]))
    second = start + timedelta(days=draw(st.integers(1, 3)))
    visits = [a_dose(1, start, *slack), a_dose(2, second, *slack)]
    visits += [a_session(n, d + timedelta(days=1), *slack) for n, d in ((1, start), (2, second))]
    links = [gap(1, 2), follows(1, 1), follows(2, 2), in_order(1, 2)]
    resources = [_part_time(draw, clinic, start, n) for n in ("chair", "therapist a", "therapist b")]
    around = st.integers(0, 6).map(lambda n: start + timedelta(days=n))
    engaged = [
        Busy(at, at + timedelta(hours=2))
        for day in draw(st.sets(around, max_size=2))
        for at in [datetime.combine(day, time(9, 30), tzinfo=clinic.tz)]
    ]
    patient = Patient(
        tuple(engaged),
        tuple((d, d) for d in draw(st.sets(around, max_size=1))),
        draw(st.sampled_from([None, frozenset({0, 2, 4})])),
        dislikes=draw(st.sampled_from([frozenset(), frozenset({1})])),
    )
    early = datetime.combine(start - timedelta(days=1), time(9), tzinfo=clinic.tz)
    return a_request(visits, links, clinic, resources, patient, early, one_person=draw(st.booleans()))


def _part_time(draw: st.DrawFn, clinic: object, start: date, name: str) -> Resource:
    service = name.partition(" ")[0]
    dates = (start, start + timedelta(days=9))
    whole = from_hours(name, name, service, clinic, dates)  # type: ignore[arg-type]
    kept = draw(st.lists(st.booleans(), min_size=len(whole.free), max_size=len(whole.free)))
    return replace(whole, free=tuple(s for s, keep in zip(whole.free, kept, strict=True) if keep))


@given(requests())
@settings(max_examples=LONG or 3, deadline=None)
def test_the_plan_is_sound_and_as_cheap_as_brute_force(request: Request) -> None:
    found, best = series.plan(request), by_brute_force(request)
    assert faults(request, found) == []
    assert (found.cost if not found.refused else None) == best
    assert found.proven
    assert (found.conflict is None) is (best is not None)


@given(requests(), st.sampled_from(["dose-1", "dose-2"]), st.integers(0, 2))
@settings(max_examples=LONG or 3, deadline=None)
def test_least_disturbance_is_what_brute_force_finds_and_the_past_is_not_touched(
    request: Request, lost: str, late: int
) -> None:
    request = replace(request, visits=request.visits[:2], links=request.links[:1])
    first = series.plan(request)
    stands = {
        c.visit.key: Standing(
            c.start,
            c.end,
            c.resources,
            firmness=Firmness.CONFIRMED if c.visit.number == 2 else Firmness.BOOKED,
        )
        for c in first.chosen
    }
    assume(lost in stands)
    booked = replace(request, standing=stands)
    now = stands[lost].start - timedelta(hours=1)
    change = Lost(lost, stands[lost].start.date() + timedelta(days=late))
    after = request_after(booked, [change], now=now, scope=Scope.FOLLOWING)
    report = series.replan(booked, [change], now=now)
    assert faults(after, report.series) == []
    best = by_brute_force(after)
    assert (report.series.cost if not report.series.refused else None) == best
    for key, spot in stands.items():
        if spot.start < now:
            found = report.series.get(key)
            assert found and (found.start, found.resources) == (spot.start, spot.resources)


@given(requests(), st.sampled_from(["chair", "therapist"]))
@settings(max_examples=LONG or 5, deadline=None)
def test_one_more_resource_never_makes_the_best_worse(request: Request, service: str) -> None:
    span = request.resources[0].free[:2] or (
        Span(request.not_before, request.not_before + timedelta(hours=30)),
    )
    more = replace(request, resources=(*request.resources, Resource("more", "More", service, span)))
    assert series.plan(more).cost <= series.plan(request).cost


@given(requests())
@settings(max_examples=LONG or 5, deadline=None)
def test_a_conflict_is_real_none_of_it_can_be_spared_and_its_offers_help(request: Request) -> None:
    found = series.plan(request)
    if found.conflict is None:
        assert not found.refused
        return
    assert found.conflict.rules
    prices = [offer.price for offer in found.conflict.offers]
    assert prices == sorted(prices)
    for offer in found.conflict.offers:
        assert offer.words
        assert {key for rule in offer.given_up for key in rule.keys} >= {key for key, _ in offer.times}
