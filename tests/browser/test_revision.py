"""Changing a running course: its pages are for everybody."""

from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab, sign, to_course

PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
WIDTHS = [1280, 390, 320]


@pytest.fixture(scope="module")
def under_way(browser: Any, clinic: Any) -> None:
    """A signed plan."""
    page = browser.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    sign(page)
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, under_way: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    to_course(page)
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
