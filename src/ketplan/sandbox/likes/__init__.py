"""How other EHRs behave, as data: one TOML file each, every table of it with its witness.

``assumed`` lists the keys of a table that its witness does not tell: a likely value, so that there is one.
What a file does not say is as Harbor EHR itself does it. Adding an EHR is adding a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import lru_cache
from importlib import resources
from typing import Any

_MEMBERS = ("read", "vread", "history-instance", "search-type", "create", "update", "patch", "delete")
OWN = frozenset(_MEMBERS) - {"delete"}


@dataclass(frozen=True)
class Types:
    """What may be done with some resource types, and what the CapabilityStatement says of it if it lies."""

    names: tuple[str, ...] = ()
    does: frozenset[str] = OWN
    says: frozenset[str] | None = None


@dataclass(frozen=True)
class SearchRule:
    """What a search of some types must look like.

    ``needs`` lists groups ("category|code"): one parameter of each. ``between`` names date parameters, one of
    which needs a ``ge`` (or ``gt``) and a ``lt`` (or ``le``). ``values`` allows a parameter these values
    alone. ``only`` lists the parameters that are taken at all. ``unless`` is a test added when its
    parameter is not there. A search by ``_id`` needs nothing.
    """

    types: tuple[str, ...]
    needs: tuple[str, ...] = ()
    between: str = ""
    only: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shape:
    """What the body of a write must be like.

    ``on`` is create or update; ``when`` limits the rule to bodies with these codes. Elements outside
    ``fields`` (where it is given) or in ``without`` are refused or, with ``surplus = "drop"``, left out.
    ``needs`` are dotted paths, ``holds`` maps a path to what one of its values begins with, ``at_most``
    a path to a count.
    """

    types: tuple[str, ...]
    on: tuple[str, ...] = ("create", "update")
    when: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    surplus: str = "refuse"
    needs: tuple[str, ...] = ()
    holds: Mapping[str, str] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Searches:
    """Searching in general. ``unknown`` parameters are refused, ignored, matched by nothing, or warned of."""

    unknown: str = "refuse"
    includes: bool = True
    by_post: bool = True
    post_ignores_query: bool = False
    cache_seconds: float = 0
    """A repeated search gives the old answer for so long, unless asked with ``Cache-Control: no-cache``."""
    unknown_code: str = ""
    """Vendor code of the warning about an unknown parameter."""
    none_found: str = ""
    """Vendor code of the OperationOutcome that an empty answer holds."""
    also: tuple[str, ...] = ()
    """Parameters that are taken on every type and change nothing."""
    refused_with: int = 0
    """Status of a refused search; 0 is that of the error itself."""


@dataclass(frozen=True)
class Paging:
    """How a long answer is cut: the next link is an opaque ``token``, an ``offset`` or a ``page`` number."""

    parameter: str = "_cursor"
    style: str = "token"
    size: int = 50
    most: int = 500
    total: bool = True


@dataclass(frozen=True)
class Writes:
    """Creating and changing."""

    body: str = "prefer"
    """What an accepted write answers: as ``Prefer`` says, always ``full``, or always ``empty``."""
    location: str = "history"
    """history (``…/_history/1``), plain, relative, none, or elsewhere: on another host."""
    if_none_exist: str = "honoured"
    """honoured, ignored, or racing: looked up before anybody is kept out."""
    if_match: str = "honoured"
    if_match_on_patch: str = "honoured"
    stale: int = 412
    unversioned: int = 428
    """Status of a change without If-Match where it is required."""
    ids: str = "uuid"
    """What a new resource is called: uuid, long, number, or kept: as the client says."""
    versions: str = "number"
    upsert: bool = False
    conditional_update: bool = True
    unchanged_is_no_version: bool = False
    missing_element: int = 422
    checks_codes: bool = True
    checks_times: bool = True
    double_booking: int = 409
    """Status when a Slot is taken or the patient is elsewhere at that time; 0 lets it pass."""
    slots_give_times: bool = False
    """Whether start and end of an appointment are those of its Slots."""
    same_time: bool = False
    """Whether two appointments of one patient or practitioner at one time collide without any Slot."""
    deleted: int = 410
    largest: int = 0


@dataclass(frozen=True)
class Bundles:
    """Bundles posted to the base."""

    transaction: str = "atomic"
    """atomic, partial (answers 200 and leaves what went well), or none: not offered."""
    batch: bool = True
    status_words: bool = True


@dataclass(frozen=True)
class Operations:
    """Scheduling operations, in the shape of IHE ITI or of Argonaut: find, hold, book, cancel."""

    names: tuple[str, ...] = ()
    advertised: bool = True
    defined: str = "http://hl7.org/fhir/OperationDefinition/Appointment-"
    """Where each is defined: its name follows."""
    by_reference: bool = False
    """Whether $hold and $book take only an appointment that stands already."""
    hold_seconds: float = 0
    """How long a hold lasts; 0 is for ever."""


@dataclass(frozen=True)
class Errors:
    """How refusals look."""

    words: str = "details"
    """Where an issue's words stand: details or diagnostics."""
    unauthorized: str = "outcome"
    """A 401 as an OperationOutcome, or as plain text without a challenge."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The vendor's number by FHIR issue type, given in ``details.coding``."""
    codes_system: str = ""


