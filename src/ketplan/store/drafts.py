"""Work in hand: intake answers, resolutions and choices of one patient, found again by the next launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.errors import RefusedError
from ketplan.store.database import Database

_STALE = "This patient's answers were changed in another window meanwhile: reload the page and look again."


@dataclass(frozen=True)
class DraftWork:
    """`version` counts the savings; 0 means that nothing has been saved yet."""

    content: Mapping[str, Any]
    version: int


class DraftWorks:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.draft_work

    def load(self, iss: str, patient_id: str) -> DraftWork:
        """What was last saved for this patient of this EHR, or an empty work of version 0."""
        draft = self._table.c
        asking = select(draft.content, draft.version).where(draft.iss == iss, draft.patient_id == patient_id)
        with self._database.reading() as connection:
            row = connection.execute(asking).one_or_none()
        return DraftWork({}, 0) if row is None else DraftWork(row.content, row.version)

    def save(
        self, iss: str, patient_id: str, content: Mapping[str, Any], version: int, now: datetime
    ) -> DraftWork:
        """Save on top of `version`, the one that was loaded; RefusedError when somebody saved in between."""
        values = {"content": dict(content), "version": version + 1, "updated": now}
        draft = self._table.c
        try:
            with self._database.writing() as connection:
                if version == 0:
                    connection.execute(insert(self._table).values(iss=iss, patient_id=patient_id, **values))
                else:
                    changing = update(self._table).where(
                        draft.iss == iss, draft.patient_id == patient_id, draft.version == version
                    )
                    if connection.execute(changing.values(**values)).rowcount == 0:
                        raise RefusedError(_STALE)
        except IntegrityError:
            raise RefusedError(_STALE) from None
        return DraftWork(dict(content), version + 1)

    def discard(self, iss: str, patient_id: str) -> None:
        """Forget the work, once it has become a confirmed plan."""
        draft = self._table.c
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(draft.iss == iss, draft.patient_id == patient_id))
