"""The manual as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ketplan.manual.blocks import Block, Bullets, Heading, Table, Text


def write(blocks: Iterable[Block]) -> str:
    return "\n".join(line for block in blocks for line in (*_lines(block), "")).rstrip() + "\n"


def _lines(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {block.words}"
    elif isinstance(block, Text):
        yield f"> {block.words}" if block.warns else block.words
    elif isinstance(block, Bullets):
        yield from (f"- {item}" for item in block.items)
    else:
        yield from _table(block)


def _table(block: Table) -> Iterator[str]:
    yield f"**{block.caption}**"
    yield ""
    yield _row(block.head)
    yield _row(["---"] * len(block.head))
    yield from (_row(row) for row in block.rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
