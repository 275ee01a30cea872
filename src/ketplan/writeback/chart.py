"""The `Chart` of a run, made of the EHR room's client; what is written goes in the shape this EHR takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from ketplan.ehr import booking, submit
from ketplan.ehr.ability import Source, ability, speaks_against
from ketplan.ehr.client import FhirClient, Resource, Written
from ketplan.ehr.profiles.shape import shape
from ketplan.errors import EhrError, Forbidden, NotFound, NotSupported
from ketplan.store.observed import ObservedRefusals
from ketplan.writeback.references import tail
from ketplan.writeback.steps import Identifier, Json, identifiers

T = TypeVar("T")
Observe = Callable[[str, str, int | None], None]
ASKED_ONCE = frozenset({"Task"})
"""Of these a plan has many, and none is worth asking for again once one was refused as such."""


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
        self._refused: dict[str, EhrError] = {}
        self._operations = True

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
        if kind in ASKED_ONCE and kind in self._refused:
            raise self._refused[kind]

    def create(self, resource: Json, unless: Identifier | None) -> Written:
        payload = shape(self._client.profile, resource).payload
        kind = str(payload["resourceType"])
        named = unless if unless in identifiers(payload) else None
        condition = submit.condition(kind, *named) if named else None

        def once() -> Written:
            offered = self._ways(resource)
            try:
                if offered:
                    return booking.book(self._client, offered, payload, condition=condition)
            except (NotSupported, Forbidden, NotFound):
                self._operations = False
            return self._client.create(payload, condition)

        return self._observed(kind, "create", once)

    def books(self, resource: Json) -> bool:
        return self._ways(resource) is not None

    def finish(self, resource: Json, id: str) -> Written:
        offered = self._ways(resource)
        if offered is None:
            raise NotSupported("This EHR offers no operation to book what is only asked for.")
        return booking.book(self._client, offered, shape(self._client.profile, resource).payload, id)

    def others_in(self, resource: Json) -> list[Json]:
        slots = [tail(slot.get("reference")) for slot in resource.get("slot", ())]
        return booking.others_in(self._client, slots)

    def _ways(self, resource: Json) -> booking.Ways | None:
        """How this visit is booked by operation; None where it is created like anything else."""
        if not (self._operations and booking.is_for_booking(resource)):
            return None
        return booking.ways(self._client)

    def update(self, resource: Json, etag: str | None) -> Written:
        kind = str(resource["resourceType"])

        def once() -> Written:
            try:
                return self._client.update(resource, etag)
            except NotSupported:
                if kind != booking.KIND or resource.get("status") != "cancelled":
                    raise
                return self._called_off(str(resource["id"]))

        return self._observed(kind, "update", once)

    def _called_off(self, id: str) -> Written:
        """The visit cancelled by operation, for an EHR that takes no change of it. NotSupported without."""
        offered = booking.ways(self._client)
        if offered is None or not offered.cancel:
            raise NotSupported("This EHR lets no visit be called off over FHIR.")
        booking.cancel(self._client, id)
        held = self._client.read(booking.KIND, id)
        return Written(id, held.etag, 200, False)

    def _observed(self, kind: str, verb: str, write: Callable[[], T]) -> T:
        try:
            written = write()
        except EhrError as error:
            if error.status and speaks_against(error, verb):
                self._observe(kind, verb, error.status)
                self._refused[kind] = error
            raise
        self._observe(kind, verb, None)
        return written
