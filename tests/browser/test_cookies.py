"""Cookies in the EHR's frame, as real browsers treat them: partitioned ones pass, blocked ones are said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import BLOCKED, CHROMIUM, QUIET, Clinic, profile
from tests.browser.journeys import launch_in_chart, sign_in, workspace


def opened(browser: Any, folder: Path, preferences: dict[str, Any]) -> Any:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    made = browser.browser_type.launch_persistent_context(
        profile(folder, preferences), executable_path=CHROMIUM, args=QUIET
    )
    made.set_default_timeout(30_000)
    return made


@pytest.fixture
def without_third_party_cookies(browser: Any, tmp_path: Path) -> Iterator[Any]:
    context = opened(browser, tmp_path / "user", BLOCKED)
    yield context.new_page()
    context.close()


@pytest.fixture
def without_any_cookie_in_the_frame(browser: Any, clinic: Clinic, tmp_path: Path) -> Iterator[Any]:
    blocked = {f"{clinic.app_url},{clinic.ehr.url}": {"setting": 2}}
    context = opened(browser, tmp_path / "user", {"content_settings": {"exceptions": {"cookies": blocked}}})
    yield context.new_page()
    context.close()


def test_given_third_party_cookies_blocked_then_the_frame_works_by_its_partitioned_cookie(
    without_third_party_cookies: Any, clinic: Clinic
) -> None:
    page = without_third_party_cookies
    launch_in_chart(page, clinic, "age-70", "")
    [cookie] = [c for c in page.context.cookies() if c["name"].endswith("ketplan")]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "None")
    assert cookie.get("partitionKey", clinic.ehr.url)


def test_given_no_cookie_in_the_frame_then_a_window_of_its_own_leads_to_the_same_patient(
    without_any_cookie_in_the_frame: Any, clinic: Clinic
) -> None:
    page = without_any_cookie_in_the_frame
    page.goto(f"{clinic.chart('age-70')}/app")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="open ketplan in a window of its own").wait_for()
    with page.expect_popup() as opening:
        frame.get_by_role("link", name="Open in a new window").click()
    window = opening.value
    sign_in(window)
    workspace(window, "")
    assert "70 y" in window.locator("header .facts").inner_text()
