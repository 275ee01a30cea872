"""Taper, stretching, relapse, re-authorisation, cumulative exposure, checks due: 1.6 and 7."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.house import House
from ketplan.clinical.progress.facts import Check, CheckKind, DoseGiven, Lab, Missed, Urinary
from ketplan.clinical.progress.limits import ESKETAMINE_MAINTENANCE
from ketplan.clinical.progress.maintenance import interval_after, maintenance_days
from ketplan.clinical.progress.proposals import Kind
from tests.clinical_progress.builders import (
    START,
    a_dose,
    a_plan,
    a_rating,
    checks,
    day,
    doses,
    fell,
    kinds,
    only,
    ratings,
    reviewed,
)

LAST_INDUCTION = 17


def test_weekly_four_times_every_two_weeks_twice_then_monthly() -> None:
    assert maintenance_days(9) == (7, 14, 21, 28, 42, 56, 84, 112, 140)
    assert [interval_after(n) for n in range(8)] == [7, 7, 7, 7, 14, 14, 28, 28]
    assert maintenance_days(7, ESKETAMINE_MAINTENANCE) == (7, 14, 21, 28, 42, 56, 70)
    assert maintenance_days(0) == ()


def maintained(count: int) -> tuple[DoseGiven, ...]:
    """Six doses of induction and so many of maintenance, on the table's days."""
    days = maintenance_days(count)
    return (
        *doses(6),
        *(a_dose(7 + n, LAST_INDUCTION + d, maintenance=True) for n, d in enumerate(days)),
    )


def in_maintenance(count: int, pct: float | None = 60, **plan: Any) -> set[tuple[Kind, int | None]]:
    given = maintained(count)
    rated_on = (given[-1].on - START).days + 3
    rated = ratings((rated_on, None) if pct is None else fell(pct, rated_on))
    found = reviewed(given, rated, plan=a_plan(maintenance=True, **plan), at=rated_on, **checks(rated_on))
    return {
        (p.kind, p.effect.interval_days)
        for p in found
        if p.kind in (Kind.TAPER, Kind.STRETCH_INTERVAL, Kind.RATING_NEEDED)
    }


INTERVALS: list[tuple[int, float | None, int | None, set[tuple[Kind, int | None]]]] = [
    (1, 60, None, {(Kind.STRETCH_INTERVAL, 14)}),
    (3, 60, None, {(Kind.STRETCH_INTERVAL, 14)}),
    (4, 60, None, {(Kind.TAPER, 14)}),
    (5, 60, None, {(Kind.STRETCH_INTERVAL, 28)}),
    (6, 60, None, {(Kind.TAPER, 28)}),
    (7, 60, None, set()),
    (2, 60, 14, {(Kind.STRETCH_INTERVAL, 28)}),
    (4, 60, 14, {(Kind.STRETCH_INTERVAL, 28)}),
    (4, 60, 28, set()),
    (4, 27, None, set()),  # the response does not hold
    (4, None, None, {(Kind.RATING_NEEDED, None)}),
]


@pytest.mark.parametrize(("given", "pct", "interval", "expected"), INTERVALS, ids=range(len(INTERVALS)))
def test_the_interval_stretches_while_the_response_holds(
    given: int, pct: float | None, interval: int | None, expected: set[tuple[Kind, int | None]]
) -> None:
    found = in_maintenance(given, pct, interval_days=interval)
    if pct == 27:  # one rating short of the response also asks for a second one
        found = {f for f in found if f[0] is not Kind.RATING_NEEDED}
    assert found == expected


def test_the_next_dose_is_named() -> None:
    given = maintained(4)
    rated_on = (given[-1].on - START).days + 3
    found = reviewed(
        given, ratings(fell(60, rated_on)), plan=a_plan(maintenance=True), at=rated_on, **checks(rated_on)
    )
    taper = only(found, Kind.TAPER)
    assert taper.effect.due == day(17 + 28 + 14)
    assert taper.id == "taper/maintenance-4"


