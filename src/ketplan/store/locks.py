"""One run per plan at a time, over all processes: a lease that its owner renews and a crash lets lapse."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database
from ketplan.store.processes import Process


class RunLocks:
    """The leases, as `us` sees them."""

    def __init__(self, database: Database, us: Process | None = None) -> None:
        self._database = database
        self._table = database.schema.run_lock
        self._us = us or Process()

    def acquire(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        """Take the plan for `owner` (a new id for every run); False while another run has it.

        A lapsed lease is free; so is one whose process, on this host, is dead.
        """
        lock = self._table.c
        try:
            with self._database.writing() as connection:
                held = connection.execute(select(self._table).where(lock.plan_id == plan_id)).one_or_none()
                if held is not None:
                    if not self._abandoned(held, now):
                        return False
                    mine = delete(self._table).where(lock.plan_id == plan_id, lock.owner == held.owner)
                    connection.execute(mine.where(lock.expires == held.expires))
                connection.execute(
                    insert(self._table).values(
                        plan_id=plan_id,
                        owner=owner,
                        host=self._us.host,
                        pid=self._us.pid,
                        expires=now + timedelta(seconds=lease_seconds),
                    )
                )
        except IntegrityError:  # somebody was faster
            return False
        return True

    def renew(self, plan_id: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        """Hold it longer; False when it is no longer `owner`'s."""
        lock = self._table.c
        renewing = update(self._table).where(lock.plan_id == plan_id, lock.owner == owner)
        with self._database.writing() as connection:
            expires = now + timedelta(seconds=lease_seconds)
            return connection.execute(renewing.values(expires=expires)).rowcount == 1

    def release(self, plan_id: str, owner: str) -> None:
        """Give it back; nothing happens when it is no longer `owner`'s."""
        lock = self._table.c
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(lock.plan_id == plan_id, lock.owner == owner))

    def _abandoned(self, held: Row[Any], now: datetime) -> bool:
        return held.expires <= now or self._us.knows_dead(held.host, held.pid)
