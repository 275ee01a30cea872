"""Which searches an EHR takes: what it wants to be told, what it does not know, what it adds by itself."""

from __future__ import annotations

from dataclasses import dataclass

from ketplan.sandbox.likes import Like, SearchRule
from ketplan.sandbox.parameters import TYPES
from ketplan.sandbox.rest.exchange import Pairs
from ketplan.sandbox.wire import FhirError, Resource

CONTROLS = frozenset({"_count", "_sort", "_include", "_revinclude", "_lastUpdated", "_format", "_total"})
_LOW, _HIGH = ("ge", "gt", "sa"), ("le", "lt", "eb")


@dataclass(frozen=True)
class Taken:
    """A search as this server runs it; ``warned`` names the parameters it did not know and left out."""

    query: Pairs
    matches: bool = True
    warned: tuple[str, ...] = ()
    codes: tuple[str, str, str] = ("", "", "")
    """The code system, and its codes of an unknown parameter and of an empty answer."""


def taken(like: Like, kind: str, query: Pairs) -> Taken:
    """Raises FhirError when this server does not take the search."""
    try:
        return _taken(like, kind, query)
    except FhirError as error:
        if like.searches.refused_with:
            error.status = like.searches.refused_with
        raise


def _taken(like: Like, kind: str, query: Pairs) -> Taken:
    if not like.searches.includes and any(name in ("_include", "_revinclude") for name, _ in query):
        raise FhirError(400, "not-supported", f"{kind} takes no _include here.")
    rules = [rule for rule in like.search if kind in rule.types]
    known = {*TYPES[kind], *CONTROLS, *like.searches.also, like.paging.parameter}
    for rule in rules:
        if rule.only:
            known &= {*rule.only, *CONTROLS, like.paging.parameter}
    strange = tuple(name for name, _ in query if _bare(name) not in known)
    if strange and like.searches.unknown == "refuse":
        raise FhirError(400, "not-supported", f"{kind} has no search parameter {strange[0]}.")
    kept = tuple(pair for pair in query if pair[0] not in (*strange, *like.searches.also))
    for rule in rules:
        kept = _ruled(rule, kind, kept)
    matches = not (strange and like.searches.unknown == "empty")
    warned = strange if like.searches.unknown == "warn" else ()
    codes = (like.errors.codes_system, like.searches.unknown_code, like.searches.none_found)
    return Taken(kept, matches, warned, codes)


def _bare(name: str) -> str:
    return name.partition(":")[0]


def _ruled(rule: SearchRule, kind: str, query: Pairs) -> Pairs:
    names = {_bare(name) for name, _ in query}
    if "_id" in names:
        return query
    for group in rule.needs:
        if not names & set(group.split("|")):
            wanted = " or ".join(group.split("|"))
            raise FhirError(400, "required", f"A search of {kind} needs {wanted}.")
    if rule.between and not _bounded(rule.between, query):
        words = f"A search of {kind} needs {rule.between} with ge and with lt."
        raise FhirError(400, "required", words)
    for name, allowed in rule.values.items():
        given = [value.rpartition("|")[2] for key, value in query if _bare(key) == name]
        if any(value not in allowed for value in given):
            raise FhirError(400, "invalid", f"A search of {kind} does not take this {name}.")
    added = ((name, value) for name, value in rule.unless.items() if name not in names)
    return (*query, *added)


def _bounded(name: str, query: Pairs) -> bool:
    given = [value[:2] for key, value in query if key in name.split("|")]
    return any(one in _LOW for one in given) and any(one in _HIGH for one in given)


def with_outcomes(bundle: Resource, taken: Taken) -> Resource:
    """The page with what the server has to say about the search as entries of their own."""
    system, strange, none = taken.codes
    said = [("not-supported", strange, f"Unknown parameter: {name}.") for name in taken.warned]
    if none and not bundle.get("entry"):
        said.append(("not-found", none, "The search returns no results."))
    entries = [_outcome(system, *one) for one in said]
    return {**bundle, "entry": [*bundle.get("entry", ()), *entries]} if entries else bundle


def _outcome(system: str, code: str, number: str, words: str) -> Resource:
    details = {"coding": [{"system": system, "code": number}], "text": words}
    issue = {"severity": "warning", "code": code, "details": details}
    resource = {"resourceType": "OperationOutcome", "issue": [issue]}
    return {"resource": resource, "search": {"mode": "outcome"}}
