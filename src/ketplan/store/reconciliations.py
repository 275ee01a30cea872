"""How a plan stood in the EHR when it was looked at last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database


@dataclass(frozen=True)
class StoredReconciliation:
    """`content` is the report's JSON, opaque to the store."""

    plan_id: str
    at: datetime
    content: Mapping[str, Any]


class Reconciliations:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.reconciliation

    def save(self, plan_id: str, content: Mapping[str, Any], now: datetime) -> None:
        """Keep the last look at a plan, in place of the one before. The plan itself must be stored first."""
        values = {"at": now, "content": dict(content)}
        mine = update(self._table).where(self._table.c.plan_id == plan_id).values(**values)
        with self._database.writing() as connection:
            if connection.execute(mine).rowcount:
                return
        try:
            with self._database.writing() as connection:
                connection.execute(insert(self._table).values(plan_id=plan_id, **values))
        except IntegrityError:
            # Somebody else looked at the same moment: theirs is as good.
            return

    def load(self, plan_id: str) -> StoredReconciliation | None:
        """The last look; None before the first."""
        with self._database.reading() as connection:
            asking = select(self._table).where(self._table.c.plan_id == plan_id)
            row = connection.execute(asking).one_or_none()
        return None if row is None else StoredReconciliation(**row._mapping)

    def all(self) -> tuple[StoredReconciliation, ...]:
        """The last look at every plan, newest first."""
        asking = select(self._table).order_by(self._table.c.at.desc(), self._table.c.plan_id)
        with self._database.reading() as connection:
            return tuple(StoredReconciliation(**row._mapping) for row in connection.execute(asking))
