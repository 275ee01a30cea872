"""One run per plan at a time, over all processes: a lease that its owner renews and a crash lets lapse."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.store.database import Database


def this_host() -> str:
    """The machine, and the container in it: process numbers mean something only within one such name."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, for another user
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Dead, but nobody has asked for it yet: a killed worker whose parent does not look."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in ("Z", "X")


class RunLocks:
    """`host`, `pid` and `running` say who we are and whether a process of this host still lives."""

    def __init__(
        self,
        database: Database,
        host: str | None = None,
        pid: int | None = None,
        running: Callable[[int], bool] = is_running,
    ) -> None:
        self._database = database
        self._table = database.schema.run_lock
        self._host = host or this_host()
        self._pid = pid or os.getpid()
        self._running = running

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
                        host=self._host,
                        pid=self._pid,
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
        return held.expires <= now or (held.host == self._host and not self._running(held.pid))
