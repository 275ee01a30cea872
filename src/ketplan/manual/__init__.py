"""The printed manual: what a medical director reviews and signs, made from the tables themselves."""

from __future__ import annotations

from ketplan.manual import (
    as_html,
    as_markdown,
    closing,
    disorders,
    drugs,
    gate,
    opening,
    progress,
    rules,
    scales,
    session,
    therapy,
)
from ketplan.manual.blocks import Block
from ketplan.manual.spec import chapter as specification
from ketplan.manual.tables import Tables

__all__ = ["Tables", "document", "html", "markdown"]

_CHAPTERS = (
    opening.chapter,
    drugs.chapter,
    disorders.chapter,
    therapy.chapter,
    rules.findings,
    gate.chapter,
    session.chapter,
    scales.chapter,
    progress.chapter,
    specification.chapter,
    closing.house_defaults,
    rules.value_sets,
    closing.sources,
)


def document(tables: Tables) -> tuple[Block, ...]:
    """The whole manual of one site."""
    return tuple(block for chapter in _CHAPTERS for block in chapter(tables))


def markdown(tables: Tables) -> str:
    return as_markdown.write(document(tables))


def html(tables: Tables) -> str:
    return as_html.write(document(tables))
