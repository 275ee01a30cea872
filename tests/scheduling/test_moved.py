"""Another time for one visit of a running course."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.moved import Spot, objections
from ketplan.scheduling.timetable import Busy

CLINIC = Clinic("America/New_York", closures={date(2026, 3, 12): "inventory"})
NOW = datetime(2026, 3, 2, 8, tzinfo=CLINIC.tz)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=CLINIC.tz)


def spot(key: str, start: datetime, minutes: int = 60) -> Spot:
    return Spot(key, key, start, start + timedelta(minutes=minutes))


OTHERS = (
    spot("infusion-1", at(2, 9), 150),
    spot("infusion-3", at(9, 9), 150),
    spot("cbt-1", at(6, 14)),
    spot("cbt-2", at(13, 14)),
)


def against(moved: Spot, busy: tuple[Busy, ...] = ()) -> tuple[str, ...]:
    return objections(moved, OTHERS, busy, CLINIC, NOW)


def test_a_sound_time_has_nothing_against_it() -> None:
    assert against(spot("infusion-2", at(5, 10), 150)) == ()
    # The last minute of the day is still in hours; the clocks change that weekend.
    assert against(spot("review_4_weeks", at(16, 17))) == ()


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        (spot("infusion-2", at(2, 7)), "passed"),
        (spot("cbt-3", at(14, 14)), "weekends"),
        (spot("cbt-3", at(12, 14)), "inventory"),
        (spot("infusion-2", at(5, 16), 150), "hours"),
        (spot("infusion-2", at(5, 7), 150), "hours"),
        (spot("mid_course_review", at(6, 14, 30)), "overlaps cbt-1"),
        (spot("infusion-2", at(10, 9), 150), "less than"),
        (spot("infusion-2", at(13, 9), 150), "order with infusion-3"),
        (spot("infusion-2", at(6, 9), 150), "on the day of cbt-1"),
        (spot("cbt-3", at(9, 14)), "on the day of infusion-3"),
        (spot("cbt-1", at(16, 14)), "order with cbt-2"),
    ],
)
def test_what_speaks_against_it(moved: Spot, words: str) -> None:
    assert words in " ".join(against(moved))


def test_another_appointment_of_the_patient() -> None:
    busy = (Busy(at(5, 11), at(5, 12), "Appointment/9", "Dentist"),)
    assert against(spot("infusion-2", at(5, 10), 150), busy) == (
        "It overlaps another appointment of the patient (Dentist).",
    )


def test_a_check_call_may_come_when_the_one_on_call_is_there() -> None:
    assert against(spot("24h_check_call", at(3, 19), 15)) == ()
    assert "hours" in against(spot("review_4_weeks", at(3, 19), 15))[0]
