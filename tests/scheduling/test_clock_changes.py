"""Clock changes: days and clock times in the site's zone, gaps and lengths in hours that really passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ketplan.scheduling.place import place
from ketplan.scheduling.wall_clock import at, edge, grid, weekdays_between
from tests.scheduling.builders import (
    GAD_14,
    IV6_3PW,
    a_clinic,
    a_course,
    a_follow_up,
    by_key,
    days_of,
    moment,
)

MONDAYS = {
    "America/New_York": (date(2026, 3, 2), date(2026, 10, 26)),
    "Europe/London": (date(2026, 3, 23), date(2026, 10, 19)),
    "Australia/Sydney": (date(2026, 3, 30), date(2026, 9, 28)),
    "Australia/Lord_Howe": (date(2026, 3, 30), date(2026, 9, 28)),
    "Asia/Kolkata": (date(2026, 3, 2), date(2026, 10, 26)),
}
SHIFTS = {"Asia/Kolkata": timedelta(), "Australia/Lord_Howe": timedelta(minutes=30)}


@pytest.mark.parametrize(("zone", "start"), [(zone, day) for zone, days in MONDAYS.items() for day in days])
def test_a_series_keeps_its_clock_time_when_the_clocks_change(zone: str, start: date) -> None:
    timetable = place(
        a_course(start), a_clinic(zone), not_before=moment(start - timedelta(days=9), "09:00", zone)
    )
    assert days_of(timetable, "infusion", start) == [0, 3, 7, 10, 14, 17]
    assert days_of(timetable, "cbt", start) == list(GAD_14)
    doses = [p for p in timetable.placed if p.visit.key.startswith("infusion")]
    assert {p.start.time() for p in doses} == {time(9)}
    offsets = {p.start.utcoffset() for p in doses}
    assert max(offsets) - min(offsets) == SHIFTS.get(zone, timedelta(hours=1))


@pytest.mark.parametrize("zone", MONDAYS)
def test_a_visit_is_as_long_as_it_says(zone: str) -> None:
    start = MONDAYS[zone][0]
    timetable = place(
        a_course(start), a_clinic(zone), not_before=moment(start - timedelta(days=9), "09:00", zone)
    )
    for p in timetable.placed:
        assert p.end.astimezone(UTC) - p.start.astimezone(UTC) == timedelta(minutes=p.visit.minutes)


def test_48_hours_are_hours_that_passed() -> None:
    """Cairo sets its clocks forward on Friday 24 April: 09:00 is only 47 hours after Wednesday's 09:00."""
    cairo, monday = "Africa/Cairo", date(2026, 4, 20)
    timetable = by_key(
        place(a_course(monday, IV6_3PW), a_clinic(cairo), not_before=moment(monday, "08:00", cairo))
    )
    wednesday, friday = timetable["infusion-2"], timetable["infusion-3"]
    assert wednesday.start == moment(date(2026, 4, 22), "09:00", cairo)
    assert friday.start == moment(date(2026, 4, 24), "10:00", cairo)
    assert "After 10:00 so that 48 h have passed since infusion 2 began." in friday.why


def test_24_hours_after_a_dose_are_hours_that_passed() -> None:
    """The dose of Thursday ends at 10:10; with the hour that Friday skips, 24 hours later it is 11:10."""
    cairo, thursday = "Africa/Cairo", date(2026, 4, 23)
    clinic = a_clinic(cairo, preferred={**a_clinic().preferred, "cbt": time(9)})
    timetable = by_key(
        place(a_course(thursday, (0, 7), (1, 8)), clinic, not_before=moment(thursday, "08:00", cairo))
    )
    assert timetable["cbt-1"].start == moment(date(2026, 4, 24), "11:15", cairo)
    assert timetable["24h_check_call"].start == moment(date(2026, 4, 24), "10:00", cairo)


def test_a_clock_time_that_is_skipped_is_not_used() -> None:
    cairo, friday = "Africa/Cairo", date(2026, 4, 24)
    night = a_clinic(
        cairo,
        hours={n: (time(0), time(6)) for n in range(5)},
        preferred={**a_clinic().preferred, "follow_up": time(0, 15)},
    )
    review = place(
        (a_follow_up(friday, "review_3_months", 0),), night, not_before=moment(friday, "00:00", cairo)
    ).placed[0]
    assert review.start.isoformat() == "2026-04-24T01:15:00+03:00"


def test_a_clock_time_that_comes_twice_is_the_first() -> None:
    cairo, thursday = "Africa/Cairo", date(2026, 10, 29)
    late = a_clinic(
        cairo,
        hours={n: (time(20), time(23, 59)) for n in range(5)},
        preferred={**a_clinic().preferred, "follow_up": time(23, 15)},
    )
    review = place(
        (a_follow_up(thursday, "review_3_months", 0),), late, not_before=moment(thursday, "12:00", cairo)
    ).placed[0]
    assert review.start.isoformat() == "2026-10-29T23:15:00+03:00"


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        (time(1, 59), "2026-03-08T06:59:00+00:00"),
        (time(2, 0), None),
        (time(2, 59), None),
        (time(3, 0), "2026-03-08T07:00:00+00:00"),
    ],
)
def test_new_yorks_skipped_hour(wall: time, expected: str | None) -> None:
    found = at(date(2026, 3, 8), wall, ZoneInfo("America/New_York"))
    assert (found and found.isoformat()) == expected


def test_new_yorks_repeated_hour_is_the_first() -> None:
    zone = ZoneInfo("America/New_York")
    assert at(date(2026, 11, 1), time(1, 30), zone) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert edge(date(2026, 11, 1), time(2), zone) == datetime(2026, 11, 1, 7, tzinfo=UTC)


def test_a_grid_over_lord_howes_half_hour() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    found = grid(date(2026, 10, 4), time(1, 30), time(3), timedelta(minutes=15), zone)
    shown = [f"{moment.astimezone(zone):%H:%M}" for moment in found]
    assert shown == ["01:30", "01:45", "02:30", "02:45", "03:00"]


@pytest.mark.parametrize(
    ("target", "placed", "days"),
    [
        (date(2026, 3, 6), date(2026, 3, 6), 0),
        (date(2026, 3, 6), date(2026, 3, 9), 1),
        (date(2026, 3, 2), date(2026, 2, 27), -1),
        (date(2026, 3, 2), date(2026, 3, 9), 5),
        (date(2026, 3, 7), date(2026, 3, 8), 0),
    ],
)
def test_business_days_moved(target: date, placed: date, days: int) -> None:
    assert weekdays_between(target, placed) == days
