"""A coordinator's day: somebody did not come, a therapist is ill, the board is full."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import COORDINATOR, launch_in_tab, sign, sign_in

pytestmark = pytest.mark.browser
PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
OTHER, OTHER_NAME = "ocd-erp", "Placeholm"


def worklist(page: Any, clinic: Any) -> str:
    """From the pretend EHR's own page to the worklist; gives its address."""
    page.goto(clinic.ehr.url)
    page.get_by_role("link", name="Open the worklist across patients").click()
    sign_in(page, COORDINATOR)
    page.get_by_role("heading", level=1, name="What needs a hand").wait_for()
    return str(page.url)


def dose(clinic: Any) -> dict[str, Any]:
    """The newest appointment of the last dose."""
    named = [a for a in clinic.stored("Appointment", PATIENT) if a["description"] == "Infusion 6 of 6"]
    return dict(max(named, key=lambda a: a["meta"]["lastUpdated"]))


@pytest.fixture(scope="module")
def treated(browser: Any, clinic: Any) -> None:
    """A signed course whose last dose was missed."""
    context = browser.new_context()
    page = context.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    sign(page)
    context.close()
    clinic.ehr.harbor.store.replace({**dose(clinic), "status": "noshow"}, dose(clinic)["id"])


def test_given_a_missed_visit_when_a_coordinator_opens_the_day_then_it_is_placed_again(
    page: Any, clinic: Any, treated: None
) -> None:
    base, missed = worklist(page, clinic), dose(clinic)
    page.get_by_role("link", name=re.compile("Missed")).click()
    row = page.get_by_role("row", name=re.compile(f"MISSED.*{FAMILY_NAME}"))
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Give a task").click()
    page.get_by_role("button", name=re.compile("Give in")).click()
    page.get_by_text("Task given").or_(page.get_by_text("Task in the EHR")).first.wait_for()
    page.goto(f"{base}?kind=missed")
    page.get_by_role("link", name=re.compile("Plan again")).first.click()
    page.get_by_role("link", name=re.compile("Choose .* in")).click()
    page.locator("select[name=patient]").select_option(PATIENT)
    sign_in(page, COORDINATOR)
    page.get_by_role("heading", level=1, name=f"Place visits again for Jane {FAMILY_NAME}").wait_for()
    page.get_by_label("Infusion 6 of 6").check()
    page.get_by_label("Not before").fill(missed["start"][:10])
    page.get_by_label("Reason").fill("The patient did not come; agreed by telephone.")
    page.get_by_role("button", name="Look for times").click()
    page.get_by_role("button", name=f"Place the visits of Jane {FAMILY_NAME}").click()
    page.get_by_role("heading", level=1, name="Visits placed again").wait_for()
    page.get_by_text("WRITTEN", exact=True).first.wait_for()
    assert dose(clinic)["id"] != missed["id"]
    base = worklist(page, clinic)
    page.goto(f"{base}?kind=missed")
    page.get_by_text("Nothing to do here.").wait_for()


def test_given_a_therapist_who_is_ill_when_the_week_is_asked_then_each_patient_has_a_proposal(
    page: Any, clinic: Any, treated: None
) -> None:
    base = worklist(page, clinic)
    session = next(a for a in clinic.stored("Appointment", PATIENT)[3:] if a["description"].startswith("CBT"))
    who = next(
        p["actor"]["reference"] for p in session["participant"] if "Practitioner" in p["actor"]["reference"]
    )
    day = session["start"][:10]
    page.goto(f"{base}away?who={who}&first={day}&last={day}")
    page.get_by_text("Nothing has been changed or held").wait_for()
    assert FAMILY_NAME in page.get_by_role("table").inner_text()
    require_accessible(page, "away")


def test_given_a_new_patient_when_a_plan_is_signed_beside_others_then_no_chair_is_taken_twice(
    page: Any, clinic: Any, treated: None
) -> None:
    launch_in_tab(page, clinic, OTHER, OTHER_NAME)
    sign(page)
    new = clinic.stored("Appointment", OTHER)
    taken = {slot["reference"] for a in clinic.stored("Appointment", PATIENT) for slot in a.get("slot", [])}
    assert new
    assert not taken & {slot["reference"] for a in new for slot in a.get("slot", [])}
    base = worklist(page, clinic)
    page.goto(f"{base}?kind=conflict")
    assert "booked for two patients" not in page.content()
    week = min(a["start"] for a in new)[:10]
    page.goto(f"{base}week?week={week}&by=people")
    page.get_by_role("table").get_by_text(OTHER_NAME).first.wait_for()


def test_given_the_pages_of_the_clinic_when_they_are_opened_then_they_are_accessible_wide_and_narrow(
    page: Any, clinic: Any, treated: None
) -> None:
    base = worklist(page, clinic)
    first = max(clinic.stored("Appointment", PATIENT), key=lambda a: a["start"])["start"][:10]
    for where in (
        "",
        "calls",
        "handover",
        f"week?week={first}&by=people",
        "month",
        "figures",
        "away",
        "capacity",
    ):
        page.goto(f"{base}{where}")
        page.get_by_role("heading", level=1).wait_for()
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            require_accessible(page, where)
