"""What reading one entry needs, and whether all of it was understood.

A reader of a resource asks `Reading` for every value it wants: an absent one is None; one that is there and
cannot be understood is None too, and marks the entry, so that it is counted and shown instead of lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from ketplan.clinical.record import Fact, Quantity, When
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json

T = TypeVar("T")


class Reading:
    """One pass over a record. `medications` are the Medication resources at hand, by "Medication/id";
    `unread` says whether the present entry held something that could not be understood."""

    def __init__(self, zone: ZoneInfo, medications: Mapping[str, Json]) -> None:
        self.zone = zone
        self.medications = medications
        self.unread = False
        self._known: dict[str, When] = {}

    def gives_up(self) -> tuple[Fact, ...]:
        """Marks an entry that says nothing readable; there is no fact in it."""
        self.unread = True
        return ()

    def wanted(self, parse: Callable[[Any], T | None], value: Any) -> T | None:
        """`parse(value)`, marking the entry when something is there that cannot be parsed."""
        if value is None:
            return None
        found = parse(value)
        if found is None:
            self.unread = True
        return found

    def when(self, value: Any) -> When | None:
        if value is None:
            return None
        if not isinstance(value, str):
            self.unread = True
            return None
        # The entries of one visit share their time: parse it once.
        if (found := self._known.get(value)) is None:
            if (found := fhir.parse_when(value, self.zone)) is None:
                self.unread = True
            else:
                self._known[value] = found
        return found

    def day(self, value: Any) -> When | None:
        return self.wanted(lambda raw: fhir.parse_day(raw, self.zone), value)

    def period(self, value: Any) -> tuple[When | None, When | None]:
        """Start and end of a Period."""
        raw = self.element(value)
        return self.when(raw.get("start")), self.when(raw.get("end"))

    def happened(self, resource: Json, name: str) -> When | None:
        """`name`DateTime, `name`Instant, or the end (else the start) of `name`Period."""
        for suffix in ("DateTime", "Instant"):
            if (value := resource.get(name + suffix)) is not None:
                return self.when(value)
        period = self.element(resource.get(name + "Period"))
        return self.when(period.get("end")) or self.when(period.get("start"))

    def element(self, value: Any) -> Json:
        """The JSON object meant, marking the entry when there is something but no object."""
        found = fhir.element(value)
        if value is not None and not found:
            self.unread = True
        return found

    def elements(self, value: Any) -> list[Json]:
        """The JSON objects of a list, marking the entry when something else stands among them."""
        if value is None:
            return []
        found = fhir.elements(value)
        if len(found) != (len(value) if isinstance(value, list) else 1):
            self.unread = True
        return found

    def text(self, value: Any) -> str | None:
        return self.wanted(lambda raw: fhir.text(raw) or None, value)

    def quantity(self, value: Any) -> Quantity | None:
        return self.wanted(fhir.quantity, value)


Reader = Callable[[Json, Reading], Sequence[Fact]]