def test_esketamine_stays_within_its_label() -> None:
    given = (
        *doses(8, "ESK_LABEL"),
        *(a_dose(9 + n, o, maintenance=True) for n, o in enumerate((28, 35, 42, 49, 63))),
    )
    plan = a_plan(protocol="ESK_LABEL", maintenance=True)
    at = 70
    found = reviewed(given, ratings(fell(60, at)), plan=plan, at=at, **checks(at))
    assert not kinds(found) & {Kind.TAPER, Kind.STRETCH_INTERVAL}
    four = reviewed(given[:-1], ratings(fell(60, at)), plan=plan, at=at, **checks(at))
    assert only(four, Kind.TAPER).effect.interval_days == 14


# --- relapse --------------------------------------------------------------------------------------------

RELAPSE: list[tuple[list[tuple[int, float]], Kind | None]] = [
    ([(24, 60), (40, 10)], Kind.RATING_NEEDED),
    ([(24, 60), (40, 10), (53, 10)], Kind.RATING_NEEDED),
    ([(24, 60), (40, 10), (54, 10)], Kind.RELAPSE_REVIEW),
    ([(24, 60), (40, 10), (47, 60), (54, 10)], Kind.RATING_NEEDED),
    ([(24, 60), (40, 10), (54, 60)], None),
    ([(24, 60), (40, 60)], None),
    ([(24, 10), (40, 10), (54, 10)], None),  # what was never there cannot be lost
    ([(24, 60), (40, 27.9), (54, 27.9)], Kind.RELAPSE_REVIEW),
    ([(24, 60), (40, 28), (54, 28)], None),
]


@pytest.mark.parametrize(("course", "expected"), RELAPSE, ids=range(len(RELAPSE)))
def test_relapse_is_two_ratings_two_weeks_apart(
    course: list[tuple[int, float]], expected: Kind | None
) -> None:
    rated = ratings(*(fell(pct, offset) for offset, pct in course))
    plan = a_plan(stopped_on=day(20))
    found = {p.kind for p in reviewed(doses(6), rated, plan=plan, at=60)}
    assert found == ({expected} if expected else set())


def test_ups_and_downs_within_induction_are_no_relapse() -> None:
    rated = ratings(fell(60, 8), fell(10, 9), fell(10, 23))
    assert not kinds(reviewed(doses(5), rated, at=23)) & {Kind.RELAPSE_REVIEW, Kind.RATING_NEEDED}
    after = reviewed(doses(5), rated, plan=a_plan(stopped_on=day(20)), at=23)
    assert {p.kind for p in after} == {Kind.RELAPSE_REVIEW}


def test_an_incomplete_or_contradicted_rating_is_no_loss() -> None:
    plan = a_plan(stopped_on=day(20))
    rated = (*ratings(fell(60, 24), (40, None), (54, None)),)
    assert reviewed(doses(6), rated, plan=plan, at=60) == ()
    torn = (*ratings(fell(60, 24), (40, 95), (54, 95)), a_rating(50, 54))
    assert {p.kind for p in reviewed(doses(6), torn, plan=plan, at=60)} == {Kind.RATING_NEEDED}


def test_relapse_never_doses_by_itself() -> None:
    rated = ratings(fell(60, 24), fell(0, 40), fell(0, 60))
    found = only(reviewed(doses(6), rated, plan=a_plan(stopped_on=day(20)), at=60), Kind.RELAPSE_REVIEW)
    assert found.effect.mg_per_kg is None
    assert found.effect.doses_added is None
    assert "without a new decision" in found.effect.words


def test_the_second_rating_has_its_day() -> None:
    rated = ratings(fell(60, 24), fell(0, 40))
    found = only(reviewed(doses(6), rated, plan=a_plan(stopped_on=day(20)), at=41), Kind.RATING_NEEDED)
    assert found.effect.due == day(54)


# --- authorisation and exposure -------------------------------------------------------------------------

AUTHORISED: list[tuple[date | None, int, bool]] = [
    (None, 90, False),
    (None, 91, True),
    (day(24), 114, False),
    (day(24), 115, True),
]


