"""Which EHRs have said that something changed: a mark to look again, and nothing of what they said."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database

AT_MOST_EVERY = timedelta(seconds=10)


class Hints:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.look_again

    def mark(self, iss: str, now: datetime) -> bool:
        """Somebody should look at this EHR again. False, and nothing is written, soon after the last mark."""
        mark = self._table.c
        older = update(self._table).where(mark.iss == iss, mark.at <= now - AT_MOST_EVERY).values(at=now)
        try:
            with self._database.writing() as connection:
                if connection.execute(older).rowcount:
                    return True
                if connection.execute(select(mark.iss).where(mark.iss == iss)).first():
                    return False
                connection.execute(insert(self._table).values(iss=iss, at=now))
        except IntegrityError:  # somebody else marked it at the same moment
            return False
        return True

    def take(self, iss: str) -> bool:
        """Whether it was marked; the mark is gone then, so that the next one is a new one."""
        with self._database.writing() as connection:
            return bool(connection.execute(delete(self._table).where(self._table.c.iss == iss)).rowcount)
