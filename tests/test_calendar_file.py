"""The patient's calendar: neutral, stable, and at the EHR's times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from ketplan.calendar_file import Visit, calendar_file, visits
from ketplan.clinical.record import Booked
from ketplan.fhir.render import PLAN_STEP_SYSTEM, render
from ketplan.kept import plan_payload
from ketplan.store.plans import PlanState, StoredPlan
from tests.fhir.plan_builders import a_plan, a_timetable

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
PLAN = a_plan()
STEPS = render(PLAN, a_timetable(PLAN.draft))
KEPT = StoredPlan(PLAN.id, "https://ehr", "jane", 1, plan_payload(PLAN, STEPS), PlanState.WRITTEN, NOW, NOW)
FIRST = f"{PLAN.id}/appointment-infusion-1"


def booked(status: str = "booked", later: timedelta = timedelta()) -> Booked:
    start = datetime(2026, 3, 2, 9, tzinfo=ZONE) + later
    end = start + timedelta(minutes=150)
    return Booked(
        "Appointment/9", (), "", status=status, start=start, end=end, identifiers=((PLAN_STEP_SYSTEM, FIRST),)
    )


def read(found: tuple[Visit, ...], zone: ZoneInfo = ZONE) -> Calendar:
    return Calendar.from_ical(calendar_file(found, zone, "Riverside Clinic", NOW))


def test_every_visit_is_in_it_once_in_order() -> None:
    events = read(visits(KEPT, (), ZONE)).walk("VEVENT")
    assert len(events) == len([s for s in STEPS if s.type == "Appointment"])
    starts = [e["dtstart"].dt for e in events]
    assert starts == sorted(starts)
    assert len({str(e["uid"]) for e in events}) == len(events)


def test_it_says_when_and_not_what_for() -> None:
    text = calendar_file(visits(KEPT, (), ZONE), ZONE, "Riverside Clinic", NOW).decode().lower()
    for told in ("ketamine", "infusion 1", "cbt 1", "jane", "anxiety", "therapy"):
        assert told not in text
    assert "riverside clinic" in text


def test_a_visit_moved_in_the_ehr_keeps_its_id_and_grows_its_sequence() -> None:
    (moved, *_) = visits(KEPT, [booked(later=timedelta(hours=1))], ZONE)
    assert (moved.uid, moved.sequence) == (f"{FIRST}@ketplan", 1)
    assert moved.start == datetime(2026, 3, 2, 10, tzinfo=ZONE)
    (same, *_) = visits(KEPT, [booked()], ZONE)
    assert same.sequence == 0
    (revised, *_) = visits(replace(KEPT, revision=3), [booked()], ZONE)
    assert revised.sequence == 2


def test_a_cancelled_visit_is_called_off() -> None:
    (event, *_) = read(visits(KEPT, [booked("cancelled")], ZONE)).walk("VEVENT")
    assert (event["status"], event["sequence"]) == ("CANCELLED", 1)


def test_a_cancelled_twin_does_not_hide_the_standing_one() -> None:
    for both in ([booked("cancelled"), booked()], [booked(), booked("cancelled")]):
        assert not visits(KEPT, both, ZONE)[0].called_off


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/London", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata"]
)
def test_clock_changes_are_survived(zone: str) -> None:
    at = ZoneInfo(zone)
    days = [datetime(2026, m, d, 9, tzinfo=at) for m, d in ((3, 7), (3, 9), (4, 4), (4, 6), (10, 3), (10, 5))]
    found = tuple(Visit(str(n), day, day + timedelta(hours=1)) for n, day in enumerate(days))
    events = read(found, at).walk("VEVENT")
    assert [e["dtstart"].dt.astimezone(UTC) for e in events] == [d.astimezone(UTC) for d in days]