@pytest.mark.parametrize(("since", "at", "due"), AUTHORISED)
def test_treatment_is_authorised_again_after_three_months(since: date | None, at: int, due: bool) -> None:
    plan = a_plan(maintenance=True, authorised_on=since)
    found = kinds(reviewed(maintained(6), plan=plan, at=at, **checks(at)))
    assert (Kind.REAUTHORISE in found) is due


def test_only_maintenance_is_authorised_again() -> None:
    assert Kind.REAUTHORISE not in kinds(reviewed(doses(6), plan=a_plan(), at=200))


EXPOSURE: list[tuple[int, int, str | None]] = [
    (5, 6, None),
    (6, 6, "doses-12"),
    (7, 6, "doses-12"),
    (18, 6, "doses-24"),
    (17, 6, "doses-12"),
    (30, 6, "doses-36"),
]


@pytest.mark.parametrize(("before", "given", "milestone"), EXPOSURE)
def test_cumulative_exposure(before: int, given: int, milestone: str | None) -> None:
    found = reviewed(doses(given), plan=a_plan(lifetime_before=before), at=18)
    anchors = {p.id for p in found if p.kind is Kind.CUMULATIVE_REVIEW}
    assert anchors == ({f"cumulative_review/{milestone}"} if milestone else set())


def test_unknown_exposure_is_asked_for_and_counted_as_a_minimum() -> None:
    plan = a_plan(maintenance=True, lifetime_before=None)
    found = reviewed(maintained(6), plan=plan, at=91, **checks(91))
    assert "fact_needed/lifetime" in {p.id for p in found}
    texts = [p.text for p in found if p.kind is Kind.CUMULATIVE_REVIEW]
    assert len(texts) == 2, "twelve doses, and three months"
    assert all("at least 12 lifetime" in t.lower() for t in texts)


@pytest.mark.parametrize(("at", "due"), [(90, False), (91, True)])
def test_exposure_is_reviewed_at_three_months(at: int, due: bool) -> None:
    found = reviewed(maintained(3), plan=a_plan(maintenance=True), at=at, **checks(at))
    assert ("cumulative_review/three-months" in {p.id for p in found}) is due


# --- checks ---------------------------------------------------------------------------------------------


def checked(kind: Kind, at: int, *, plan: Any = None, given: Any = None, **facts: Any) -> set[str]:
    found = reviewed(given or doses(2), plan=plan, at=at, **checks(0) | facts)
    return {p.text for p in found if p.kind is kind}


def test_questions_on_passing_urine_at_every_visit() -> None:
    asked = (Urinary(day(0), False, False, False, False),)
    partly = (*asked, Urinary(day(3), False, False, False, None))
    both = (*asked, Urinary(day(3), False, False, False, False))
    due = {"Questions on passing urine due: last on 2026-03-02."}
    assert checked(Kind.BLADDER_CHECK, 3, urinary=asked) == due
    assert checked(Kind.BLADDER_CHECK, 3, urinary=partly) == due
    assert checked(Kind.BLADDER_CHECK, 3, urinary=both) == set()


URINALYSIS = [(None, False, 3, True), (0, False, 200, False), (0, True, 90, False), (0, True, 91, True)]


@pytest.mark.parametrize(("on", "maintenance", "at", "due"), URINALYSIS)
def test_urinalysis_at_baseline_and_every_three_months(
    on: int | None, maintenance: bool, at: int, due: bool
) -> None:
    found = checked(
        Kind.BLADDER_CHECK,
        at,
        plan=a_plan(maintenance=maintenance),
        checks=() if on is None else (Check(CheckKind.URINALYSIS, day(on)),),
        urinary=(Urinary(day(at), False, False, False, False),),
    )
    assert any(t.startswith("Urinalysis") for t in found) is due


COGNITION: list[tuple[int | None, int, bool]] = [
    (None, 3, True),
    (-5, 90, False),
    (-5, 91, True),
    (90, 91, True),
    (91, 181, False),
    (91, 182, True),
    (182, 363, False),
    (200, 364, True),
    (364, 400, False),
]


