"""The first page of several searches in one request, where the EHR takes a batch.

A batch only saves round trips: what it does not answer well is asked again alone, with all the patience and
the simpler queries of a single search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from ketplan.ehr.client import FhirClient, Json
from ketplan.ehr.profiles.model import Query
from ketplan.errors import EhrError, Temporary

Search = tuple[str, Query]
FirstPages = Mapping[Search, Json]


def first_pages(client: FhirClient, wanted: Sequence[Search]) -> FirstPages:
    """What one batch answers of `wanted`, by search; a search that is not in it is to be made alone.

    Nothing is asked where the EHR is not known to take a batch, or where all of them go at once anyway. An
    EHR that refuses one is not asked for another for a while. Never raises an EhrError.
    """
    if len(wanted) <= client.parallel or not offered(client):
        return {}
    try:
        answers = client.batch([address(kind, query) for kind, query in wanted])
    except Temporary:
        return {}
    except EhrError:
        client.statements.no_batch(client.base)
        return {}
    pages = {search: page for search, page in zip(wanted, answers, strict=True) if page is not None}
    if all(_fits(kind, page) for (kind, _), page in pages.items()):
        return pages
    # Came back in another order, then: an empty page would stand for a section that has something.
    client.statements.no_batch(client.base)
    return {}


def offered(client: FhirClient) -> bool:
    """Whether the profile says so or, where it is silent, what the EHR said of itself, if that is known."""
    if client.statements.batch_refused(client.base):
        return False
    if client.profile.batch is not None:
        return client.profile.batch
    statement = client.statements.known(client.base)
    return statement is not None and "batch" in statement.whole


def address(kind: str, query: Query) -> str:
    """A search as an entry of a Bundle names it, relative to the FHIR base."""
    return f"{kind}?{urlencode(query, quote_via=quote)}"


def _fits(kind: str, page: Json) -> bool:
    """Whether what the page found can have been found by a search for `kind`."""
    entries = page.get("entry")
    found = [_found(entry) for entry in entries] if isinstance(entries, list) else []
    kinds = {one for one in found if one and one != "OperationOutcome"}
    return not kinds or kind in kinds


def _found(entry: Any) -> str:
    """The type of a resource that was searched for, empty for one that came along."""
    resource = entry.get("resource") if isinstance(entry, dict) else None
    search = entry.get("search") if isinstance(entry, dict) else None
    included = isinstance(search, dict) and search.get("mode") in ("include", "outcome")
    return str(resource.get("resourceType") or "") if isinstance(resource, dict) and not included else ""
