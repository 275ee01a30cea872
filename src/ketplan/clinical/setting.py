"""Numbers a site may set: what one means, how far it may go, and the sentence that tells where it went.

A group of settings is a frozen dataclass whose fields are made with `setting`. The range of a field is the
hard bound: towards caution a site is free, and no setting reaches beyond what its range allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from ketplan.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def setting(
    default: Any, words: str, unit: str = "", allowed: tuple[Any, Any] | None = None, why: str = ""
) -> Any:
    """A field of a group; `allowed` is the least and the most, None where any value will do."""
    return field(default=default, metadata={"words": words, "unit": unit, "allowed": allowed, "why": why})


def settable(settings: DataclassInstance | type[DataclassInstance]) -> tuple[Field[Any], ...]:
    """The fields made with `setting`, in order."""
    return tuple(f for f in fields(settings) if "words" in f.metadata)


def check_allowed(settings: DataclassInstance) -> None:
    """Every field within its allowed range, or ConfigError with a sentence."""
    for f in settable(settings):
        if f.metadata["allowed"] is None:
            continue
        low, high = f.metadata["allowed"]
        value = getattr(settings, f.name)
        if not all(low <= part <= high for part in (value if isinstance(value, tuple) else (value,))):
            words, unit = f.metadata["words"], f.metadata["unit"]
            raise ConfigError(f"{words[0].upper()}{words[1:]}: {low} to {high} {unit} is allowed.")


class Line(NamedTuple):
    """One setting for people. `allowed` is the range a site may choose from, "" where any value will do."""

    name: str
    value: str
    shipped: str
    words: str
    allowed: str
    why: str

    @property
    def changed(self) -> bool:
        return self.value != self.shipped


def described(settings: DataclassInstance) -> list[Line]:
    """Every setting of a group, for the manual and the screen."""
    return [
        Line(
            f.name,
            worded(getattr(settings, f.name), f.metadata["unit"]),
            worded(f.default, f.metadata["unit"]),
            f.metadata["words"],
            worded(f.metadata["allowed"], f.metadata["unit"]) if f.metadata["allowed"] else "",
            f.metadata["why"],
        )
        for f in settable(settings)
    ]


def deviations(settings: DataclassInstance) -> Iterator[str]:
    """What a site set otherwise than shipped, a sentence each."""
    for line in described(settings):
        if line.changed:
            yield f"{line.words[0].upper()}{line.words[1:]}: {line.value} (shipped: {line.shipped})."


def worded(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = " to ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{words} {unit}".rstrip()
