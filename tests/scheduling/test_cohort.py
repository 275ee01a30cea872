"""Many courses on one clinic's calendars: every series is sound, nobody is booked twice, the rest wait."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.cohort import Course, Roster, fit
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import Patient, Request, Resource
from ketplan.scheduling.series.staff import from_hours
from tests.scheduling.builders import MONDAY, a_clinic, a_course, moment

CLINIC = a_clinic()
END = MONDAY + timedelta(days=120)
SERVICES = ("chair", "prescriber", "therapist")
DOSES, SESSIONS = (0, 3, 7), (1, 4, 8)


def staff(*services: str) -> list[Resource]:
    return [from_hours(f"{s} {n}", s, s, CLINIC, (MONDAY, END)) for n, s in enumerate(services)]


def a_request(day: date, **settings: object) -> Request:
    early = moment(MONDAY - timedelta(days=3), "09:00")
    visits = a_course(day, DOSES, SESSIONS, reviews=())
    published = dict.fromkeys(SERVICES, END)
    return course_request(visits, CLINIC, not_before=early, published=published, **settings)  # type: ignore[arg-type]


def courses(count: int, days: int = 10) -> list[Course]:
    return [
        Course(f"patient {n}", a_request, MONDAY, MONDAY + timedelta(days=days), MONDAY - timedelta(days=n))
        for n in range(count)
    ]


def asked(found: Roster) -> dict[str, Request]:
    return {f.patient: a_request(f.start) for f in found.fitted}


def test_every_series_is_sound_and_nobody_is_in_two_places() -> None:
    resources = staff(*SERVICES)
    found = fit(resources, courses(8), END)
    requests = asked(found)
    taken: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for f in found.fitted:
        request = replace(requests[f.patient], resources=tuple(resources))
        assert faults(request, f.series) == []
        for c in f.series.chosen:
            start, end = c.start.astimezone(UTC), c.end.astimezone(UTC)
            for who, need in zip(c.resources, request.consulted(c.visit), strict=True):
                taken[who].append((start, need.until(start, end)))
    for spans in taken.values():
        spans.sort()
        assert all(one[1] <= other[0] for one, other in pairwise(spans))


def test_whoever_does_not_fit_waits_for_a_day_on_which_they_would() -> None:
    resources = staff(*SERVICES)
    found = fit(resources, courses(30, days=1), END)
    assert len(found.fitted) + len(found.waiting) == 30
    assert found.waiting
    assert all(w.first and w.first > MONDAY + timedelta(days=1) and w.why for w in found.waiting)
    # Whoever waits longest was served first.
    assert {f.patient for f in found.fitted} == {f"patient {29 - n}" for n in range(len(found.fitted))}
    assert found.late_most <= 1


def test_one_impossible_patient_blocks_nobody() -> None:
    always_away = Patient(away=((MONDAY, END + timedelta(days=60)),))
    hopeless = replace(
        courses(1)[0], patient="away", request_from=lambda day: a_request(day, patient=always_away)
    )
    found = fit(staff(*SERVICES), [hopeless, *courses(3)], END)
    assert [w.patient for w in found.waiting] == ["away"]
    assert found.waiting[0].first is None
    assert len(found.fitted) == 3


def test_one_more_chair_lets_no_fewer_in() -> None:
    few = fit(staff(*SERVICES), courses(20, days=1), END)
    more = fit(staff(*SERVICES, "chair", "prescriber"), courses(20, days=1), END)
    assert len(more.fitted) > len(few.fitted)
    assert few.cost_spread[0] > 0
    assert few.late_median <= few.late_most
