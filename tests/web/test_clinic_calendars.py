"""Calendars of chairs and people for whoever works across patients."""

from __future__ import annotations

from typing import Any

import icalendar
import pytest
from flask import Flask

from ketplan import compose
from ketplan.compose import Services
from ketplan.syncing import sync
from tests.web.support import ISS, SIGNER, Browser, Clock
from tests.web.test_coordinator import Guarding, across, treat

pytestmark = pytest.mark.writes
CHAIR = "calendar.ics?of=Location/infusion-chair-"


@pytest.fixture
def http(ehr: Flask) -> Guarding:
    return Guarding(ehr)


def looked(services: Services, http: Any, ehr: Flask, clock: Clock) -> None:
    """A sync by somebody who may see all."""
    harbor = ehr.extensions["harbor"]
    harbor.open_access = True
    assert sync(services, compose.chart(ISS, None, 1, http), ISS, clock).plans == 1
    harbor.open_access = False


def test_a_calendar_of_each_that_says_when_and_not_who(
    browser: Browser, services: Services, http: Any, ehr: Flask, clock: Clock
) -> None:
    treat(browser)
    page = across(browser)
    assert "not been looked at" in browser.get(f"{page}calendars").text
    looked(services, http, ehr, clock)
    listed = browser.get(f"{page}calendars").text
    assert "Infusion chair" in listed and "calendar.ics" in listed
    chair = next(n for n in "123" if f"infusion-chair-{n}" in listed)
    answer = browser.get(f"{page}{CHAIR}{chair}")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    events = list(icalendar.Calendar.from_ical(answer.data).walk("VEVENT"))
    assert events and {event["SUMMARY"] for event in events} == {"Appointment"}
    assert "Samplewood" not in answer.text
    assert browser.get(f"{page}calendar.ics?of=Location/nobody").status_code == 400


def test_whom_the_ehr_does_not_show_is_in_no_calendar(
    browser: Browser, services: Services, http: Any, ehr: Flask, clock: Clock
) -> None:
    treat(browser)
    looked(services, http, ehr, clock)
    http.hidden = frozenset({"gad-ready"})
    assert "calendar.ics" not in browser.get(f"{across(browser, SIGNER)}calendars").text
