"""What a clinic can carry, by arithmetic that a coordinator could do on paper."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ketplan.scheduling.capacity import capacity, first_start
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import Request, Resource
from ketplan.scheduling.series.staff import from_hours
from ketplan.scheduling.timetable import Busy
from ketplan.scheduling.wall_clock import days
from tests.scheduling.builders import MONDAY, a_clinic, a_course, busy, moment

WEEK = (MONDAY, MONDAY + timedelta(days=6))
CLINIC = a_clinic()


def staff(dates: tuple = WEEK, **counts: int) -> list[Resource]:
    return [
        from_hours(f"{service}-{n}", f"{service} {n}", service, CLINIC, dates)
        for service, count in counts.items()
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    ("counts", "ceiling", "binds"),
    [
        ({"chair": 4}, 12, ("chair",)),  # ten hours hold three doses of three hours for each chair
        ({"chair": 4, "nurse": 2}, 6, ("nurse",)),
        ({"chair": 1, "nurse": 1, "prescriber": 1}, 3, ()),  # a second chair alone stands without a nurse
        # Half an hour each, the last at 15:00.
        ({"chair": 30, "nurse": 30, "prescriber": 1}, 15, ("prescriber",)),
        # The fourth of the afternoon would begin at 15:30.
        ({"chair": 4, "nurse": 4, "prescriber": 1}, 11, ("prescriber",)),
        ({"therapist": 3}, 0, ()),
    ],
)
def test_the_ceiling_and_what_sets_it(counts: dict[str, int], ceiling: int, binds: tuple[str, ...]) -> None:
    found = capacity(CLINIC, staff(**counts), {}, WEEK)
    assert found.ceiling == ceiling
    assert {d.binds for d in found.days} <= {binds}
    assert len(found.days) == (0 if "therapist" in counts else 5)


def test_one_more_of_what_binds_helps_and_of_what_does_not_does_nothing() -> None:
    found = capacity(CLINIC, staff(chair=4, nurse=2), {}, WEEK)
    more = {m.service: (m.doses_more, m.days_lifted) for m in found.one_more}
    assert more == {"chair": (0, 0), "nurse": (15, 5)}


def test_what_is_booked_takes_room_and_counts_as_load() -> None:
    taken = {"chair-1": [busy(MONDAY, "08:00", "11:00")]}
    found = capacity(CLINIC, staff(chair=2), taken, WEEK)
    assert [(d.ceiling, d.room) for d in found.days] == [(6, 5), *[(6, 6)] * 4]
    assert {(one.resource, one.hours, one.taken) for one in found.loads} == {
        ("chair-1", 50.0, 3.0),
        ("chair-2", 50.0, 0.0),
    }
    assert found.loads[0].share == pytest.approx(0.06)


def test_a_booking_that_spans_the_lunch_break_of_two_parts_is_counted_once() -> None:
    half = staff(chair=1)[0]
    begins, noon, ends = (moment(MONDAY, clock) for clock in ("08:00", "12:00", "18:00"))
    parts = from_hours("chair-1", "", "chair", CLINIC, (MONDAY, MONDAY), busy=[Busy(noon, noon)])
    assert parts.free == half.free[:1]
    found = capacity(CLINIC, [parts], {"chair-1": [Busy(begins, ends)]}, WEEK)
    assert [(d.ceiling, d.room) for d in found.days] == [(3, 0), *[(0, 0)] * 4]


def test_the_first_day_on_which_a_course_can_start() -> None:
    year = (MONDAY, MONDAY + timedelta(days=400))
    people = staff(year, chair=1, prescriber=1, therapist=1)
    full = [busy(MONDAY + timedelta(days=n), "08:00", "18:00") for n in range(5)]
    chair = from_hours("chair-1", "", "chair", CLINIC, year, busy=full)
    all_of_them = [chair, *people[1:]]

    def from_day(day: object) -> Request:
        early = moment(MONDAY - timedelta(days=3), "09:00")
        return course_request(a_course(day), CLINIC, not_before=early, resources=all_of_them)  # type: ignore[arg-type]

    found = first_start(from_day, all_of_them, days(*year))
    assert found == (MONDAY + timedelta(days=1), moment(MONDAY + timedelta(days=7), "09:00"))
    assert first_start(from_day, all_of_them, [MONDAY]) is None
