"""Patients and visits of many people at once, as far as the user's own grant gives them.

Nothing is asked for by anything but the ids that are wanted, in batches, so many at once as the site allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ketplan.ehr import urls
from ketplan.ehr.client import FhirClient
from ketplan.errors import EhrError

Json = dict[str, Any]

BATCH = 50
"""Ids in one search: addresses stay below what servers and their proxies cut."""
MOST_PEOPLE = 2000


@dataclass(frozen=True)
class Found:
    """`problems` are why some searches failed, each once; then something may be missing."""

    resources: list[Json] = field(default_factory=list)
    problems: tuple[str, ...] = ()


def find_patients(client: FhirClient, ids: Sequence[str]) -> Found:
    """The Patients of these ids that the grant returns; anything else the EHR sends is left out."""
    wanted = set(ids)
    found = _each(client, ids, lambda batch: ("Patient", [("_id", ",".join(batch)), ("_count", str(BATCH))]))
    return Found([r for r in found.resources if r.get("id") in wanted], found.problems)


def find_appointments(client: FhirClient, ids: Sequence[str], first: date, last: date) -> Found:
    """The Appointments of these patients from the first to the last day."""
    days = [("date", f"ge{first.isoformat()}"), ("date", f"le{last.isoformat()}"), ("_count", "200")]
    return _each(client, ids, lambda batch: ("Appointment", [("patient", ",".join(batch)), *days]))


def _each(
    client: FhirClient,
    ids: Sequence[str],
    asking: Callable[[Sequence[str]], tuple[str, list[tuple[str, str]]]],
) -> Found:
    def ask(batch: Sequence[str]) -> tuple[list[Json], str]:
        try:
            result = client.search(*asking(batch))
        except EhrError as error:
            return [], str(error)
        return result.resources, "" if result.complete else "The EHR gave only a part of the answer."

    batches = list(_batches(list(dict.fromkeys(id for id in ids if urls.is_id(id)))[:MOST_PEOPLE]))
    if not batches:
        return Found()
    with ThreadPoolExecutor(max_workers=max(1, min(client.parallel, len(batches)))) as pool:
        answers = list(pool.map(ask, batches))
    resources = [resource for some, _ in answers for resource in some]
    return Found(resources, tuple(dict.fromkeys(problem for _, problem in answers if problem)))


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
