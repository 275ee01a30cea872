"""The worklist, the sheets, the board: what this user's grant returns, and nothing of anybody else."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from ketplan.fhir.render import PLAN_STEP_SYSTEM
from tests.web.support import COORDINATOR, ISS, Browser, Clock, words

pytestmark = pytest.mark.writes

PATIENT, OTHER = "gad-ready", "ocd-erp"
PAGES = ("", "calls", "handover", "handover.txt", "week", "week?by=people", "month", "figures")
Json = dict[str, Any]


def across(browser: Browser, user: str = COORDINATOR) -> str:
    """From the home page to the worklist; gives its path, /c/<lid>/."""
    answer = browser.get(f"/clinic?iss={ISS}")
    if answer.location and answer.location.startswith("/clinic"):
        answer = browser.get(answer.location)
    back = browser.get(browser.sign_in(str(answer.location), user))
    assert back.status_code == 303, back.text
    return str(back.location)


def treat(browser: Browser, patient: str = PATIENT) -> None:
    """A signed and written course."""
    path = browser.launch(patient)
    browser.submit(browser.get(f"{path}preview"), "/sign")


def visits(ehr: Flask, patient: str = PATIENT) -> list[Json]:
    found = [
        raw
        for raw in ehr.extensions["harbor"].store.all("Appointment")
        if any(i.get("system") == PLAN_STEP_SYSTEM for i in raw.get("identifier", []))
        and any(p["actor"]["reference"] == f"Patient/{patient}" for p in raw["participant"])
    ]
    return sorted(found, key=lambda raw: raw["start"])


def change(ehr: Flask, raw: Json, **how: Any) -> None:
    ehr.extensions["harbor"].store.replace({**raw, **how}, raw["id"])


@pytest.fixture
def path(browser: Browser) -> str:
    treat(browser)
    return across(browser)


def test_every_page_opens_and_shows_the_patient(browser: Browser, path: str) -> None:
    for page in PAGES:
        answer = browser.get(path + page)
        assert answer.status_code == 200, page
    assert "Samplewood" in browser.get(f"{path}?kind=booked").text
    assert "Samplewood" in browser.get(f"{path}week?week=2026-03-02").text


def test_a_missed_visit_is_on_the_list_the_sheet_and_the_note(
    browser: Browser, path: str, ehr: Flask, clock: Clock
) -> None:
    first = visits(ehr)[0]
    change(ehr, first, status="noshow")
    clock.pass_(days=14)
    path = across(browser)
    shown = words(browser.get(f"{path}?kind=missed"))
    assert "The patient did not come on" in shown
    assert first["description"] in shown
    assert "+1" in browser.get(f"{path}calls").text or "555" in browser.get(f"{path}calls").text
    assert "Missed: " in browser.get(f"{path}handover.txt").text
