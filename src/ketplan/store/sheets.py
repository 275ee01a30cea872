"""Session sheets in progress: what was entered for one dosing visit, found again by the next launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.errors import RefusedError
from ketplan.store.database import Database

STALE = "This sheet was changed in another window meanwhile."


@dataclass(frozen=True)
class SheetKey:
    """One dosing visit of one plan of one patient in one EHR."""

    iss: str
    patient_id: str
    plan_id: str
    visit: str


@dataclass(frozen=True)
class StoredSheet:
    """`version` counts the savings; 0 means that nothing has been saved yet."""

    content: Mapping[str, Any]
    version: int


class Sheets:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.session_sheet

    def load(self, key: SheetKey) -> StoredSheet:
        """What was last saved for this visit, or an empty sheet of version 0."""
        sheet = self._table.c
        asking = select(sheet.content, sheet.version).where(self._is(key))
        with self._database.reading() as connection:
            row = connection.execute(asking).one_or_none()
        return StoredSheet({}, 0) if row is None else StoredSheet(row.content, row.version)

    def of(self, iss: str, patient_id: str, plan_id: str) -> Mapping[str, StoredSheet]:
        """Every sheet begun for a plan, by visit."""
        sheet = self._table.c
        asking = select(sheet.visit, sheet.content, sheet.version).where(
            sheet.iss == iss, sheet.patient_id == patient_id, sheet.plan_id == plan_id
        )
        with self._database.reading() as connection:
            return {r.visit: StoredSheet(r.content, r.version) for r in connection.execute(asking)}

    def save(self, key: SheetKey, content: Mapping[str, Any], version: int, now: datetime) -> StoredSheet:
        """Save on top of `version`, the one that was loaded; RefusedError when somebody saved in between."""
        values = {"content": dict(content), "version": version + 1, "updated": now}
        sheet = self._table.c
        try:
            with self._database.writing() as connection:
                if version == 0:
                    connection.execute(insert(self._table).values(**vars(key), **values))
                else:
                    changing = update(self._table).where(self._is(key), sheet.version == version)
                    if connection.execute(changing.values(**values)).rowcount == 0:
                        raise RefusedError(STALE)
        except IntegrityError:
            raise RefusedError(STALE) from None
        return StoredSheet(dict(content), version + 1)

    def _is(self, key: SheetKey) -> ColumnElement[bool]:
        return and_(*(self._table.c[name] == value for name, value in vars(key).items()))
