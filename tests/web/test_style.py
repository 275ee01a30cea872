"""The EHR's own looks: only from its own host, only plain values, only what can be read."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from flask import Flask

from ketplan.ehr.transport import Answer
from ketplan.errors import Temporary
from ketplan.web.doors import style
from tests.web.support import EHR, Browser, Clock, Page
from tests.web.telling import STYLE, Telling

READABLE = {
    "color_background": "#EDEAE3",
    "color_text": "#102030",
    "color_highlight": "#5a2d82",
    "dim_border_radius": "6px",
    "dim_font_size": "16px",
}


@pytest.fixture
def http(ehr: Flask) -> Telling:
    return Telling(ehr)


def launched(browser: Browser, http: Telling, url: str = EHR + STYLE) -> str:
    http.said = {"smart_style_url": url}
    return browser.launch("gad-ready")


def sheet(browser: Browser, path: str) -> str:
    answer = browser.get(f"{path}ehr.css")
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    return answer.text


def test_what_can_be_used_becomes_rules_for_light_screens(browser: Browser, http: Telling) -> None:
    http.style = READABLE
    path = launched(browser, http)
    links = [a["href"] for a in Page(browser.get(path).text).named("link")]
    assert f"{path}ehr.css" in links
    light, sizes = sheet(browser, path).splitlines()
    assert light.startswith("@media screen and (prefers-color-scheme: light)")
    for rule in ("--ground: #EDEAE3;", "--ink: #102030;", "--accent: #5a2d82;"):
        assert rule in light
    assert "--radius: 0.375rem; --size: 1rem;" in sizes


def test_without_a_style_there_is_no_link(browser: Browser) -> None:
    assert "ehr.css" not in browser.get(browser.launch("gad-ready")).text


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/smart-style.json",
        "http://127.0.0.1:8402/smart-style.json",
        "http://127.0.0.1/smart-style.json",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:8401@evil.example/smart-style.json",
        "http://localhost:8401/smart-style.json",
        "file:///etc/passwd",
        "/smart-style.json",
        "//127.0.0.1:8401/smart-style.json",
        "javascript:alert(1)",
    ],
)
def test_only_the_ehrs_own_host_is_asked(
    browser: Browser, http: Telling, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    http.style = READABLE
    path = launched(browser, http, url)
    before = len(http.sent)
    assert sheet(browser, path) == ""
    assert len(http.sent) == before
    assert "style of EHR harbor not used" in caplog.text


def test_it_is_asked_once_an_hour_without_a_token_and_with_a_cap(
    browser: Browser, http: Telling, clock: Clock
) -> None:
    http.style = READABLE
    path = launched(browser, http)
    for _ in range(3):
        sheet(browser, path)
    assert http.sent.count(("GET", STYLE)) == 1
    assert http.caps == [64 * 1024]
    for _ in range(5):
        clock.pass_(minutes=11)
        browser.get(f"{path}ehr.css")
    sheet(browser, path)
    clock.pass_(minutes=4)
    assert http.sent.count(("GET", STYLE)) == 1


@pytest.mark.parametrize("style_found", [None, [], "x", 7, {"color_background": None}])
def test_what_is_no_style_changes_nothing(browser: Browser, http: Telling, style_found: Any) -> None:
    http.style = style_found
    assert sheet(browser, launched(browser, http)) == ""


def test_an_ehr_that_is_away_changes_nothing(browser: Browser, http: Telling) -> None:
    path = launched(browser, http)
    real = http.send

    def away(method: str, url: str, headers: Any, **how: Any) -> Answer:
        if url.endswith(STYLE):
            raise Temporary("The EHR did not answer in time.")
        return real(method, url, headers, **how)

    http.send = away  # type: ignore[method-assign]
    assert sheet(browser, path) == ""


@pytest.mark.parametrize(
    "value",
    [
        "red",
        "#12345",
        "#1234567",
        "rgb(0,0,0)",
        "url(https://evil.example/x)",
        "#fff; } body { display: none",
        "expression(alert(1))",
        "var(--ink)",
        "#fff\n",
        7,
        ["#fff"],
    ],
)
def test_a_colour_is_a_hash_and_digits_or_nothing(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert style.css("harbor", {"color_background": value}) == ""
    assert "color_background is no plain colour" in caplog.text
    assert not isinstance(value, str) or value not in caplog.text


@pytest.mark.parametrize("value", ["6", "6em", "-1px", "100px", "17px", "calc(1px)", "1px;x", 6, None])
def test_a_size_is_a_bearable_number_of_pixels_or_nothing(value: Any) -> None:
    assert style.css("harbor", {"dim_border_radius": value}) == ""


@pytest.mark.parametrize(
    "said",
    [
        {"color_text": "#8a8a8a"},
        {"color_background": "#101010"},
        {"color_highlight": "#ffd400"},
        {"color_error": "#ff8080"},
    ],
)
def test_what_would_be_hard_to_read_is_left_out_and_logged(
    said: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert style.css("harbor", said) == ""
    assert "hard to read" in caplog.text


def test_unknown_names_count_for_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert (
        style.css("harbor", {"font_family_body": "x", "--ink": "#000", "color_modal_backdrop": "#000"}) == ""
    )
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000", "#ffffff", 21), ("#777", "#fff", 4.48), ("#767676", "#fff", 4.54)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert style.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert style.contrast(other, one) == style.contrast(one, other)


def test_our_own_sheet_passes_the_same_test() -> None:
    palette = style.light_palette()
    assert len(palette) > 15
    assert not [(a, b) for a, b in style.PAIRS if style.contrast(palette[a], palette[b]) < style.CONTRAST]
