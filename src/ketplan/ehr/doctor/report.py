"""What the doctor found: checks with a light each, as lines for a person or JSON for a script."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = dict[str, Any]

LONGEST = 600
SYMBOLS = {"green": "✓", "amber": "!", "red": "✗"}


class Light(StrEnum):
    """GREEN: as ketplan needs it. AMBER: it works with less. RED: it cannot be used until this changes."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True)
class Check:
    """One question to the EHR. `instead` is what ketplan does about it, empty where nothing is to be done.

    The texts hold counts, names of types and of parameters, never a value out of a record.
    """

    name: str
    asked: str
    answer: str
    light: Light
    instead: str = ""

    def __post_init__(self) -> None:
        for part in ("asked", "answer", "instead"):
            object.__setattr__(self, part, printable(getattr(self, part)))


@dataclass(frozen=True)
class Report:
    """Every check in the order of asking. `at` is aware."""

    base: str
    at: datetime
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        return 1 if self.counts[Light.RED] else 0

    @property
    def counts(self) -> Counter[Light]:
        return Counter(check.light for check in self.checks)

    def as_json(self) -> Json:
        return {
            "fhir_base": self.base,
            "examined_at": self.at.isoformat(timespec="seconds"),
            "exit_code": self.exit_code,
            "counts": {light.value: self.counts[light] for light in Light},
            "checks": [asdict(check) for check in self.checks],
        }

    def as_text(self) -> list[str]:
        """A line per check, in columns, and a last one with the verdict."""
        name, asked = (max(len(getattr(c, part)) for c in self.checks) for part in ("name", "asked"))
        lines = [
            f"{SYMBOLS[c.light]} {c.light:5}  {c.name:{name}}  {c.asked:{asked}}  {_answered(c)}"
            for c in self.checks
        ]
        return [*lines, f"{self._counted()}. {self._verdict()}"]

    def _counted(self) -> str:
        return ", ".join(f"{self.counts[light]} {light}" for light in Light)

    def _verdict(self) -> str:
        if self.counts[Light.RED]:
            return "ketplan cannot be used with this EHR until what is red has changed."
        if self.counts[Light.AMBER]:
            return "ketplan works with this EHR, with less where it is amber."
        return "ketplan works with this EHR."


def printable(text: str) -> str:
    """`text` on one line and without control characters, which could speak to a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)[:LONGEST]


def _answered(check: Check) -> str:
    return f"{check.answer} → {check.instead}" if check.instead else check.answer
