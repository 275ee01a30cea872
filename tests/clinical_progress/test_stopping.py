"""What stops or holds dosing: 1.6, 7, 8b. Suicide risk first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import Event, EventKind, Lab, Urinary
from ketplan.clinical.progress.proposals import KINDS, Kind
from tests.clinical_progress.builders import (
    START,
    a_dose,
    a_plan,
    a_rating,
    an_event,
    day,
    doses,
    fell,
    kinds,
    only,
    ratings,
    reviewed,
)

EVENTS = [
    (EventKind.PSYCHOSIS, Kind.STOP_AT_ONCE),
    (EventKind.MANIA, Kind.STOP_AT_ONCE),
    (EventKind.HYPERTENSION, Kind.STOP_AT_ONCE),
    (EventKind.ANAPHYLAXIS, Kind.STOP_AT_ONCE),
    (EventKind.PREGNANCY, Kind.STOP_AT_ONCE),
    (EventKind.DIVERSION, Kind.STOP_AT_ONCE),
    (EventKind.SUICIDAL_IDEATION, Kind.SUICIDE_PATHWAY),
    (EventKind.OTHER, None),
]


def test_each_kind_of_event_is_tried() -> None:
    assert {kind for kind, _ in EVENTS} == set(EventKind)


@pytest.mark.parametrize(("event", "expected"), EVENTS)
def test_events(event: EventKind, expected: Kind | None) -> None:
    found = reviewed(doses(2), ratings(fell(0, 7)), at=7, events=(an_event(event, 4),))
    assert (expected in kinds(found)) if expected else kinds(found) == {Kind.TITRATE_UP}
    assert (Kind.TITRATE_UP in kinds(found)) is (expected is None)


def test_an_event_of_tomorrow_has_not_happened() -> None:
    found = reviewed(doses(2), at=4, events=(an_event(EventKind.MANIA, 5),))
    assert Kind.STOP_AT_ONCE not in kinds(found)


def test_suicide_risk_stands_first_of_all() -> None:
    events = tuple(an_event(kind, 4) for kind in EventKind)
    found = reviewed(doses(2, systolic=190), at=7, events=events)
    assert found[0].kind is Kind.SUICIDE_PATHWAY
    assert [p.kind for p in found] == sorted((p.kind for p in found), key=lambda k: k.rank)
    assert len([p for p in found if p.kind is Kind.STOP_AT_ONCE]) == 6


@pytest.mark.parametrize("number", [1, 2])
def test_new_ideation_at_any_dose(number: int) -> None:
    given = [a_dose(n, 3 * n, new_suicidal_ideation=n == number) for n in (1, 2)]
    found = only(reviewed(given, at=7), Kind.SUICIDE_PATHWAY)
    assert found.id == f"suicide_pathway/{day(3 * number)}"
    assert found.evidence[0].words == f"Dose {number}: new suicidal ideation"


def test_each_new_ideation_asks_again_with_all_that_is_on_file() -> None:
    events = (Event(EventKind.SUICIDAL_IDEATION, day(4), "Told on the telephone"),)
    found = only(reviewed(doses(2, new_suicidal_ideation=True), at=7, events=events), Kind.SUICIDE_PATHWAY)
    assert found.id == f"suicide_pathway/{day(4)}"
    assert [e.words for e in found.evidence] == ["Told on the telephone", "Dose 2: new suicidal ideation"]


def test_after_a_stop_at_once_there_is_no_next_dose() -> None:
    rated = ratings(fell(80, 30))
    plan = a_plan(maintenance=True, authorised_on=START)
    given = (*doses(6), a_dose(7, 24, maintenance=True))
    fine = kinds(reviewed(given, rated, plan=plan, at=100))
    assert {Kind.REAUTHORISE, Kind.STRETCH_INTERVAL} <= fine
    stopped = kinds(reviewed(given, rated, plan=plan, at=100, events=(an_event(EventKind.MANIA, 90),)))
    assert stopped == {Kind.STOP_AT_ONCE, Kind.CUMULATIVE_REVIEW}


def test_stop_at_once_ends_dosing_and_says_why() -> None:
    found = only(reviewed(doses(1), at=2, events=(an_event(EventKind.ANAPHYLAXIS, 0),)), Kind.STOP_AT_ONCE)
    assert found.effect.ends_dosing
    assert found.text == "Stop at once: anaphylaxis."
    assert (found.evidence[0].when, found.evidence[0].words) == ("2026-03-02", "anaphylaxis")


# --- urine ----------------------------------------------------------------------------------------------

NONE = (False, False, False)
# symptoms before (None: not asked), symptoms and blood since
URINE: list[tuple[tuple[bool, ...] | None, tuple[bool | None, ...], bool | None, Kind | None]] = [
    (NONE, (True, False, False), True, Kind.STOP_AT_ONCE),
    (None, (True, False, False), True, Kind.STOP_AT_ONCE),
    ((True, False, False), (True, False, False), True, Kind.HOLD),
    ((True, False, False), (True, True, False), True, Kind.STOP_AT_ONCE),
    (NONE, NONE, True, Kind.HOLD),
    (NONE, (True, True, True), False, None),
    (NONE, (True, True, True), None, None),
    (NONE, (None, None, None), True, Kind.HOLD),
]


@pytest.mark.parametrize(("before", "since", "blood", "expected"), URINE, ids=range(len(URINE)))
def test_blood_in_the_urine(before: Any, since: Any, blood: bool | None, expected: Kind | None) -> None:
    urinary = [Urinary(day(7), *since, blood)]
    if before is not None:
        urinary.append(Urinary(START, *before, False))
    found = kinds(reviewed(doses(3), at=8, urinary=tuple(urinary)))
    assert found & {Kind.STOP_AT_ONCE, Kind.HOLD} == ({expected} if expected else set())


@pytest.mark.parametrize(("total", "held"), [(18, False), (19, True), (None, False)])
def test_a_high_bladder_score_pauses(total: int | None, held: bool) -> None:
    rated = [a_rating(total, 5, instrument="BPIC-SS")]
    assert (Kind.HOLD in kinds(reviewed(doses(2), rated, at=5))) is held


def test_the_newest_bladder_score_decides() -> None:
    rated = [a_rating(25, 3, instrument="BPIC-SS"), a_rating(5, 6, instrument="BPIC-SS")]
    assert Kind.HOLD not in kinds(reviewed(doses(2), rated, at=7))


# --- liver ----------------------------------------------------------------------------------------------

ALT: list[tuple[str, int | None, int | None, bool]] = [
    ("ALT", 200, 40, False),
    ("ALT", 201, 40, True),
    ("ALT", 201, None, True),  # the house's limit of 40
    ("ALT", 250, 50, False),
    ("ALT", 251, 50, True),
    ("AST", 900, 40, False),  # the rule names ALT
    ("ALT", None, 40, False),
]


@pytest.mark.parametrize(("test", "value", "limit", "stops"), ALT)
def test_alt_above_five_times_its_limit(test: str, value: int | None, limit: int | None, stops: bool) -> None:
    lab = Lab(
        test,
        day(5),
        None if value is None else Decimal(value),
        None if limit is None else Decimal(limit),
    )
    assert (Kind.STOP_AT_ONCE in kinds(reviewed(doses(2), at=7, labs=(lab,)))) is stops


def test_the_newest_alt_decides_and_of_one_day_the_worst() -> None:
    high, normal = Lab("ALT", day(3), Decimal(500)), Lab("ALT", day(5), Decimal(30))
    again = Lab("ALT", day(5), Decimal(500))
    assert Kind.STOP_AT_ONCE not in kinds(reviewed(doses(2), at=7, labs=(high, normal)))
    assert Kind.STOP_AT_ONCE in kinds(reviewed(doses(2), at=7, labs=(normal, again, high)))


def test_the_sites_own_limit_counts() -> None:
    lab = Lab("ALT", day(3), Decimal(220))
    assert Kind.STOP_AT_ONCE in kinds(reviewed(doses(2), at=7, labs=(lab,)))
    house = House(liver_upper_limit=Decimal(45))
    assert Kind.STOP_AT_ONCE not in kinds(reviewed(doses(2), at=7, labs=(lab,), house=house))


# --- futility and spacing -------------------------------------------------------------------------------

FUTILE = [
    ("0.5 0.5 0.5 0.5 0.5 0.5", 24, True),
    ("0.5 0.5 0.5 0.5 0.5 0.5", 25, False),
    ("0.5 0.5 0.5 0.5 0.5", 0, False),
    ("0.75 0.75 0.75 0.75", 24, True),
    ("0.75 0.75 0.75 0.75", 25, False),
    ("0.75 0.75 1.0 1.0", 0, True),
    ("0.5 0.75 0.75 0.75", 0, False),
    ("0.5 0.5 0.75 0.75 0.75 0.75", 0, True),
]


@pytest.mark.parametrize(("given", "pct", "futile"), FUTILE)
def test_futility(given: str, pct: float, futile: bool) -> None:
    offsets = (0, 3, 7, 10, 14, 17)
    so_far = [a_dose(n, offsets[n - 1], mg) for n, mg in enumerate(given.split(), 1)]
    found = reviewed(so_far, ratings(fell(pct, 24)), at=24)
    assert (Kind.FUTILITY in kinds(found)) is futile
    if futile:
        assert only(found, Kind.FUTILITY).effect.ends_dosing
        assert not kinds(found) & {Kind.ADD_INFUSIONS, Kind.START_MAINTENANCE, Kind.TITRATE_UP}


def test_futility_is_judged_on_a_rating_after_the_last_dose() -> None:
    found = kinds(reviewed(doses(6), ratings(fell(0, 14)), at=24))
    assert found == {Kind.RATING_NEEDED}
    high = doses(4, mg_per_kg="0.75")
    assert Kind.FUTILITY not in kinds(reviewed(high, ratings(fell(0, 9)), at=12))
    assert Kind.FUTILITY in kinds(reviewed(high, ratings(fell(0, 11)), at=12))


def test_esketamine_is_not_judged_by_infusions() -> None:
    plan = a_plan(protocol="ESK_LABEL")
    given = doses(7, "ESK_LABEL", "0.75")
    assert Kind.FUTILITY not in kinds(reviewed(given, ratings(fell(0, 22)), plan=plan, at=22))


SPACING = [
    (60, (56, 59), True),
    (59, (56, 59), False),
    (60, (53, 59), False),  # seven days back is last week
    (60, (54, 59), True),
    (60, (59,), False),
]


@pytest.mark.parametrize(("at", "offsets", "stop"), SPACING)
def test_by_month_two_one_dose_a_week(at: int, offsets: tuple[int, ...], stop: bool) -> None:
    plan = a_plan(maintenance=True)
    given = (*doses(6), *(a_dose(7 + n, o, maintenance=True) for n, o in enumerate(offsets)))
    found = [p for p in reviewed(given, plan=plan, at=at) if p.kind is Kind.STOP]
    assert bool(found) is stop
    assert all(p.source == "1.6 spacing rule [M:SAN17]" for p in found)


def test_once_stopped_only_safety_and_relapse_are_reviewed() -> None:
    plan = a_plan(stopped_on=day(10))
    events = (an_event(EventKind.MANIA, 9),)
    found = reviewed(doses(3, systolic=190), ratings(fell(0, 9)), plan=plan, at=9, events=events)
    assert Kind.LIVER_CHECK in {p.kind for p in found}
    later = reviewed(doses(3, systolic=190), ratings(fell(0, 9)), plan=plan, at=20, events=events)
    assert {p.kind for p in later} == {Kind.STOP_AT_ONCE}


def test_every_kind_has_a_title_and_a_sourced_rule() -> None:
    assert set(KINDS) == set(Kind)
    assert all(row.title and row.source for row in KINDS.values())
