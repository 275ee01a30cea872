"""Words and sources explained where one stands: a button on the word, a card that any browser opens itself.

A page names a word with `explained` or `sourced`; the cards of what it named stand at its end. A browser that
cannot open cards shows them there as a list, and `/words` lists all.
"""

# What is marked safe here was escaped before, and only buttons of ours were put in.
# ruff: noqa: S704
from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flask import g, render_template
from markupsafe import Markup, escape

from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.web import sessions
from ketplan.web.guard import room

routes = room("glossary", __name__)

_TAG = re.compile(r"\[([FM]):([A-Za-z0-9-]+)[^\]]*\]")
_MARKS: Mapping[str, tuple[str, str]] = {
    "H": ("house default", "house default"),
    "P": ("extrapolated", "Found for another population, almost always treatment-resistant depression."),
    "M": ("from memory", "Known from the literature and not looked up yet: it is checked before release."),
}
_MARK = re.compile(r"\[([HPM])\]")


@dataclass(frozen=True)
class Card:
    """What one word or source means. `id` is its place on the page, `source` where a statement is from."""

    id: str
    word: str
    plain: str
    source: str = ""


def explained(text: object) -> Markup:
    """The text with a button on each word of the glossary, at its first place on the page."""
    return Markup(_words().sub(lambda m: _once(m[0], _by_word()[m[0]]), str(escape(text))))


def sourced(text: object) -> Markup:
    """A source as the tables carry it, each tag as a button that says what it is."""
    named = _TAG.sub(_source, str(escape(text)))
    return Markup(_MARK.sub(lambda m: _mark(m[1]), named))


def named_here() -> tuple[Card, ...]:
    """The cards of the words this page has named so far."""
    return tuple(g.get("cards", {}).values())


@routes.get("/words")
def show(lid: str) -> str:
    """Every word, rating scale and source, in one list."""
    return render_template(
        "glossary.html", session=sessions.current(), terms=terms(), sources=tuple(_sources().values())
    )


# --- buttons ------------------------------------------------------------------------------------------------


def _once(said: str, card: Card) -> str:
    return said if card.id in g.get("cards", {}) else _button(said, card)


def _button(said: str, card: Card) -> str:
    if "cards" not in g:
        g.cards = {}
    g.cards[card.id] = card
    return f'<button type="button" class="term" popovertarget="{card.id}">{said}</button>'


def _source(found: re.Match[str]) -> str:
    card = _sources().get(found[2])
    return _button(f"[{found[2]}]", card) if card else found[0]


def _mark(letter: str) -> str:
    said, plain = _MARKS[letter]
    card = _by_word().get(said) or Card(f"mark-{letter.lower()}", said, plain)
    return _button(f"[{said}]", card)


# --- the table ----------------------------------------------------------------------------------------------


@cache
def terms() -> tuple[Card, ...]:
    """Words first spelling first, with the rating scales, by the alphabet."""
    found = [_card(row["word"], row["plain"], row.get("source", "")) for row in _rows()]
    found += [_card(row.title, _scale(row), row.source) for row in INSTRUMENTS if row.title not in _spelled()]
    return tuple(sorted(found, key=lambda card: card.word.lower()))


@cache
def _rows() -> list[dict[str, str | list[str]]]:
    text = files("ketplan.web.presenters").joinpath("glossary.toml").read_text("utf-8")
    found: list[dict[str, str | list[str]]] = tomllib.loads(text)["term"]
    return found


@cache
def _spelled() -> dict[str, str]:
    """Each spelling and the word it belongs to."""
    return {
        str(escape(spelling)): str(row["word"])
        for row in _rows()
        for spelling in (row["word"], *row.get("also", ()))
    }


@cache
def _by_word() -> dict[str, Card]:
    known = {card.word: card for card in terms()}
    return {str(escape(word)): card for word, card in known.items()} | {
        spelling: known[word] for spelling, word in _spelled().items()
    }


@cache
def _words() -> re.Pattern[str]:
    """Longest first, and only whole words: "CADSS" is none of "CADSS-6"."""
    ordered = sorted(_by_word(), key=len, reverse=True)
    return re.compile(rf"(?<![\w&/;-])(?:{'|'.join(map(re.escape, ordered))})(?![\w/-])")


@cache
def _sources() -> dict[str, Card]:
    text = files("ketplan.clinical").joinpath("sources.toml").read_text("utf-8")
    found: dict[str, Card] = {}
    for row in tomllib.loads(text)["source"]:
        read = "Read" if row["read"] else "From memory, to be verified before release"
        card = Card(f"source-{_slug(row['key'])}", row["key"], row["what"], f"{read}. {row['where']}")
        found.setdefault(row["key"], card)
    return found


def _card(word: object, plain: object, source: object) -> Card:
    return Card(f"word-{_slug(str(word))}", str(word), str(plain), str(source))


def _slug(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


def _scale(row: Instrument) -> str:
    """A rating scale in words, from the table that also judges it."""
    top = f"{row.minimum} to {row.maximum}" if row.maximum is not None else f"from {row.minimum}"
    said = [f"A rating scale, {top}; {'more is worse' if row.higher_is_worse else 'more is better'}."]
    bands = dict(row.bandings).get("", ())
    if bands:
        said.append("From " + ", ".join(f"{b.lowest} {b.words}" for b in bands) + ".")
    if row.response_pct is not None:
        points = f" and {row.response_points} points" if row.response_points else ""
        said.append(f"Response: a fall by {row.response_pct} %{points}.")
    if row.reliable_points is not None:
        said.append(f"Reliable change: {row.reliable_points} points.")
    if row.remission_below is not None:
        said.append(f"Remission: below {row.remission_below}.")
    return " ".join(said)
