"""The end of a session in a real browser: warned in time, kept alive by use, nothing typed is lost."""

from typing import Any

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab

SAID = "Discussed with the patient, typed and not sent."


def dialog(page: Any) -> Any:
    return page.get_by_role("alertdialog", name="Are you still there?")


def pass_minutes(page: Any, minutes: float) -> None:
    """The page's own clock; the server's goes its way."""
    page.clock.run_for(int(minutes * 60_000))


def make_server_say(page: Any, idle: int, latest: int = 3000) -> None:
    page.route("**/left", lambda route: route.fulfill(json={"idle": idle, "latest": latest}))


def typed(page: Any) -> Any:
    return page.locator("textarea[name=reason]").first


def test_given_nobody_there_then_a_dialog_asks_a_minute_before_and_the_keyboard_stays(
    page: Any, clinic: Any
) -> None:
    page.clock.install()
    launch_in_tab(page, clinic, "old-weight", "")
    make_server_say(page, 55)
    pass_minutes(page, 13.9)
    assert not dialog(page).is_visible()
    pass_minutes(page, 0.3)
    dialog(page).wait_for()
    assert page.evaluate("document.activeElement.id") == "idle-stay"
    assert "seconds left" in page.locator("#idle-count").inner_text()
    with page.expect_response("**/stay") as answer:
        page.keyboard.press("Enter")
    assert answer.value.status == 200
    dialog(page).wait_for(state="hidden")


def test_given_another_tab_in_use_then_nothing_is_asked(page: Any, clinic: Any) -> None:
    page.clock.install()
    launch_in_tab(page, clinic, "old-weight", "")
    make_server_say(page, 800)
    pass_minutes(page, 14.5)
    page.wait_for_timeout(300)
    assert not dialog(page).is_visible()


def test_given_use_in_one_tab_then_the_session_of_the_other_is_kept_too(page: Any, clinic: Any) -> None:
    other = page.context.new_page()
    other.clock.install()
    launch_in_tab(other, clinic, "ptsd-pe", "")
    page.clock.install()
    launch_in_tab(page, clinic, "sad-pounds", "")
    for each in (page, other):
        pass_minutes(each, 2)
    with other.expect_response("**/stay") as answer:
        page.keyboard.press("Tab")
    assert answer.value.status == 200


def test_given_an_ended_session_then_the_page_goes_and_says_how_to_go_on(page: Any, clinic: Any) -> None:
    page.clock.install()
    launch_in_tab(page, clinic, "old-weight", "")
    make_server_say(page, 0)
    page.route("**/l/*/", lambda route: route.fulfill(status=404, body="This page has ended"))
    pass_minutes(page, 15.2)
    page.get_by_text("This page has ended").wait_for()
    assert page.locator("textarea").count() == 0


def test_given_typing_then_it_is_back_after_a_reload_and_after_a_new_launch(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, "lorazepam", "")
    with page.expect_response("**/unsent"):
        typed(page).fill(SAID)
        page.keyboard.press("Tab")
    page.reload()
    note = page.get_by_text("You typed this earlier")
    note.wait_for()
    assert typed(page).input_value() == SAID
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    launch_in_tab(page, clinic, "lorazepam", "")
    note.wait_for()
    assert typed(page).input_value() == SAID
    page.get_by_role("button", name="Discard it").click()
    note.wait_for(state="detached")
    page.wait_for_load_state()
    assert typed(page).input_value() == ""


def test_given_no_network_when_it_is_back_then_what_was_typed_is_kept(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, "two-diagnoses", "")
    line = page.get_by_text("No network.")
    assert not line.is_visible()
    page.context.set_offline(True)
    line.wait_for()
    typed(page).fill(SAID)
    page.keyboard.press("Tab")
    require_accessible(page, "no network")
    with page.expect_response("**/unsent") as kept:
        page.context.set_offline(False)
    assert kept.value.status == 200
    line.wait_for(state="hidden")
    launch_in_tab(page, clinic, "two-diagnoses", "")
    page.get_by_text("You typed this earlier").wait_for()
    assert typed(page).input_value() == SAID


def test_given_a_page_shown_again_after_the_end_then_nothing_of_the_patient_is_seen(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, "high-bmi", "")
    name = page.locator("header .who").inner_text()
    page.get_by_role("button", name="End now").last.click()
    page.get_by_role("heading", name="The session has ended").wait_for()
    page.go_back()
    page.wait_for_load_state()
    assert name not in page.content()


def test_the_dialog_is_accessible(page: Any, clinic: Any) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        launch_in_tab(page, clinic, "old-weight", "")
        page.evaluate("document.getElementById('idle').showModal()")
        require_accessible(page, f"the dialog, {scheme}")
