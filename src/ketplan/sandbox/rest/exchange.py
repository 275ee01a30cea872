"""One interaction: what was asked, what is said, and what an asker may do here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ketplan.sandbox.harbor import Harbor
from ketplan.sandbox.parameters import TYPES, Test
from ketplan.sandbox.scopes import Access, Reach
from ketplan.sandbox.wire import FhirError, Resource

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Asked:
    """A request on one type. Header names are lower case."""

    kind: str
    id: str = ""
    query: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    cuts: frozenset[str] = frozenset()
    """Elements that a fault takes out of what is stored."""

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@dataclass(frozen=True)
class Said:
    """An answer; no ``resource`` is no body."""

    status: int = 200
    resource: Resource | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """The server for one caller."""

    harbor: Harbor
    access: Access

    def require(self, kind: str, interaction: str) -> None:
        """Raises FhirError when this server does not do that: 404 for the type, 405 for the interaction."""
        does = self.harbor.like.does(kind) if kind in TYPES else frozenset()
        if not does:
            raise FhirError(404, "not-supported", f"This server does not keep {kind}.")
        if interaction not in does:
            raise FhirError(405, "not-supported", f"This server does not offer {interaction} on {kind}.")

    def reach(self, kind: str, letter: str) -> Reach:
        """How far the caller may go. Raises FhirError 403 without a scope."""
        reach = self.access.reach(kind, letter)
        if reach is not None:
            return reach
        realm = self.harbor.fhir_url
        challenge = {"WWW-Authenticate": f'Bearer realm="{realm}", error="insufficient_scope"'}
        raise FhirError(403, "forbidden", f"This token has no scope for that on {kind}.", headers=challenge)

    def inside(self, reach: Reach) -> Test:
        return partial(reach.includes, find=self.harbor.store.at, base=self.harbor.fhir_url)

    def existing(self, kind: str, id_: str, reach: Reach) -> Resource:
        """A resource within reach; to one outside it the answer is the same as to none."""
        store = self.harbor.store
        found = store.find(kind, id_)
        if found and self.inside(reach)(found):
            return found
        if not found and store.versions(kind, id_) and self.harbor.like.writes.deleted == 410:
            raise FhirError(410, "deleted", f"This {kind} was deleted.")
        raise FhirError(404, "not-found", f"There is no {kind} with this id.")
