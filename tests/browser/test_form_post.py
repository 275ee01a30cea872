"""Where the way to the sign-in is too long for an address it is a form, in a tab and in the chart's frame."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ketplan.config import Settings
from ketplan.ehr.scopes import requested
from ketplan.sandbox.server import serve
from ketplan.servers import AppServer, demo_settings
from tests.browser.conftest import Clinic
from tests.browser.journeys import launch_in_chart, launch_in_tab, sign_in, workspace

MANY = (
    *requested(frozenset({"permission-v2"}), in_ehr=True).split(),
    *(f"patient/Observation.rs?code=http://loinc.org|{n}-1" for n in range(40)),
)


@pytest.fixture
def long_winded(tmp_path: Any) -> Iterator[Clinic]:
    """An app whose list of scopes makes its authorization request longer than an address may be."""
    with serve("127.0.0.1", 0, today=datetime.now(UTC).date()) as ehr:

        def settings(url: str) -> Settings:
            made = demo_settings(tmp_path, url, ehr.url)
            return replace(made, ehrs=tuple(replace(one, scopes=MANY) for one in made.ehrs))

        with AppServer("localhost", 0, settings) as app:
            ehr.harbor.register(f"{app.url}/launch")
            yield Clinic(ehr, app.url)


def by_form(page: Any) -> list[str]:
    """The methods by which the sign-in page is asked for from now on, without what is filled in there."""
    seen: list[str] = []

    def note(request: Any) -> None:
        if request.url.partition("?")[0].endswith("/auth/authorize"):
            seen.append(request.method if "user=" not in (request.post_data or "") else "signed in")

    page.on("request", note)
    return seen


def test_in_a_tab_the_form_goes_by_itself(page: Any, long_winded: Clinic) -> None:
    asked = by_form(page)
    launch_in_tab(page, long_winded, "gad-ready", "Samplewood")
    assert asked == ["POST", "signed in"]


def test_in_the_charts_frame_the_policy_lets_it_through(page: Any, long_winded: Clinic) -> None:
    asked = by_form(page)
    launch_in_chart(page, long_winded, "gad-ready", "Samplewood")
    assert asked == ["POST", "signed in"]


def test_without_scripts_a_button_does_it(browser: Any, long_winded: Clinic) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        asked = by_form(page)
        page.goto(f"{long_winded.chart('gad-ready')}/launch")
        page.get_by_role("button", name="Continue").click()
        sign_in(page)
        workspace(page, "Samplewood")
        assert asked == ["POST", "signed in"]
    finally:
        context.close()
