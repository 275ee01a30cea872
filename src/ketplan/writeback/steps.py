"""What a run is handed and what it hands back.

The EHR, the journal and the lock are asked for as the small shapes below; `chart.EhrChart` and the store's
`Journal` and `RunLocks` have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ketplan.ehr.profiles.shape import marker
from ketplan.errors import Temporary
from ketplan.store.journal import Planned, StepState
from ketplan.store.plans import PlanState

Json = dict[str, Any]
Identifier = tuple[str, str]


class Read(Protocol):
    """A resource as the EHR gave it; `etag` is None when it keeps no versions."""

    @property
    def raw(self) -> Json: ...
    @property
    def etag(self) -> str | None: ...


class Stored(Protocol):
    """The EHR's answer to a write; `created` is False when it matched what was there already."""

    @property
    def id(self) -> str: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def status(self) -> int: ...
    @property
    def created(self) -> bool: ...


class Chart(Protocol):
    """The patient's record in the EHR. Every method raises EhrError, Temporary when no answer came."""

    def find(self, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
        """What carries this identifier, or its mark in a text; more than that is tolerated."""

    def of_patient(self, kind: str, patient_id: str) -> list[Json]:
        """Everything of one kind that the patient has."""

    def find_by_target(self, target: str) -> list[Json]:
        """The Provenance of "CarePlan/123"; more than that is tolerated."""

    def read(self, kind: str, id: str) -> Read: ...

    def admit(self, resource: Json, verb: str) -> None:
        """NotSupported when this EHR is known not to take it; nothing is sent to find out."""

    def create(self, resource: Json, unless: Identifier | None) -> Stored:
        """Create it, asking the EHR not to when something has the identifier `unless`."""

    def books(self, resource: Json) -> bool:
        """Whether this visit is held and booked by operations, so that one may be found half done."""

    def finish(self, resource: Json, id: str) -> Stored:
        """Book what an earlier attempt left proposed or held under `id`."""

    def others_in(self, resource: Json) -> list[Json]:
        """Appointments that take the same slots as this visit, itself among them."""

    def update(self, resource: Json, etag: str | None) -> Stored: ...


class Entry(Protocol):
    """What the journal knows of a step."""

    @property
    def key(self) -> str: ...
    @property
    def state(self) -> StepState: ...
    @property
    def resource_id(self) -> str | None: ...
    @property
    def etag(self) -> str | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def http_status(self) -> int | None: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def message(self) -> str: ...
    @property
    def said(self) -> str: ...


class Journal(Protocol):
    """See `ketplan.store.journal.Journal`, which this is."""

    def plan(self, plan_id: str, steps: Sequence[Planned], now: datetime) -> Sequence[Entry]: ...

    def sending(self, plan_id: str, key: str, body: Json, now: datetime) -> None: ...

    def done(
        self,
        plan_id: str,
        key: str,
        resource_id: str,
        etag: str | None,
        http_status: int | None,
        now: datetime,
    ) -> None: ...

    def failed(
        self, plan_id: str, key: str, state: StepState, message: str, http_status: int | None, now: datetime
    ) -> None: ...

    def note(self, plan_id: str, key: str, message: str, said: str, now: datetime) -> None: ...


class Lock(Protocol):
    """See `ketplan.store.locks.RunLocks`, which this is."""

    def acquire(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool: ...
    def renew(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool: ...
    def release(self, plan_id: str, owner: str) -> None: ...


class Outcome(StrEnum):
    """How a step ended; the first three mean that it stands in the EHR.

    Replaced: the EHR does not take it, and what it says stands there in something else.
    """

    WRITTEN = "written"
    ALREADY_THERE = "already_there"
    UPDATED = "updated"
    REPLACED = "replaced"
    REFUSED = "refused"
    PENDING = "pending"


STANDS = frozenset({Outcome.WRITTEN, Outcome.ALREADY_THERE, Outcome.UPDATED})
TOLD = STANDS | {Outcome.REPLACED}


@dataclass(frozen=True)
class Row:
    """One line of the receipt.

    `reference` is "Type/id", empty when the EHR has none. `detail` is a sentence of ours, or nothing.
    `said` is the EHR's own words, which may hold patient data: for the clinician's screen only.
    """

    key: str
    type: str
    verb: str
    outcome: Outcome
    reference: str = ""
    detail: str = ""
    said: str = ""


@dataclass(frozen=True)
class Receipt:
    """What stands in the EHR after a run, a row per step. `troubles` are why some of them are pending."""

    rows: tuple[Row, ...]
    troubles: tuple[Temporary, ...] = field(default=(), compare=False, repr=False)

    @property
    def complete(self) -> bool:
        """Whether all that was to be said can be read in the EHR."""
        return all(row.outcome in TOLD for row in self.rows)

    @property
    def exit_code(self) -> int:
        """0 when all stands, 75 when running again may help, 1 when something was refused."""
        if self.complete:
            return 0
        return 75 if any(row.outcome is Outcome.PENDING for row in self.rows) else 1

    @property
    def state(self) -> PlanState:
        """What has become of it: refused when the EHR has nothing of it and will not take it.

        Without a rung below, a plan stands or falls with its CarePlan: aims alone are no plan. A filled-in
        instrument has none.
        """
        if self.complete:
            return PlanState.WRITTEN
        parts = [row for row in self.rows if row.type != "Goal"] or self.rows
        if all(row.outcome is Outcome.REFUSED for row in parts):
            return PlanState.REFUSED
        return PlanState.INCOMPLETE


def identifier_of(resource: Mapping[str, Any]) -> Identifier | None:
    """The identifier by which a created resource is found again; None for a type that has none."""
    return next(iter(identifiers(resource)), None)


def identifiers(resource: Mapping[str, Any]) -> list[Identifier]:
    """Every complete identifier, whether the type holds one or a list."""
    found = resource.get("identifier")
    listed = found if isinstance(found, list) else [found]
    named = [i for i in listed if isinstance(i, dict) and i.get("system") and i.get("value")]
    return [(i["system"], i["value"]) for i in named]


def carries(resource: Mapping[str, Any], name: Identifier) -> bool:
    """Whether it has the identifier or, where an EHR keeps none, the mark that stands for it."""
    return name in identifiers(resource) or marker(name[1]) in _texts(resource)


def oldest(resources: Iterable[Json]) -> Json:
    """The one that was there first, as far as can be told."""
    return min(resources, key=lambda raw: (_last_updated(raw), str(raw.get("id"))))


def _texts(value: Any) -> str:
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return "\n".join(map(_texts, inner))


def _last_updated(raw: Json) -> float:
    try:
        return datetime.fromisoformat(raw["meta"]["lastUpdated"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return float("inf")
