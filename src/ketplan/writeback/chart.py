"""The `Chart` of a run, made of the EHR room's client."""

from __future__ import annotations

from ketplan.ehr import submit
from ketplan.ehr.client import FhirClient, Resource, Written
from ketplan.writeback.steps import Identifier, Json


class EhrChart:
    def __init__(self, client: FhirClient) -> None:
        self._client = client

    def find(self, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
        return submit.find(self._client, kind, system, value, patient_id)

    def of_patient(self, kind: str, patient_id: str) -> list[Json]:
        return submit.of_patient(self._client, kind, patient_id)

    def find_by_target(self, target: str) -> list[Json]:
        return submit.find_by_target(self._client, target)

    def read(self, kind: str, id: str) -> Resource:
        return self._client.read(kind, id)

    def create(self, resource: Json, unless: Identifier | None) -> Written:
        kind = str(resource["resourceType"])
        return self._client.create(resource, submit.condition(kind, *unless) if unless else None)

    def update(self, resource: Json, etag: str | None) -> Written:
        return self._client.update(resource, etag)
