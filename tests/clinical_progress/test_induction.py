"""Mid-course check and the decision at the end of induction: 1.3, 1.6, 8b."""

from __future__ import annotations

from typing import Any

import pytest

from ketplan.clinical.progress.facts import Happened, with_added
from ketplan.clinical.progress.induction import end_review_day
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Kind, Proposal
from tests.clinical_progress.builders import (
    a_dose,
    a_plan,
    a_rating,
    day,
    doses,
    fell,
    kinds,
    only,
    ratings,
    reviewed,
)


@pytest.mark.parametrize(("given", "due"), [(1, False), (2, False), (3, True), (4, False)])
def test_the_mid_course_check_comes_before_the_fourth_dose(given: int, due: bool) -> None:
    found = reviewed(doses(given), ratings(fell(30, 12)), at=12)
    assert (Kind.MID_COURSE_REVIEW in kinds(found)) is due


def test_the_mid_course_check_says_where_things_stand() -> None:
    found = only(reviewed(doses(3), ratings(fell(30, 9)), at=9), Kind.MID_COURSE_REVIEW)
    assert "LSAS 100 on 2026-02-27, 70 on 2026-03-11: improved by 30.0 %" in found.text
    worse = only(reviewed(doses(3, vomiting=True), ratings(fell(-5, 9)), at=9), Kind.MID_COURSE_REVIEW)
    assert "worse by 5.0 %" in worse.text
    assert worse.reasons == ("dose 3: vomiting",)


def test_a_course_of_exactly_four_has_one() -> None:
    assert Kind.MID_COURSE_REVIEW in kinds(reviewed(doses(3), plan=a_plan(planned=4), at=9))


@pytest.mark.parametrize("protocol", ["IV3_QW", "IV1"])
def test_short_courses_have_no_mid_course_check(protocol: str) -> None:
    plan = a_plan("PTSD", protocol)
    assert Kind.MID_COURSE_REVIEW not in kinds(reviewed(doses(3, protocol), plan=plan, at=15))


REVIEW_DAYS = [("IV6_2PW", 24), ("IV6_3PW", 18), ("IV3_QW", 21), ("IV1", 14), ("ESK_LABEL", 28)]


@pytest.mark.parametrize(("protocol", "offset"), REVIEW_DAYS)
def test_when_the_end_is_reviewed(protocol: str, offset: int) -> None:
    plan = a_plan(protocol=protocol)
    given = Happened(doses(plan.planned, protocol)).until(day(200))
    assert end_review_day(plan, given, Limits()) == day(offset)


def test_a_course_that_slipped_is_reviewed_later() -> None:
    plan = a_plan()
    given = Happened((*doses(5), a_dose(6, 30))).until(day(200))
    assert end_review_day(plan, given, Limits()) == day(37)


DECISIONS = [
    ("SAD", 28, Kind.START_MAINTENANCE),
    ("SAD", 27, Kind.ADD_INFUSIONS),
    ("SAD", 25, Kind.ADD_INFUSIONS),
    ("SAD", 24, Kind.FUTILITY),
    ("PANIC", 40, Kind.START_MAINTENANCE),
    ("PANIC", 35, Kind.ADD_INFUSIONS),
    ("GAD", 50, Kind.START_MAINTENANCE),
    ("GAD", 49, Kind.ADD_INFUSIONS),
    ("OCD", 35, Kind.START_MAINTENANCE),
    ("OCD", 30, Kind.ADD_INFUSIONS),
    ("PTSD", 30, Kind.START_MAINTENANCE),
    ("PTSD", 29, Kind.ADD_INFUSIONS),
    ("PTSD", -10, Kind.FUTILITY),
]


@pytest.mark.parametrize(("disorder", "pct", "expected"), DECISIONS)
def test_the_decision_after_six(disorder: str, pct: float, expected: Kind) -> None:
    rated = ratings(fell(pct, 24, disorder), disorder=disorder)
    assert kinds(reviewed(doses(6), rated, plan=a_plan(disorder), at=24)) == {expected}


def test_nothing_is_decided_before_its_day() -> None:
    assert kinds(reviewed(doses(6), ratings(fell(80, 20)), at=23)) == set()
    assert kinds(reviewed(doses(6), ratings(fell(80, 20)), at=24)) == {Kind.START_MAINTENANCE}


@pytest.mark.parametrize(
    "rated",
    [(), ratings(), ratings((24, None)), ratings(fell(80, 17))],
    ids=["none", "baseline", "incomplete", "day of dose"],
)
def test_without_a_rating_there_is_no_maintenance(rated: Any) -> None:
    found = reviewed(doses(6), rated, at=30)
    assert kinds(found) == {Kind.RATING_NEEDED}
    assert "no maintenance is proposed" in only(found, Kind.RATING_NEEDED).effect.words


