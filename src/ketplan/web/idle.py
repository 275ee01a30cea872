"""How long a session still lasts, for the script that warns before it ends; and what keeps it alive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import g

from ketplan.errors import SessionError
from ketplan.web import security, sessions
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.sessions import LiveSession

routes = room("idle", __name__)

# Long enough to read the question and answer it, without a mouse too.
WARN_BEFORE = timedelta(seconds=60)


@routes.get("/left")
def left(lid: str) -> dict[str, int]:
    """Looked at, not used: asking does not keep the session alive."""
    return _left(sessions.current())


@routes.post("/stay")
def stay(lid: str) -> dict[str, int]:
    """Somebody is there: the idle time begins anew."""
    return _left(sessions.current())


def watch() -> dict[str, Any] | None:
    """What a page's warning needs; None on pages that belong to no session."""
    session: LiveSession | None = g.get("session")
    if session is None or not session.is_staff or session.handed:
        return None
    try:
        left = _left(session)
    except SessionError:  # this very request has ended it
        return None
    return {"lid": session.lid, "warn": int(WARN_BEFORE.total_seconds()), **left}


def _left(session: LiveSession) -> dict[str, int]:
    """Whole seconds until it ends if nobody does anything, and until it ends in any case."""
    now = desk().now()
    idle, latest = desk().services.live.ends(session.lid, security.browser() or "", now)
    return {"idle": _seconds(idle, now), "latest": _seconds(latest, now)}


def _seconds(moment: datetime, now: datetime) -> int:
    return int((moment - now).total_seconds())
