"""What became of a signed course: its state, and what somebody changed in the EHR."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab, sign

pytestmark = pytest.mark.browser
PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"


def moved(clinic: Any) -> None:
    """Somebody gives the last visit another hour in the EHR."""
    store = clinic.ehr.harbor.store
    last = max(clinic.stored("Appointment", PATIENT), key=lambda a: a["start"])
    times = {
        name: (datetime.fromisoformat(last[name]) + timedelta(hours=1)).isoformat()
        for name in ("start", "end")
    }
    store.replace({**last, **times}, last["id"])


def test_given_a_signed_course_when_its_pages_are_opened_then_they_are_accessible(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    base = page.url.partition("#")[0].partition("?")[0]
    sign(page)
    page.get_by_text("All 34 stand in").wait_for()
    moved(clinic)
    for where in ("course", "differences", "sessions", "adverse-events", ""):
        page.goto(f"{base}{where}")
        page.get_by_role("heading", level=1).wait_for()
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            require_accessible(page, where)
