"""Which workers live: each says so again and again, and whoever stays silent is taken over by one other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from ketplan.errors import ConfigError
from ketplan.store.database import Database
from ketplan.store.processes import Process

SILENCE = timedelta(seconds=30)
"""After so long without a sign a worker counts as dead."""


class Workers:
    """The living and the dead, as `us` sees them."""

    def __init__(self, database: Database, us: Process | None = None) -> None:
        self._database = database
        self._table = database.schema.worker
        self._us = us or Process()

    def begin(self, name: str, now: datetime) -> None:
        """Enter this process under `name`. ConfigError while another living process has that name.

        Two workers of one name would carry on each other's runs while both are at it.
        """
        with self._database.writing() as connection:
            held = connection.execute(select(self._table).where(self._table.c.name == name)).one_or_none()
            if held is not None and self._lives(held, now):
                raise ConfigError(f"Another worker is running under the name {name}: give this one another.")
            connection.execute(delete(self._table).where(self._table.c.name == name))
            connection.execute(
                insert(self._table).values(name=name, host=self._us.host, pid=self._us.pid, seen=now)
            )

    def beat(self, name: str, now: datetime) -> None:
        """Still here."""
        with self._database.writing() as connection:
            connection.execute(update(self._table).where(self._table.c.name == name).values(seen=now))

    def end(self, name: str) -> None:
        """Gone in good order: nothing of it is left to take over."""
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(self._table.c.name == name))

    def living(self, now: datetime) -> tuple[str, ...]:
        with self._database.reading() as connection:
            rows = connection.execute(select(self._table).order_by(self._table.c.name))
            return tuple(row.name for row in rows if self._lives(row, now))

    def claim_dead(self, now: datetime) -> str | None:
        """A dead worker for the caller alone to take over, None when all live.

        The claim lasts as long as SILENCE, so that whoever dies over it leaves it to the next.
        """
        worker = self._table.c
        with self._database.writing() as connection:
            for row in connection.execute(select(self._table).order_by(worker.seen)).all():
                if self._lives(row, now):
                    continue
                mine = update(self._table).where(worker.name == row.name, worker.seen == row.seen)
                claimed = mine.values(seen=now, host="", pid=0)
                if connection.execute(claimed).rowcount == 1:
                    return str(row.name)
        return None

    def _lives(self, row: Row[Any], now: datetime) -> bool:
        return bool(row.seen > now - SILENCE) and not self._us.knows_dead(row.host, row.pid)