@pytest.mark.parametrize(("rated", "at", "due"), COGNITION)
def test_cognition_at_baseline_3_6_and_12_months(rated: int | None, at: int, due: bool) -> None:
    slums = [] if rated is None else [a_rating(28, rated, instrument="SLUMS")]
    found = reviewed(doses(2), slums, at=at, **checks(at))
    assert (Kind.COGNITION_CHECK in {p.kind for p in found}) is due


def test_an_incomplete_cognition_screen_is_not_done() -> None:
    found = reviewed(doses(2), [a_rating(None, -5, instrument="SLUMS")], at=3, **checks(3))
    assert Kind.COGNITION_CHECK in {p.kind for p in found}


def liver(*on: int, tests: tuple[str, ...] = ("ALT", "AST")) -> dict[str, Any]:
    return {"labs": tuple(Lab(t, day(o), Decimal(20), Decimal(40)) for o in on for t in tests)}


LIVER: list[tuple[int, bool, dict[str, Any], int, bool]] = [
    (2, False, {"labs": ()}, 3, True),
    (2, False, liver(-5), 3, False),
    (2, False, liver(-5, tests=("ALT",)), 3, True),  # both are asked
    (6, False, liver(-5), 18, True),  # end of induction
    (6, False, liver(-5, 17), 18, False),
    (6, True, liver(17), 107, False),
    (6, True, liver(17), 108, True),
    (6, False, liver(17), 300, False),
]


@pytest.mark.parametrize(("given", "maintenance", "labs", "at", "due"), LIVER, ids=range(len(LIVER)))
def test_liver_tests(given: int, maintenance: bool, labs: dict[str, Any], at: int, due: bool) -> None:
    plan = a_plan(maintenance=maintenance)
    assert bool(checked(Kind.LIVER_CHECK, at, plan=plan, given=doses(given), **labs)) is due


def test_the_older_of_the_two_liver_tests_counts() -> None:
    labs = (Lab("ALT", day(17), Decimal(20)), Lab("AST", day(-5), Decimal(20)))
    assert checked(Kind.LIVER_CHECK, 18, given=doses(6), labs=labs) == {
        "ALT and AST due: last on 2026-02-25."
    }


def test_the_end_of_induction_is_the_liver_tests_day() -> None:
    found = only(reviewed(doses(6), at=18, **checks(0)), Kind.LIVER_CHECK)
    assert found.effect.due == day(17)
    assert found.text == "ALT and AST due: last on 2026-03-02."


def test_a_liver_test_without_a_value_is_not_done() -> None:
    labs = tuple(Lab(t, day(0), None) for t in ("ALT", "AST"))
    assert checked(Kind.LIVER_CHECK, 3, labs=labs) == {"ALT and AST due: none on file."}


def test_prescriptions_each_course_and_every_three_months_in_the_us() -> None:
    name = "Prescription monitoring review"
    looked = {"checks": (Check(CheckKind.PRESCRIPTIONS, day(-10)), Check(CheckKind.URINE_DRUGS, day(-5)))}
    assert checked(Kind.ABUSE_CHECK, 80, **looked) == set()
    assert checked(Kind.ABUSE_CHECK, 81, **looked) == {f"{name} due: last on 2026-02-20."}
    assert f"{name} due: none on file." in checked(Kind.ABUSE_CHECK, 1, checks=())
    abroad = checked(Kind.ABUSE_CHECK, 1, checks=(), house=House(country="NZ"))
    assert abroad == {"Urine drug screen due: none on file."}


def test_nothing_is_due_before_the_first_dose() -> None:
    assert reviewed((), ratings(), at=5) == ()


def test_a_missed_visit_is_placed_again() -> None:
    missed = (Missed("infusion-3", "Infusion 3 of 6", day(7)),)
    found = only(reviewed(doses(2), ratings(fell(50, 8)), at=8, missed=missed), Kind.RESCHEDULE)
    assert found.text == "Infusion 3 of 6 was missed on 2026-03-09: place it again."
    assert "48 h" in found.effect.words
