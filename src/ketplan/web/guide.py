"""A guided first run, on the demo alone: a few steps from an open chart to a signed plan, until dismissed.

It knows nothing of a patient: where somebody stands is what the page says anyway. That it was dismissed is
remembered by a cookie of the browser, and by nothing else.
"""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from ketplan.web import sessions
from ketplan.web.context import desk
from ketplan.web.guard import room

routes = room("guide", __name__)

COOKIE = "__Host-ketplan-guide"
DISMISSED = "off"
A_YEAR = 365 * 24 * 3600


@routes.post("/guide")
def hide_guide(lid: str) -> Response:
    """Not shown again in this browser."""
    sessions.current()
    back = redirect(url_for("workspace.show", lid=lid), 303)
    back.set_cookie(
        COOKIE,
        DISMISSED,
        max_age=A_YEAR,
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
    return back


def is_guided() -> bool:
    """Is this the demo, and has nobody dismissed the guide here?"""
    return desk().services.settings.guided and request.cookies.get(COOKIE) != DISMISSED
