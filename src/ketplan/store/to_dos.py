"""What was noted about rows of a worklist: that somebody was called, that somebody has something to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database

CALLED, TO_DO, TASK = "called", "to-do", "task"


@dataclass(frozen=True)
class Noted:
    """`row` names the row of the list, `what` is one of the words above; `content` is opaque to the store.

    A TASK is kept for the EHR as a record of the same id; a TO_DO stands only here.
    """

    id: str
    iss: str
    patient_id: str
    plan_id: str
    row: str
    what: str
    content: Mapping[str, Any]
    at: datetime


class ToDos:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.to_do

    def add(self, noted: Noted) -> bool:
        """Keep it; False when it is kept already: noted twice it stands once."""
        values = {**vars(noted), "content": dict(noted.content)}
        try:
            with self._database.writing() as connection:
                connection.execute(insert(self._table).values(**values))
        except IntegrityError:
            return False
        return True

    def of_server(self, iss: str) -> tuple[Noted, ...]:
        """Everything noted for one EHR, newest first."""
        asking = select(self._table).where(self._table.c.iss == iss)
        newest = asking.order_by(self._table.c.at.desc(), self._table.c.id)
        with self._database.reading() as connection:
            return tuple(Noted(**row._mapping) for row in connection.execute(newest))
