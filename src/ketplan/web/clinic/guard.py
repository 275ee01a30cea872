"""Every page across patients is made here, so that none can forget who may see it."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from ketplan.errors import RefusedError
from ketplan.web import security
from ketplan.web.clinic import sessions
from ketplan.web.context import desk

# What changes nothing about any patient.
FOR_READERS = frozenset({"refresh", "end", "stay"})
# Asked by a page's script on its own, which is no sign that anybody is there.
BY_SCRIPT = frozenset({"left"})
NOT_KNOWN = "The EHR did not say who you are there, so this page is for reading."


def room(name: str, module: str) -> Blueprint:
    """A blueprint under /c/<lid>: let in are the launch's own browser, with the form's token where it changes
    something, and there only somebody the EHR knows as working there."""
    made = Blueprint(f"clinic_{name}", module, url_prefix="/c/<lid>")
    made.before_request(_let_in)
    return made


def _let_in() -> tuple[str, int] | None:
    lid = (request.view_args or {})["lid"]
    doing = (request.endpoint or "").rpartition(".")[2]
    g.clinic = session = sessions.open_session(lid, used=doing not in BY_SCRIPT)
    security.framed_by(desk().ehr(session.ehr))
    if not (session.user or "").startswith(("Practitioner/", "PractitionerRole/")):
        return render_template("clinic/for_staff.html"), 403
    if request.method == "POST":
        security.require_csrf(lid)
        if doing not in FOR_READERS and session.actor is None:
            raise RefusedError(NOT_KNOWN)
    return None
