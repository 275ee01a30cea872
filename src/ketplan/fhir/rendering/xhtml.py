"""The little XHTML a narrative may hold: built from a tree, so that every word is escaped, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from ketplan.fhir.rendering.authoring import clean

_NAMESPACE = "http://www.w3.org/1999/xhtml"
# Much less than FHIR allows: no links, images, styles or attributes, so nothing in it can act.
_ALLOWED = frozenset(
    f"{{{_NAMESPACE}}}{tag}"
    for tag in [
        "div",
        "p",
        "h3",
        "h4",
        "b",
        "i",
        "ul",
        "ol",
        "li",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)


def node(tag: str, *children: Element | str) -> Element:
    """An element with its children; strings become cleaned, escaped text, a blank between neighbours."""
    made = Element(tag)
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = f"{made[-1].tail or ''} {clean(child)}"
        else:
            made.text = f"{made.text or ''} {clean(child)}".strip()
    return made


def bullets(lines: Iterable[str]) -> Element:
    return node("ul", *(node("li", line) for line in lines if line))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Element:
    return node(
        "table",
        node("caption", caption),
        node("thead", node("tr", *(node("th", words) for words in head))),
        node("tbody", *(node("tr", *(node("td", words) for words in row)) for row in rows)),
    )


def div(*children: Element) -> str:
    """The narrative's `div` as a string."""
    root = node("div", *children)
    root.set("xmlns", _NAMESPACE)
    return tostring(root, encoding="unicode")


def plain(markup: str) -> str:
    """The words of a narrative's `div`: a line for each thing said, a blank one before each heading."""
    return "\n".join(_lines(fromstring(markup))).strip()  # noqa: S314  what we made ourselves


def chapters(markup: str) -> list[tuple[str, str]]:
    """Heading and plain text of each part of a narrative's `div`."""
    found: list[tuple[str, list[str]]] = []
    for child in fromstring(markup):  # noqa: S314  what we made ourselves
        if _tag(child) in ("h3", "h4") or not found:
            found.append((_words(child), []))
        else:
            found[-1][1].extend(_lines(child))
    return [(heading, "\n".join(lines).strip()) for heading, lines in found]


def _lines(item: Element) -> Iterator[str]:
    tag = _tag(item)
    if tag in ("h3", "h4"):
        yield from ("", _words(item).upper() if tag == "h3" else _words(item))
    elif tag in ("ul", "ol"):
        for number, child in enumerate(item, 1):
            yield f"{f'{number}.' if tag == 'ol' else '-'} {_words(child)}"
    elif tag == "tr":
        yield " | ".join(map(_words, item))
    elif tag in ("p", "caption"):
        yield _words(item)
    else:
        for child in item:
            yield from _lines(child)


def _tag(item: Element) -> str:
    return item.tag.rpartition("}")[2]


def _words(item: Element) -> str:
    return " ".join("".join(item.itertext()).split())


def problems(markup: str) -> list[str]:
    """Why `markup` may not stand in `text.div`; empty when it may."""
    if "<!" in markup or "<?" in markup:
        return ["declarations, comments and processing instructions are not allowed"]
    try:
        root = fromstring(markup)  # noqa: S314  without a declaration there are no entities to expand
    except (ParseError, ValueError):
        return ["not well-formed XHTML"]
    found = [] if root.tag == f"{{{_NAMESPACE}}}div" else ["the root must be an XHTML div"]
    for item in root.iter():
        if item.tag not in _ALLOWED:
            found.append("an element that is not allowed")
        if item.attrib:
            found.append("an attribute that is not allowed")
    if not "".join(root.itertext()).strip():
        found.append("no text in it")
    return list(dict.fromkeys(found))
