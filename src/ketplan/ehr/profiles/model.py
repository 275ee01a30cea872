"""A vendor profile: how an EHR is recognised and searched, what it takes and drops, its limits and quirks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Query = tuple[tuple[str, str], ...]


class Confidence(StrEnum):
    """HIGH: read in the vendor's own papers or observed. MEDIUM: reported by others. LOW: an indication."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Part(StrEnum):
    """Where a sign is looked for: the FHIR address (host and path), or the CapabilityStatement."""

    ADDRESS = "address"
    SOFTWARE = "software"
    PUBLISHER = "publisher"


class Dialect(StrEnum):
    """In which scopes are asked for; DECLARED: v2 where the EHR declares permission-v2."""

    DECLARED = "declared"
    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something known of an EHR, and who says so."""

    witness: str
    confidence: Confidence


@dataclass(frozen=True, kw_only=True)
class Sign(Fact):
    """The EHR is recognised where `pattern`, a regular expression, is found in `part`, in any case."""

    part: Part
    pattern: str


@dataclass(frozen=True, kw_only=True)
class SearchShape(Fact):
    """How resources of `type` are searched for.

    `queries` are tried before ketplan's own; `also` is added to each, parameters in `omit` are left out.
    `split` asks by category at once. `otherwise` says what is missing when only one of ketplan's own queries
    was taken, empty when nothing is. In a query `{id}`, `{from}` and `{to}` stand as in `sections`.
    """

    type: str
    queries: tuple[Query, ...] = ()
    also: Query = ()
    omit: tuple[str, ...] = ()
    split: bool = False
    otherwise: str = ""


@dataclass(frozen=True, kw_only=True)
class WriteShape(Fact):
    """What the EHR takes of `type` ("*": of every type not named), or of those whose elements equal `when`.

    `create` and `update` are None where only the CapabilityStatement can tell; `why` is a sentence for the
    clinician. The rest is what `shape` does, in this order: `make` (named steps), `only` and `drop` (element
    names, nested ones with dots), `first` (lists cut to one entry), `actors` (types kept among the
    participants), `fix` (constants). `needs` are elements, nested ones with dots, or "participant:Type",
    without which it is refused. `marker` is the text element that carries ketplan's identifier where
    identifiers are not kept.
    """

    type: str
    when: Mapping[str, str] = field(default_factory=dict)
    create: bool | None = None
    update: bool | None = None
    why: str = ""
    make: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    fix: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    marker: str = ""

    def fits(self, resource: Mapping[str, Any]) -> bool:
        return resource.get("resourceType") == self.type and all(
            resource.get(name) == value for name, value in self.when.items()
        )


class Reach(StrEnum):
    """By what many patients' visits can be asked for: a span of time, each patient, each visit's id."""

    DATE = "date"
    PATIENT = "patient"
    ID = "id"


@dataclass(frozen=True, kw_only=True)
class Window(Fact):
    """How the visits of a whole clinic are looked up. `queries` are tried before ketplan's own, with `{from}`
    and `{to}` for the first day and the one after the last."""

    by: Reach
    queries: tuple[Query, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Batch(Fact):
    """Whether several searches may be sent as one Bundle; without it the CapabilityStatement decides."""

    takes: bool


@dataclass(frozen=True, kw_only=True)
class Limit(Fact):
    """`about` is "page" (entries per page that may be asked for; 0: `_count` is not sent) or free words."""

    about: str
    says: str
    value: int | None = None


@dataclass(frozen=True, kw_only=True)
class ScopeHabit(Fact):
    dialect: Dialect = Dialect.DECLARED
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class Quirk(Fact):
    """What else somebody who connects to this EHR should know, in one sentence."""

    says: str


@dataclass(frozen=True)
class Profile:
    """One file."""

    name: str
    label: str
    signs: tuple[Sign, ...] = ()
    searches: tuple[SearchShape, ...] = ()
    writes: tuple[WriteShape, ...] = ()
    limits: tuple[Limit, ...] = ()
    scopes: tuple[ScopeHabit, ...] = ()
    quirks: tuple[Quirk, ...] = ()
    batches: tuple[Batch, ...] = ()
    windows: tuple[Window, ...] = ()

    @property
    def window(self) -> Window | None:
        """How a clinic's visits are looked up; None when nobody says."""
        return next(iter(self.windows), None)

    def search(self, kind: str) -> SearchShape | None:
        return next((s for s in self.searches if s.type == kind), None)

    def write(self, resource: Mapping[str, Any]) -> WriteShape | None:
        """The first shape that fits; those with a condition stand before those without."""
        return next((w for w in self.writes if w.fits(resource)), None)

    def takes(self, kind: str, verb: str) -> bool | None:
        """Whether the EHR takes `verb` (create or update) on `kind` in any form; None when nobody says."""
        known = [word for word in (getattr(w, verb) for w in self._about(kind)) if word is not None]
        return any(known) if known else None

    def markers(self, kind: str) -> frozenset[str]:
        """The texts that may carry ketplan's identifier, where the EHR keeps none of `kind`."""
        return frozenset(w.marker for w in self.writes if w.type == kind and w.marker)

    def why(self, kind: str) -> str:
        """Why it takes less of `kind` than it might, for the clinician; empty when nobody says."""
        return next((w.why for w in self._about(kind) if w.why), "")

    @property
    def page(self) -> int | None:
        """Entries per page that may be asked for; None when no limit is known, 0 when none may be."""
        return next((limit.value for limit in self.limits if limit.about == "page"), None)

    @property
    def batch(self) -> bool | None:
        """Whether searches may be sent in a batch; None when nobody says."""
        return next((batch.takes for batch in self.batches), None)

    @property
    def dialect(self) -> Dialect:
        return next((habit.dialect for habit in self.scopes), Dialect.DECLARED)

    def _about(self, kind: str) -> list[WriteShape]:
        """What is said of `kind`, else of every type ("*")."""
        return [w for w in self.writes if w.type == kind] or [w for w in self.writes if w.type == "*"]
