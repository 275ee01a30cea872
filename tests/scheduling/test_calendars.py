"""Placing into the EHR's free slots: chairs, nurses, prescribers, therapists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.plan import Visit
from ketplan.errors import InputError
from ketplan.scheduling.place import place
from ketplan.scheduling.resources import Calendars
from ketplan.scheduling.timetable import Fixed, FreeSlot, SoftRule, Timetable
from tests.scheduling.builders import (
    GAD_14,
    IV1,
    MONDAY,
    a_clinic,
    a_course,
    by_key,
    days_of,
    moment,
    slots,
    span,
)

LONG_BEFORE = moment(MONDAY - timedelta(days=14), "09:00")
CHAIR, OTHER_CHAIR = "Location/chair-1", "Location/chair-2"
NURSE, DOCTOR = "Practitioner/nurse", "Practitioner/doctor"
ANN, BEN = "Practitioner/ann", "Practitioner/ben"
ONE_DOSE = a_course(doses=IV1, cbt=(), reviews=())


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def placed(
    visits: Sequence[Visit], free: Sequence[FreeSlot], published: Mapping[str, date] | None = None
) -> Timetable:
    return place(
        visits, a_clinic(), not_before=LONG_BEFORE, free_slots=free, published=published, day_zero=MONDAY
    )


def test_an_infusion_holds_one_chair_for_the_whole_stay() -> None:
    free = slots(CHAIR, "chair", [MONDAY], "08:00", "11:00") + slots(
        OTHER_CHAIR, "chair", [MONDAY], "10:30", "14:00"
    )
    (infusion,) = placed(ONE_DOSE, free).placed
    assert infusion.start == moment(MONDAY, "08:00")
    assert infusion.resources == ((CHAIR, "chair-1"),)
    clocks = ("0800", "0830", "0900", "0930", "1000", "1030")
    assert infusion.slots == tuple(f"Slot/chair-1-20260302-{clock}" for clock in clocks)
    assert "With chair-1. No nurse or prescriber calendar was consulted." in infusion.why


def test_a_gap_in_the_chairs_calendar_breaks_the_stay() -> None:
    free = slots(CHAIR, "chair", [MONDAY], "08:00", "10:30") + slots(
        CHAIR, "chair", [MONDAY], "11:00", "14:30"
    )
    (infusion,) = placed(ONE_DOSE, free).placed
    assert infusion.start == moment(MONDAY, "11:00")


def test_a_nurse_stays_throughout_and_a_prescriber_for_the_first_half_hour() -> None:
    free = (
        *slots(CHAIR, "chair", [MONDAY]),
        *slots(NURSE, "nurse", [MONDAY], "09:30", "16:00"),
        *slots(DOCTOR, "prescriber", [MONDAY], "11:00", "11:30"),
    )
    (infusion,) = placed(ONE_DOSE, free).placed
    assert infusion.start == moment(MONDAY, "11:00")
    assert infusion.resources == ((CHAIR, "chair-1"), (NURSE, "nurse"), (DOCTOR, "doctor"))
    assert len(infusion.slots) == 6 + 6 + 1
    assert infusion.why.endswith("With chair-1, nurse and doctor.")


def test_without_a_prescriber_that_day_the_dose_moves_to_a_day_that_has_one() -> None:
    free = slots(CHAIR, "chair", span(MONDAY, 5)) + slots(DOCTOR, "prescriber", [day(2)], "08:00", "12:00")
    (infusion,) = placed(ONE_DOSE, free, {"prescriber": day(30)}).placed
    assert infusion.start == moment(day(2), "09:00")
    assert infusion.why.startswith("Moved from Mon 2 Mar (day 0): no prescriber is free.")


def test_a_dose_without_a_chair_anywhere_is_said() -> None:
    (missing,) = placed(
        ONE_DOSE, slots(CHAIR, "chair", [MONDAY], "08:00", "10:00"), {"chair": day(90)}
    ).unplaced
    assert missing.why == "No time was found from Mon 2 Mar to Thu 19 Mar: no chair is free."


def test_a_full_calendar_is_not_the_same_as_none() -> None:
    assert placed(ONE_DOSE, (), {"chair": day(90)}).placed == ()
    (infusion,) = placed(ONE_DOSE, ()).placed
    assert "No calendar was consulted (the EHR has no chair, nurse or prescriber slots)" in infusion.why


def test_beyond_the_window_is_allowed_and_said() -> None:
    (infusion,) = placed(ONE_DOSE, slots(CHAIR, "chair", [day(8)]), {"chair": day(90)}).placed
    assert infusion.start.date() == day(8)
    assert infusion.unkept == (SoftRule.WINDOW,)
    assert "Outside its window, Mon 2 Mar to Thu 5 Mar." in infusion.why


def test_a_target_beyond_the_published_calendar_goes_by_clinic_hours() -> None:
    visits = a_course(doses=(), cbt=(), reviews=(("review_3_months", 91), ("review_12_months", 364)))
    timetable = by_key(placed(visits, slots(DOCTOR, "prescriber", span())))
    assert timetable["review_3_months"].resources == ((DOCTOR, "doctor"),)
    assert timetable["review_12_months"].slots == ()
    assert "(the EHR's calendar ends on Mon 22 Jun)" in timetable["review_12_months"].why


def test_slots_that_do_not_say_what_for_are_left_alone() -> None:
    (infusion,) = placed(ONE_DOSE, slots(CHAIR, "", span())).placed
    assert infusion.slots == ()
    assert "the EHR's free slots do not say what they are for" in infusion.why


def test_a_call_takes_nobodys_calendar() -> None:
    call = by_key(placed(a_course(), slots(DOCTOR, "prescriber", span())))["24h_check_call"]
    assert call.slots == ()
    assert call.start == moment(day(1), "09:00")


def test_sessions_begin_with_a_slot() -> None:
    free = slots(ANN, "therapist", span(), "13:20", "17:20", minutes=60)
    timetable = by_key(placed(a_course(), free))
    assert {timetable[f"cbt-{n}"].start.strftime("%H:%M") for n in range(1, 15)} == {"14:20"}
    assert {len(timetable[f"cbt-{n}"].slots) for n in range(1, 15)} == {1}


def test_a_free_block_is_entered_on_the_clinics_grid() -> None:
    free = slots(ANN, "therapist", span(), "08:00", "18:00", minutes=600)
    assert by_key(placed(a_course(), free))["cbt-1"].start == moment(day(1), "14:00")


def test_a_free_span_of_several_days_is_used() -> None:
    week = FreeSlot("Slot/week", moment(day(0), "00:00"), moment(day(5), "00:00"), ANN, "Ann", "therapist")
    session = by_key(placed(a_course(doses=(), cbt=(1,), reviews=()), [week]))["cbt-1"]
    assert (session.start, session.slots) == (moment(day(1), "14:00"), ("Slot/week",))


def test_the_therapist_who_can_keep_the_course_gets_it() -> None:
    """Ann comes first and is free in the first weeks only; Ben is free throughout."""
    free = slots(ANN, "therapist", span(days=40)) + slots(BEN, "therapist", span())
    timetable = placed(a_course(), free)
    course = [p for p in timetable.placed if p.visit.key.startswith("cbt")]
    assert {p.resources for p in course} == {((BEN, "ben"),)}
    assert {p.start.strftime("%H:%M") for p in course} == {"14:00"}
    assert not any(p.unkept for p in timetable.placed)


def test_of_two_who_can_keep_the_course_the_one_who_moves_it_least_gets_it() -> None:
    free = slots(ANN, "therapist", [d for d in span() if d != day(22)]) + slots(BEN, "therapist", span())
    timetable = placed(a_course(), free)
    assert days_of(timetable, "cbt") == list(GAD_14)
    assert by_key(timetable)["cbt-1"].resources == ((BEN, "ben"),)


def test_placing_every_session_comes_before_one_therapist() -> None:
    """Waiting for Ann until Friday would leave the second session without a day."""
    visits = a_course(doses=(), cbt=(0, 1, 28, 35), reviews=())
    free = slots(ANN, "therapist", [day(4), day(28), day(35)]) + slots(BEN, "therapist", [day(0), day(1)])
    timetable = placed(visits, free)
    assert days_of(timetable, "cbt") == [0, 1, 28, 35]


def test_a_change_of_therapist_is_said() -> None:
    away = {day(22) + timedelta(days=n) for n in range(-1, 6)}
    free = slots(ANN, "therapist", [d for d in span() if d not in away]) + slots(BEN, "therapist", [day(22)])
    timetable = placed(a_course(), free)
    session = by_key(timetable)["cbt-6"]
    assert session.resources == ((BEN, "ben"),)
    assert session.unkept == (SoftRule.SAME_THERAPIST,)
    assert session.why.endswith("With ben. ann has no free time then.")
    assert [p.visit.key for p in timetable.placed if p.unkept] == ["cbt-6"]


def test_the_same_therapist_a_day_later_comes_before_another_on_the_day() -> None:
    free = slots(ANN, "therapist", [d for d in span() if d != day(22)]) + slots(BEN, "therapist", [day(22)])
    session = by_key(placed(a_course(), free))["cbt-6"]
    assert (session.start.date(), session.resources) == (day(23), ((ANN, "ann"),))


def test_the_window_after_a_dose_comes_before_the_therapist() -> None:
    """After the dose of Thursday Ann is back on Monday only, too late: Ben takes Friday's session."""
    free = slots(ANN, "therapist", [d for d in span() if d != day(4)]) + slots(BEN, "therapist", [day(4)])
    session = by_key(placed(a_course(), free))["cbt-2"]
    assert (session.start.date(), session.resources) == (day(4), ((BEN, "ben"),))
    assert session.unkept == (SoftRule.SAME_THERAPIST,)


