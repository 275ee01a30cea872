"""PDF made from a page: the same bytes again, tagged, and nothing fetched for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO

import pypdf
import pytest

from ketplan import paper
from ketplan.errors import InputError, PdfUnavailable
from ketplan.paper import press

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Treatment plan</title>
<meta name="dcterms.created" content="2026-02-16T10:00:00-05:00"></head><body><h1>Plan</h1>{}</body></html>"""


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    press._weasyprint.cache_clear()
    yield
    press._weasyprint.cache_clear()


@pytest.fixture
def extra() -> None:
    if not paper.available():
        pytest.skip("the extra [pdf] is not installed")


@pytest.mark.usefixtures("without_the_extra")
def test_without_the_extra_it_is_said_in_a_sentence() -> None:
    assert not paper.available()
    with pytest.raises(PdfUnavailable, match="print the page"):
        paper.pdf(PAGE.format(""))


@pytest.mark.usefixtures("extra")
def test_a_pdf_is_tagged_titled_and_the_same_again() -> None:
    once, again = (paper.pdf(PAGE.format("<p>Dose</p>")) for _ in range(2))
    assert once == again
    read = pypdf.PdfReader(BytesIO(once))
    assert read.root_object["/MarkInfo"]["/Marked"]
    assert read.root_object["/Lang"] == "en"
    assert read.metadata is not None and read.metadata.title == "Treatment plan"
    assert b"pdfuaid" in read.root_object["/Metadata"].get_data()


@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize(
    "hostile",
    [
        '<img src="file:///etc/hostname" alt="">',
        '<img src="http://127.0.0.1:9/a" alt="">',
        '<img src="data:image/png;base64,AAAA" alt="">',
        '<link rel="attachment" href="file:///etc/hostname">',
        '<object data="file:///etc/hostname"></object>',
        '<svg width="9" height="9"><image href="file:///etc/hostname" width="9" height="9"/></svg>',
        "<style>@import url(http://127.0.0.1:9/a.css);</style>",
        '<p style="background: url(http://127.0.0.1:9/b)">b</p>',
    ],
)
def test_a_page_that_wants_something_fetched_is_refused(hostile: str) -> None:
    with pytest.raises(InputError, match="fetch"):
        paper.pdf(PAGE.format(hostile))
