"""How long a session lasts: what keeps it, what only looks, and what a page says about it."""

from __future__ import annotations

from flask import Flask

from tests.web.support import COORDINATOR, Browser, Clock, Page, words


def box(browser: Browser, path: str) -> dict[str, str]:
    return next(a for a in Page(browser.get(path).text).named("dialog") if a["id"] == "idle")


def stay(browser: Browser, path: str, token: str) -> int:
    return browser.post(f"{path}stay", {"csrf": token}).status_code


def test_a_page_knows_when_its_session_ends(browser: Browser) -> None:
    found = box(browser, browser.launch("gad-ready"))
    assert (found["data-idle"], found["data-warn"]) == ("900", "60")
    assert int(found["data-latest"]) > 900
    assert found["role"] == "alertdialog"


def test_asking_how_much_is_left_does_not_keep_it_alive(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    browser.get(path)
    clock.pass_(minutes=14)
    assert browser.get(f"{path}left").json == {"idle": 60, "latest": 12 * 3600 - 840}
    clock.pass_(minutes=2)
    assert browser.get(f"{path}left").status_code == 404


def test_staying_keeps_it_alive_for_twelve_hours_and_no_longer(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    token = box(browser, path)["data-csrf"]
    for _ in range(51):
        clock.pass_(minutes=14)
        assert stay(browser, path, token) == 200
    clock.pass_(minutes=5)
    assert browser.get(f"{path}left").json == {"idle": 60, "latest": 60}
    clock.pass_(minutes=1)
    assert stay(browser, path, token) == 404


def test_a_reader_stays_too_and_a_stranger_does_not(browser: Browser, app: Flask, ehr: Flask) -> None:
    path = browser.launch("gad-ready", user=COORDINATOR)
    token = box(browser, path)["data-csrf"]
    assert stay(browser, path, token) == 200
    assert stay(Browser(app, ehr), path, token) == 404
    assert stay(browser, path, "0" * 64) == 403


def test_without_scripts_each_page_of_a_session_says_until_when(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    for page in ("", "intake", "preview", "instruments", "unsent"):
        assert "Open until 22:30, or after 15 minutes without use." in words(browser.get(path + page)), page


def test_pages_of_no_session_have_neither_script_nor_dialog(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    ended = browser.submit(browser.get(path), "/end")
    for answer in (browser.get("/"), browser.get("/nowhere"), ended, browser.get(path)):
        assert not Page(answer.text).named("dialog", "script")


def test_a_patient_gets_no_dialog(browser: Browser) -> None:
    assert not Page(browser.get(browser.launch("gad-ready", user="gad-ready")).text).named("dialog")
