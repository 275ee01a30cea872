"""Words explained in place, the list of all, and the guide of the demo."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from flask import Flask

from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.compose import Services
from ketplan.web import glossary, guide
from tests.web.support import Browser


class Buttons(HTMLParser):
    """The targets of the buttons that open a card, and the cards themselves."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.cards: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("popovertarget"):
            self.targets.add(str(known["popovertarget"]))
        if "popover" in known:
            self.cards.append(str(known["id"]))


def test_every_button_of_a_page_opens_a_card_that_is_there_once(browser: Browser) -> None:
    """Also when the page is shown again: what it names is its own each time."""
    path = browser.launch("gad-ready")
    for _ in range(2):
        found = Buttons(browser.get(path).text)
        assert found.targets == set(found.cards)
        assert len(found.cards) == len(set(found.cards)) > 5


def test_a_word_is_explained_at_its_first_place_alone(app: Flask) -> None:
    with app.test_request_context():
        said = glossary.explained("CADSS-6, then CADSS-6 again, never CADSS alone in CADSS-6")
        assert said.count("<button") == 2
        assert [card.word for card in glossary.named_here()] == ["CADSS-6", "CADSS"]


def test_what_is_explained_stays_escaped(app: Flask) -> None:
    with app.test_request_context():
        assert "<img" not in glossary.explained("titration <img src=x>")
        assert "<img" not in glossary.sourced("[F:SPR19] <img src=x>")


def test_a_source_tag_says_what_it_is_and_an_unknown_one_stays(app: Flask) -> None:
    with app.test_request_context():
        said = glossary.sourced("4.2 [F:SPR19][H] and [F:NOBODY]")
        assert re.sub(r"<[^>]+>", "", said) == "4.2 [SPR19][house default] and [F:NOBODY]"
        assert {card.word for card in glossary.named_here()} == {"SPR19", "house default"}


def test_every_scale_explains_itself_by_the_table_that_judges_it() -> None:
    known = {card.word: card.plain for card in glossary.terms()}
    assert {row.title for row in INSTRUMENTS} <= set(known)
    assert "10 moderate" in known["GAD-7"]


def test_the_list_names_every_word(browser: Browser) -> None:
    page = browser.get(browser.launch("gad-ready") + "words").text
    assert all(f">{card.word}</dt>" in page for card in glossary.terms() if card.word.isalpha())


def test_the_guide_is_for_the_demo_and_goes_for_good_when_dismissed(browser: Browser, app: Flask) -> None:
    path = browser.launch("gad-ready")
    assert "guide-title" not in browser.get(path).text
    demo(app)
    page = browser.get(path)
    assert "guide-title" in page.text
    answer = browser.submit(page, "/guide")
    assert f"{guide.COOKIE}=off" in answer.headers["Set-Cookie"]
    assert "guide-title" not in browser.get(path).text


def demo(app: Flask) -> None:
    desk = app.extensions["ketplan"]
    services: Services = desk.services
    made = replace(services, settings=replace(services.settings, guided=True))
    app.extensions["ketplan"] = replace(desk, services=made)
