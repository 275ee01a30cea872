"""Search: a query to matching resources, sorted, cut into pages behind an opaque cursor, with includes."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ketplan.sandbox.parameters import TYPES, Test, leaves, matcher, span, target, tokens
from ketplan.sandbox.store import Store
from ketplan.sandbox.wire import FhirError, Resource

Query = Sequence[tuple[str, str]]

DEFAULT_COUNT, MAX_COUNT, CURSORS = 50, 500, 2000
_CONTROLS = {"_count", "_sort", "_include", "_lastUpdated", "_format", "_total"}


@dataclass(frozen=True)
class Found:
    """A search that has run: what it matched, and how its pages are to be cut."""

    kind: str
    ids: tuple[str, ...]
    total: int
    count: int
    includes: tuple[str, ...]
    link: str
    owner: str


class Search:
    """Runs queries against a store, and keeps the rest of a long answer until its next page is asked for."""

    def __init__(self, store: Store, base: str, zone: ZoneInfo) -> None:
        self._store, self._base, self._zone = store, base, zone
        self._cursors: OrderedDict[str, Found] = OrderedDict()

    def matches(self, kind: str, query: Query, allowed: Test) -> list[Resource]:
        """Every resource the query selects and ``allowed`` lets through.

        Raises FhirError (400) that names a parameter this type does not have, or a value it cannot read.
        """
        tests = [self._test(kind, name, raw) for name, raw in query if name not in _CONTROLS]
        return [
            resource
            for resource in self._store.all(kind)
            if all(test(resource) for test in tests) and allowed(resource)
        ]

    def run(self, kind: str, query: Query, allowed: Test, owner: str) -> Resource:
        """The first page of a search as a searchset Bundle. ``owner`` is who may ask for the next one."""
        found = self.matches(kind, query, allowed)
        for name in reversed(_listed(query, "_sort")):
            self._sort(kind, found, name)
        includes = tuple(value for name, value in query if name == "_include")
        for include in includes:
            self._include_paths(kind, include)
        link = f"{self._base}/{kind}" + (f"?{urlencode(list(query))}" if query else "")
        ids = tuple(resource["id"] for resource in found)
        return self._page(Found(kind, ids, len(ids), _count(query), includes, link, owner), allowed)

    def next_page(self, kind: str, cursor: str, allowed: Test, owner: str) -> Resource:
        """A later page. Raises FhirError (410) when the cursor is unknown, too old or somebody else's."""
        with self._store.lock:
            found = self._cursors.get(cursor)
        if not found or (found.kind, found.owner) != (kind, owner):
            raise FhirError(410, "expired", "This page of the search is no longer kept; search again.")
        return self._page(replace(found, link=self._cursor_link(kind, cursor)), allowed)

    def _page(self, found: Found, allowed: Test) -> Resource:
        here, rest = found.ids[: found.count], found.ids[found.count :]
        links = [{"relation": "self", "url": found.link}]
        if rest and found.count:
            cursor = secrets.token_urlsafe(18)
            with self._store.lock:
                self._cursors[cursor] = replace(found, ids=rest)
                while len(self._cursors) > CURSORS:
                    self._cursors.popitem(last=False)
            links.append({"relation": "next", "url": self._cursor_link(found.kind, cursor)})
        page = [one for one in (self._store.find(found.kind, id_) for id_ in here) if one]
        entries = [self._entry(one, "match") for one in page]
        entries += [self._entry(one, "include") for one in self._included(found, page, allowed)]
        bundle: Resource = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": found.total,
            "link": links,
        }
        return {**bundle, "entry": entries} if entries else bundle

    def _cursor_link(self, kind: str, cursor: str) -> str:
        return f"{self._base}/{kind}?{urlencode({'_cursor': cursor})}"

    def _entry(self, resource: Resource, mode: str) -> Resource:
        url = f"{self._base}/{resource['resourceType']}/{resource['id']}"
        return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}

    def _test(self, kind: str, name: str, raw: str) -> Test:
        param = TYPES[kind].get(name)
        if not param:
            raise FhirError(400, "not-supported", f"{kind} has no search parameter {name}.")
        return matcher(name, param, raw, base=self._base, zone=self._zone)

    def _sort(self, kind: str, found: list[Resource], name: str) -> None:
        backwards, bare = name.startswith("-"), name.lstrip("-")
        key = self._sort_key(kind, bare)
        with_value = sorted((one for one in found if key(one) is not None), key=key, reverse=backwards)
        found[:] = [*with_value, *(one for one in found if key(one) is None)]

    def _sort_key(self, kind: str, name: str) -> Callable[[Resource], Any]:
        if name == "_lastUpdated":
            return lambda resource: resource["meta"]["lastUpdated"]
        param = TYPES[kind].get(name)
        if not param:
            raise FhirError(400, "not-supported", f"{kind} cannot be sorted by {name}.")

        def values(resource: Resource) -> Iterator[Any]:
            for leaf in (leaf for path in param.paths for leaf in leaves(resource, path)):
                if param.type == "date" and (when := span(leaf, self._zone)):
                    yield when[0]
                elif param.type == "token":
                    yield from (code for _, code in tokens(leaf))
                elif param.type != "date":
                    yield target(leaf, self._base)

        return lambda resource: next((value for value in values(resource) if value is not None), None)

    def _include_paths(self, kind: str, include: str) -> tuple[str, ...]:
        """``Type:parameter`` or ``Type:element``, to the elements that hold the references."""
        source, _, name = include.partition(":")
        name = name.partition(":")[0]
        if source != kind or not name:
            raise FhirError(400, "invalid", f"_include={include} does not start at {kind}.")
        param = TYPES[kind].get(name)
        if param and param.type != "reference":
            raise FhirError(400, "invalid", f"_include={include} is not a reference.")
        return param.paths if param else (name, f"{name}Reference")

    def _included(self, found: Found, page: Iterable[Resource], allowed: Test) -> Iterator[Resource]:
        seen = set()
        for resource in page:
            for path in (p for include in found.includes for p in self._include_paths(found.kind, include)):
                for leaf in leaves(resource, path):
                    where = target(leaf, self._base)
                    other = self._store.at(where) if where else None
                    if other and where not in seen and allowed(other):
                        seen.add(where)
                        yield other


def _listed(query: Query, name: str) -> list[str]:
    return [part for key, value in query if key == name for part in value.split(",") if part]


def _count(query: Query) -> int:
    for name, value in query:
        if name == "_count":
            if not (value.isascii() and value.isdigit()):
                raise FhirError(400, "invalid", "The search parameter _count is not a whole number.")
            return min(int(value), MAX_COUNT)
    return DEFAULT_COUNT
