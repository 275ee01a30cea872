"""How long things are kept: everything of a patient together, counted from the last thing that happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from ketplan.store.columns import Sealed
from ketplan.store.database import Database
from ketplan.store.plans import PLAN_STATES, PlanState

FINISHED = (PlanState.WRITTEN, PlanState.REFUSED, PlanState.ENDED)


@dataclass(frozen=True)
class Kept:
    """What is kept of one patient of one EHR, when it was touched last, and whether a run is unfinished."""

    iss: str
    patient_id: str
    last: datetime
    unfinished: bool


class Retention:
    """What concerns patients, as a whole. The audit trail is no part of it: it names references and stays."""

    def __init__(self, database: Database) -> None:
        self._database = database
        tables = database.schema
        # Children before their parents; each with the column that says when it was touched. That ketplan
        # itself looked at the EHR keeps nobody's things longer.
        self._tables: tuple[tuple[Table, str | None], ...] = (
            (tables.synced_visits, None),
            (tables.to_do, "at"),
            (tables.review, "at"),
            (tables.session_sheet, "updated"),
            (tables.unsent, "updated"),
            (tables.draft_work, "updated"),
            (tables.plan, "updated"),
        )

    def patients(self) -> tuple[Kept, ...]:
        """Everybody of whom anything is kept, longest untouched first."""
        last: dict[tuple[str, str], datetime] = {}
        with self._database.reading() as connection:
            for table, touched in self._tables:
                if touched is None:
                    continue
                newest = func.max(table.c[touched]).label("newest")
                asking = select(table.c.iss, table.c.patient_id, newest).group_by(
                    table.c.iss, table.c.patient_id
                )
                for row in connection.execute(asking):
                    who = row.iss, row.patient_id
                    last[who] = max(last.get(who, row.newest), row.newest)
            unfinished = self._unfinished(connection)
        found = (Kept(*who, at, who in unfinished) for who, at in last.items())
        return tuple(sorted(found, key=lambda kept: (kept.last, kept.iss, kept.patient_id)))

    def loose(self, iss: str, patient_id: str) -> tuple[tuple[str, dict[str, Any]], ...]:
        """What is kept of a patient besides plans and records, each piece with its name."""
        found: list[tuple[str, dict[str, Any]]] = []
        with self._database.reading() as connection:
            for table, _ in self._tables:
                sealed = next((c.name for c in table.columns if isinstance(c.type, Sealed)), None)
                if sealed is None or table.name == "plan":
                    continue
                mine = select(table).where(table.c.iss == iss, table.c.patient_id == patient_id)
                keys = [c.name for c in table.primary_key if c.name not in ("iss", "patient_id")]
                for row in connection.execute(mine.order_by(*table.primary_key)):
                    name = " ".join([table.name, *(str(row._mapping[key]) for key in keys)])
                    found.append((name, dict(row._mapping[sealed])))
        return tuple(found)

    def forget(self, iss: str, patient_id: str) -> int:
        """Remove everything kept of one patient; how many rows, without the steps of plans."""
        removed = 0
        with self._database.writing() as connection:
            for table, _ in self._tables:
                mine = delete(table).where(table.c.iss == iss, table.c.patient_id == patient_id)
                removed += connection.execute(mine).rowcount
        return removed

    def due(self, before: datetime) -> tuple[Kept, ...]:
        """Whose things may go: untouched since `before`, and nothing of them still to be written."""
        return tuple(kept for kept in self.patients() if kept.last < before and not kept.unfinished)

    def _unfinished(self, connection: Connection) -> set[tuple[str, str]]:
        plan = self._database.schema.plan.c
        open_ = [state for state in PLAN_STATES if state not in FINISHED]
        asking = select(plan.iss, plan.patient_id).where(plan.state.in_(open_)).distinct()
        return {(row.iss, row.patient_id) for row in connection.execute(asking)}
