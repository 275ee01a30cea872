"""HTML to PDF: the only module that knows WeasyPrint, which is the extra `[pdf]` and needs Debian's pango."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cache
from threading import Lock
from typing import Any

from ketplan.errors import InputError, PdfUnavailable

VARIANT = "pdf/ua-1"
"""Tagged, with language and title: what a screen reader needs."""
_ONE_AT_A_TIME = Lock()  # Fonts are kept in C libraries, and a plan takes a whole core for a moment.


def available() -> bool:
    """Whether `pdf` works here. The first time it takes the second that loading the library takes."""
    return _weasyprint() is not None


def pdf(html: str) -> bytes:
    """PDF/UA of a page that stands alone: styles within it, nothing to fetch. Equal pages give equal bytes
    on one machine.

    Title, author and dates are those of the page's own head. Raises PdfUnavailable without the extra,
    InputError for a page that wants anything fetched.
    """
    library = _weasyprint()
    if library is None:
        raise PdfUnavailable("This server makes no PDF: print the page from the browser instead.")
    with _ONE_AT_A_TIME:
        refusing = _refusing(library)()
        page = library.HTML(string=html, url_fetcher=refusing)
        made = b""
        with suppress(library.urls.FatalURLFetchingError):
            made = page.write_pdf(pdf_variant=VARIANT, pdf_tags=True, pdf_identifier=b"ketplan")
    if refusing.asked:
        raise InputError("A page to be printed may not fetch anything.")
    return made


@cache
def _weasyprint() -> Any:
    """None where it is not installed, or its libraries are missing."""
    try:
        import weasyprint
        import weasyprint.urls
    except (ImportError, OSError):
        return None
    # What it would complain about are words of the page, which are a patient's.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL + 1)
    return weasyprint


def _refusing(library: Any) -> Any:
    """Whatever a page may hold, making paper of it opens no file and no connection."""

    class Refusing(library.urls.URLFetcher):  # type: ignore[misc]
        asked = False

        def fetch(self, url: str, headers: Any = None) -> Any:
            self.asked = True
            raise library.urls.FatalURLFetchingError("refused")

    return Refusing
