"""Where the pages of this room are set: one Jinja environment a language, the style sheet within the page."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ketplan.fhir.datatypes import legible

# Where paper is not cut by ISO 216 (CLDR's paper size by territory).
LETTER = frozenset({"US", "CA", "MX", "PR", "PH", "CL", "CO", "CR", "GT", "NI", "PA", "SV", "VE", "BZ"})
_FOR_PATIENTS = "patient"
_NO_WORDS = gettext.NullTranslations()


def set_page(
    template: str, country: str, words: gettext.NullTranslations = _NO_WORDS, /, **known: Any
) -> str:
    """A whole HTML page of templates/. Everything in it is escaped that is not markup of our own.

    `stylesheet` is the address of the style sheet, or None to have it within the page, which then stands
    alone and has the paper size of `country`.
    """
    size = "letter" if country.upper() in LETTER else "A4"
    return _environment(words).get_template(template).render(css=css(), paper_size=size, **known)


@cache
def css() -> Markup:
    return Markup(files("ketplan.paper").joinpath("templates/paper.css").read_text("utf-8"))  # noqa: S704


def templates_of_patients() -> list[str]:
    """The templates whose words are translated."""
    return [name for name in _environment(_NO_WORDS).list_templates() if name.startswith(_FOR_PATIENTS)]


def untranslated(template: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Which messages a template asks for: the gettext function and its words, in order."""
    environment = _environment(_NO_WORDS)
    assert environment.loader is not None
    source = environment.loader.get_source(environment, template)[0]
    for _, function, said in environment.extract_translations(source):  # type: ignore[attr-defined]
        words = said if isinstance(said, tuple) else (said,)
        yield function, tuple(word for word in words if word)


@cache
def _environment(words: gettext.NullTranslations) -> Environment:
    made = Environment(
        loader=PackageLoader("ketplan.paper"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    return made


def _shown(value: Any) -> Any:
    """Whatever a page shows, it came from outside until the contrary is known."""
    return type(value)(legible(value)) if isinstance(value, str) else value
