"""Whoever can have a time for every visit gets one: missed doses, late and in full clinics, at full size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.scheduling import series
from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.series.model import (
    Chosen,
    Conflict,
    Firmness,
    Request,
    Resource,
    Series,
    Span,
    Standing,
)
from ketplan.scheduling.series.openings import Site
from ketplan.scheduling.series.replanning import Lost, Scope, request_after
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.series.search import best_series
from ketplan.scheduling.series.staff import from_hours
from ketplan.scheduling.timetable import Busy
from tests.scheduling.builders import MONDAY
from tests.scheduling.series.builders import a_whole_course

LATE = (3, 5, 7, 10, 14)
NOW = datetime.combine(MONDAY - timedelta(days=5), time(10, 30)).astimezone(a_whole_course().clinic.tz)
SERVICES = (("chair", 180), ("prescriber", 30), ("therapist", 60))


def calendars(full: float, seed: int, held: tuple[Chosen, ...] = ()) -> list[Resource]:
    """A quarter-hour calendar of each service, so much of it taken, but free where visits are `held`."""
    rnd, clinic = random.Random(seed), a_whole_course().clinic
    dates = (MONDAY - timedelta(days=7), MONDAY + timedelta(days=150))
    return [
        from_hours(service, service, service, clinic, dates, busy=list(_taken(rnd, dates, full, held, n)))
        for service, n in SERVICES
    ]


def _taken(
    rnd: random.Random, dates: tuple[date, date], full: float, held: tuple[Chosen, ...], minutes: int
) -> Iterator[Busy]:
    for n in range((dates[1] - dates[0]).days):
        opens = datetime.combine(dates[0] + timedelta(days=n), time(8)).astimezone(a_whole_course().clinic.tz)
        for k in range(600 // minutes):
            begins = opens + timedelta(minutes=minutes * k)
            ends = begins + timedelta(minutes=minutes)
            if rnd.random() < full and not any(c.start < ends and begins < c.end for c in held):
                yield Busy(begins, ends)


@cache
def booked(full: float) -> Request:
    """A course that stands, in a clinic that is so full beside it; every calendar reaches far enough."""
    request = a_whole_course(not_before=NOW, resources=calendars(full, 3) if full else ())
    found = series.plan(request)
    assert not found.refused
    return replace(request, standing=stands(found))


def stands(found: Series) -> dict[str, Standing]:
    return {c.visit.key: Standing(c.start, c.end, c.resources, c.slots) for c in found.chosen}


def without_lapse(request: Request) -> Request:
    links = (
        replace(link, days=(0, None)) if link.rule is Rule.DOSE_LAPSE else link for link in request.links
    )
    return replace(request, links=tuple(links))


def missed(request: Request, dose: int, late: int, scope: Scope) -> tuple[Request, Series]:
    key = f"infusion-{dose}"
    lost = Lost(key, request.standing[key].start.date() + timedelta(days=late))
    after = request_after(request, [lost], now=NOW, scope=scope)
    return after, series.replan(request, [lost], now=NOW, scope=scope).series


def taken(after: Request, conflict: Conflict) -> Series:
    """The plan once the cheapest offer is taken: its times stand as a person set them."""
    offer = conflict.offers[0]
    length = {v.key: timedelta(minutes=after.minutes(v)) for v in after.visits}
    spots = {
        key: replace(
            after.standing.get(key, Standing(start, start + length[key])),
            start=start,
            end=start + length[key],
            firmness=Firmness.FIXED,
        )
        for key, start in offer.times
    }
    return series.plan(replace(after, standing={**after.standing, **spots}))


@pytest.mark.parametrize("full", [0.0, 0.5])
@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("dose", range(1, 7))
def test_a_missed_dose_is_placed_when_the_gap_is_accepted(dose: int, late: int, full: float) -> None:
    after, found = missed(without_lapse(booked(full)), dose, late, Scope.FOLLOWING)
    assert not found.refused
    assert faults(after, found) == []


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("dose", range(1, 7))
def test_where_the_lapse_forbids_a_longer_gap_is_offered_and_can_be_taken(dose: int, late: int) -> None:
    after, found = missed(booked(0.0), dose, late, Scope.FOLLOWING)
    assert faults(after, found) == []
    if not found.refused:
        return
    assert found.conflict is not None
    assert [n.rule for n in found.conflict.offers[0].given_up] == [Rule.DOSE_LAPSE]
    assert {f"infusion-{dose - 1}", f"infusion-{dose}"} <= {key for key, _ in found.conflict.offers[0].times}
    assert not taken(after, found.conflict).refused


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("dose", range(1, 7))
def test_a_dose_alone_is_refused_only_where_no_day_goes_with_what_stands(dose: int, late: int) -> None:
    after, found = missed(without_lapse(booked(0.0)), dose, late, Scope.THIS)
    assert faults(after, found) == []
    key = f"infusion-{dose}"
    visit = next(v for v in after.visits if v.key == key)
    site = Site(after)
    starts = site.openings(visit).starts.tolist()
    fits = any(best_series(site, at={key: n}, steps=0) for n in starts[:: max(1, len(starts) // 60)])
    assert bool(found.refused) is not fits


def test_the_fifth_dose_twelve_days_late_moves_the_sessions_after_it() -> None:
    _, found = missed(without_lapse(booked(0.0)), 5, 8, Scope.FOLLOWING)
    dose, session = found.get("infusion-5"), found.get("cbt-5")
    assert dose
    assert session
    assert dose.start.date() == date(2026, 3, 24) + (MONDAY - date(2026, 3, 2))
    assert session.start > dose.end


# --- a timetable that exists is found -----------------------------------------------------------------------


def a_timetable(seed: int) -> tuple[Request, Series]:
    """A whole course and a sound timetable of it, often far from the targets."""
    rnd = random.Random(seed)
    request = a_whole_course(not_before=NOW)
    away = Busy(*(NOW + timedelta(days=rnd.randrange(4, 30), hours=n) for n in (0, 60)))
    found = series.plan(replace(request, resources=calendars(0.45, seed), published=published()))
    if found.refused:
        found = series.plan(replace(request, patient=replace(request.patient, busy=(away,))))
    return request, found


def published() -> dict[str, date]:
    return {service: MONDAY + timedelta(days=120) for service, _ in SERVICES}


@given(st.integers(0, 10_000), st.sampled_from([0.5, 0.9, 1.0]))
@settings(max_examples=4, deadline=None)
def test_calendars_that_hold_a_timetable_give_one(seed: int, full: float) -> None:
    request, known = a_timetable(seed)
    if known.refused:
        return
    asked = replace(request, resources=calendars(full, seed + 1, known.chosen), published=published())
    found = series.plan(asked)
    assert not found.refused
    assert faults(asked, found) == []


@given(st.integers(0, 10_000))
@settings(max_examples=4, deadline=None)
def test_calendars_that_hold_nothing_else_give_just_that_timetable(seed: int) -> None:
    request, known = a_timetable(seed)
    if known.refused:
        return
    only = [
        Resource(name, name, name, tuple(Span(c.start, c.end) for c in known.chosen if _asks(c, name)))
        for name, _ in SERVICES
    ]
    found = series.plan(replace(request, resources=tuple(only), published=published()))
    assert not found.refused


def _asks(chosen: Chosen, service: str) -> bool:
    return any(need.service == service for need in chosen.visit.needs)
