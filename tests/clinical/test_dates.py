"""When: target dates, weekly therapy, follow-up. Protocol facts 1.6, 2.2 (`date_rules`) and the readings."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ketplan.clinical.draft import on_business_day
from ketplan.clinical.findings import FindingClass
from ketplan.clinical.plan import Draft
from ketplan.errors import InputError
from tests.clinical.builders import AS_OF, START, a_ready_record, an_intake, drafted, judged

MONDAY, WEDNESDAY, FRIDAY, SATURDAY, SUNDAY = (date(2026, 3, day) for day in (2, 4, 6, 7, 8))


def days(dates: object) -> list[str]:
    return [f"{d:%m-%d}" for d in dates]  # type: ignore[attr-defined]


INFUSIONS = [
    (MONDAY, "03-02 03-05 03-09 03-12 03-16 03-19"),
    (WEDNESDAY, "03-04 03-09 03-11 03-16 03-18 03-23"),
    (FRIDAY, "03-06 03-09 03-13 03-16 03-20 03-23"),
    (SATURDAY, "03-09 03-10 03-16 03-17 03-23 03-24"),
]


@pytest.mark.parametrize(("start", "expected"), INFUSIONS, ids=[f"{s:%A}" for s, _ in INFUSIONS])
def test_six_infusions(start: date, expected: str) -> None:
    course = drafted(a_ready_record(), start=start).ketamine
    assert days(course.dates) == expected.split()
    assert course.day_offsets == (0, 3, 7, 10, 14, 17)


PLANNING_DAY = [
    (MONDAY, "02-27"),
    (WEDNESDAY, "03-03"),
    (FRIDAY, "03-05"),
    (SATURDAY, "03-06"),
    (SUNDAY, "03-06"),
]


@pytest.mark.parametrize(("start", "expected"), PLANNING_DAY, ids=[f"{s:%A}" for s, _ in PLANNING_DAY])
def test_the_day_before_moves_back_not_forward(start: date, expected: str) -> None:
    therapy = drafted(a_ready_record("OCD"), start=start).cbt
    assert therapy is not None
    assert (therapy.sessions[0].offset, days([therapy.sessions[0].date])) == (-1, [expected])


ERP_FROM_MONDAY = (
    "02-27 03-03 03-04 03-05 03-06 03-09 03-10 03-11 03-12 03-13 03-16 03-23 03-30 04-06 04-13 04-20 04-27"
)
PE_FROM_FRIDAY = "03-09 03-16 03-23 03-30 04-06 04-13 04-20 04-27 05-04 05-11"


def test_therapy_with_doses_keeps_its_offsets() -> None:
    erp = drafted(a_ready_record("OCD")).cbt
    pe = drafted(a_ready_record("PTSD"), start=FRIDAY).cbt
    assert erp is not None and days(s.date for s in erp.sessions) == ERP_FROM_MONDAY.split()
    assert pe is not None and days(s.date for s in pe.sessions) == PE_FROM_FRIDAY.split()


def test_clock_changes_move_no_date() -> None:
    """Offsets are calendar days: US clocks change on 2026-03-08, European ones on 2026-03-29."""
    for offset in range(60):
        day = on_business_day(MONDAY, offset)
        assert timedelta(0) <= day - (MONDAY + timedelta(days=offset)) <= timedelta(days=2)
        assert day.weekday() < 5


# --- therapy alone ----------------------------------------------------------------------------------------

SESSIONS = {"GAD": 14, "SAD": 14, "PANIC": 12, "OCD": 17, "PTSD": 10}


def alone(disorder: str, start: date = START) -> Draft:
    """Treatment resistance not shown: therapy without ketamine."""
    return drafted(a_ready_record(disorder, intake=an_intake(disorder, medication_trials=())), start=start)


@pytest.mark.parametrize("disorder", [*SESSIONS])
def test_without_ketamine_therapy_is_weekly_from_day_0(disorder: str) -> None:
    plan = alone(disorder)
    assert plan.cbt is not None and plan.ketamine.protocol == "NONE"
    assert [s.offset for s in plan.cbt.sessions] == [7 * n for n in range(SESSIONS[disorder])]
    assert plan.cbt.note == "weekly when there is no infusion series"
    assert all(s.date == START + timedelta(days=s.offset) for s in plan.cbt.sessions)


def test_a_weekend_start_of_weekly_therapy_moves_on() -> None:
    plan = alone("GAD", SATURDAY)
    assert plan.cbt is not None and days(s.date for s in plan.cbt.sessions[:3]) == ["03-09", "03-16", "03-23"]


def test_phobia_keeps_its_own_calendar() -> None:
    plan = drafted(a_ready_record("SPECIFIC_PHOBIA"))
    assert plan.cbt is not None
    assert [s.offset for s in plan.cbt.sessions] == [0, 7, 14, 28]
    assert [s.minutes for s in plan.cbt.sessions] == [60, 180, 60, 60]
    assert plan.cbt.note == ""


# --- follow-up ------------------------------------------------------------------------------------------

LATE = [("review_3_months", 91), ("review_6_months", 182), ("review_12_months", 364)]
LAST_DOSE, END, MIDDLE = "review_1_month_after_last_dose", "end_of_induction_review", "mid_course_review"
CALL = "24h_check_call"
FOLLOW_UP = [
    ("GAD", None, [(CALL, 1), (MIDDLE, 10), (END, 24), (LAST_DOSE, 45)]),
    ("SAD", None, [(CALL, 1), (MIDDLE, 10), (END, 24), (LAST_DOSE, 45)]),
    ("PANIC", None, [(CALL, 1), (MIDDLE, 10), (END, 24), (LAST_DOSE, 45)]),
    ("PTSD", None, [(CALL, 1), (END, 21), (LAST_DOSE, 42)]),
    ("OCD", None, [(CALL, 1), (END, 14), (LAST_DOSE, 28)]),
    ("PTSD", "IV6_3PW", [(CALL, 1), (MIDDLE, 7), (END, 18), (LAST_DOSE, 39)]),
    ("SPECIFIC_PHOBIA", None, [("review_4_weeks", 28)]),
]


@pytest.mark.parametrize(
    ("disorder", "protocol", "first"), FOLLOW_UP, ids=[f"{d}-{p}" for d, p, _ in FOLLOW_UP]
)
def test_follow_up_of_every_protocol(
    disorder: str, protocol: str | None, first: list[tuple[str, int]]
) -> None:
    plan = drafted(a_ready_record(disorder), protocol=protocol)
    assert [(f.visit, f.day) for f in plan.followups] == [*first, *LATE]


def test_follow_up_of_therapy_alone() -> None:
    assert [(f.visit, f.day) for f in alone("GAD").followups] == [("review_4_weeks", 28), *LATE]


def test_reviews_move_off_the_weekend_and_the_call_does_not() -> None:
    dates = {f.visit: f"{f.date:%a %m-%d}" for f in drafted(a_ready_record(), start=FRIDAY).followups}
    assert dates == {
        CALL: "Sat 03-07",
        MIDDLE: "Mon 03-16",
        END: "Mon 03-30",
        LAST_DOSE: "Mon 04-20",
        "review_3_months": "Fri 06-05",
        "review_6_months": "Fri 09-04",
        "review_12_months": "Fri 03-05",
    }


@pytest.mark.parametrize("start", [MONDAY, WEDNESDAY, FRIDAY], ids=lambda d: f"{d:%A}")
def test_the_24_hour_call_follows_the_first_dose(start: date) -> None:
    plan = drafted(a_ready_record(), start=start)
    assert plan.followups[0].date > plan.ketamine.dates[0]


def test_every_follow_up_is_a_visit_of_its_own() -> None:
    plan = drafted(a_ready_record())
    keys = [v.key for v in plan.visits]
    assert len(keys) == len(set(keys)) == 6 + 14 + 7
    assert {f.visit for f in plan.followups} < set(keys)
    assert [v.telephone for v in plan.visits if v.key == CALL] == [True]


# --- the start ------------------------------------------------------------------------------------------


def test_a_start_before_the_assessment_is_refused() -> None:
    with pytest.raises(InputError):
        judged(a_ready_record(), start=AS_OF - timedelta(days=1))


def test_a_start_on_the_day_is_not() -> None:
    verdict = judged(a_ready_record(), start=AS_OF)
    assert all(f.cls is FindingClass.INFO for f in verdict.findings)
