"""Resources in memory, each with a version and the moment it was last written."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from threading import RLock

from ketplan.sandbox.wire import Resource

Seeds = Mapping[str, Mapping[str, Resource]]


def seeds(resources: Iterable[Resource], written: str) -> Seeds:
    """Resources to start a store with, by type and id, each as version 1 of the instant ``written``."""
    kinds: dict[str, dict[str, Resource]] = {}
    meta = {"versionId": "1", "lastUpdated": written}
    for resource in resources:
        head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta}
        kinds.setdefault(resource["resourceType"], {})[resource["id"]] = head | resource
    return kinds


class Store:
    """The current version of every resource.

    Stored dicts are never changed in place: a write puts a new one there, so a reader may keep what it got.
    Whoever reads and then writes on the strength of it holds ``lock`` over both.
    """

    def __init__(self, clock: Callable[[], float], seeds: Seeds) -> None:
        self.lock = RLock()
        self._clock = clock
        self._kinds = {kind: dict(resources) for kind, resources in seeds.items()}

    def find(self, kind: str, id_: str) -> Resource | None:
        return self._kinds.get(kind, {}).get(id_)

    def at(self, reference: str) -> Resource | None:
        """What a relative reference (``Type/id``) points at, if it is here."""
        kind, _, id_ = reference.partition("/")
        return self.find(kind, id_)

    def all(self, kind: str) -> Iterator[Resource]:
        """Every resource of one type, oldest first, as of this call."""
        with self.lock:
            return iter(list(self._kinds.get(kind, {}).values()))

    def create(self, resource: Resource) -> Resource:
        """Store under a new id, which replaces any the client sent."""
        with self.lock:
            return self._put(resource, str(uuid.uuid4()), 1)

    def replace(self, resource: Resource, id_: str) -> Resource:
        """Store the next version of a resource that exists."""
        with self.lock:
            return self._put(resource, id_, version(self._kinds[resource["resourceType"]][id_]) + 1)

    def _put(self, resource: Resource, id_: str, number: int) -> Resource:
        kind = resource["resourceType"]
        head = {"resourceType": kind, "id": id_, "meta": {**resource.get("meta", {}), **self._meta(number)}}
        stored = head | {key: value for key, value in resource.items() if key not in head}
        self._kinds.setdefault(kind, {})[id_] = stored
        return stored

    def _meta(self, number: int) -> Resource:
        written = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        return {"versionId": str(number), "lastUpdated": written.replace("+00:00", "Z")}


def version(resource: Resource) -> int:
    return int(resource["meta"]["versionId"])
