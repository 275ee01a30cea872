"""What the manual is made of: headings, paragraphs, lists, tables. Two writers print the same blocks.

Words may hold `code`, **bold** and source tags such as [F:TAY18], [M:KETALAR], [H] and [P]; nothing else is
markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 is the title. `anchor` is unique in the manual."""

    level: int
    words: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `warns` sets it apart."""

    words: str
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`caption` is unique in the manual; the first cell of a row names it. `anchors` name rows to link to."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    anchors: tuple[str, ...] = ()


Block = Heading | Text | Bullets | Table


def heading(level: int, words: str) -> Heading:
    return Heading(level, words, re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-"))


def table(caption: str, head: str, rows: Iterable[Iterable[object]]) -> Table:
    """A table with the columns `head` names, divided by bars; an empty cell becomes a dash."""
    columns = tuple(part.strip() for part in head.split("|"))
    filled = tuple(tuple(str(cell).strip() or "–" for cell in row) for row in rows)
    assert all(len(row) == len(columns) for row in filled), caption
    return Table(caption, columns, filled)


def bullets(*items: str) -> Bullets:
    return Bullets(tuple(item for item in items if item))
