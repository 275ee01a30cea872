"""Checks of one value: its primitive type, what is fixed, invariants, membership in a slice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.fhir.constraints import INVARIANTS

Json = dict[str, Any]
# Value, path, and the list that problems are put on.
Check = Callable[[Any, str, list[str]], None]


def together(checks: list[Check]) -> Check:
    """In order, up to the first that finds something: later ones rely on the earlier."""
    if len(checks) == 1:
        return checks[0]

    def run(value: Any, path: str, out: list[str]) -> None:
        before = len(out)
        for check in checks:
            check(value, path, out)
            if len(out) > before:
                return

    return run


def forbidden(value: Any, path: str, out: list[str]) -> None:
    out.append(f"{path}: not allowed here")


def words(value: Any, path: str, out: list[str]) -> None:
    if not isinstance(value, str) or not value.strip():
        out.append(f"{path}: not text")


def exactly(wanted: str) -> Check:
    def run(value: Any, path: str, out: list[str]) -> None:
        if value != wanted:
            out.append(f"{path}: not {wanted}")

    return run


def demands(fixed: Any, pattern: Any) -> list[Check]:
    def run(value: Any, path: str, out: list[str]) -> None:
        if (fixed is not None and value != fixed) or (pattern is not None and not matches(pattern, value)):
            out.append(f"{path}: not the value that is fixed here")

    return [] if fixed is None and pattern is None else [run]


def matches(pattern: Any, value: Any) -> bool:
    """Does the value hold at least what the pattern says?"""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(matches(p, value.get(key)) for key, p in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(p, v) for v in value) for p in pattern)
    return bool(pattern == value)


def invariants(constraints: Iterable[Json]) -> list[Check]:
    """Those that are errors. Raises KeyError for one that `constraints` does not know."""
    keys = [c["key"] for c in constraints if c["severity"] == "error"]
    return [_invariant(key) for key in dict.fromkeys(keys)]


def _invariant(key: str) -> Check:
    holds = INVARIANTS[key]

    def run(value: Any, path: str, out: list[str]) -> None:
        if not holds(value):
            out.append(f"{path}: {key}")

    return run


@dataclass
class Slice:
    """`pairs` are (element, or "" for the item itself, and what it must match to belong here)."""

    name: str
    pairs: list[tuple[str, Any]]
    least: int
    most: int | None
    check: Check

    def holds(self, item: Any) -> bool:
        return isinstance(item, dict) and all(
            matches(demanded, item.get(where) if where else item) for where, demanded in self.pairs
        )

    def run(self, items: list[Any], path: str, out: list[str]) -> None:
        held = [place for place, item in enumerate(items) if self.holds(item)]
        if len(held) < self.least or (self.most is not None and len(held) > self.most):
            out.append(f"{path}:{self.name}: {len(held)} where {self.least} to {self.most or 'any'} are due")
        for place in held:
            self.check(items[place], f"{path}[{place}]", out)


_HELD_AS: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "decimal": (int, Decimal),
    "integer": (int,),
    "positiveInt": (int,),
    "unsignedInt": (int,),
}
_DAYS = frozenset({"date", "dateTime", "instant"})


def primitive(code: str, pattern: str | None) -> Check:
    """JSON's type, FHIR's pattern, and for times that the day exists."""
    shape, held = re.compile(pattern or r"(?s).*"), _HELD_AS.get(code, (str,))

    def run(value: Any, path: str, out: list[str]) -> None:
        spelled = str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, held) or (isinstance(value, bool) and code != "boolean"):
            out.append(f"{path}: not a {code}")
        elif not spelled.strip() or not shape.fullmatch(spelled):
            out.append(f"{path}: not spelled as a {code}")
        elif code in _DAYS and len(spelled) >= 10 and not _is_day(spelled):
            out.append(f"{path}: no such day")

    return run


def _is_day(spelled: str) -> bool:
    try:
        date.fromisoformat(spelled[:10])
        datetime.fromisoformat(spelled)
    except ValueError:
        return False
    return True
