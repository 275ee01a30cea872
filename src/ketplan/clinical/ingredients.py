"""Which drugs a medication entry means, as RxNorm ingredients: protocol facts 3.2, 3.4 and 8b ("Matching").

A name is told only when every word of it is understood: a known drug, or a word that names no drug (strength,
form, route, salt). One word more, and it could be any drug, so the answer is None and a clinician looks.
Names are compared word by word, longest first, in one pass: "esketamine" is never "ketamine", and a name of
any length takes time in proportion to its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ketplan.clinical.ingredient_table import LISTED, PLAIN_WORDS, PRODUCTS, SOURCES
from ketplan.clinical.ordinary_ingredients import ORDINARY
from ketplan.clinical.record import RXNORM, Code

# Codings that say why there is no code; an entry with nothing else is text only.
NO_CODE_SYSTEMS = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
    }
)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """`key` is its RxNorm code, or "name:…" where the table has none. `source` says how the code is known."""

    key: str
    name: str
    source: str


def resolve(codes: tuple[Code, ...], text: str) -> frozenset[str] | None:
    """The ingredient keys of one medication; None when it cannot be told, or is text only.

    RxNorm codings decide where there are any, and all of them must be told: they may be the parts of one
    product. Names that contradict the codes are added, never preferred.
    """
    coded = [c for c in codes if c.code and c.system not in NO_CODE_SYSTEMS]
    if not coded:
        return None
    told = [_told(c, text) for c in coded if c.system == RXNORM]
    told = told or [_read(name) for name in [c.display for c in coded if c.display] or [text]]
    if not all(reading.whole for reading in told):
        return None
    label = _read(text)
    also = [_read(c.display) for c in coded] + ([label] if label.whole else [])
    return frozenset().union(*(reading.ingredients for reading in told + also))


def names_in(text: str) -> frozenset[str]:
    """The keys of the drugs that free text seems to name: a hint for a reader, not a resolution."""
    return frozenset().union(*_scan(_words(text)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a name says; `whole` when it names a drug and holds no word that could be another one."""

    ingredients: frozenset[str]
    whole: bool


def _told(coding: Code, text: str) -> _Reading:
    """One RxNorm coding by its code, else by its name."""
    if known := _BY_CODE.get(coding.code):
        return _Reading(known, True)
    return _read(coding.display or text)


_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_WORD = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")
_APOSTROPHES = str.maketrans("", "", "'’")


def _read(name: str) -> _Reading:
    """After all the ingredients RxNorm gives the brand in square brackets: an unknown one is no gap."""
    outside, *rest = _BRACKETS.split(name)
    brands = [_understood(_words(brand)) for brand in rest[::2]]
    stated = _understood(_words(" ".join([outside, *rest[1::2]])))
    found = stated.ingredients.union(*(brand.ingredients for brand in brands if brand.whole))
    return _Reading(found, stated.whole and bool(found))


def _understood(words: list[str]) -> _Reading:
    """Whole here means only that no word is strange."""
    hits = list(_scan(words))
    return _Reading(frozenset().union(*hits), all(hits))


def _scan(words: list[str]) -> Iterator[frozenset[str]]:
    """Each known name, longest first; an empty set for each word that is neither a name nor plain."""
    at = 0
    while at < len(words):
        for end in range(min(at + _LONGEST, len(words)), at, -1):
            if known := _BY_NAME.get(tuple(words[at:end])):
                yield known
                at = end
                break
        else:
            if words[at] not in _PLAIN and not words[at][0].isdigit():
                yield frozenset()
            at += 1


def _words(text: str) -> list[str]:
    folded = text.casefold().translate(_APOSTROPHES)
    if not folded.isascii():
        folded = "".join(map(_unaccented, folded))
    return _WORD.findall(folded)


def _unaccented(character: str) -> str:
    """Character by character, so that no run of accents can make it slow. Signs such as ™ part words."""
    if unicodedata.category(character).startswith("S"):
        return " "
    return "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))


def _rows(table: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each row's head, and its other names as (name, code), either of them empty when not given."""
    for line in table.replace("\n    ", " ").splitlines():
        if line and not line.startswith("#"):
            head, _, others = line.partition(": ")
            pairs = (other.partition("=") for other in others.split(", ") if other)
            yield head, [(name, code) for name, _, code in pairs]


_Sense = tuple[frozenset[str], list[tuple[str, str]]]


def _ingredient(head: str) -> Ingredient:
    tag, code, name = head.split(" ", 2)
    return Ingredient(f"name:{name}" if code == "-" else code, name, SOURCES[tag])


def _single(table: str) -> Iterator[tuple[Ingredient, _Sense]]:
    for head, others in _rows(table):
        ingredient = _ingredient(head)
        own = [(ingredient.name, ""), ("", ingredient.key)]
        yield ingredient, (frozenset({ingredient.key}), own + others)


def _products(keys: dict[str, str]) -> Iterator[_Sense]:
    for head, others in _rows(PRODUCTS):
        yield frozenset(keys[name] for name in head.split(" + ")), others


def _index(
    senses: Iterable[_Sense],
) -> tuple[dict[str, frozenset[str]], dict[tuple[str, ...], frozenset[str]]]:
    """By code and by words. Raises ValueError where one code or name would mean two things."""
    by_code: dict[str, frozenset[str]] = {}
    by_name: dict[tuple[str, ...], frozenset[str]] = {}
    for ingredients, others in senses:
        for name, code in others:
            if code and by_code.setdefault(code, ingredients) != ingredients:
                raise ValueError(f"code {code} has two meanings")
            if name and by_name.setdefault(tuple(_words(name)), ingredients) != ingredients:
                raise ValueError(f"name {name!r} has two meanings")
    return by_code, by_name


_SINGLE = [*_single(LISTED), *_single(ORDINARY)]
INGREDIENTS: dict[str, Ingredient] = {ingredient.key: ingredient for ingredient, _ in _SINGLE}
_KEYS = {ingredient.name: ingredient.key for ingredient in INGREDIENTS.values()}
_BY_CODE, _BY_NAME = _index([*(sense for _, sense in _SINGLE), *_products(_KEYS)])
_LONGEST = max(map(len, _BY_NAME))
_PLAIN = frozenset(word for line in PLAIN_WORDS.splitlines() if line[:1] != "#" for word in line.split())
