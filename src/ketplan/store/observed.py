"""What each EHR refused to take, by type: remembered for a while, forgotten once it takes one.

It holds no patient and nobody's name: only that a server, on a day, refused a type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from ketplan.store.database import Database

KEPT = timedelta(days=14)


@dataclass(frozen=True)
class Refusal:
    status: int
    at: datetime


class ObservedRefusals:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.observed_refusal

    def refused(self, iss: str, kind: str, verb: str, status: int, now: datetime) -> None:
        """Remember the newest refusal, and nothing older than KEPT of any EHR."""
        known = self._table.c
        row = {"iss": iss, "resource_type": kind, "verb": verb, "http_status": status, "at": now}
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(known.at <= now - KEPT))
            connection.execute(delete(self._table).where(*self._key(iss, kind, verb)))
            connection.execute(insert(self._table).values(**row))

    def taken(self, iss: str, kind: str, verb: str) -> None:
        """It takes them after all."""
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(*self._key(iss, kind, verb)))

    def of(self, iss: str, now: datetime) -> Mapping[tuple[str, str], Refusal]:
        """The refusals of one EHR that are not too old, by type and verb."""
        known = self._table.c
        wanted = select(self._table).where(known.iss == iss, known.at > now - KEPT)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return {(row.resource_type, row.verb): Refusal(row.http_status, row.at) for row in rows}

    def _key(self, iss: str, kind: str, verb: str) -> tuple[Any, ...]:
        known = self._table.c
        return known.iss == iss, known.resource_type == kind, known.verb == verb
