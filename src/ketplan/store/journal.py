"""The journal of a plan's writing: one row per step, kept before the EHR is asked and after it answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, insert, select, update

from ketplan.errors import RefusedError
from ketplan.store.database import Database


class StepState(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


LOST = (StepState.UNKNOWN, StepState.SENDING)
"""Of what is in these while nothing is being written, nobody can tell what became."""

STEP_STATES: Mapping[StepState, frozenset[StepState]] = {
    # What stands in the EHR already, or hangs on something refused, is never sent.
    StepState.PLANNED: frozenset({StepState.SENDING, StepState.DONE, StepState.REFUSED}),
    StepState.SENDING: frozenset(StepState) - {StepState.PLANNED},
    # Once an answer was lost, only the EHR can say what became of it.
    StepState.UNKNOWN: frozenset({StepState.SENDING, StepState.DONE, StepState.UNKNOWN}),
    StepState.REFUSED: frozenset({StepState.SENDING, StepState.DONE, StepState.REFUSED}),
    # Unknown: it was said to be stored, and is shown nowhere.
    StepState.DONE: frozenset({StepState.SENDING, StepState.DONE, StepState.REFUSED, StepState.UNKNOWN}),
}
"""From each state to those that may follow."""


@dataclass(frozen=True)
class Planned:
    """A step as it is entered before anything is sent."""

    key: str
    resource_type: str
    verb: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class JournalEntry:
    """One step as last known. `attempts` counts requests to write, `http_status` is the last answer's.

    `message` is a sentence of ours about how it ended, `said` the EHR's own words.
    """

    plan_id: str
    key: str
    ordinal: int
    resource_type: str
    verb: str
    body: Mapping[str, Any]
    state: StepState
    attempts: int
    http_status: int | None
    resource_id: str | None
    etag: str | None
    message: str
    said: str = field(repr=False)
    updated: datetime


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.writeback_step

    def plan(self, plan_id: str, steps: Sequence[Planned], now: datetime) -> tuple[JournalEntry, ...]:
        """The rows of the steps, in their order: new ones in state `planned`, or what an earlier run left.

        The plan itself must be stored first.
        """
        with self._database.writing() as connection:
            known = set(connection.scalars(select(self._table.c.key).where(self._table.c.plan_id == plan_id)))
            fresh = [
                {
                    "plan_id": plan_id,
                    "key": step.key,
                    "ordinal": ordinal,
                    "resource_type": step.resource_type,
                    "verb": step.verb,
                    "body": dict(step.body),
                    "state": StepState.PLANNED,
                    "attempts": 0,
                    "message": "",
                    "said": "",
                    "updated": now,
                }
                for ordinal, step in enumerate(steps)
                if step.key not in known
            ]
            if fresh:
                connection.execute(insert(self._table), fresh)
        return self.entries(plan_id)

    def sending(self, plan_id: str, key: str, body: Mapping[str, Any], now: datetime) -> None:
        """About to ask the EHR to store `body`: one attempt more."""
        attempts = self._table.c.attempts + 1
        self._enter(
            plan_id, key, StepState.SENDING, {"body": dict(body), "attempts": attempts, "updated": now}
        )

    def done(
        self,
        plan_id: str,
        key: str,
        resource_id: str,
        etag: str | None,
        http_status: int | None,
        now: datetime,
    ) -> None:
        """It stands in the EHR under `resource_id`."""
        values = {"resource_id": resource_id, "etag": etag, "http_status": http_status, "message": ""}
        self._enter(plan_id, key, StepState.DONE, values | {"updated": now})

    def stood(self, plan_id: str, stands: Sequence[tuple[Planned, str, str | None]], now: datetime) -> None:
        """Steps that stand in the EHR without a run of ours: each with its id there and its ETag.

        The plan must be stored, none of its steps entered before.
        """
        done = {"state": StepState.DONE, "attempts": 1, "message": "", "said": "", "updated": now}
        rows = [
            {
                "plan_id": plan_id,
                "ordinal": ordinal,
                "key": step.key,
                "resource_type": step.resource_type,
                "verb": step.verb,
                "body": dict(step.body),
                "resource_id": resource_id,
                "etag": etag,
                **done,
            }
            for ordinal, (step, resource_id, etag) in enumerate(stands)
        ]
        with self._database.writing() as connection:
            connection.execute(insert(self._table), rows)

    def failed(
        self, plan_id: str, key: str, state: StepState, message: str, http_status: int | None, now: datetime
    ) -> None:
        """It was refused (`refused`) or nobody can tell (`unknown`); `message` says why in plain words."""
        self._enter(plan_id, key, state, {"message": message, "http_status": http_status, "updated": now})

    def note(self, plan_id: str, key: str, message: str, said: str, now: datetime) -> None:
        """How the step ended, in our words and the EHR's."""
        step = self._table.c
        mine = update(self._table).where(step.plan_id == plan_id, step.key == key)
        with self._database.writing() as connection:
            connection.execute(mine.values(message=message, said=said, updated=now))

    def send_again(self, plan_id: str, key: str, now: datetime) -> None:
        """Somebody has looked and not found it: what was sent so far counts no more. RefusedError unless
        nobody can tell what became of the step."""
        forgotten = {"attempts": 0, "resource_id": None, "message": ""}
        self._answer_for(plan_id, key, (StepState.UNKNOWN,), forgotten, now)

    def settle(
        self, plan_id: str, key: str, stands: bool, resource_id: str, words: str, now: datetime
    ) -> None:
        """Somebody has looked, and says whether it stands; `resource_id` is "" where they could not see it.
        RefusedError unless nobody can tell what became of the step."""
        state = StepState.DONE if stands else StepState.REFUSED
        told = {"state": state, "resource_id": resource_id or None, "message": words}
        self._answer_for(plan_id, key, LOST, told, now)

    def _answer_for(
        self, plan_id: str, key: str, states: Sequence[StepState], told: Mapping[str, Any], now: datetime
    ) -> None:
        """What the EHR said of the step counts no more beside what somebody tells who has looked."""
        step = self._table.c
        lost = update(self._table).where(step.plan_id == plan_id, step.key == key, step.state.in_(states))
        with self._database.writing() as connection:
            told_now = lost.values(**told, http_status=None, said="", updated=now)
            if connection.execute(told_now).rowcount == 0:
                raise RefusedError("The journal has no such step of which nobody can tell what became of it.")

    def entries(self, plan_id: str) -> tuple[JournalEntry, ...]:
        """The plan's steps, in their order."""
        asking = select(self._table).where(self._table.c.plan_id == plan_id).order_by(self._table.c.ordinal)
        with self._database.reading() as connection:
            return tuple(_entry(row) for row in connection.execute(asking))

    def _enter(self, plan_id: str, key: str, state: StepState, values: dict[str, Any]) -> None:
        before = [known for known, following in STEP_STATES.items() if state in following]
        step = self._table.c
        entering = update(self._table).where(step.plan_id == plan_id, step.key == key, step.state.in_(before))
        with self._database.writing() as connection:
            if connection.execute(entering.values(state=state, **values)).rowcount == 0:
                raise RefusedError(f"The journal has no step that could become “{state}” now.")


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(**{**row._mapping, "state": StepState(row.state)})
