"""What a token answer says about the chart it was given in: the resources, the tenant, the looks.

All of it is untrusted: what cannot be used as it stands is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ketplan.ehr import urls

# More of either is a mistake or an attack: a session is kept whole in one row.
MOST_CONTEXTS = 20
LONGEST_TEXT = 300
LONGEST_URL = 2000
# The role of an item that names none (SMART 2.2, fhirContext).
LAUNCH_ROLE = "launch"


@dataclass(frozen=True)
class Context:
    """One resource that was open or meant at launch, as "Type/id" on the EHR's base, and its role there."""

    reference: str
    role: str = LAUNCH_ROLE

    @property
    def kind(self) -> str:
        return self.reference.partition("/")[0]


def contexts(base: str, value: object) -> tuple[Context, ...]:
    """The items of `fhirContext` that refer to a resource of the EHR at `base`."""
    items = value if isinstance(value, list) else []
    found = (_context(base.rstrip("/"), item) for item in items if isinstance(item, Mapping))
    return tuple(dict.fromkeys(one for one in found if one))[:MOST_CONTEXTS]


def _context(base: str, item: Mapping[str, Any]) -> Context | None:
    reference = urls.relative_reference(base, item.get("reference"))
    return Context(reference, short_text(item.get("role")) or LAUNCH_ROLE) if reference else None


def resource_id(kind: str, value: object) -> str | None:
    """An id, also when the EHR writes it as a reference."""
    text = value.removeprefix(f"{kind}/") if isinstance(value, str) else None
    return text if urls.is_id(text) else None


def short_text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """A printable text of bearable length, None for anything else."""
    fits = isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
    return str(value) if fits else None


def style_url(value: object) -> str | None:
    """`smart_style_url` as it was sent; whether it may be asked is for whoever asks it to decide."""
    return short_text(value, LONGEST_URL)


def wants_banner(value: object) -> bool:
    """Whether ketplan has to say whose chart it is: unless the EHR says clearly that it does so itself."""
    return value not in (False, "false")