@dataclass(frozen=True)
class Access:
    """What tokens are good for here."""

    dialect: str = "both"
    """Scopes of v1, of v2, or of both are granted."""
    withholds: tuple[str, ...] = ()
    """Endings of scopes that are never granted."""
    lists: tuple[str, ...] = ()
    """Scopes that are listed as supported, beside what is true."""
    enforced: bool = True
    patient_writes: bool = True
    """Whether patient scopes allow writing; they are granted either way."""
    patient_wildcard_reaches_staff: bool = True
    token_seconds: int = 3600
    expires_in: str = "number"
    patient: str = "id"
    scope: bool = True
    fhir_user: str = "absolute"
    nonce: bool = True
    key_id: bool = True
    error: str = ""
    """What every refused token request is called, with status 400; empty is the true error."""


_GROUPS: dict[str, type] = {
    "searches": Searches,
    "paging": Paging,
    "writes": Writes,
    "bundles": Bundles,
    "operations": Operations,
    "errors": Errors,
    "access": Access,
}
_LISTS: dict[str, type] = {"types": Types, "search": SearchRule, "shape": Shape}


@dataclass(frozen=True)
class Like:
    """One EHR to be like. Without ``types`` it keeps everything the sandbox knows."""

    name: str = "harbor"
    title: str = "Harbor EHR"
    software: str = "Harbor EHR"
    publisher: str = ""
    types: tuple[Types, ...] = ()
    search: tuple[SearchRule, ...] = ()
    shape: tuple[Shape, ...] = ()
    searches: Searches = Searches()
    paging: Paging = Paging()
    writes: Writes = Writes()
    bundles: Bundles = Bundles()
    operations: Operations = Operations()
    errors: Errors = Errors()
    access: Access = Access()

    def does(self, kind: str) -> frozenset[str]:
        """The interactions that work on a type."""
        return self._of(kind).does

    def says(self, kind: str) -> frozenset[str]:
        """The interactions that the CapabilityStatement names."""
        table = self._of(kind)
        return table.does if table.says is None else table.says

    def _of(self, kind: str) -> Types:
        if not self.types:
            return Types()
        named = next((one for one in self.types if kind in one.names), None)
        rest = next((one for one in self.types if "*" in one.names), Types(does=frozenset()))
        return named or rest


HARBOR = Like()


def names() -> list[str]:
    """The EHRs the sandbox can be like, in alphabetical order."""
    files = (file.name for file in resources.files(__package__).iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))


@lru_cache
def like(name: str) -> Like:
    """One of ``names()``. Raises ValueError for another, and for a file that is not as it must be."""
    if name == HARBOR.name:
        return HARBOR
    if name not in names():
        raise ValueError(f"there is no EHR {name} to be like; there is {', '.join(names())}")
    return parse(name, tomllib.loads(source(name)))


def source(name: str) -> str:
    """The text of an EHR's file."""
    return (resources.files(__package__) / f"{name}.toml").read_text("utf-8")


def parse(name: str, raw: Mapping[str, Any]) -> Like:
    """A Like from the tables of a file. Raises ValueError for what is unknown or has no witness."""
    own = {"title", "software", "publisher"}
    unknown = set(raw) - own - set(_GROUPS) - set(_LISTS)
    if unknown or not isinstance(raw.get("title"), str):
        raise ValueError(f"{name}: a title is needed, and {sorted(unknown)} mean nothing")
    lists = {key: tuple(_table(cls, one, f"{name}.{key}") for one in raw.get(key, ()))
             for key, cls in _LISTS.items()}  # fmt: skip
    groups = {key: _table(cls, raw[key], f"{name}.{key}") for key, cls in _GROUPS.items() if key in raw}
    plain = {one: str(raw.get(one, "")) for one in sorted(own)}
    filled: dict[str, Any] = {**plain, **lists, **groups}
    return Like(name, **filled)


def _table(cls: type, raw: Mapping[str, Any], where: str) -> Any:
    values = dict(raw)
    if not str(values.pop("witness", "")).strip():
        raise ValueError(f"{where} has no witness")
    assumed = _named(values.pop("assumed", []), f"{where}.assumed")
    if unsaid := assumed - set(values):
        raise ValueError(f"{where} assumes {', '.join(sorted(unsaid))} without saying it")
    known = {one.name: one for one in fields(cls)}
    if unknown := set(values) - set(known):
        raise ValueError(f"{where} knows no {', '.join(sorted(unknown))}")
    if lacking := {
        n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING
    } - set(values):
        raise ValueError(f"{where} lacks {', '.join(sorted(lacking))}")
    return cls(**{key: _value(cls, key, value, where) for key, value in values.items()})


def _named(said: Any, where: str) -> set[str]:
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise ValueError(f"{where} must be a list of names")
    return set(said)


def _value(cls: type, key: str, value: Any, where: str) -> Any:
    if cls is Types and key in ("does", "says"):
        if unknown := set(value) - set(_MEMBERS):
            raise ValueError(f"{where}: {', '.join(sorted(unknown))} is no interaction")
        return frozenset(value)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {name: tuple(one) if isinstance(one, list) else one for name, one in value.items()}
    return value
