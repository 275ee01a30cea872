"""The review of a course two doses in: for everybody, and without scripts."""

from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.charted import chart_a_course
from tests.browser.journeys import answer_group, confirm, launch_in_tab, sign, to_review

PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
WIDTHS = [1280, 320]


@pytest.fixture(scope="module")
def under_way(browser: Any, clinic: Any) -> None:
    """A signed plan whose first two doses are on file."""
    page = browser.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    sign(page)
    page.close()
    chart_a_course(clinic, PATIENT)


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, under_way: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    to_review(page)
    require_accessible(page, "review")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("Nothing has been answered yet.").wait_for()
    require_accessible(page, "nothing answered")
    answer_group(page, "Cognition check due").get_by_label("Accept", exact=True).check()
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("button", name="Confirm and write").wait_for()
    require_accessible(page, "preview")
    page.get_by_role("button", name="Confirm and write").click()
    page.get_by_text("WRITTEN", exact=True).wait_for()
    require_accessible(page, "result")


def test_without_javascript_a_review_is_answered(browser: Any, clinic: Any, under_way: None) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    to_review(page)
    answer_group(page, "Bladder check due").get_by_label("Reject").check()
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("only with a reason").wait_for()
    answer_group(page, "Bladder check due").get_by_label("Reason").fill("done on paper today")
    confirm(page)
    assert page.get_by_role("region", name="History").get_by_text("done on paper today").is_visible()
    context.close()
