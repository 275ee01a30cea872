"""What leaves a signed plan as a file."""

from __future__ import annotations

import pytest
from icalendar import Calendar

from tests.web.support import Browser

pytestmark = pytest.mark.writes


def test_the_signed_visits_leave_for_the_patients_own_calendar(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert browser.get(f"{path}visits.ics").status_code == 400
    browser.submit(browser.get(f"{path}preview"), "/sign")
    answer = browser.get(f"{path}visits.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert len(events) == 27
    assert "visits.ics" in browser.get(path).text