def test_who_holds_sessions_already_keeps_the_course() -> None:
    free = slots(ANN, "therapist", span()) + slots(BEN, "therapist", span())
    first = by_key(placed(a_course(), free))["cbt-1"]
    assert first.resources == ((ANN, "ann"),)
    booked = Fixed(first.start, first.end, ("Slot/elsewhere",), ((BEN, "ben"),))
    timetable = place(
        a_course(), a_clinic(), not_before=LONG_BEFORE, free_slots=free, fixed={"cbt-1": booked}
    )
    assert {p.resources for p in timetable.placed if p.visit.key.startswith("cbt")} == {((BEN, "ben"),)}


def test_who_held_the_course_is_its_therapist_when_nothing_of_theirs_is_free() -> None:
    first = by_key(placed(a_course(), slots(ANN, "therapist", span())))
    booked = {
        key: Fixed(p.start, p.end, p.slots, p.resources)
        for key, p in first.items()
        if key.startswith("cbt") and key != "cbt-14"
    }
    timetable = place(
        a_course(),
        a_clinic(),
        not_before=LONG_BEFORE,
        free_slots=slots(BEN, "therapist", span()),
        fixed=booked,
    )
    assert [p.visit.key for p in timetable.placed if SoftRule.SAME_THERAPIST in p.unkept] == ["cbt-14"]


