"""The law of placing visits, without any calendar of the EHR's: which day, and why."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from ketplan.clinical.plan import Visit
from ketplan.errors import InputError
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.place import place
from ketplan.scheduling.timetable import Busy, Fixed, SoftRule, Timetable
from tests.scheduling.builders import (
    ERP_17,
    GAD_14,
    IV1,
    IV3_QW,
    IV6_2PW,
    IV6_3PW,
    MONDAY,
    PE_10,
    PHOBIA_4,
    a_clinic,
    a_course,
    a_follow_up,
    as_fixed,
    busy,
    by_key,
    days_of,
    moment,
)

LONG_BEFORE = moment(MONDAY - timedelta(days=14), "09:00")
WEDNESDAY, FRIDAY = MONDAY + timedelta(days=2), MONDAY + timedelta(days=4)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def placed(
    visits: tuple[Visit, ...] | None = None,
    clinic: Clinic | None = None,
    engaged: tuple[Busy, ...] = (),
    fixed: dict[str, Fixed] | None = None,
    not_before: datetime = LONG_BEFORE,
    day_zero: date | None = MONDAY,
) -> Timetable:
    return place(
        visits or a_course(),
        clinic or a_clinic(),
        not_before=not_before,
        busy=engaged,
        fixed=fixed,
        day_zero=day_zero,
    )


@pytest.mark.parametrize(
    ("doses", "cbt", "minutes"),
    [
        pytest.param(IV6_2PW, GAD_14, 60, id="IV6_2PW with CBT_GAD_14"),
        pytest.param(IV6_2PW, GAD_14, 90, id="IV6_2PW with CBT_SAD_14"),
        pytest.param(IV1, ERP_17, (90, *[60] * 16), id="IV1 with ERP_OCD_17"),
        pytest.param(IV3_QW, PE_10, 90, id="IV3_QW with PE_PTSD_10"),
        pytest.param((), PHOBIA_4, (60, 180, 60, 60), id="OST_PHOBIA_4 alone"),
    ],
)
def test_shipped_pairs_from_a_monday_stand_on_their_targets(
    doses: tuple[int, ...], cbt: tuple[int, ...], minutes: int | tuple[int, ...]
) -> None:
    visits = a_course(doses=doses, cbt=cbt, cbt_minutes=minutes)
    timetable = placed(visits)
    assert {p.visit.key: p.start.date() for p in timetable.placed} == {v.key: v.target for v in visits}
    assert timetable.unplaced == timetable.adjusted == ()
    assert not any(p.moved_days or p.unkept for p in timetable.placed)
    clocks = {key.split("-")[0]: p.start.time() for key, p in by_key(timetable).items()}
    assert clocks["cbt"] == time(14)
    assert clocks.get("infusion", time(9)) == time(9)


def test_the_day_is_explained_as_the_protocols() -> None:
    assert by_key(placed())["infusion-2"].why.startswith("As the protocol asks: day 3.")


@pytest.mark.parametrize(
    ("start", "infusions", "cbt"),
    [
        (WEDNESDAY, [0, 5, 7, 12, 14, 19], [1, 6, 8, 13, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78]),
        (FRIDAY, [0, 3, 7, 10, 14, 17], [4, 5, 11, 12, 18, 24, 31, 38, 45, 52, 59, 66, 73, 80]),
    ],
)
def test_other_starts(start: date, infusions: list[int], cbt: list[int]) -> None:
    timetable = placed(a_course(start), day_zero=start)
    assert days_of(timetable, "infusion", start) == infusions
    assert days_of(timetable, "cbt", start) == cbt


def test_a_weekend_is_named_as_the_reason() -> None:
    timetable = by_key(placed(a_course(WEDNESDAY), day_zero=WEDNESDAY))
    assert timetable["infusion-2"].why.startswith(
        "Moved from Sat 7 Mar (day 3): the clinic is closed at weekends."
    )
    assert timetable["cbt-2"].why.startswith(
        "Moved from Sun 8 Mar (day 4): the clinic is closed at weekends; infusion 2 is on that day."
    )


def test_thrice_weekly_doses_push_the_sessions_between_them() -> None:
    timetable = placed(a_course(doses=IV6_3PW))
    assert days_of(timetable, "infusion") == list(IV6_3PW)
    assert days_of(timetable, "cbt")[:6] == [1, 8, 10, 14, 15, 22]
    uncovered = [p.visit.key for p in timetable.placed if SoftRule.CBT_AFTER_DOSE in p.unkept]
    assert uncovered == ["infusion-2", "infusion-3"]
    assert by_key(timetable)["infusion-2"].why.endswith(
        "No CBT session could be placed 24 to 72 h after it ends."
    )


def test_daily_exposure_around_six_doses_is_said_to_be_adjusted() -> None:
    timetable = placed(a_course(cbt=ERP_17))
    assert days_of(timetable, "cbt")[:12] == [-3, 1, 2, 4, 8, 9, 11, 15, 16, 18, 21, 22]
    assert [p.visit.key for p in timetable.adjusted] == ["cbt-7", "cbt-8", "cbt-9", "cbt-10", "cbt-11"]
    late = by_key(timetable)["cbt-10"]
    assert late.unkept == (SoftRule.WINDOW,)
    assert "Outside its window, Fri 13 Mar to Wed 18 Mar." in late.why


def test_a_closure_moves_a_dose_and_what_hangs_on_it() -> None:
    clinic = a_clinic(closures={day(10): "Founders' Day"})
    timetable = placed(clinic=clinic)
    visits = by_key(timetable)
    assert days_of(timetable, "infusion") == [0, 3, 7, 11, 14, 17]
    assert visits["infusion-4"].why.startswith(
        "Moved from Thu 12 Mar (day 10): the clinic is closed (Founders' Day)."
    )
    assert visits["mid_course_review"].start.date() == day(11)
    assert visits["mid_course_review"].end <= visits["infusion-4"].start
    assert days_of(timetable, "cbt")[3:6] == [15, 16, 22]  # day 11 is a dose day now, day 14 too


def test_a_closed_week_pushes_doses_right_at_least_48_hours_apart() -> None:
    timetable = placed(clinic=a_clinic(closures={day(n): "Flood" for n in range(3, 8)}))
    assert days_of(timetable, "infusion") == [0, 8, 10, 14, 16, 18]
    assert {p.visit.key: p.moved_days for p in timetable.adjusted}["infusion-2"] == 3


def test_a_session_follows_24_hours_after_an_afternoon_dose() -> None:
    clinic = a_clinic(preferred={**a_clinic().preferred, "cbt": time(9)})
    timetable = by_key(placed(clinic=clinic, engaged=(busy(MONDAY, "08:00", "14:30"),)))
    assert timetable["infusion-1"].start == moment(MONDAY, "14:30")
    assert timetable["cbt-1"].start == moment(day(1), "15:45")
    assert "After 15:40 so that 24 h have passed since infusion 1 ended." in timetable["cbt-1"].why


def test_a_session_that_does_not_fit_after_24_hours_takes_the_next_day() -> None:
    long_sessions = a_course(doses=IV3_QW, cbt=(1, 8), cbt_minutes=180)
    timetable = by_key(placed(long_sessions, engaged=(busy(MONDAY, "08:00", "15:00"),)))
    assert timetable["cbt-1"].start.date() == day(2)
    assert timetable["infusion-1"].unkept == ()
    assert "24 h have passed since infusion 1 ended" in timetable["cbt-1"].why


def test_the_planning_session_moves_back_before_the_dose() -> None:
    friday_before = day(-3)
    timetable = by_key(placed(a_course(cbt=ERP_17), a_clinic(closures={friday_before: "Inventory"})))
    assert timetable["cbt-1"].start.date() == day(-4)
    assert timetable["cbt-1"].moved_days == -1
    assert "Inventory" in timetable["cbt-1"].why


def test_a_planning_session_never_follows_the_dose() -> None:
    timetable = placed(a_course(cbt=ERP_17), not_before=moment(MONDAY, "08:05"))
    (missing,) = timetable.unplaced
    assert missing.visit.key == "cbt-1"
    assert "that time has passed" in missing.why
    assert len(timetable.placed) == len(a_course(cbt=ERP_17)) - 1


def test_a_planning_session_may_use_the_days_up_to_a_dose_that_moved() -> None:
    engaged = (busy(MONDAY, "08:00", "16:00"),)
    timetable = by_key(placed(a_course(cbt=ERP_17), engaged=engaged, not_before=moment(MONDAY, "08:00")))
    assert timetable["infusion-1"].start.date() == day(1)
    assert timetable["cbt-1"].start == moment(MONDAY, "16:00")


def test_the_call_keeps_its_day_at_a_weekend() -> None:
    call = by_key(placed(a_course(FRIDAY), day_zero=FRIDAY))["24h_check_call"]
    assert call.start == moment(FRIDAY + timedelta(days=1), "09:00")
    assert call.moved_days == 0
    assert call.why == "By telephone the day after infusion 1; the on-call line answers."


def test_the_call_comes_about_24_hours_after_the_dose_and_moves_with_it() -> None:
    engaged = (busy(MONDAY, "08:00", "18:00"), busy(day(1), "08:00", "11:00"), busy(day(2), "10:30", "11:30"))
    timetable = by_key(placed(engaged=engaged))
    assert timetable["infusion-1"].start == moment(day(1), "11:00")
    assert timetable["24h_check_call"].start == moment(day(2), "11:30")
    assert timetable["24h_check_call"].window == (day(2), day(2))


def test_a_call_whose_day_is_full_is_said_not_moved() -> None:
    (missing,) = placed(engaged=(busy(day(1), "00:00", "13:00"), busy(day(1), "13:00", "20:00"))).unplaced[:1]
    assert missing.visit.key == "24h_check_call"
    assert missing.why == (
        "No time was found on Tue 3 Mar: the patient has something else at every possible time."
    )


def test_the_check_goes_before_its_dose_on_the_same_day() -> None:
    timetable = by_key(placed())
    assert timetable["mid_course_review"].end == timetable["infusion-4"].start
    assert timetable["mid_course_review"].why.startswith("On the day of infusion 4, before it starts.")


def test_the_check_takes_the_day_before_when_the_dose_opens_the_day() -> None:
    clinic = a_clinic(preferred={**a_clinic().preferred, "infusion": time(8)})
    check = by_key(placed(clinic=clinic))["mid_course_review"]
    assert check.start == moment(day(9), "11:00")
    assert check.why.startswith("Before infusion 4, on an earlier day: no time before infusion 4.")


def test_the_check_is_not_put_on_another_dose_day() -> None:
    clinic = a_clinic(preferred={**a_clinic().preferred, "infusion": time(8)})
    (missing,) = placed(a_course(doses=IV6_3PW), clinic).unplaced
    assert missing.visit.key == "mid_course_review"
    assert "no time before infusion 4; infusion 3 is on that day" in missing.why


def test_reviews_of_the_course_come_after_its_last_dose() -> None:
    closed = {day(n): "Strike" for n in range(17, 30)}
    timetable = by_key(placed(clinic=a_clinic(closures=closed)))
    last, review = timetable["infusion-6"], timetable["end_of_induction_review"]
    assert last.start.date() == day(30)
    assert review.start.date() == day(31)
    assert review.why.startswith("Moved from Thu 26 Mar (day 24): it belongs after infusion 6.")
    assert review.window[0] == day(31)


def test_a_review_may_share_a_day_but_not_an_hour() -> None:
    reviews = (("review_3_months", 22),)
    clinic = a_clinic(preferred={**a_clinic().preferred, "follow_up": time(14)})
    timetable = by_key(placed(a_course(doses=(), reviews=reviews), clinic))
    assert timetable["cbt-6"].start == moment(day(22), "14:00")
    assert timetable["review_3_months"].start == moment(day(22), "13:30")


def test_the_patients_own_appointments_are_kept_clear() -> None:
    engaged = (busy(MONDAY, "09:30", "10:00"), busy(day(1), "14:30", "15:00"))
    timetable = by_key(placed(engaged=engaged))
    assert timetable["infusion-1"].start == moment(MONDAY, "10:00")
    assert timetable["cbt-1"].start == moment(day(1), "13:30")
    assert "The free time nearest to 14:00." in timetable["cbt-1"].why


def test_a_day_without_room_gives_way_to_the_next() -> None:
    infusion = by_key(placed(engaged=(busy(day(3), "09:00", "17:00"),)))["infusion-2"]
    assert infusion.start == moment(day(4), "09:00")
    assert infusion.why.startswith(
        "Moved from Thu 5 Mar (day 3): the patient has something else at every possible time."
    )


def test_nothing_is_placed_before_its_time() -> None:
    soonest = moment(day(1), "13:20")
    timetable = placed(not_before=soonest)
    assert min(p.start for p in timetable.placed) == moment(day(1), "13:30")
    assert days_of(timetable, "infusion")[:3] == [1, 3, 7]


def test_what_cannot_be_placed_is_said_and_the_rest_stands() -> None:
    short = a_clinic(hours={n: (time(9), time(11)) for n in range(5)})
    timetable = placed(clinic=short)
    assert {u.visit.key for u in timetable.unplaced} == {f"infusion-{n}" for n in range(1, 7)}
    assert all("the visit is longer than the clinic's day" in u.why for u in timetable.unplaced)
    assert len(timetable.placed) == len(a_course()) - 6


def test_a_fixed_visit_stays_and_the_others_go_round_it() -> None:
    by_hand = Fixed(moment(day(4), "13:00"), moment(day(4), "16:00"), ("Slot/x",), (("Location/c", "Chair"),))
    timetable = by_key(placed(fixed={"infusion-2": by_hand}))
    infusion = timetable["infusion-2"]
    assert (infusion.start, infusion.end, infusion.slots, infusion.resources) == (
        by_hand.start,
        by_hand.end,
        by_hand.slots,
        by_hand.resources,
    )
    assert infusion.why.startswith("Already booked in the EHR: left as it is.")
    assert infusion.moved_days == 1
    assert timetable["infusion-3"].start == moment(day(7), "09:00")
    assert timetable["cbt-2"].start.date() == day(8)


def test_a_dose_keeps_48_hours_to_a_later_one_that_is_booked() -> None:
    early = Fixed(moment(day(3), "08:00"), moment(day(3), "11:00"))
    timetable = placed(fixed={"infusion-2": early}, engaged=(busy(MONDAY, "08:00", "18:00"),))
    assert by_key(timetable)["infusion-1"].start == moment(day(1), "08:00")
    blocked = tuple(busy(day(n), "08:00", "17:00") for n in (0, 1))
    (missing,) = placed(fixed={"infusion-2": early}, engaged=blocked).unplaced
    assert missing.visit.key == "infusion-1"
    assert "infusion 2 is booked for Thu 5 Mar already" in missing.why


def test_doses_are_two_calendar_days_apart_whatever_the_hours() -> None:
    clinic = a_clinic(dose_gap_hours=24)
    timetable = placed(clinic=clinic, engaged=tuple(busy(day(n), "08:00", "18:00") for n in (0, 1)))
    assert days_of(timetable, "infusion")[:2] == [2, 4]
    wednesday = Fixed(moment(day(2), "15:00"), moment(day(2), "18:00"))
    late = placed(clinic=clinic, fixed={"infusion-2": wednesday}, engaged=(busy(MONDAY, "08:00", "18:00"),))
    assert [u.visit.key for u in late.unplaced] == ["infusion-1"]


def test_a_dose_keeps_clear_of_a_session_that_is_booked() -> None:
    booked = Fixed(moment(day(3), "14:00"), moment(day(3), "15:00"))
    infusion = by_key(placed(fixed={"cbt-2": booked}))["infusion-2"]
    assert infusion.start == moment(day(4), "09:00")
    assert "a CBT session is booked for that day" in infusion.why


def test_a_planning_session_goes_before_a_dose_that_is_booked_early() -> None:
    thursday = Fixed(moment(day(-4), "09:00"), moment(day(-4), "12:00"))
    timetable = by_key(placed(a_course(cbt=ERP_17), fixed={"infusion-1": thursday}))
    assert timetable["cbt-1"].start == moment(day(-5), "14:00")
    assert "it belongs before infusion 1" in timetable["cbt-1"].why


def test_an_appointment_without_length_is_in_nobodys_way() -> None:
    engaged = (busy(MONDAY, "09:30", "09:30"), busy(MONDAY, "10:00", "09:00"))
    assert by_key(placed(engaged=engaged))["infusion-1"].start == moment(MONDAY, "09:00")


def test_a_session_stays_before_a_later_one_that_is_booked() -> None:
    soon = Fixed(moment(day(4), "10:00"), moment(day(4), "11:00"))
    (missing,) = placed(fixed={"cbt-3": soon}).unplaced
    assert missing.visit.key == "cbt-2"
    assert "session 3 is booked for Fri 6 Mar already" in missing.why


def test_a_second_run_over_what_is_booked_changes_nothing() -> None:
    first = placed()
    again = placed(fixed=as_fixed(first.placed))
    assert as_fixed(again.placed) == as_fixed(first.placed)
    assert [p.window for p in again.placed] == [p.window for p in first.placed]
    assert [p.moved_days for p in again.placed] == [p.moved_days for p in first.placed]


def test_cbt_alone_runs_from_day_zero() -> None:
    timetable = placed(a_course(doses=(), cbt=tuple(range(0, 98, 7))))
    assert days_of(timetable, "cbt") == list(range(0, 98, 7))
    assert by_key(timetable)["review_4_weeks"].start == moment(day(28), "11:00")


def test_two_visits_of_one_key_are_refused() -> None:
    twice = (a_follow_up(MONDAY, "review_3_months", 91), a_follow_up(MONDAY, "review_3_months", 182))
    with pytest.raises(InputError, match="same key"):
        placed(twice)


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(InputError, match="offset"):
        placed(not_before=datetime(2026, 3, 1, 9))
    with pytest.raises(InputError, match="offset"):
        placed(engaged=(Busy(datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 10)),))
