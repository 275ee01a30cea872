"""The visits of a whole clinic within some days, in as few searches as the EHR allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ketplan.ehr import urls
from ketplan.ehr.asking import REFUSALS, Query
from ketplan.ehr.client import FhirClient
from ketplan.ehr.profiles.model import Reach
from ketplan.ehr.sections import paged, worded
from ketplan.errors import EhrError, Fatal

Json = dict[str, Any]

BY_DATE: Query = (("date", "ge{from}"), ("date", "lt{to}"))


@dataclass(frozen=True)
class WindowRead:
    """`reach` is how the EHR lets itself be asked; the visits by patient's id are there for DATE alone, and
    hold what the EHR gave: a visit that is not among them may stand all the same."""

    reach: Reach
    by_patient: Mapping[str, list[Json]]


def read_window(client: FhirClient, first: date, end: date) -> WindowRead:
    """Every Appointment from `first` up to `end`. An EHR of unknown kind that refuses is asked by patient.

    Raises the EhrError of an EHR that cannot be asked now.
    """
    known = client.profile.window
    if known is not None and known.by is not Reach.DATE:
        return WindowRead(known.by, {})
    words = {"{from}": first.isoformat(), "{to}": end.isoformat()}
    for query in dict.fromkeys((*(known.queries if known else ()), BY_DATE)):
        try:
            found = client.search("Appointment", paged(worded(query, words), client.profile))
        except Fatal as error:
            if error.status not in REFUSALS:
                raise
            continue
        return WindowRead(Reach.DATE, _by_patient(client, found.resources))
    return WindowRead(Reach.PATIENT, {})


def read_by_patient(window: WindowRead, patient_id: str) -> list[Json]:
    """Those of one patient. EhrError where this EHR gives none in a search: then each is read by its id."""
    if window.reach is Reach.ID:
        raise EhrError("This EHR does not let a patient's visits be searched for.")
    return window.by_patient.get(patient_id, [])


def _by_patient(client: FhirClient, found: list[Json]) -> Mapping[str, list[Json]]:
    """A visit that names several patients, or none, is nobody's."""
    sorted_out: dict[str, list[Json]] = defaultdict(list)
    for resource in found:
        people = set(_people(client.base, resource))
        if len(people) == 1:
            sorted_out[people.pop()].append(resource)
    return sorted_out


def _people(base: str, resource: Json) -> list[str]:
    participants = resource.get("participant")
    actors = (
        [p.get("actor") for p in participants if isinstance(p, dict)]
        if isinstance(participants, list)
        else []
    )
    found = [a.get("reference") for a in actors if isinstance(a, dict)]
    relative = [urls.relative_reference(base, r) for r in found if isinstance(r, str)]
    return [r.removeprefix("Patient/") for r in relative if r and r.startswith("Patient/")]