def test_a_session_that_is_late_already_does_not_wait_for_its_therapist() -> None:
    visits = a_course(doses=(), cbt=(0, 14, 21), reviews=())
    clinic = a_clinic(closures={day(n): "Flood" for n in range(5)})
    free = slots(ANN, "therapist", [day(9), day(14), day(21)]) + slots(BEN, "therapist", [day(7)])
    timetable = place(visits, clinic, not_before=LONG_BEFORE, free_slots=free)
    assert days_of(timetable, "cbt") == [7, 14, 21]
    assert by_key(timetable)["cbt-1"].unkept == (SoftRule.WINDOW, SoftRule.SAME_THERAPIST)


def test_a_full_therapists_calendar_refuses_every_session_aloud() -> None:
    timetable = placed(a_course(), (), {"therapist": day(120)})
    assert len(timetable.unplaced) == len(GAD_14)
    assert {u.why.split(": ")[1] for u in timetable.unplaced if u.visit.number > 6} == {
        "no therapist is free."
    }


def test_one_slot_never_serves_two_visits() -> None:
    """The doctor's one block of the day covers both the check and the dose, but is booked as a whole."""
    doctor = [*slots(DOCTOR, "prescriber", span(), "08:00", "12:00", minutes=240)]
    timetable = by_key(placed(a_course(), doctor))
    check, infusion = timetable["mid_course_review"], timetable["infusion-4"]
    assert check.start.date() < infusion.start.date()
    assert len({reference for p in timetable.values() for reference in p.slots}) == sum(
        len(p.slots) for p in timetable.values()
    )


def test_a_days_openings_are_that_days() -> None:
    calendars = Calendars(slots(CHAIR, "chair", span(MONDAY, 3)), a_clinic(), {})
    openings = calendars.on("chair", day(1))[CHAIR]
    assert {o.slot.start.date() for o in openings} == {day(1)}
    assert len(openings) == 20


def test_reviews_take_a_prescriber_and_share_no_slot_with_the_dose() -> None:
    free = slots(CHAIR, "chair", span()) + slots(DOCTOR, "prescriber", span())
    timetable = by_key(placed(a_course(), free))
    check, infusion = timetable["mid_course_review"], timetable["infusion-4"]
    assert check.end == infusion.start == moment(day(10), "09:00")
    assert check.resources == ((DOCTOR, "doctor"),)
    assert not set(check.slots) & set(infusion.slots)


def test_overlapping_slots_of_one_calendar_are_followed() -> None:
    free = (
        *slots(CHAIR, "chair", [MONDAY], "09:00", "11:00", minutes=120),
        *slots(CHAIR, "chair", [MONDAY], "10:00", "13:00", minutes=180),
    )
    (infusion,) = placed(ONE_DOSE, free).placed
    assert infusion.start == moment(MONDAY, "09:00")
    assert infusion.slots == ("Slot/chair-1-20260302-0900", "Slot/chair-1-20260302-1000")


def test_slots_written_in_another_offset_are_the_same_instants() -> None:
    here = slots(ANN, "therapist", span())
    tokyo = ZoneInfo("Asia/Tokyo")
    abroad = [replace(s, start=s.start.astimezone(tokyo), end=s.end.astimezone(tokyo)) for s in here]
    assert placed(a_course(), abroad) == placed(a_course(), here)


def test_slots_outside_clinic_hours_are_not_used() -> None:
    timetable = placed(a_course(), slots(ANN, "therapist", span(), "18:00", "21:00"))
    assert days_of(timetable, "cbt") == []
    assert len(timetable.unplaced) == len(GAD_14)


def test_a_slot_without_an_offset_is_refused() -> None:
    naive = FreeSlot("Slot/1", datetime(2026, 3, 2, 9), datetime(2026, 3, 2, 12), CHAIR, "Chair", "chair")
    with pytest.raises(InputError, match="offset"):
        placed(ONE_DOSE, [naive])
