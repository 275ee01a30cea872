"""Several launches in one browser: the same patient twice, another EHR, and the doctor's page beside them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ketplan.config import Ehr
from ketplan.sandbox.server import Server, serve
from ketplan.servers import AppServer, demo_settings
from tests.browser.accessibility import require_accessible
from tests.browser.conftest import Clinic, at_work_apart
from tests.browser.journeys import launch_in_tab, sign


@pytest.fixture
def two_ehrs(tmp_path: Any) -> Iterator[tuple[Clinic, Clinic]]:
    """One app and two pretend EHRs, which hold patients with the same ids."""
    today, tokens = datetime.now(UTC).date(), {"operator": "user/*.cruds"}

    def ehr() -> Server:
        return serve("127.0.0.1", 0, today=today, static_tokens=tokens)

    with ehr() as first, ehr() as second:

        def settings(url: str) -> Any:
            made = demo_settings(tmp_path, url, first.url)
            other = Ehr("second", f"{second.url}/fhir", made.ehrs[0].client_id, frame_ancestors=(second.url,))
            return replace(made, ehrs=(*made.ehrs, other))

        with AppServer("localhost", 0, settings) as app, at_work_apart(app.settings):
            for one in (first, second):
                one.harbor.register(f"{app.url}/launch")
            yield Clinic(first, app.url), Clinic(second, app.url)


def test_given_one_patient_in_two_tabs_when_the_older_page_is_saved_then_nothing_typed_is_lost(
    page: Any, clinic: Any
) -> None:
    other = page.context.new_page()
    for tab in (page, other):
        launch_in_tab(tab, clinic, "two-diagnoses", "")
        tab.goto(f"{tab.url.partition('#')[0]}intake")
    for tab, choice in ((page, "no"), (other, "yes")):
        tab.locator(f"input[name=escort-confirmed][value={choice}]").check()
        tab.get_by_role("button", name="Save the intake").last.click()
    other.get_by_text("the intake was saved in another window").wait_for()
    assert other.locator("input[name=escort-confirmed][value=yes]").is_checked()
    other.get_by_role("button", name="Save the intake").last.click()
    other.locator("h2", has_text="Ready?").wait_for()


def test_given_two_ehrs_with_the_same_patient_id_then_each_signature_goes_where_it_was_given(
    page: Any, two_ehrs: tuple[Clinic, Clinic]
) -> None:
    first, second = two_ehrs
    other = page.context.new_page()
    launch_in_tab(page, first, "gad-ready", "Samplewood")
    launch_in_tab(other, second, "gad-ready", "Samplewood")
    page.reload()
    sign(page)
    assert first.stored("CarePlan", "gad-ready")
    assert not second.stored("CarePlan", "gad-ready")
    other.reload()
    assert other.get_by_text("Nothing of this proposal has been written.").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 320])
def test_the_doctors_page_is_accessible_and_says_the_same_as_the_command(
    page: Any, clinic: Any, width: int, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{clinic.app_url}/doctor")
    page.get_by_role("link", name="Harbor").click()
    page.get_by_role("link", name="Examine it").first.click()
    page.get_by_role("heading", name="Server and sign-in").wait_for()
    assert page.get_by_text("ketplan works with this EHR").first.is_visible()
    require_accessible(page)
