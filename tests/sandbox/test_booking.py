"""Calendars: what is open when, and what an Appointment does to the Slots it names."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ketplan.sandbox.clinic.calendars import CALENDARS
from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import BASE, Fhir, an_appointment

CHAIR = ("chair-2-20260302-0900", "chair-2-20260302-0930")


def status(fhir: Fhir, slot: str) -> str:
    found: str = fhir.get(f"Slot/{slot}").get_json()["status"]
    return found


def free_runs(harbor: Harbor, kind: str, minutes: int) -> dict[date, dict[str, set[int]]]:
    """Per weekday and calendar of a kind, the minutes of the day where so much time is free in one piece."""
    names = {calendar.id for calendar in CALENDARS if calendar.kind == kind}
    free: dict[tuple[date, str], set[int]] = defaultdict(set)
    for slot in harbor.store.all("Slot"):
        name = slot["schedule"]["reference"].removeprefix("Schedule/")
        if name in names and slot["status"] == "free":
            start = datetime.fromisoformat(slot["start"])
            free[start.date(), name].add(start.hour * 60 + start.minute)
    runs: dict[date, dict[str, set[int]]] = defaultdict(dict)
    for (day, name), starts in free.items():
        runs[day][name] = {one for one in starts if all(one + n in starts for n in range(0, minutes, 30))}
    return runs


def test_a_client_can_tell_what_a_schedule_is(fhir: Fhir) -> None:
    entries = fhir.get("Schedule").get_json()["entry"]
    kinds = [one["resource"]["serviceType"][0]["coding"][0] for one in entries]
    counts = {code: sum(kind["code"] == code for kind in kinds) for code in {kind["code"] for kind in kinds}}
    assert counts == {"chair": 3, "nurse": 2, "prescriber": 1, "therapist": 2}
    assert {kind["system"] for kind in kinds} == {f"{BASE}/fhir/CodeSystem/clinic-resource"}


def test_slots_cover_the_weekdays_of_120_days(harbor: Harbor) -> None:
    days = {slot["start"][:10] for slot in harbor.store.all("Slot")}
    first = date(2026, 2, 16)
    expected = {first + timedelta(days=n) for n in range(121)}
    assert days == {day.isoformat() for day in expected if day.weekday() < 5}


@pytest.mark.parametrize(("day", "offset"), [("20260306", "-05:00"), ("20260309", "-04:00")])
def test_the_day_starts_at_eight_on_both_sides_of_the_clock_change(fhir: Fhir, day: str, offset: str) -> None:
    slot = fhir.get(f"Slot/chair-1-{day}-0800").get_json()
    assert slot["start"].endswith(f"T08:00:00{offset}")
    length = datetime.fromisoformat(slot["end"]) - datetime.fromisoformat(slot["start"])
    assert length == timedelta(minutes=30)


def test_every_weekday_has_room_for_an_infusion_visit_and_for_therapy(harbor: Harbor) -> None:
    chairs, nurses = free_runs(harbor, "chair", 180), free_runs(harbor, "nurse", 180)
    doctors, therapists = free_runs(harbor, "prescriber", 180), free_runs(harbor, "therapist", 90)
    for day in chairs:
        room, care = set().union(*chairs[day].values()), set().union(*nurses[day].values())
        assert room & care & set().union(*doctors[day].values()), day
        assert all(therapists[day].values()), day


def test_placing_is_real_because_something_is_taken_every_day(harbor: Harbor) -> None:
    busy = {slot["start"][:10] for slot in harbor.store.all("Slot") if slot["status"] == "busy"}
    assert busy == {slot["start"][:10] for slot in harbor.store.all("Slot")}


def test_booking_takes_the_slots(fhir: Fhir) -> None:
    assert [status(fhir, one) for one in CHAIR] == ["free", "free"]
    assert fhir.create(an_appointment(*CHAIR)).status_code == 201
    assert [status(fhir, one) for one in CHAIR] == ["busy", "busy"]


def test_a_taken_slot_cannot_be_booked_again_and_nothing_moves(fhir: Fhir) -> None:
    fhir.create(an_appointment(CHAIR[0]))
    response = fhir.create(an_appointment(CHAIR[1], CHAIR[0], patient="ocd-erp"))
    assert response.status_code == 409
    assert status(fhir, CHAIR[1]) == "free"


def test_a_slot_that_does_not_exist_cannot_be_booked(fhir: Fhir) -> None:
    assert fhir.create(an_appointment("chair-9-20260302-0900")).status_code == 422


@pytest.mark.parametrize("ending", ["cancelled", "entered-in-error"])
def test_cancelling_gives_the_slots_back(fhir: Fhir, ending: str) -> None:
    booked = fhir.create(an_appointment(*CHAIR)).get_json()
    assert fhir.update({**booked, "status": ending}).status_code == 200
    assert [status(fhir, one) for one in CHAIR] == ["free", "free"]
    assert fhir.create(an_appointment(*CHAIR, patient="ocd-erp")).status_code == 201


def test_moving_frees_the_old_slot_and_takes_the_new_one(fhir: Fhir) -> None:
    booked = fhir.create(an_appointment(CHAIR[0])).get_json()
    fhir.update({**booked, "slot": [{"reference": f"Slot/{CHAIR[1]}"}]})
    assert [status(fhir, one) for one in CHAIR] == ["free", "busy"]


def test_updating_an_appointment_keeps_its_own_slot(fhir: Fhir) -> None:
    booked = fhir.create(an_appointment(CHAIR[0])).get_json()
    assert fhir.update({**booked, "comment": "bring a jumper"}).status_code == 200
    assert status(fhir, CHAIR[0]) == "busy"


def test_a_repeated_conditional_booking_is_not_a_conflict(fhir: Fhir) -> None:
    marked = an_appointment(CHAIR[0], identifier=[{"system": "urn:ids", "value": "visit-1"}])
    condition = {"If-None-Exist": "identifier=urn:ids|visit-1"}
    assert [fhir.create(marked, condition).status_code for _ in range(2)] == [201, 200]


def test_slots_are_in_the_zone_of_the_clinic(harbor: Harbor) -> None:
    slot = next(harbor.store.all("Slot"))
    start = datetime.fromisoformat(slot["start"])
    assert start.utcoffset() == start.astimezone(ZoneInfo("America/New_York")).utcoffset()
