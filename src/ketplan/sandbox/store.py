"""Resources in memory, each with its versions and the moment it was last written."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from threading import RLock
from typing import NamedTuple

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


class Snapshot(NamedTuple):
    """All that stood at one moment, to go back to."""

    kinds: dict[str, dict[str, Resource]]
    past: dict[tuple[str, str], tuple[Resource, ...]]


class Store:
    """Every resource, its current version and those before it.

    Stored dicts are never changed in place: a write puts a new one there, so a reader may keep what it got.
    Whoever reads and then writes on the strength of it holds ``lock`` over both. ``label`` names the nth
    version of a resource.
    """

    def __init__(self, clock: Callable[[], float], seeds: Seeds, label: Callable[[int], str] = str) -> None:
        self.lock = RLock()
        self._clock, self._label = clock, label
        self._kinds = {kind: dict(resources) for kind, resources in seeds.items()}
        self._past: dict[tuple[str, str], tuple[Resource, ...]] = {}

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

    def versions(self, kind: str, id_: str) -> list[Resource]:
        """Every version of a resource, newest first; those of a deleted one too."""
        with self.lock:
            now = self.find(kind, id_)
            return [*([now] if now else []), *reversed(self._past.get((kind, id_), ()))]

    def create(self, resource: Resource, id_: str = "") -> Resource:
        """Store under ``id_`` or else a new id, which replaces any the client sent."""
        with self.lock:
            return self._put(resource, id_ or str(uuid.uuid4()))

    def replace(self, resource: Resource, id_: str) -> Resource:
        """Store the next version of a resource that exists."""
        with self.lock:
            return self._put(resource, id_)

    def delete(self, kind: str, id_: str) -> None:
        with self.lock:
            self._keep(kind, id_)
            self._kinds[kind].pop(id_, None)

    def snapshot(self) -> Snapshot:
        """What stands now; the caller holds the lock until it is restored or given up."""
        return Snapshot({kind: dict(all_) for kind, all_ in self._kinds.items()}, dict(self._past))

    def restore(self, snapshot: Snapshot) -> None:
        self._kinds, self._past = snapshot.kinds, snapshot.past

    def _put(self, resource: Resource, id_: str) -> Resource:
        kind = resource["resourceType"]
        number = self._keep(kind, id_) + 1
        meta = {**resource.get("meta", {}), "versionId": self._label(number), "lastUpdated": self._now()}
        head = {"resourceType": kind, "id": id_, "meta": meta}
        stored = head | {key: value for key, value in resource.items() if key not in head}
        self._kinds.setdefault(kind, {})[id_] = stored
        return stored

    def _keep(self, kind: str, id_: str) -> int:
        """Put the current version, if there is one, with the past ones; how many there are then."""
        past = self._past.get((kind, id_), ())
        if before := self.find(kind, id_):
            past = self._past[kind, id_] = (*past, before)
        return len(past)

    def _now(self) -> str:
        written = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        return written.replace("+00:00", "Z")


def version(resource: Resource) -> str:
    return str(resource["meta"]["versionId"])
