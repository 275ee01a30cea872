"""Reading search results leniently: one bad entry never hides the rest, and nothing is dropped uncounted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ketplan.ehr import outcome
from ketplan.errors import Fatal

Json = dict[str, Any]


@dataclass(frozen=True)
class SearchResult:
    """All pages of one search.

    `resources` are of the type searched, `included` came along. `complete` is False when pages are missing.
    `dropped` counts entries that could not be read or were not asked for; `outcomes` are the server's
    remarks, for the screen only.
    """

    resources: list[Json] = field(default_factory=list)
    included: list[Json] = field(default_factory=list)
    complete: bool = True
    dropped: int = 0
    outcomes: list[str] = field(default_factory=list)


class Gathering:
    """Collects the pages of one search for `kind`, each resource once."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._seen: set[tuple[str, str]] = set()
        self._matches: list[Json] = []
        self._included: list[Json] = []
        self._outcomes: list[str] = []
        self._dropped = 0
        self._complete = True
        self._total: int | None = None
        self._given = 0

    def add(self, bundle: Any) -> str | None:
        """Take in one page; the link to the next one, None at the end. Fatal when it is no Bundle."""
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            raise Fatal("The EHR answered a search with something that is not a search result.", 200)
        entries = bundle.get("entry", [])
        if not isinstance(entries, list):
            self._dropped += 1
            entries = []
        if type(bundle.get("total")) is int:
            self._total = bundle["total"]
        for entry in entries:
            self._given += isinstance(entry, dict) and _mode(entry) in (None, "match")
            self._take(entry)
        return _next(bundle.get("link"))

    def stop(self, why: str) -> None:
        """The remaining pages could not be had."""
        self._complete = False
        self._outcomes.append(why)

    def result(self) -> SearchResult:
        if self._complete and self._total is not None and self._given < self._total:
            # Some EHRs count what the user may not see: it is told, not taken for a page that is missing.
            self._outcomes.append(f"The EHR counts {self._total} and gave {self._given}.")
        return SearchResult(
            self._matches, self._included, self._complete, self._dropped, list(dict.fromkeys(self._outcomes))
        )

    def _take(self, entry: Any) -> None:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        kind = resource.get("resourceType") if isinstance(resource, dict) else None
        if not isinstance(resource, dict) or not isinstance(kind, str):
            self._dropped += 1
        elif kind == "OperationOutcome":
            self._remark(resource)
        elif not self._known(kind, resource.get("id")):
            self._place(resource, kind, _mode(entry))

    def _place(self, resource: Json, kind: str, mode: str | None) -> None:
        if kind == self._kind and mode != "include":
            self._matches.append(resource)
        elif mode != "match":
            self._included.append(resource)
        else:
            self._dropped += 1

    def _remark(self, resource: Json) -> None:
        words = outcome.describe(resource)
        if outcome.is_failure(resource) or outcome.is_partial(resource):
            self.stop(words)
        elif words:
            self._outcomes.append(words)

    def _known(self, kind: str, id: Any) -> bool:
        if not isinstance(id, str):
            return False
        known = (kind, id) in self._seen
        self._seen.add((kind, id))
        return known


def _mode(entry: Json) -> str | None:
    search = entry.get("search")
    return search.get("mode") if isinstance(search, dict) else None


def _next(links: Any) -> str | None:
    candidates: Sequence[Any] = links if isinstance(links, list) else ()
    for link in candidates:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None
