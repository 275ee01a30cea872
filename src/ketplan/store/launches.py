"""The two moments of a launch: pending (sent to the EHR to authorize) and live (a session of one browser)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update

from ketplan.errors import ConfigError, LaunchError, SessionError
from ketplan.store.database import Database
from ketplan.store.vault import digest

PENDING_LIFE = timedelta(minutes=10)
IDLE_LIFE = timedelta(minutes=15)

_UNKNOWN_LAUNCH = (
    "This launch was already used, is too old or began in another browser: launch from the chart again."
)
_NO_SESSION = "This session does not exist or has ended: launch from the chart again."


class PendingLaunches:
    """Launches whose callback has not come yet, any number per browser."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.pending_launch

    def save(self, state: str, payload: Mapping[str, Any], browser: str, now: datetime) -> None:
        """Keep what the callback will need, under the `state` that was sent; older leftovers are dropped."""
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(self._table.c.created <= now - PENDING_LIFE))
            connection.execute(
                insert(self._table).values(
                    state=digest(state), browser=digest(browser), payload=dict(payload), created=now
                )
            )

    def take(self, state: str, browser: str, now: datetime) -> dict[str, Any]:
        """The payload, once: of two callbacks at the same moment one gets it.

        LaunchError when the state is unknown, taken, ten minutes old, or of another browser, to which it is
        then left.
        """
        launch = self._table.c
        taking = (
            delete(self._table)
            .where(launch.state == digest(state), launch.browser == digest(browser))
            .where(launch.created > now - PENDING_LIFE)
            .returning(launch.payload)
        )
        with self._database.writing() as connection:
            try:
                row = connection.execute(taking).one_or_none()
            except ConfigError:  # sealed with a key that is gone: as good as unknown
                row = None
        if row is None:
            raise LaunchError(_UNKNOWN_LAUNCH)
        return dict(row.payload)


class LiveSessions:
    """Sessions, one per launch. To another browser than its own a session does not exist."""

    def __init__(self, database: Database, idle: timedelta = IDLE_LIFE) -> None:
        self._database = database
        self._table = database.schema.live_session
        self._idle = idle

    def create(
        self, lid: str, browser: str, payload: Mapping[str, Any], now: datetime, expires: datetime
    ) -> None:
        """Begin session `lid` (unguessable); it ends at `expires` at the latest."""
        values = {"payload": dict(payload), "seen": now, "expires": expires}
        with self._database.writing() as connection:
            connection.execute(insert(self._table).values(lid=digest(lid), browser=digest(browser), **values))

    def get(self, lid: str, browser: str, now: datetime) -> dict[str, Any]:
        """The payload; SessionError when there is no such session for this browser at this moment."""
        asking = select(self._table.c.payload).where(self._alive(lid, browser, now))
        with self._database.reading() as connection:
            try:
                row = connection.execute(asking).one_or_none()
            except ConfigError:
                row = None
        if row is None:
            raise SessionError(_NO_SESSION)
        return dict(row.payload)

    def touch(self, lid: str, browser: str, now: datetime) -> None:
        """The user did something: the idle time begins anew. SessionError as in `get`."""
        self._change(lid, browser, now, {"seen": now})

    def ends(self, lid: str, browser: str, now: datetime) -> tuple[datetime, datetime]:
        """When it ends if nobody does anything, and when at the latest. SessionError as in `get`."""
        session = self._table.c
        asking = select(session.seen, session.expires).where(self._alive(lid, browser, now))
        with self._database.reading() as connection:
            row = connection.execute(asking).one_or_none()
        if row is None:
            raise SessionError(_NO_SESSION)
        return min(row.seen + self._idle, row.expires), row.expires

    def replace(self, lid: str, browser: str, payload: Mapping[str, Any], now: datetime) -> None:
        """Put another payload in its place, refreshed tokens for one. SessionError as in `get`."""
        self._change(lid, browser, now, {"payload": dict(payload)})

    def end(self, lid: str, browser: str) -> None:
        """Forget the session; no error when there is none."""
        session = self._table.c
        with self._database.writing() as connection:
            connection.execute(
                delete(self._table).where(session.lid == digest(lid), session.browser == digest(browser))
            )

    def purge(self, now: datetime) -> list[dict[str, Any]]:
        """Forget every session that has ended by itself; what they could still use at their EHRs."""
        session, grant = self._table.c, self._database.schema.ehr_grant
        over = or_(session.expires <= now, session.seen <= now - self._idle)
        held = select(grant.c.payload).join(self._table, session.lid == grant.c.lid).where(over)
        with self._database.writing() as connection:
            try:
                left = [dict(row.payload) for row in connection.execute(held.where(grant.c.ended == ""))]
            except ConfigError:  # sealed with a key that is gone: they run out by themselves
                left = []
            connection.execute(delete(self._table).where(over))
        return left

    def _change(self, lid: str, browser: str, now: datetime, values: dict[str, Any]) -> None:
        changing = update(self._table).where(self._alive(lid, browser, now)).values(**values)
        with self._database.writing() as connection:
            if connection.execute(changing).rowcount == 0:
                raise SessionError(_NO_SESSION)

    def _alive(self, lid: str, browser: str, now: datetime) -> ColumnElement[bool]:
        session = self._table.c
        return and_(
            session.lid == digest(lid),
            session.browser == digest(browser),
            session.expires > now,
            session.seen > now - self._idle,
        )
