"""What somebody typed into a form and did not send: kept on the server, given back to them and nobody else.

A script sends it along while it is typed. Without scripts it comes with the form itself, when that is sent
after the session has ended: each form carries a sealed ticket that says where its fields belong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app, g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ketplan.errors import InputError
from ketplan.store.unsent import Place
from ketplan.web import security, sessions
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.presenters import words
from ketplan.web.sessions import LiveSession

routes = room("unsent", __name__)

TICKET_FIELD, PART_FIELD = "keep", "unsent"
# What a form carries for ketplan's own purposes; nobody typed it.
NOT_TYPED = frozenset(
    {security.CSRF_FIELD, TICKET_FIELD, PART_FIELD, "patient", "shown", "form", "about", "add", "seen"}
)
MOST_FIELDS, LONGEST_FIELD, LONGEST_FORM = 400, 4000, 64 * 1024
# A form's address below the session's, and which one it is where a page has several with one address.
KEY = re.compile(r"[A-Za-z0-9._/-]{1,150}\|[A-Za-z0-9._:-]{0,80}")

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Kept:
    """One form as it is kept: where it stands, when, and what was typed, by the names of its fields."""

    key: str
    href: str
    at: str
    said: tuple[str, ...]


@routes.get("/unsent")
def show(lid: str) -> str:
    """All that was typed for this patient by this user and not sent."""
    session = sessions.current()
    rows = [_row(session, key, form) for key, form in _all(session).items()]
    return render_template("unsent.html", session=session, rows=rows)


@routes.get("/unsent.json")
def kept(lid: str) -> dict[str, Any]:
    """The same for the script that puts it back into the forms."""
    found = _all(sessions.current())
    return {key: {"fields": form["fields"], "at": _clock(form["at"])} for key, form in found.items()}


@routes.post("/unsent")
def keep(lid: str) -> dict[str, str]:
    """Keep what stands in one form right now."""
    place, key = _place(sessions.current()), _key(request.form.get("key", ""))
    now = desk().now()
    if place:
        desk().services.unsent.keep(place, key, _sent(request.form.get("fields", "")), now)
    return {"at": words.clock(now.astimezone(desk().practice.zone))}


@routes.post("/unsent/discard")
def discard(lid: str) -> Response:
    place, key = _place(sessions.current()), _key(request.form.get("key", ""))
    if place:
        desk().services.unsent.forget(place, key, desk().now())
    return redirect(url_for(".show", lid=lid), 303)


def fields(session: LiveSession, address: str) -> dict[str, str]:
    """What is kept of the form with this address below the session's, by field."""
    found = _all(session).get(f"{address}|")
    return dict(found["fields"]) if found else {}


def any_kept() -> bool:
    """Whether the user of this page has typed something and not sent it."""
    session: LiveSession | None = g.get("session")
    return bool(session and _all(session))


def ticket(session: LiveSession) -> str:
    """What a form carries so that its fields are not lost when it is sent too late."""
    if "unsent_ticket" not in g:
        place, browser = _place(session), security.browser() or ""
        g.unsent_ticket = desk().services.unsent.ticket(place, browser, desk().now()) if place else ""
    sealed: str = g.unsent_ticket
    return sealed


def rescue() -> bool:
    """A form sent to a session that has ended: keep its fields if its ticket is this browser's."""
    browser, given, key = security.browser(), request.form.get(TICKET_FIELD, ""), _key_of_request()
    if not browser or not given or not KEY.fullmatch(key):
        return False
    now = desk().now()
    place = desk().services.unsent.place(given, browser, now)
    typed = _typed(request.form)
    if place is None or not any(value.strip() for _, value in typed):
        return False
    desk().services.unsent.keep(place, key, typed, now)
    return True


def sent(response: Response) -> Response:
    """A form that was taken is not unsent any more. One that came back with problems still is."""
    session: LiveSession | None = g.get("session")
    taken = request.method == "POST" and response.status_code == 303 and TICKET_FIELD in request.form
    if session and taken and (place := _place(session)):
        desk().services.unsent.forget(place, _key_of_request(), desk().now())
    return response


# --- places, keys, fields -----------------------------------------------------------------------------------


def _place(session: LiveSession) -> Place | None:
    """None for a user of whom the EHR does not say who it is: then it could be given to anybody."""
    return Place(session.iss, session.patient, session.user) if session.user else None


def _all(session: LiveSession) -> dict[str, dict[str, Any]]:
    place = _place(session)
    return desk().services.unsent.all(place, desk().now()) if place else {}


def _key(said: str) -> str:
    if not KEY.fullmatch(said):
        raise InputError("This is no form of ketplan.")
    return said


def _key_of_request() -> str:
    """As the script makes it: the address after /l/<lid>/, and the form's own part."""
    address = request.path.removeprefix("/l/").partition("/")[2]
    return f"{address}|{request.form.get(PART_FIELD, '')}"


def _sent(text: str) -> Fields:
    if len(text) > LONGEST_FORM:
        raise InputError("This is more than a form can hold.")
    try:
        pairs = json.loads(text)
        return _bounded([(name, value) for name, value in pairs])
    except (ValueError, TypeError):
        raise InputError("These are no fields of a form.") from None


def _typed(form: MultiDict[str, str]) -> Fields:
    return _bounded([(name, value) for name, value in form.items(multi=True)])


def _bounded(pairs: Iterable[tuple[Any, Any]]) -> Fields:
    found = [(str(name), str(value)[:LONGEST_FIELD]) for name, value in pairs if name not in NOT_TYPED]
    if len(found) > MOST_FIELDS:
        raise InputError("This is more than a form can hold.")
    return found


def _row(session: LiveSession, key: str, form: dict[str, Any]) -> Kept:
    address, _, part = key.partition("|")
    said = tuple(value for _, value in form["fields"] if value.strip())
    return Kept(key, _page_of(session, address, part), _clock(form["at"]), said)


def _page_of(session: LiveSession, address: str, part: str) -> str:
    """The page on which the form stands: the workspace for the small forms whose address shows no page."""
    page = f"/l/{session.lid}/{address}"
    if current_app.url_map.bind("").test(page, "GET"):
        return page
    return url_for("workspace.show", lid=session.lid, _anchor=f"finding-{part}" if part else None)


def _clock(at: str) -> str:
    return words.moment(datetime.fromisoformat(at), desk().practice.zone)
