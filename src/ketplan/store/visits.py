"""The visits of each plan as the EHR had them when they were looked at last: what lists and boards show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database


@dataclass(frozen=True)
class SyncedVisit:
    """One visit. `key` is that of the plan ("infusion-1"), `status` the EHR's own, "" where it has none.

    `resources` are reference and name of whom it takes, without the patient; `version` is the ETag seen;
    `standing` says in a word how it differs from what was written, "" where it does not. `sequence` grows
    with every move and cancellation that was seen, as calendars want it; `former` are whom it once took.
    """

    key: str
    reference: str
    status: str
    start: datetime | None
    end: datetime | None
    resources: tuple[tuple[str, str], ...]
    title: str
    version: str
    standing: str
    seen: datetime
    sequence: int = 0
    former: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SyncedPlan:
    """The visits of one plan, `synced_at` None before the first look that succeeded. `conflicts` counts what
    somebody must decide; `problem` is why the last try (`tried_at`) failed, "" when it did not."""

    plan_id: str
    iss: str
    patient_id: str
    visits: tuple[SyncedVisit, ...]
    synced_at: datetime | None
    tried_at: datetime
    conflicts: int = 0
    problem: str = ""


class SyncedVisits:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.synced_visits

    def save(
        self,
        plan_id: str,
        iss: str,
        patient_id: str,
        visits: Iterable[SyncedVisit],
        conflicts: int,
        now: datetime,
    ) -> SyncedPlan:
        """Keep how the visits stand `now`, in place of the look before. The plan must be stored first."""
        before = self.of_plan(plan_id)
        known = {visit.key: visit for visit in before.visits} if before else {}
        counted = tuple(_counted(visit, known.get(visit.key)) for visit in visits)
        return self._keep(SyncedPlan(plan_id, iss, patient_id, counted, now, now, conflicts))

    def failed(self, plan_id: str, iss: str, patient_id: str, problem: str, now: datetime) -> SyncedPlan:
        """Keep that the visits could not be looked at, and why; what was seen before stays as it was."""
        before = self.of_plan(plan_id)
        if before is None:
            return self._keep(SyncedPlan(plan_id, iss, patient_id, (), None, now, 0, problem))
        return self._keep(replace(before, tried_at=now, problem=problem))

    def of_plan(self, plan_id: str) -> SyncedPlan | None:
        """None before anybody looked."""
        return next(iter(self._all(select(self._table).where(self._table.c.plan_id == plan_id))), None)

    def of_server(self, iss: str) -> tuple[SyncedPlan, ...]:
        """Every plan of one EHR that was ever looked at."""
        return self._all(select(self._table).where(self._table.c.iss == iss))

    def _all(self, asking: Select[Any]) -> tuple[SyncedPlan, ...]:
        with self._database.reading() as connection:
            return tuple(_plan(row) for row in connection.execute(asking.order_by(self._table.c.plan_id)))

    def _keep(self, plan: SyncedPlan) -> SyncedPlan:
        content = {
            "visits": [_to_json(visit) for visit in plan.visits],
            "synced_at": _told(plan.synced_at),
            "conflicts": plan.conflicts,
            "problem": plan.problem,
        }
        values = {"content": content, "at": plan.tried_at}
        mine = update(self._table).where(self._table.c.plan_id == plan.plan_id).values(**values)
        with self._database.writing() as connection:
            if connection.execute(mine).rowcount:
                return plan
        key = {"plan_id": plan.plan_id, "iss": plan.iss, "patient_id": plan.patient_id}
        try:
            with self._database.writing() as connection:
                connection.execute(insert(self._table).values(**key, **values))
        except IntegrityError:
            # Somebody else looked at the same moment, or the plan was forgotten meanwhile.
            return plan
        return plan


def _counted(visit: SyncedVisit, before: SyncedVisit | None) -> SyncedVisit:
    if before is None:
        return visit
    moved = any(getattr(visit, name) != getattr(before, name) for name in _COUNTED)
    now = {reference for reference, _ in visit.resources}
    former = dict(pair for pair in (*before.former, *before.resources) if pair[0] not in now)
    return replace(visit, sequence=max(visit.sequence, before.sequence + moved), former=tuple(former.items()))


def _plan(row: Row[Any]) -> SyncedPlan:
    content = row.content
    return SyncedPlan(
        row.plan_id,
        row.iss,
        row.patient_id,
        tuple(map(_from_json, content["visits"])),
        _moment(content["synced_at"]),
        row.at,
        content["conflicts"],
        content["problem"],
    )


def _to_json(visit: SyncedVisit) -> dict[str, Any]:
    times = {name: _told(getattr(visit, name)) for name in _TIMES}
    pairs = {name: [list(pair) for pair in getattr(visit, name)] for name in _PAIRS}
    return vars(visit) | times | pairs


def _from_json(kept: Mapping[str, Any]) -> SyncedVisit:
    times = {name: _moment(kept[name]) for name in _TIMES}
    pairs = {name: tuple((reference, said) for reference, said in kept[name]) for name in _PAIRS}
    return SyncedVisit(**{**kept, **times, **pairs})


_TIMES, _PAIRS = ("start", "end", "seen"), ("resources", "former")
_COUNTED = ("start", "end", "status", "resources")


def _told(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _moment(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
