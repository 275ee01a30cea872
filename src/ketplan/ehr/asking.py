"""Asking simply when an EHR refuses to be asked cleverly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ketplan.ehr.batch import FirstPages
from ketplan.ehr.bundles import SearchResult
from ketplan.ehr.client import FhirClient
from ketplan.ehr.profiles.model import Query
from ketplan.errors import EhrError

# An EHR that answers so does not know the parameter, the type or the modifier, or keeps it from this user.
REFUSALS = frozenset({400, 403, 404, 405, 422, 501})


@dataclass(frozen=True)
class Asked:
    """`found` is None when every query was refused; `query` is the one that was taken, else the first."""

    query: Query
    found: SearchResult | None
    errors: list[EhrError] = field(default_factory=list)


def ask(client: FhirClient, kind: str, queries: Sequence[Query], ahead: FirstPages | None = None) -> Asked:
    """The result of the first of `queries` that the EHR takes. Never raises an EhrError.

    `ahead` are first pages that came in a batch.
    """
    errors: list[EhrError] = []
    for query in queries:
        try:
            return Asked(query, client.search(kind, query, first=(ahead or {}).get((kind, query))), errors)
        except EhrError as error:
            errors.append(error)
            if error.status not in REFUSALS:
                break
    return Asked(queries[0], None, errors)
