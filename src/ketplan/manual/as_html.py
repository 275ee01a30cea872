"""The manual as one HTML page that needs nothing else: no script, font or picture, no address to fetch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from ketplan.manual.blocks import Block, Bullets, Heading, Table, Text
from ketplan.manual.closing import source_anchor

_TAG_TITLES = {
    "H": "House default: no source sets this",
    "P": "Extrapolated from another population",
    "M": "From memory, to be checked",
}
_MARKUP = re.compile(r"`([^`]+)`|\*\*(.+?)\*\*|\[([FM]):([^\]]+)\]|\[([HPM])\]")


def write(blocks: Sequence[Block]) -> str:
    headings = [b for b in blocks if isinstance(b, Heading)]
    title = escape(next(h.words for h in headings if h.level == 1))
    style = files("ketplan.manual").joinpath("page.css").read_text("utf-8")
    anchors = {a for b in blocks if isinstance(b, Table) for a in b.anchors}
    body = "\n".join(line for block in blocks for line in _lines(block, anchors))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#content">Skip to the manual</a>\n'
        f'<nav aria-label="Contents">\n<p>Contents</p>\n{_contents(headings)}\n</nav>\n'
        f'<main id="content">\n{body}\n</main>\n</body>\n</html>\n'
    )


def _contents(headings: Iterable[Heading]) -> str:
    """Chapters with their sections, two levels deep."""
    lines, open_section = ["<ol>"], False
    for h in headings:
        link = f'<a href="#{h.anchor}">{escape(h.words)}</a>'
        if h.level == 2:
            lines.append(("</ol></li>" if open_section else "") + f"<li>{link}<ol>")
            open_section = True
        elif h.level == 3:
            lines.append(f"<li>{link}</li>")
    return "\n".join([*lines, "</ol></li></ol>"]).replace("<ol>\n</ol>", "")


def _lines(block: Block, anchors: set[str]) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f'<h{block.level} id="{block.anchor}">{escape(block.words)}</h{block.level}>'
    elif isinstance(block, Text):
        kind = ' class="warns"' if block.warns else ""
        yield f"<p{kind}>{_inline(block.words, anchors)}</p>"
    elif isinstance(block, Bullets):
        yield "<ul>"
        yield from (f"<li>{_inline(item, anchors)}</li>" for item in block.items)
        yield "</ul>"
    else:
        yield from _table(block, anchors)


def _table(block: Table, anchors: set[str]) -> Iterator[str]:
    caption = escape(block.caption)
    yield f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">'
    yield f"<table>\n<caption>{caption}</caption>"
    yield "<thead><tr>" + "".join(f'<th scope="col">{escape(h)}</th>' for h in block.head) + "</tr></thead>"
    yield "<tbody>"
    for n, (first, *rest) in enumerate(block.rows):
        at = f' id="{escape(block.anchors[n])}"' if block.anchors else ""
        cells = "".join(f"<td>{_inline(cell, anchors)}</td>" for cell in rest)
        yield f'<tr{at}><th scope="row">{_inline(first, anchors)}</th>{cells}</tr>'
    yield "</tbody>\n</table>\n</div>"


def _inline(words: str, anchors: set[str]) -> str:
    """The words escaped, with code, bold and source tags marked up; a tag leads to its source."""

    def marked(match: re.Match[str]) -> str:
        code, bold, kind, key, mark = match.groups()
        if code:
            # A long name may break after an underscore, nowhere else.
            return f"<code>{code.replace('_', '_<wbr>')}</code>"
        if bold:
            return f"<strong>{_MARKUP.sub(marked, bold)}</strong>"
        if mark:
            return f'<abbr class="tag" title="{_TAG_TITLES[mark]}">[{mark}]</abbr>'
        anchor = source_anchor(kind, re.split(r",| intro", key)[0])
        words = f"[{kind}:{key}]"
        return f'<a class="tag" href="#{anchor}">{words}</a>' if anchor in anchors else words

    return _MARKUP.sub(marked, escape(words))