def test_maintenance_begins_weekly() -> None:
    found = only(reviewed(doses(6), ratings(fell(80, 24)), at=24), Kind.START_MAINTENANCE)
    assert found.effect.interval_days == 7
    assert "[F:PHI19][P]" in found.source
    assert "extrapolated" in found.tags


def after(given: int, planned: int, pct: float) -> tuple[Proposal, ...]:
    plan = with_added(a_plan(), planned - 6)
    so_far = (*doses(6), *(a_dose(n, 20 + 3 * (n - 6)) for n in range(7, given + 1)))
    return reviewed(so_far, ratings(fell(pct, 40)), plan=plan, at=40)


def test_up_to_two_infusions_are_added_and_no_more() -> None:
    assert only(after(6, 6, 26), Kind.ADD_INFUSIONS).effect.doses_added == 2
    assert only(after(7, 7, 26), Kind.ADD_INFUSIONS).effect.doses_added == 1
    assert "up to 2 more infusions may" in only(after(6, 6, 26), Kind.ADD_INFUSIONS).text
    assert "up to 1 more infusion may" in only(after(7, 7, 26), Kind.ADD_INFUSIONS).text
    assert only(after(7, 6, 26), Kind.ADD_INFUSIONS).effect.doses_added == 1, "given counts, planned or not"
    assert kinds(after(8, 8, 26)) == {Kind.STOP}
    assert "no infusion left" in only(after(8, 8, 26), Kind.STOP).text
    assert Kind.ADD_INFUSIONS not in kinds(after(6, 8, 26)), "two are still to come"
    assert kinds(after(8, 8, 30)) == {Kind.START_MAINTENANCE}
    assert Kind.FUTILITY in kinds(after(7, 8, 20)), "worse again while the added ones run"


def test_each_later_decision_is_a_question_of_its_own() -> None:
    ids = {only(after(n, n, 26), Kind.ADD_INFUSIONS).id for n in (6, 7)}
    assert len(ids) == 2


SHORT = [("IV3_QW", "PTSD", 21), ("IV1", "OCD", 14)]


@pytest.mark.parametrize(("protocol", "disorder", "at"), SHORT)
@pytest.mark.parametrize(
    ("pct", "expected"),
    [(10, Kind.STOP), (29, Kind.ADD_INFUSIONS), (60, Kind.START_MAINTENANCE)],
)
def test_short_courses(protocol: str, disorder: str, at: int, pct: float, expected: Kind) -> None:
    plan = a_plan(disorder, protocol)
    rated = ratings(fell(pct, at, disorder), disorder=disorder)
    found = reviewed(doses(plan.planned, protocol), rated, plan=plan, at=at)
    assert kinds(found) == {expected}, "less than six infusions are not called futile"


def test_one_infusion_is_judged_at_two_weeks_not_before() -> None:
    plan = a_plan("OCD", "IV1")
    early = ratings(fell(60, 7, "OCD"), disorder="OCD")
    assert kinds(reviewed(doses(1, "IV1"), early, plan=plan, at=14)) == {Kind.RATING_NEEDED}
    added = (*doses(1, "IV1"), a_dose(2, 20))
    later = ratings(fell(60, 22, "OCD"), disorder="OCD")
    more = with_added(plan, 1)
    assert kinds(reviewed(added, later, plan=more, at=26)) == set(), "seven days after an added one"
    assert kinds(reviewed(added, later, plan=more, at=27)) == {Kind.START_MAINTENANCE}


@pytest.mark.parametrize(("pct", "ends"), [(60, False), (10, True)])
def test_esketamine_is_decided_after_four_weeks(pct: float, ends: bool) -> None:
    plan = a_plan(protocol="ESK_LABEL")
    given = doses(8, "ESK_LABEL")
    assert plan.planned == 8
    assert kinds(reviewed(given, ratings(fell(pct, 28)), plan=plan, at=27)) == set()
    found = only(reviewed(given, ratings(fell(pct, 28)), plan=plan, at=28), Kind.END_OF_INDUCTION_REVIEW)
    assert found.effect.ends_dosing is ends
    assert ("go on" in found.text) is not ends
    assert "[F:MIMS]" in found.source


def test_a_course_of_therapy_alone_has_no_decision_about_drugs() -> None:
    plan = a_plan("SPECIFIC_PHOBIA", "NONE")
    rated = [a_rating(30, -3, "SPECIFIC_PHOBIA"), a_rating(10, 40, "SPECIFIC_PHOBIA")]
    assert reviewed((), rated, plan=plan, at=120) == ()


def test_more_drug_is_not_proposed_while_dosing_is_held() -> None:
    rated = [*ratings(fell(80, 24)), a_rating(20, 24, instrument="BPIC-SS")]
    assert kinds(reviewed(doses(6), rated, at=24)) == {Kind.HOLD}
