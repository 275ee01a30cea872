"""Courses and calendars for the scheduling benchmark: drawn from a seed, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.cohort import Course
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import Request, Resource
from ketplan.scheduling.series.staff import from_hours
from ketplan.scheduling.timetable import Busy

CLINIC = Clinic("America/New_York")
MONDAY = date(2026, 1, 5)
DOSES = (0, 3, 7, 10, 14, 17)
SESSIONS = (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78)
REVIEWS = (
    ("24h_check_call", 1),
    ("mid_course_review", 10),
    ("end_of_induction_review", 24),
    ("review_1_month_after_last_dose", 45),
    ("review_3_months", 91),
    ("review_6_months", 182),
    ("review_12_months", 364),
)
_SATURDAY = 5


def course(start: date) -> tuple[Visit, ...]:
    """6 infusions, 14 CBT sessions, 7 follow-ups."""
    return (
        *(_visit(f"infusion-{n}", VisitKind.INFUSION, n, start, o, 180) for n, o in enumerate(DOSES, 1)),
        *(_visit(f"cbt-{n}", VisitKind.CBT, n, start, o, 60) for n, o in enumerate(SESSIONS, 1)),
        *(_visit(key, VisitKind.FOLLOW_UP, n, start, o, 30) for n, (key, o) in enumerate(REVIEWS, 1)),
    )


def _visit(key: str, kind: VisitKind, number: int, start: date, offset: int, minutes: int) -> Visit:
    call, day = key == "24h_check_call", start + timedelta(days=offset)
    while not call and day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return Visit(key, kind, number, key, offset, day, 15 if call else minutes, telephone=call)


def booked(rnd: random.Random, dates: Sequence[date], minutes: int, full: float) -> Iterator[Busy]:
    """Other people's appointments of one length, back to back from eight, each with this probability."""
    for day in dates:
        opens = datetime.combine(day, time(8), tzinfo=CLINIC.tz)
        for n in range(600 // minutes):
            if rnd.random() < full:
                begins = opens + timedelta(minutes=minutes * n)
                yield Busy(begins, begins + timedelta(minutes=minutes))


def one_patient(full: float, seed: int, length: int = 120) -> Request:
    """One course before three calendars, so many days of quarter hours, so much of them taken."""
    rnd = random.Random(seed)  # noqa: S311 - a benchmark
    dates = [MONDAY + timedelta(days=n) for n in range(length)]
    resources: list[Resource] = []
    for service, minutes in (("chair", 180), ("prescriber", 30), ("therapist", 60)):
        busy = list(booked(rnd, dates, minutes, full))
        resources.append(from_hours(service, service, service, CLINIC, (dates[0], dates[-1]), busy=busy))
    start = MONDAY + timedelta(days=7 + seed % 5)
    early = datetime.combine(MONDAY, time(8), tzinfo=CLINIC.tz)
    return course_request(course(start), CLINIC, not_before=early, resources=resources)


def clinic_staff(chairs: int, nurses: int, prescribers: int, therapists: int, days: int) -> list[Resource]:
    """Everybody there from 08 to 18 h on weekdays."""
    counts = {"chair": chairs, "nurse": nurses, "prescriber": prescribers, "therapist": therapists}
    dates = MONDAY, MONDAY + timedelta(days=days)
    return [
        from_hours(f"{service}-{n:02}", f"{service} {n}", service, CLINIC, dates)
        for service, count in counts.items()
        for n in range(1, count + 1)
    ]


def cohort(patients: int, over: int, days: int) -> list[Course]:
    """Courses asked for evenly over so many days, each acceptable for 60 days."""
    end = MONDAY + timedelta(days=days)
    published = dict.fromkeys(("chair", "nurse", "prescriber", "therapist"), end)
    early = datetime.combine(MONDAY, time(8), tzinfo=CLINIC.tz)

    def request_from(day: date) -> Request:
        return course_request(course(day), CLINIC, not_before=early, published=published)

    asked = [MONDAY + timedelta(days=n * over // patients) for n in range(patients)]
    return [
        Course(f"patient-{n:04}", request_from, day, day + timedelta(days=60), day)
        for n, day in enumerate(asked)
    ]
