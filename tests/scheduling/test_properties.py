"""Random clinics, calendars and lives: whatever comes out passes the reference checker."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.plan import Visit
from ketplan.scheduling.check import violations
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.place import place
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Timetable
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
    a_course,
    as_fixed,
    slots,
    span,
)

ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Africa/Cairo",  # clocks change on a Friday
    "Asia/Kolkata",  # clocks never change
)
PAIRS = (
    (IV6_2PW, GAD_14, 60),
    (IV6_3PW, GAD_14, 90),
    (IV6_2PW, ERP_17, 60),
    (IV1, ERP_17, 60),
    (IV3_QW, PE_10, 90),
    ((), PHOBIA_4, (60, 180, 60, 60)),
)
STAFF = (
    ("Location/chair-1", "chair"),
    ("Location/chair-2", "chair"),
    ("Practitioner/nurse-1", "nurse"),
    ("Practitioner/nurse-2", "nurse"),
    ("Practitioner/doctor", "prescriber"),
    ("Practitioner/therapist-1", "therapist"),
    ("Practitioner/therapist-2", "therapist"),
)


@dataclass(frozen=True)
class Life:
    visits: tuple[Visit, ...]
    clinic: Clinic
    busy: tuple[Busy, ...]
    free_slots: tuple[FreeSlot, ...]
    published: dict[str, date]
    not_before: datetime
    day_zero: date

    def timetable(
        self,
        fixed: dict[str, Fixed] | None = None,
        busy: tuple[Busy, ...] | None = None,
        free_slots: tuple[FreeSlot, ...] | None = None,
    ) -> Timetable:
        return place(
            self.visits,
            self.clinic,
            not_before=self.not_before,
            busy=self.busy if busy is None else busy,
            free_slots=self.free_slots if free_slots is None else free_slots,
            published=self.published,
            fixed=fixed,
            day_zero=self.day_zero,
        )

    def faults(self, timetable: Timetable, fixed: dict[str, Fixed] | None = None) -> list[str]:
        return violations(
            timetable,
            self.visits,
            self.clinic,
            self.busy,
            not_before=self.not_before,
            free_slots=self.free_slots,
            published=self.published,
            fixed=fixed,
        )


@st.composite
def lives(draw: st.DrawFn) -> Life:
    zone = draw(st.sampled_from(ZONES))
    day_zero = MONDAY + timedelta(days=draw(st.integers(0, 240)))
    doses, cbt, minutes = draw(st.sampled_from(PAIRS))
    around = st.integers(-3, 40).map(lambda n: day_zero + timedelta(days=n))
    clinic = Clinic(
        zone,
        hours=draw(
            st.sampled_from(
                (
                    {day: (time(8), time(18)) for day in range(5)},
                    {day: (time(8), time(18)) for day in (0, 1, 2, 4)},
                    {day: (time(9), time(13, 30)) for day in range(5)},
                    {day: (time(0, 30), time(7)) for day in range(5)},
                )
            )
        ),
        closures=dict.fromkeys(draw(st.sets(around, max_size=6)), "closed"),
    )
    rnd = random.Random(draw(st.integers(0, 10_000)))
    density = draw(st.sampled_from((0.0, 0.5, 0.9, 1.0)))
    offered = [s for s in STAFF if density and draw(st.booleans())]
    days = span(day_zero - timedelta(days=3), 40)
    length = draw(st.sampled_from((30, 60, 240)))
    free = [
        slot
        for resource, service in offered
        for slot in slots(resource, service, days, minutes=length, zone=zone)
        if rnd.random() < density
    ]
    engaged = [
        Busy(start, start + timedelta(minutes=rnd.choice((15, 60, 240, 1500))))
        for day, hour in draw(st.lists(st.tuples(around, st.integers(7, 17)), max_size=12))
        for start in [datetime.combine(day, time(hour, 10), tzinfo=clinic.tz)]
    ]
    return Life(
        a_course(day_zero, doses, cbt, cbt_minutes=minutes),
        clinic,
        tuple(engaged),
        tuple(free),
        {service: days[-1] for _, service in offered},
        datetime.combine(day_zero + timedelta(days=draw(st.integers(-14, 4))), time(10, 7), tzinfo=clinic.tz),
        day_zero,
    )


@given(lives())
@settings(max_examples=25, deadline=None)
def test_every_timetable_passes_the_checker(life: Life) -> None:
    assert life.faults(life.timetable()) == []


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_order_of_what_the_ehr_returns_does_not_matter(life: Life, rnd: random.Random) -> None:
    engaged, free = list(life.busy), list(life.free_slots)
    rnd.shuffle(engaged)
    rnd.shuffle(free)
    assert life.timetable(busy=tuple(engaged), free_slots=tuple(free)) == life.timetable()


@given(lives())
@settings(max_examples=10, deadline=None)
def test_a_timetable_that_is_booked_comes_out_as_it_is(life: Life) -> None:
    first = life.timetable()
    fixed = as_fixed(first.placed)
    taken = {reference for p in first.placed for reference in p.slots}
    again = life.timetable(fixed, free_slots=tuple(s for s in life.free_slots if s.reference not in taken))
    assert as_fixed(again.placed) == fixed
    assert life.faults(again, fixed) == []


@given(lives(), st.integers(0, 30))
@settings(max_examples=10, deadline=None)
def test_half_booked_the_rest_falls_where_it_was(life: Life, booked: int) -> None:
    first = life.timetable()
    fixed = as_fixed(first.placed[:booked])
    taken = {reference for spot in fixed.values() for reference in spot.slots}
    again = life.timetable(fixed, free_slots=tuple(s for s in life.free_slots if s.reference not in taken))
    if not any(p.unkept for p in first.placed if p.visit.key.startswith("cbt")):
        assert as_fixed(again.placed) == as_fixed(first.placed)
    assert life.faults(again, fixed) == []
