"""Search: a query to matching resources, sorted, cut into pages behind an opaque cursor, with includes."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ketplan.sandbox.likes import Paging
from ketplan.sandbox.parameters import TYPES, Test, leaves, matcher, span, target, tokens
from ketplan.sandbox.store import Store
from ketplan.sandbox.wire import FhirError, Resource

Query = Sequence[tuple[str, str]]

CURSORS = 2000
_CONTROLS = {"_count", "_sort", "_include", "_lastUpdated", "_format", "_total"}


@dataclass(frozen=True)
class Found:
    """A search that has run: what it matched, and how its pages are to be cut.

    ``start`` is where this page begins, ``query`` what a numbered next page repeats.
    """

    kind: str
    ids: tuple[str, ...]
    count: int
    includes: tuple[str, ...]
    link: str
    owner: str
    start: int = 0
    query: tuple[tuple[str, str], ...] = ()


class Search:
    """Runs queries against a store, and keeps the rest of a long answer until its next page is asked for.

    With ``cache_seconds`` a repeated question gets the answer of before, by ``clock``.
    """

    def __init__(
        self,
        store: Store,
        base: str,
        zone: ZoneInfo,
        paging: Paging,
        clock: Callable[[], float],
        cache_seconds: float = 0,
    ) -> None:
        self._store, self._base, self._zone = store, base, zone
        self._paging, self._clock, self._cache_seconds = paging, clock, cache_seconds
        self._cursors: OrderedDict[str, Found] = OrderedDict()
        self._answers: OrderedDict[tuple[str, str, Query], tuple[float, tuple[str, ...]]] = OrderedDict()

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

    def run(
        self,
        kind: str,
        query: Query,
        allowed: Test,
        owner: str,
        *,
        asked: Query | None = None,
        fresh: bool = True,
    ) -> Resource:
        """The first page of a search, or a numbered one, as a searchset Bundle.

        ``owner`` is who may ask for the next page. ``asked`` is the query as the client put it, when the
        server made another of it. ``fresh`` asks past the cache.
        """
        own = {self._paging.parameter}
        query = tuple(pair for pair in query if pair[0] not in own)
        asked = query if asked is None else tuple(asked)
        includes = tuple(value for name, value in query if name == "_include")
        for include in includes:
            self._include_paths(kind, include)
        ids = self._remembered(kind, query, allowed, owner, fresh)
        count = _count(query, self._paging)
        start = self._start(asked, count)
        link = f"{self._base}/{kind}" + (f"?{urlencode(list(asked))}" if asked else "")
        repeated = tuple(pair for pair in asked if pair[0] not in own)
        return self._page(Found(kind, ids, count, includes, link, owner, start, repeated), allowed)

    def _remembered(self, kind: str, query: Query, allowed: Test, owner: str, fresh: bool) -> tuple[str, ...]:
        """Ids of what a query finds now, or found a moment ago where answers are kept."""
        key = (owner, kind, query)
        when, ids = self._answers.get(key, (0.0, ()))
        if not fresh and self._clock() < when + self._cache_seconds:
            return ids
        found = self.matches(kind, query, allowed)
        for name in reversed(_listed(query, "_sort")):
            self._sort(kind, found, name)
        ids = tuple(resource["id"] for resource in found)
        if self._cache_seconds:
            with self._store.lock:
                self._answers[key] = (self._clock(), ids)
                while len(self._answers) > CURSORS:
                    self._answers.popitem(last=False)
        return ids

    def _start(self, query: Query, count: int) -> int:
        """Where a numbered page begins. Raises FhirError 400 for what is no number."""
        given = dict(query).get(self._paging.parameter)
        if given is None or self._paging.style == "token":
            return 0
        if not (given.isascii() and given.isdigit()):
            raise FhirError(400, "invalid", f"{self._paging.parameter} is not a whole number.")
        return int(given) if self._paging.style == "offset" else max(int(given) - 1, 0) * count

    def next_page(self, kind: str, cursor: str, allowed: Test, owner: str) -> Resource:
        """A later page. Raises FhirError (410) when the cursor is unknown, too old or somebody else's."""
        with self._store.lock:
            found = self._cursors.get(cursor)
        if not found or (found.kind, found.owner) != (kind, owner):
            raise FhirError(410, "expired", "This page of the search is no longer kept; search again.")
        return self._page(replace(found, link=self._cursor_link(kind, cursor)), allowed)

    def _page(self, found: Found, allowed: Test) -> Resource:
        end = found.start + found.count
        links = [{"relation": "self", "url": found.link}]
        if end < len(found.ids) and found.count:
            links.append({"relation": "next", "url": self._next(found, end)})
        ids = found.ids[found.start : end]
        page = [one for one in (self._store.find(found.kind, id_) for id_ in ids) if one]
        entries = [self._entry(one, "match") for one in page]
        entries += [self._entry(one, "include") for one in self._included(found, page, allowed)]
        total = {"total": len(found.ids)} if self._paging.total else {}
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", **total, "link": links}
        return {**bundle, "entry": entries} if entries else bundle

    def _next(self, found: Found, end: int) -> str:
        name, style = self._paging.parameter, self._paging.style
        if style != "token":
            number = end if style == "offset" else end // found.count + 1
            return f"{self._base}/{found.kind}?{urlencode([*found.query, (name, number)])}"
        cursor = secrets.token_urlsafe(18)
        with self._store.lock:
            self._cursors[cursor] = replace(found, start=end)
            while len(self._cursors) > CURSORS:
                self._cursors.popitem(last=False)
        return self._cursor_link(found.kind, cursor)

    def _cursor_link(self, kind: str, cursor: str) -> str:
        return f"{self._base}/{kind}?{urlencode({self._paging.parameter: cursor})}"

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


def _count(query: Query, paging: Paging) -> int:
    for name, value in query:
        if name == "_count":
            if not (value.isascii() and value.isdigit()):
                raise FhirError(400, "invalid", "The search parameter _count is not a whole number.")
            return min(int(value), paging.most)
    return paging.size
