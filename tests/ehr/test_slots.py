from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr.client import FhirClient
from ketplan.ehr.slots import read_slots
from ketplan.errors import InputError
from tests.ehr.builders import NOW, FakeEhr, Json, a_bundle, an_entry, an_outcome, answer

END = NOW + timedelta(days=7)
SCHEDULE: Json = {"resourceType": "Schedule", "id": "chair"}


def a_slot(id: str, status: str = "free") -> Json:
    return {"resourceType": "Slot", "id": id, "status": status, "schedule": {"reference": "Schedule/chair"}}


@pytest.fixture
def ehr(httpserver: HTTPServer) -> FakeEhr:
    fake = FakeEhr()
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(fake)
    return fake


def test_free_slots_come_with_their_schedules(client: FhirClient, httpserver: HTTPServer) -> None:
    page = a_bundle(a_slot("s1"), a_slot("s2", status="busy"), an_entry(SCHEDULE, "include"))
    httpserver.expect_oneshot_request("/fhir/Slot").respond_with_response(answer(page))
    section = read_slots(client, NOW, END)
    assert section.resources == [a_slot("s1"), SCHEDULE]
    assert (section.state, section.dropped) == ("found", 1)
    asked = httpserver.log[0][0].args
    assert asked.getlist("start") == ["ge2026-02-16T09:00:00-05:00", "lt2026-02-23T09:00:00-05:00"]
    assert (asked["status"], asked["_include"]) == ("free", "Slot:schedule")


def test_a_refused_include_is_left_away_and_the_schedules_are_read(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records += [a_slot("s1"), a_slot("s2"), SCHEDULE]
    ehr.refusals = {"_include": answer(an_outcome(), 400)}
    section = read_slots(client, NOW, END)
    assert section.resources == [a_slot("s1"), a_slot("s2"), SCHEDULE]
    assert ehr.asked.count("Schedule/chair") == 1


def test_an_ehr_without_a_calendar_says_why_and_an_empty_one_says_nothing(
    client: FhirClient, ehr: FakeEhr
) -> None:
    assert (read_slots(client, NOW, END).state, read_slots(client, NOW, END).resources) == ("empty", [])
    ehr.refusals = {"Slot?": answer(an_outcome(code="not-supported", text="No scheduling here"), 404)}
    section = read_slots(client, NOW, END)
    assert (section.state, section.resources) == ("failed", [])
    assert "No scheduling here" in section.detail


def test_missing_pages_make_the_calendar_partial(
    client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
) -> None:
    page = a_bundle(a_slot("s1"), an_entry(SCHEDULE, "include"), next=stranger.url_for("/page"))
    httpserver.expect_request("/fhir/Slot").respond_with_response(answer(page))
    assert read_slots(client, NOW, END).state == "partial"


def test_times_without_a_zone_are_refused(client: FhirClient) -> None:
    with pytest.raises(InputError):
        read_slots(client, datetime(2026, 2, 16), END)
