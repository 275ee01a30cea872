"""The drug and therapy courses one site offers: the shipped tables, or the site's own version of them.

Handed to `assess` explicitly; nothing is ever changed in place. What a site has set otherwise is told by
comparing with the shipped tables, so that no deviation can go unsaid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from ketplan.clinical import house as house_defaults
from ketplan.clinical.house import House
from ketplan.clinical.protocols import cbt, ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol


@dataclass(frozen=True, slots=True)
class Library:
    """Every protocol and course, those switched off included. Ids are unique; `NONE` is always there."""

    protocols: tuple[KetamineProtocol, ...] = ketamine.PROTOCOLS
    courses: tuple[CbtProtocol, ...] = cbt.COURSES

    def protocol(self, id: str) -> KetamineProtocol:
        """By id, switched on or off. Raises KeyError for an id that is in no table."""
        return {p.id: p for p in self.protocols}[id]

    def course(self, id: str) -> CbtProtocol:
        """By id. Raises KeyError for an id that is in no table."""
        return {c.id: c for c in self.courses}[id]

    def offered(self, id: str) -> KetamineProtocol | None:
        """The protocol when the site has it switched on, else None."""
        return next((p for p in self.protocols if p.id == id and p.enabled), None)

    def deviations(self) -> Iterator[str]:
        """What differs from the shipped tables, a sentence each."""
        for protocol in self.protocols:
            yield from _differences(protocol, ketamine.BY_ID[protocol.id])
        for course in self.courses:
            yield from _differences(course, cbt.BY_ID[course.id])


SHIPPED = Library()


def deviations(house: House, library: Library) -> tuple[str, ...]:
    """Every deviation of a site from what ketplan ships, for plan, print-out and screen."""
    return (*library.deviations(), *house_defaults.deviations(house))


def _differences(
    mine: KetamineProtocol | CbtProtocol, shipped: KetamineProtocol | CbtProtocol
) -> Iterator[str]:
    for name in (f.name for f in fields(mine)):
        now, before = getattr(mine, name), getattr(shipped, name)
        if now != before:
            label = f"{_NAMES[name]} " if name in _NAMES else ""
            yield f"{mine.id}: {label}{_words(name, now)} (shipped: {_words(name, before)})."


def _words(name: str, value: object) -> str:
    if name == "enabled":
        return "switched on" if value else "switched off"
    parts = value if isinstance(value, tuple) else (value,)
    if name == "titration":
        return "; ".join(map(str, parts)) or "no titration"
    return f"{', '.join(map(str, parts))}{_UNITS.get(name, '')}"


_NAMES = {
    "mg_per_kg": "dose",
    "minutes": "length",
    "day_offsets": "days",
    "offsets": "days",
    "floor_mg_per_kg": "floor",
    "ceiling_mg_per_kg": "ceiling",
}
_UNITS = {
    "mg_per_kg": " mg/kg",
    "minutes": " min",
    "floor_mg_per_kg": " mg/kg",
    "ceiling_mg_per_kg": " mg/kg",
}
