"""The EHR's own looks (`smart_style_url`): a few colours and sizes, where everything stays as readable.

What the EHR says is untrusted. It is asked only at an address of its own, only known names count, only plain
colours and pixels are values, and a colour that would make words hard to read is left out. Dark mode and
paper stay ketplan's own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from threading import Event, Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flask import Response

from ketplan.config import Ehr, secure_address
from ketplan.ehr import urls
from ketplan.ehr.discovery import Discovery
from ketplan.errors import EhrError, Fatal, KetplanError
from ketplan.web import sessions
from ketplan.web.context import desk
from ketplan.web.guard import room

if TYPE_CHECKING:
    from ketplan.web.context import Run
    from ketplan.web.sessions import LiveSession

log = logging.getLogger("ketplan.web")

routes = room("style", __name__)

LARGEST = 64 * 1024
KEPT_FOR = timedelta(hours=1)
MOST_KEPT = 50
WAIT = 1.5
# WCAG 2.2, 1.4.3: words against what they stand on.
CONTRAST = 4.5
HEX = re.compile(r"#[0-9a-fA-F]{6}|#[0-9a-fA-F]{3}")
PIXELS = re.compile(r"(\d{1,2}(?:\.\d{1,2})?)px")

# SMART's name → the sheet's variable.
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "color_background": "--ground",
        "color_text": "--ink",
        "color_highlight": "--accent",
        "color_error": "--stop",
        "color_success": "--ok",
    }
)
# SMART's name → the sheet's variable, the least and the most pixels it may have.
SIZES: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "dim_border_radius": ("--radius", 0, 16),
        "dim_font_size": ("--size", 13, 24),
        "dim_spacing_size": ("--space", 8, 32),
    }
)
_ON = ("--paper", "--ground", "--ok-tint", "--warn-tint", "--stop-tint", "--hold-tint")
# Which words stand on what.
PAIRS: tuple[tuple[str, str], ...] = (
    *(("--ink", ground) for ground in (*_ON, "--score")),
    *((words, ground) for words in ("--soft", "--accent") for ground in _ON),
    *(
        (words, ground)
        for words in ("--ok", "--warn", "--stop", "--hold")
        for ground in ("--paper", "--ground")
    ),
    ("--on-accent", "--accent"),
    ("--on-accent", "--stop"),
    ("--stop", "--stop-tint"),
)


@dataclass
class Sheet:
    """One address asked: empty until it has answered, and for good where nothing of it can be used."""

    since: datetime
    css: str = ""
    done: Event = field(default_factory=Event)


class Styles:
    """The sheets of this process, each asked for beside the request that wants it first."""

    def __init__(self, discovery: Discovery, run: Run, now: Callable[[], datetime]) -> None:
        self._discovery, self._run, self._now = discovery, run, now
        self._kept: dict[tuple[str, str], Sheet] = {}
        self._lock = Lock()

    def of(self, ehr: Ehr, iss: str, url: str) -> Sheet:
        key, now = (iss, url), self._now()
        with self._lock:
            known = self._kept.get(key)
            if known and now - known.since < KEPT_FOR:
                return known
            while len(self._kept) >= MOST_KEPT:
                del self._kept[min(self._kept, key=lambda k: self._kept[k].since)]
            sheet = self._kept[key] = Sheet(now)
        self._run(lambda: self._ask(sheet, ehr, iss, url))
        return sheet

    def _ask(self, sheet: Sheet, ehr: Ehr, iss: str, url: str) -> None:
        try:
            sheet.css = css(ehr.name, fetch(self._discovery, ehr, iss, url))
        except KetplanError as error:
            log.warning("style of EHR %s not used: %s", ehr.name, type(error).__name__)
        finally:
            sheet.done.set()


@routes.get("/ehr.css")
def sheet(lid: str) -> Response:
    """What the EHR changes in ketplan's sheet; empty while it has not answered."""
    session, found = sessions.current(), ""
    ehr = desk().ehr(session.ehr)
    if ehr and session.style_url:
        asked = desk().styles.of(ehr, session.iss, session.style_url)
        asked.done.wait(WAIT)
        found = asked.css
    return Response(found, mimetype="text/css")


def has_style(session: LiveSession | None) -> bool:
    return bool(session and session.style_url)


def fetch(discovery: Discovery, ehr: Ehr, iss: str, url: str) -> Mapping[str, Any]:
    """The EHR's style. Fatal when it stands anywhere but on a host that is known to be the EHR's."""
    endpoints = discovery.endpoints(iss)
    homes = (iss, endpoints.authorize, endpoints.token, *ehr.frame_ancestors)
    if secure_address(url) is None or urls.origin(url) not in {urls.origin(home) for home in homes}:
        raise Fatal("The EHR's style stands on a host that is not known to be its own.")
    answer = discovery.http.send("GET", url, {"Accept": "application/json"}, max_bytes=LARGEST)
    if answer.status != 200:
        raise EhrError("The EHR's style could not be read.", answer.status)
    found = answer.json()
    if not isinstance(found, dict):
        raise Fatal("The EHR's style is not one.")
    return found


def css(ehr: str, said: Mapping[str, Any]) -> str:
    """The rules for what may be used of `said`; what may not is logged by its name alone."""
    colours = dict(_colours(ehr, said))
    sizes = dict(_sizes(said))
    rules = []
    if colours:
        rules.append(f"@media screen and (prefers-color-scheme: light) {{ {_root(colours)} }}")
    if sizes:
        rules.append(f"@media screen {{ {_root(sizes)} }}")
    return "\n".join(rules)


def _colours(ehr: str, said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One after another, so that each is judged beside those already taken."""
    palette = dict(light_palette())
    for name, variable in COLOURS.items():
        value = said.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not HEX.fullmatch(value):
            log.warning("style of EHR %s: %s is no plain colour and was left out", ehr, name)
            continue
        tried = palette | {variable: value}
        if _readable(tried, variable):
            palette = tried
            yield variable, value
        else:
            log.warning("style of EHR %s: %s would be hard to read and was left out", ehr, name)


def _sizes(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, (variable, least, most) in SIZES.items():
        found = PIXELS.fullmatch(str(said.get(name, "")))
        if found and least <= float(found[1]) <= most:
            # Relative to what the reader has set in the browser.
            yield variable, f"{float(found[1]) / 16:g}rem"


def _root(values: Mapping[str, str]) -> str:
    return ":root { " + " ".join(f"{name}: {value};" for name, value in values.items()) + " }"


# --- contrast -----------------------------------------------------------------------------------------------


@cache
def light_palette() -> Mapping[str, str]:
    """The sheet's own colours in light mode."""
    text = files("ketplan.web").joinpath("static/ketplan.css").read_text("utf-8")
    block = text.partition(":root {")[2].partition("}")[0]
    return MappingProxyType(dict(re.findall(r"(--[\w-]+): (#[0-9a-fA-F]{3,6});", block)))


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(palette: Mapping[str, str], changed: str) -> bool:
    return all(contrast(palette[a], palette[b]) >= CONTRAST for a, b in PAIRS if changed in (a, b))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
