"""The page of what is taken away, and the sheets as a browser shows and prints them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab

pytestmark = pytest.mark.browser
PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"


def test_given_a_proposal_when_its_sheets_are_opened_then_they_are_accessible_and_print(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    page.get_by_role("link", name="To take away").click()
    page.get_by_role("heading", level=1, name="To take away").wait_for()
    index = page.url
    for name in ("", "Open in English", "Open in Español", "Open the print-out"):
        page.goto(index)
        if name:
            page.get_by_role("link", name=name).click()
        page.get_by_role("heading", level=1).wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (1280, 320):
                page.set_viewport_size({"width": width, "height": 900})
                require_accessible(page, name)
        page.emulate_media(media="print")
        assert page.get_by_role("link", name="Back", exact=True).count() == 0 or not name
        page.emulate_media(media="screen", color_scheme="light")


def test_given_a_sheet_in_english_when_spanish_is_chosen_then_it_is_shown_in_spanish(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    page.get_by_role("link", name="To take away").click()
    page.get_by_role("link", name="Open in English").click()
    page.get_by_role("link", name="Español").click()
    page.get_by_role("heading", name="Su plan de tratamiento").wait_for()
    assert page.locator("html").get_attribute("lang") == "es"
    page.get_by_role("link", name="Volver").click()
    page.get_by_role("heading", level=1, name="To take away").wait_for()
