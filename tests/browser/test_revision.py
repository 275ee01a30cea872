"""A running course that life interferes with: a missed infusion placed again, a plan revised over a change
that somebody made in the EHR meanwhile."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ketplan import compose
from tests.browser.accessibility import require_accessible
from tests.browser.journeys import COORDINATOR, launch_in_tab, sign, sign_in

PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
WIDTHS = [1280, 390, 320]


def chart(clinic: Any) -> Any:
    return compose.chart(f"{clinic.ehr.url}/fhir", "operator")


def visit(clinic: Any, key: str) -> dict[str, Any]:
    """The visit's newest appointment."""
    named = [
        raw
        for raw in clinic.stored("Appointment", PATIENT)
        if raw["identifier"][0]["value"].partition("/appointment-")[2].partition(".r")[0] == key
    ]
    return max(named, key=lambda raw: raw["start"])


def put(clinic: Any, raw: dict[str, Any], **how: Any) -> None:
    chart(clinic).update({**raw, **how}, None)


@pytest.fixture(scope="module")
def under_way(browser: Any, clinic: Any) -> None:
    """A signed plan."""
    page = browser.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    sign(page)
    page.close()


def to_course(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    page.goto(page.url.split("#")[0].rstrip("/") + "/course")
    page.get_by_role("heading", level=1, name="The course of").wait_for()


def test_given_a_missed_infusion_when_a_coordinator_places_it_again_then_it_stands_once_more(
    page: Any, clinic: Any, under_way: None
) -> None:
    missed = visit(clinic, "infusion-6")
    put(clinic, missed, status="noshow")
    page.goto(f"{clinic.chart(PATIENT)}/launch")
    sign_in(page, COORDINATOR)
    page.locator("h2", has_text="Ready?").wait_for()
    page.goto(page.url.split("#")[0].rstrip("/") + "/replan")
    page.get_by_label("Infusion 6 of 6").check()
    page.get_by_label("Not before").fill(missed["start"][:10])
    page.get_by_label("Reason").fill("The bus did not come.")
    page.get_by_role("button", name="Look for times").click()
    page.get_by_role("heading", name="Whom to call").wait_for()
    page.get_by_text("PLACED AGAIN", exact=True).wait_for()
    page.get_by_role("button", name="Place the visits of Jane Samplewood").click()
    page.get_by_role("heading", level=1, name="Visits placed again").wait_for()
    page.get_by_text("WRITTEN", exact=True).first.wait_for()
    again = visit(clinic, "infusion-6")
    assert again["id"] != missed["id"]
    assert again["status"] in ("booked", "proposed")
    assert chart(clinic).read("Appointment", missed["id"]).raw["status"] == "noshow"


def test_given_a_visit_moved_in_the_ehr_when_the_plan_is_revised_then_it_is_decided_first(
    page: Any, clinic: Any, under_way: None
) -> None:
    last = visit(clinic, "cbt-14")
    start, end = (datetime.fromisoformat(last[name]) for name in ("start", "end"))
    to_course(page, clinic)
    page.get_by_role("link", name="Revise the plan").click()
    wanted = (start + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("Time of CBT 14").fill(wanted)
    page.get_by_label("Reason", exact=True).fill("She is on a course that week.")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    later = timedelta(days=1)
    put(clinic, visit(clinic, "cbt-14"), start=(start + later).isoformat(), end=(end + later).isoformat())
    page.get_by_role("button", name="Revise the plan of Jane Samplewood").click()
    page.get_by_text("meanwhile").first.wait_for()
    page.get_by_role("link", name="See what differs and decide").click()
    moved = page.locator("section", has=page.get_by_role("heading", name="CBT 14"))
    moved.get_by_label("Take theirs").check()
    moved.get_by_label("Your reason").fill("Agreed on the telephone.")
    moved.get_by_role("button", name="See what will happen").click()
    page.locator("form[aria-label=Decide] button").click()
    page.get_by_text("Nothing differs.").wait_for()
    to_course(page, clinic)
    page.get_by_role("link", name="Revise the plan").click()
    page.get_by_label("Time of CBT 14").fill(wanted)
    page.get_by_label("Reason", exact=True).fill("She is on a course that week.")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("button", name="Revise the plan of Jane Samplewood").click()
    page.get_by_role("heading", level=1, name="Plan revised").wait_for()
    page.get_by_text("Written to the EHR").wait_for()
    assert visit(clinic, "cbt-14")["start"][:16] == wanted
    [plan] = clinic.stored("CarePlan", PATIENT)
    assert "She is on a course that week." in plan["note"][-1]["text"]


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, under_way: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    to_course(page, clinic)
    require_accessible(page, "course")
    page.get_by_role("link", name="Place visits again").click()
    page.get_by_role("button", name="Look for times").wait_for()
    require_accessible(page, "replan")
    page.go_back()
    page.get_by_role("link", name="Revise the plan").click()
    page.get_by_role("button", name="See what this changes").wait_for()
    require_accessible(page, "revise")
    page.get_by_role("checkbox", name="Drop").last.check()
    page.get_by_label("Reason", exact=True).fill("Seen elsewhere.")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("heading", name="Before and after").wait_for()
    require_accessible(page, "preview")
