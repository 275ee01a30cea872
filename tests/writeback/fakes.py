"""An EHR, a journal and a lock in memory, each with the faults of real ones, and a wire that kills a run."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.errors import Conflict, EhrError, Forbidden, NotFound, NotSupported, RefusedError, Temporary
from ketplan.store.journal import STEP_STATES, JournalEntry, Planned, StepState
from ketplan.writeback.steps import identifiers

Json = dict[str, Any]
START = datetime(2026, 3, 7, 16, 30, tzinfo=ZoneInfo("America/New_York"))


class Killed(BaseException):
    """The process died here: nothing may catch it."""


class Wire:
    """Counts the moments at which a process can die, and dies at the one it is set to."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.dies_at = dies_at
        self.passed: list[str] = []
        self.dead = False

    def __call__(self, moment: str) -> None:
        self.passed.append(moment)
        if len(self.passed) == self.dies_at:
            self.dead = True
            raise Killed(moment)


class Clock:
    """Moves only when somebody sleeps or a test pushes it."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass
class Held:
    raw: Json
    version: int

    @property
    def etag(self) -> str:
        return f'W/"{self.version}"'


@dataclass(frozen=True)
class Read:
    raw: Json
    etag: str | None


@dataclass(frozen=True)
class Written:
    id: str
    etag: str | None
    status: int
    created: bool


@dataclass
class FakeEhr:
    """Each field is a way in which some real server behaves.

    `before` and `after` are asked at every create and update, before and after anything is stored, and may
    raise what the run then sees; so may `reading` and `searching`.
    """

    honours_condition: bool = True
    honours_search: bool = True
    keeps_versions: bool = True
    drops: tuple[str, ...] = ()
    not_taken: tuple[str, ...] = ()
    before: Callable[[str, Json], None] = lambda verb, resource: None
    after: Callable[[str, Json], None] = lambda verb, resource: None
    reading: Callable[[str, str], None] = lambda kind, id: None
    searching: Callable[[str], None] = lambda kind: None
    wire: Wire = field(default_factory=Wire)
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def all(self, kind: str) -> list[Json]:
        return [held.raw for (type_, _), held in self.held.items() if type_ == kind]

    def counts(self) -> Counter[str]:
        return Counter(kind for kind, _ in self.held)

    def put(self, resource: Json) -> str:
        """Somebody else's doing: store without asking any fault."""
        id = resource.get("id") or f"{resource['resourceType'].lower()}-{1000 + len(self.held)}"
        version = self.held[resource["resourceType"], id].version + 1 if "id" in resource else 1
        meta = {"lastUpdated": f"2026-03-07T21:00:{len(self.held):02}Z"}
        stored = {**copy.deepcopy(resource), "id": id, "meta": meta}
        self.held[resource["resourceType"], id] = Held(stored, version)
        return id

    # --- what a run may ask ---

    def find(self, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
        self._request("search", kind)
        self.searching(kind)
        found = self.all(kind)
        if self.honours_search:
            found = [raw for raw in found if (system, value) in identifiers(raw)]
        return copy.deepcopy(found)

    def of_patient(self, kind: str, patient_id: str) -> list[Json]:
        self._request("search", kind)
        self.searching(kind)
        return copy.deepcopy(self.all(kind))

    def find_by_target(self, target: str) -> list[Json]:
        self._request("search", "Provenance")
        self.searching("Provenance")
        found = self.all("Provenance")
        if self.honours_search:
            found = [raw for raw in found if {"reference": target} in raw["target"]]
        return copy.deepcopy(found)

    def read(self, kind: str, id: str) -> Read:
        self._request("read", kind)
        self.reading(kind, id)
        if (kind, id) not in self.held:
            raise NotFound("The EHR has no such resource (HTTP 404).", 404)
        held = self.held[kind, id]
        return Read(copy.deepcopy(held.raw), held.etag if self.keeps_versions else None)

    def admit(self, resource: Json, verb: str) -> None:
        if resource["resourceType"] in self.not_taken:
            raise NotSupported("This EHR does not take them.")

    def create(self, resource: Json, unless: tuple[str, str] | None) -> Written:
        self._request("create", resource["resourceType"])
        self.before("create", resource)
        there = self._named(resource["resourceType"], unless) if self.honours_condition else []
        if len(there) > 1:
            raise Conflict("More than one match exists (HTTP 412).", 412)
        if there:
            return Written(there[0]["id"], None, 200, False)
        id = self.put({name: item for name, item in resource.items() if name not in self.drops})
        self.wire("stored")
        self.after("create", resource)
        return Written(id, 'W/"1"' if self.keeps_versions else None, 201, True)

    def books(self, resource: Json) -> bool:
        return False

    def finish(self, resource: Json, id: str) -> Written:
        raise AssertionError("Nothing is left half booked here.")

    def others_in(self, resource: Json) -> list[Json]:
        self._request("search", "Appointment")
        self.searching("Appointment")
        return [raw for raw in self.all("Appointment") if raw.get("slot") == resource.get("slot")]

    def update(self, resource: Json, etag: str | None) -> Written:
        kind, id = resource["resourceType"], resource["id"]
        self._request("update", kind)
        self.before("update", resource)
        if etag is not None and etag != self.held[kind, id].etag:
            raise Conflict("Somebody changed this (HTTP 412).", 412)
        self.put({name: item for name, item in resource.items() if name not in self.drops})
        self.wire("stored")
        self.after("update", resource)
        return Written(id, self.held[kind, id].etag if self.keeps_versions else None, 200, False)

    def _request(self, verb: str, kind: str) -> None:
        self.wire("request")
        self.requests.append(f"{verb} {kind}")

    def _named(self, kind: str, name: tuple[str, str] | None) -> list[Json]:
        if name is None:
            return []
        return [raw for raw in self.all(kind) if name in identifiers(raw)]


class FakeJournal:
    """The store's journal in a dictionary; a process may die just before or just after each row is kept."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.rows: dict[str, JournalEntry] = {}
        self.history: list[tuple[str, StepState]] = []

    def entries(self, plan_id: str) -> tuple[JournalEntry, ...]:
        return tuple(sorted(self.rows.values(), key=lambda row: row.ordinal))

    def plan(self, plan_id: str, steps: Sequence[Planned], now: datetime) -> tuple[JournalEntry, ...]:
        self.wire("journal")
        for ordinal, step in enumerate(steps):
            fresh = JournalEntry(
                plan_id,
                step.key,
                ordinal,
                step.resource_type,
                step.verb,
                step.body,
                StepState.PLANNED,
                0,
                None,
                None,
                None,
                "",
                "",
                now,
            )
            if step.key not in self.rows:
                self.rows[step.key] = fresh
                self.history.append((step.key, fresh.state))
        self.wire("journalled")
        return self.entries(plan_id)

    def note(self, plan_id: str, key: str, message: str, said: str, now: datetime) -> None:
        self.rows[key] = replace(self.rows[key], message=message, said=said)

    def sending(self, plan_id: str, key: str, body: Mapping[str, Any], now: datetime) -> None:
        attempts = self.rows[key].attempts + 1
        self._enter(key, StepState.SENDING, body=body, attempts=attempts, updated=now)

    def done(
        self,
        plan_id: str,
        key: str,
        resource_id: str,
        etag: str | None,
        http_status: int | None,
        now: datetime,
    ) -> None:
        values = {"resource_id": resource_id, "etag": etag, "http_status": http_status, "message": ""}
        self._enter(key, StepState.DONE, updated=now, **values)

    def failed(
        self, plan_id: str, key: str, state: StepState, message: str, http_status: int | None, now: datetime
    ) -> None:
        self._enter(key, state, message=message, http_status=http_status, updated=now)

    def send_again(self, plan_id: str, key: str, now: datetime) -> None:
        lost = self.rows[key]
        if lost.state is not StepState.UNKNOWN:
            raise RefusedError("The journal has no such step of which nobody can tell what became of it.")
        self._keep(replace(lost, attempts=0, http_status=None, resource_id=None, message="", said=""))

    def _enter(self, key: str, state: StepState, **values: Any) -> None:
        if state not in STEP_STATES[self.rows[key].state]:
            raise RefusedError(f"The journal has no step that could become “{state}” now.")
        self._keep(replace(self.rows[key], state=state, **values))

    def _keep(self, row: JournalEntry) -> None:
        self.wire("journal")
        self.rows[row.key] = row
        self.history.append((row.key, row.state))
        self.wire("journalled")


class FakeLock:
    """A lease in memory. A process that died on the wire gives nothing back."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.held: dict[str, tuple[str, datetime]] = {}

    def acquire(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        if plan_id in self.held and self.held[plan_id][1] > now:
            return False
        self.held[plan_id] = owner, now + timedelta(seconds=lease_seconds)
        return True

    def renew(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        if self.held.get(plan_id, ("", now))[0] != owner:
            return False
        self.held[plan_id] = owner, now + timedelta(seconds=lease_seconds)
        return True

    def release(self, plan_id: str, owner: str) -> None:
        if not self.wire.dead and self.held.get(plan_id, ("",))[0] == owner:
            del self.held[plan_id]


# --- faults to plug into FakeEhr ------------------------------------------------------------------------


def refusing(kind: str, error: EhrError | None = None, verb: str = "create") -> Callable[[str, Json], None]:
    def fault(asked: str, resource: Json) -> None:
        if asked == verb and resource["resourceType"] == kind:
            raise error or Forbidden("The EHR does not allow this to the signed-in user (HTTP 403).", 403)

    return fault


def losing(kind: str, times: int, verb: str = "create") -> Callable[[str, Json], None]:
    """The answer, or as `before` the request, is lost `times` times."""
    left: Iterator[int] = iter(range(times))

    def fault(asked: str, resource: Json) -> None:
        if asked == verb and resource["resourceType"] == kind and next(left, None) is not None:
            raise Temporary("The EHR did not answer in time.")

    return fault
