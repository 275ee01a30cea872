"""Where the pages of this room are set: one Jinja environment, the style sheet within the page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ketplan.fhir.datatypes import legible

# Where paper is not cut by ISO 216 (CLDR's paper size by territory).
LETTER = frozenset({"US", "CA", "MX", "PR", "PH", "CL", "CO", "CR", "GT", "NI", "PA", "SV", "VE", "BZ"})


def set_page(template: str, country: str, **known: Any) -> str:
    """A whole HTML page of templates/. Everything in it is escaped that is not markup of our own.

    `stylesheet` is the address of the style sheet, or None to have it within the page, which then stands
    alone and has the paper size of `country`.
    """
    size = "letter" if country.upper() in LETTER else "A4"
    return _environment().get_template(template).render(css=css(), paper_size=size, **known)


@cache
def css() -> Markup:
    return Markup(files("ketplan.paper").joinpath("templates/paper.css").read_text("utf-8"))  # noqa: S704


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("ketplan.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        extensions=["jinja2.ext.i18n"],
    )


def _shown(value: Any) -> Any:
    """Whatever a page shows, it came from outside until the contrary is known."""
    return type(value)(legible(value)) if isinstance(value, str) else value
