"""Words of an EHR that try to act: in pages, narratives and terminals they are words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from ketplan.cli import main
from ketplan.fhir import datatypes
from ketplan.fhir.rendering import xhtml
from ketplan.sandbox.app import create_app as create_ehr
from tests.security.canaries import PATIENT, plant
from tests.web.support import APP, EHR, NOW, Browser

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\" onmouseover=\"alert(1)\" x='y' autofocus onfocus=alert(1) z=\"",
    "broken tags": "</p></td></table></body><iframe src=javascript:alert(1)><!--",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x onerror=alert(1)&#62;",
    "template": "{{ 7*7 }}{% raw %}{{ config }}<%= 7 %>${7*7}",
    "javascript address": "javascript:alert(1)//https://ehr.example.org",
    "terminal": "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;http://evil.example\x07link\x9b2J",
    "carriage return": "Weight 70 kg\rWeight 7 kg\x08\x08\x7f",
    "direction": "dose \u202e gm 05\u202c \u2066x\u2069 \u200f\u061c",
    "no width": "wo\u200brds\ufeff \u2060\u00ad\U000e0041\U000e0042",
    "half a character": "\ud800 and \udfff and \ufffe",
    "nul": "a\x00b",
    "very long": "W" * 200_000,
    "many marks": "Z" + "\u0301" * 500,
    "lines": "one\n\n\n# heading\r\nSet-Cookie: a=b\r\n\r\n<b>",
    "formula": "=HYPERLINK(\"http://evil.example\")",
    "xml": "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
    "cdata": "]]><script>alert(1)</script><![CDATA[",
}  # fmt: skip
GROUPS = {
    "markup": (
        "script",
        "attribute",
        "broken tags",
        "entities",
        "template",
        "javascript address",
        "xml",
        "cdata",
    ),
    "unseen": ("terminal", "carriage return", "direction", "no width", "half a character", "nul"),
    "shape": ("very long", "many marks", "lines", "formula"),
}
WORDS = {"text", "display", "family", "given", "title", "description", "div", "comment", "unit"}
EMPTY = {"div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>-</p></div>'}
UNSEEN = [*"\x00\x08\x1b\x7f\x9b\u202e\u2066\u200b\ufeff\u2060\u00ad\u061c\ud800\ufffe", "\U000e0041"]


def worded(value: Any, words: Iterator[str], key: str = "") -> Any:
    """A resource with hostile `words` behind each of its own, so that it still says what it said."""
    if isinstance(value, dict):
        return {k: v if k == "meta" else worded(v, words, k) for k, v in value.items()}
    if isinstance(value, list):
        return [worded(item, words, key) for item in value]
    is_words = key in WORDS and isinstance(value, str) and value not in ("kg", "cm")
    return f"{value} {next(words)}" if is_words else value


def chart(words: Iterator[str]) -> Flask:
    made = create_ehr(EHR, today=NOW.date(), launch_url=f"{APP}/launch", clock=NOW.timestamp)
    plant(made)
    store = made.extensions["harbor"].store
    for kind in sorted(set(store._kinds) - {"Slot", "Schedule"}):
        for resource in list(store.all(kind)):
            if PATIENT in json.dumps(resource, default=str) or kind.startswith("Practitioner"):
                store.create(worded(resource, words), resource["id"])
    return made


@pytest.fixture(params=GROUPS)
def ehr(request: pytest.FixtureRequest) -> Flask:
    return chart(cycle(HOSTILE[name] for name in GROUPS[request.param]))


class Acting(HTMLParser):
    """What in a page could act, and what leads out of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.found.append("script")
        if tag in ("iframe", "object", "embed", "base", "img") and not given.get("src", "").startswith("/"):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction"):
            if given.get(name, "/").partition(":")[0].strip().lower() in ("javascript", "data", "vbscript"):
                self.found.append(given[name])


def test_on_every_page_hostile_words_are_words(browser: Browser) -> None:
    path = browser.launch(PATIENT)
    for where in ("", "preview", "intake", "instruments", "instruments/PHQ-9"):
        page = browser.get(path + where)
        assert page.status_code == 200
        assert Acting(page.text).found == []
        assert [c for c in UNSEEN if c in page.text] == []
        assert "<Config" not in page.text, "no template was read"
        assert not [h for h, v in page.headers if "\n" in v or "evil" in v]
    assert "Canarysurname" in browser.get(path).text


def test_what_is_written_holds_them_as_words_too(browser: Browser, ehr: Flask) -> None:
    path = browser.launch(PATIENT)
    answer = browser.submit(browser.get(f"{path}preview"), "/sign")
    assert answer.status_code == 303
    assert Acting(browser.get(f"{path}written").text).found == []
    store = ehr.extensions["harbor"].store
    written = [r for kind in ("CarePlan", "Goal", "ServiceRequest", "Appointment") for r in store.all(kind)
               if PATIENT in json.dumps(r, default=str)]  # fmt: skip
    assert written
    for resource in written:
        said = json.dumps(resource, default=str, ensure_ascii=False)
        assert [c for c in UNSEEN if c in said] == []
        assert list(xhtml.problems(resource.get("text", EMPTY)["div"])) == []


def test_a_terminal_gets_nothing_it_would_act_on(ehr: Flask, tmp_path: Path) -> None:
    store = ehr.extensions["harbor"].store
    entries = [{"resource": r} for kind in set(store._kinds) - {"Slot", "Schedule"} for r in store.all(kind)
               if PATIENT in json.dumps(r, default=str)]  # fmt: skip
    bundle = tmp_path / "bundle.json"
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    bundle.write_text(json.dumps(whole, default=float))
    for more in ((), ("--json",)):
        answer = CliRunner().invoke(main, ["plan", str(bundle), "--as-of", "2026-02-25", *more])
        assert answer.exit_code == 0, answer.output[-300:]
        assert [c for c in UNSEEN if c in answer.output] == []
        assert "\r" not in answer.output


NAMES = (
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\U0001f469\u200d\U0001f52c",
    "E\u0301a",
    "O'Brien-\u0141ukasz",
)


@pytest.mark.parametrize("name", NAMES, ids=["Persian", "picture", "accent", "apostrophe"])
def test_what_people_are_really_called_stays_as_it_is(name: str) -> None:
    """Persian needs its joiners, and so do pictures of people."""
    assert datatypes.text(f" {name}\n") == name


HIDDEN = ("ket\u200bamine", "ket\u00adamine", "ke\u200dtamine", "\ufeffketamine", "\u202eketamine\u202c")


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_a_word_with_something_hidden_in_it_is_that_word(hidden: str) -> None:
    """An allergy to ketamine must be found however it was pasted."""
    assert datatypes.text(hidden) == "ketamine"
