"""The `Chart` of a run, made of the EHR room's client; what is written goes in the shape this EHR takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from ketplan.ehr import submit
from ketplan.ehr.ability import Source, ability, speaks_against
from ketplan.ehr.client import FhirClient, Resource, Written
from ketplan.ehr.profiles.shape import shape
from ketplan.errors import EhrError, NotSupported
from ketplan.store.observed import ObservedRefusals
from ketplan.writeback.steps import Identifier, Json, identifiers

T = TypeVar("T")
Observe = Callable[[str, str, int | None], None]


def unobserved(kind: str, verb: str, refused: int | None) -> None:
    pass


def remembering(refusals: ObservedRefusals, server: str, now: Callable[[], datetime]) -> Observe:
    """What the EHR takes and refuses by type is kept for the next preview."""
    iss = server.rstrip("/")

    def observe(kind: str, verb: str, refused: int | None) -> None:
        if refused is None:
            refusals.taken(iss, kind, verb)
        else:
            refusals.refused(iss, kind, verb, refused, now())

    return observe


class EhrChart:
    """`observe` is told type and verb of each write, and the status where the whole type was refused."""

    def __init__(self, client: FhirClient, observe: Observe = unobserved) -> None:
        self._client, self._observe = client, observe

    def find(self, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
        return submit.find(self._client, kind, system, value, patient_id)

    def of_patient(self, kind: str, patient_id: str) -> list[Json]:
        return submit.of_patient(self._client, kind, patient_id)

    def find_by_target(self, target: str) -> list[Json]:
        return submit.find_by_target(self._client, target)

    def read(self, kind: str, id: str) -> Resource:
        return self._client.read(kind, id)

    def admit(self, resource: Json, verb: str) -> None:
        kind, profile = str(resource["resourceType"]), self._client.profile
        known = ability(kind, verb, profile=profile).said(Source.PROFILE)
        if known.says is False:
            raise NotSupported(known.words)
        lacks = shape(profile, resource).lacks if verb == "create" else ()
        if lacks:
            raise NotSupported(f"{profile.label} takes no {kind} without {' and '.join(lacks)}.")

    def create(self, resource: Json, unless: Identifier | None) -> Written:
        payload = shape(self._client.profile, resource).payload
        kind = str(payload["resourceType"])
        named = unless if unless in identifiers(payload) else None
        condition = submit.condition(kind, *named) if named else None
        return self._observed(kind, "create", lambda: self._client.create(payload, condition))

    def update(self, resource: Json, etag: str | None) -> Written:
        kind = str(resource["resourceType"])
        return self._observed(kind, "update", lambda: self._client.update(resource, etag))

    def _observed(self, kind: str, verb: str, write: Callable[[], T]) -> T:
        try:
            written = write()
        except EhrError as error:
            if error.status and speaks_against(error, verb):
                self._observe(kind, verb, error.status)
            raise
        self._observe(kind, verb, None)
        return written
