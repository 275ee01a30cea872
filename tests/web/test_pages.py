"""What must hold on every page: one heading, named fields, nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

import ketplan.web
from tests.web.support import COORDINATOR, Browser, Page

STATES = {
    "ready": ("gad-ready", ""),
    "suicide risk": ("suicide-risk", ""),
    "blocked": ("ketamine-allergy", ""),
    "two diagnoses": ("two-diagnoses", ""),
    "nothing there": ("empty-chart", ""),
    "hostile": ("messy-chart", ""),
    "intake": ("gad-ready", "intake"),
    "preview": ("gad-ready", "preview"),
    "preview open": ("old-weight", "preview"),
}
SHEET = (Path(ketplan.web.__file__).parent / "static" / "ketplan.css").read_text("utf-8")


@pytest.fixture(params=[*STATES, "reader", "home", "error", "ended", "no such page"])
def page(request: pytest.FixtureRequest, browser: Browser) -> TestResponse:
    name = request.param
    if name in STATES:
        patient, where = STATES[name]
        return browser.get(browser.launch(patient) + where)
    if name == "reader":
        return browser.get(browser.launch("gad-ready", user=COORDINATOR))
    return browser.get({"home": "/", "error": "/launch", "ended": "/l/x/", "no such page": "/x"}[name])


def test_it_is_a_page_one_can_read_and_use(page: TestResponse) -> None:
    found = Page(page.text)
    assert len(found.named("h1")) == 1
    assert found.named("html")[0]["lang"] == "en"
    assert len(found.named("main")) == 1
    assert any(a.get("href") == "#main" for a in found.named("a"))
    _nothing_inline(found)
    _nothing_from_elsewhere(found)
    _unique_ids(found)
    _fields_have_names(found)
    _references_lead_somewhere(found)


def test_it_weighs_little(page: TestResponse) -> None:
    assert len(page.data) + len(SHEET) < 150_000


def _nothing_inline(found: Page) -> None:
    assert not found.named("style", "iframe", "object", "embed")
    for attributes in found.named("script"):
        assert attributes["src"].startswith("/static/")
    for _, attributes in found.tags:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.get("href", "").startswith(("javascript:", "data:"))


def _nothing_from_elsewhere(found: Page) -> None:
    for attributes in found.named("link", "img", "source"):
        assert attributes.get("href", attributes.get("src", "")).startswith("/static/")
    for attributes in found.named("a"):
        if attributes.get("target") == "_blank" and attributes["href"].startswith("http"):
            assert "noreferrer" in attributes["rel"]


def _unique_ids(found: Page) -> None:
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert not {i for i in ids if ids.count(i) > 1}


def _fields_have_names(found: Page) -> None:
    labelled = {a["for"] for a in found.named("label") if "for" in a}
    for attributes in found.named("input", "select", "textarea"):
        if attributes.get("type") not in ("hidden", "radio"):
            assert attributes.get("id") in labelled, attributes


def _references_lead_somewhere(found: Page) -> None:
    ids = {a["id"] for _, a in found.tags if "id" in a}
    for _, attributes in found.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, next(iter(ids))) in ids
        href = attributes.get("href", "#main")
        if href.startswith("#"):
            assert href[1:] in ids, href


def test_the_sheet_asks_nobody_else_for_anything() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET
    assert "prefers-color-scheme: dark" in SHEET
    assert "@media print" in SHEET


def test_every_colour_of_the_dark_theme_has_its_light_twin() -> None:
    light, dark = (
        set(re.findall(r"(--[\w-]+):", block)) for block in re.findall(r":root \{(.*?)\}", SHEET, re.S)[:2]
    )
    assert dark == light
