"""The day of a dose: its pages are for everybody."""

from typing import Any

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import choose, fill, launch_in_tab, press, wait_until_written


@pytest.mark.parametrize("width", [1280, 320])
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    launch_in_tab(page, clinic, "gad-ready", "")
    home = page.url
    page.goto(f"{home}sessions")
    if page.get_by_text("No plan has been signed").is_visible():
        page.goto(f"{home}preview")
        page.get_by_role("button", name="Sign and write").click()
        wait_until_written(page)
    page.goto(f"{home}sessions/infusion-1/before")
    if page.get_by_role("button", name="Save and judge").is_enabled():
        fill(page, heart_rate="many", p1_systolic="172", p1_diastolic="104")
        choose(page, cssrs_change="yes")
        press(page, "Save and judge")
    parts = ("before", "during", "leaving", "close")
    for address in ("sessions", *(f"sessions/infusion-1/{part}" for part in parts), "adverse-events"):
        page.goto(f"{home}{address}")
        require_accessible(page, address)
