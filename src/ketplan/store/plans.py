"""What was confirmed to be written, plans and filled-in instruments, and how far its writing has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, insert, select, update

from ketplan.errors import InputError, RefusedError
from ketplan.store.database import Database

PLAN = "plan"


class PlanState(StrEnum):
    CONFIRMED = "confirmed"
    WRITING = "writing"
    WAITING = "waiting"
    WRITTEN = "written"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    ENDED = "ended"


@dataclass(frozen=True)
class StateRule:
    """What a state is called on a screen, who acts next, and which states may follow."""

    label: str
    owner: str
    next: frozenset[PlanState]


_ENDS = frozenset({PlanState.WRITTEN, PlanState.INCOMPLETE, PlanState.REFUSED})
_AGAIN = frozenset({PlanState.WRITING, PlanState.ENDED})
_LATER = frozenset({PlanState.WRITING, PlanState.WAITING})
_OVER = frozenset({PlanState.ENDED})

PLAN_STATES: Mapping[PlanState, StateRule] = {
    PlanState.CONFIRMED: StateRule("Confirmed, not written yet", "ketplan", _LATER),
    # A run that died leaves its plan in `writing`; the next run enters it again.
    PlanState.WRITING: StateRule("Being written", "ketplan", _LATER | _ENDS),
    # Nobody's permission is left: the next launch of this patient's chart by a clinician brings one.
    PlanState.WAITING: StateRule("Waits for a launch from the chart", "clinician", _LATER | _OVER),
    PlanState.WRITTEN: StateRule("Written to the EHR", "nobody", _AGAIN),
    PlanState.INCOMPLETE: StateRule("Partly written, can be run again", "clinician", _LATER | _OVER),
    PlanState.REFUSED: StateRule("Refused by the EHR", "clinician", _AGAIN),
    # The course is over, as a clinician decided: what was left of its writing is never carried on.
    PlanState.ENDED: StateRule("Ended, not carried on", "nobody", frozenset()),
}


@dataclass(frozen=True)
class StoredPlan:
    """A confirmed plan as it was signed: `payload` is its JSON with the steps, opaque to the store.

    Only its `kind` matters here: what is no plan says there what it is. `launch` is the id of the launch
    whose permission carries its writing.
    """

    plan_id: str
    iss: str
    patient_id: str
    revision: int
    payload: Mapping[str, Any]
    state: PlanState
    created: datetime
    updated: datetime
    launch: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        return str(self.payload.get("kind", PLAN))


UNDER_WAY = frozenset(state for state, rule in PLAN_STATES.items() if rule.owner == "ketplan")
"""What ketplan itself should be writing."""


class Plans:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.plan

    def save(
        self,
        plan_id: str,
        iss: str,
        patient_id: str,
        revision: int,
        payload: Mapping[str, Any],
        now: datetime,
        state: PlanState = PlanState.CONFIRMED,
    ) -> StoredPlan:
        """Keep a confirmed plan, or a later revision of it. The same again changes nothing. Another `state`
        is for what nobody has to write any more.

        RefusedError when this revision, or a later one, is kept with other content, or for another patient.
        """
        with self._database.writing() as connection:
            row = connection.execute(self._by_id(plan_id).with_for_update()).one_or_none()
            if row is not None:
                kept = _plan(row)
                if (kept.iss, kept.patient_id) != (iss, patient_id):
                    raise RefusedError("This plan belongs to another patient.")
                if kept.revision == revision and kept.payload == dict(payload):
                    return kept
                if kept.revision >= revision:
                    raise RefusedError("This plan has been confirmed already, with other content.")
            values = {
                "revision": revision,
                "payload": dict(payload),
                "state": state,
                "updated": now,
            }
            if row is None:
                values |= {"plan_id": plan_id, "iss": iss, "patient_id": patient_id, "created": now}
                connection.execute(insert(self._table).values(**values))
            else:
                connection.execute(
                    update(self._table).where(self._table.c.plan_id == plan_id).values(**values)
                )
            return _plan(connection.execute(self._by_id(plan_id)).one())

    def load(self, plan_id: str) -> StoredPlan:
        """The plan; InputError when there is none of this id."""
        with self._database.reading() as connection:
            row = connection.execute(self._by_id(plan_id)).one_or_none()
        if row is None:
            raise InputError("There is no plan with this id.")
        return _plan(row)

    def find(self, iss: str, patient_id: str, kind: str = PLAN) -> tuple[StoredPlan, ...]:
        """What of one kind was kept for one patient of one EHR, newest first."""
        return tuple(kept for kept in self.of_patient(iss, patient_id) if kept.kind == kind)

    def of_patient(self, iss: str, patient_id: str) -> tuple[StoredPlan, ...]:
        """Everything kept for one patient of one EHR, of any kind, newest first."""
        plan = self._table.c
        return self._all(select(self._table).where(plan.iss == iss, plan.patient_id == patient_id))

    def of_server(self, iss: str) -> tuple[StoredPlan, ...]:
        """Everything kept for one EHR, of any kind, newest first."""
        return self._all(select(self._table).where(self._table.c.iss == iss))

    def people(self, iss: str) -> tuple[str, ...]:
        """The ids of the patients of one EHR of whom anything is kept that has not been ended."""
        plan = self._table.c
        asking = select(plan.patient_id).distinct().where(plan.iss == iss, plan.state != PlanState.ENDED)
        with self._database.reading() as connection:
            return tuple(row.patient_id for row in connection.execute(asking.order_by(plan.patient_id)))

    def unfinished(self, since: datetime) -> tuple[StoredPlan, ...]:
        """What ketplan itself should be writing and has not touched since then, of any kind, newest first."""
        plan = self._table.c
        return self._all(select(self._table).where(plan.state.in_(UNDER_WAY), plan.updated <= since))

    def list(self) -> tuple[StoredPlan, ...]:
        """Everything kept, of any kind, newest first."""
        return self._all(select(self._table))

    def entrust(self, plan_id: str, launch: str, now: datetime) -> None:
        """From now on the permission of this launch carries the writing."""
        mine = update(self._table).where(self._table.c.plan_id == plan_id)
        with self._database.writing() as connection:
            connection.execute(mine.values(launch=launch, updated=now))

    def move(self, plan_id: str, state: PlanState, now: datetime) -> None:
        """Enter another state; RefusedError when `PLAN_STATES` does not allow it from where the plan is."""
        before = [known for known, rule in PLAN_STATES.items() if state in rule.next]
        plan = self._table.c
        moving = update(self._table).where(plan.plan_id == plan_id, plan.state.in_(before))
        with self._database.writing() as connection:
            if connection.execute(moving.values(state=state, updated=now)).rowcount == 0:
                raise RefusedError(f"This plan cannot become “{PLAN_STATES[state].label}” from where it is.")

    def _by_id(self, plan_id: str) -> Select[Any]:
        return select(self._table).where(self._table.c.plan_id == plan_id)

    def _all(self, asking: Select[Any]) -> tuple[StoredPlan, ...]:
        newest_first = asking.order_by(self._table.c.created.desc(), self._table.c.plan_id)
        with self._database.reading() as connection:
            return tuple(_plan(row) for row in connection.execute(newest_first))


def _plan(row: Row[Any]) -> StoredPlan:
    return StoredPlan(**{**row._mapping, "state": PlanState(row.state)})
