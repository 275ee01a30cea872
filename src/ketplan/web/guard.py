"""Every page of a launch is made here, so that none can forget who may see it and who may change it."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from ketplan.errors import RefusedError
from ketplan.web import security, sessions
from ketplan.web.context import desk

# What changes nothing about the patient, and so needs no signer.
FOR_READERS = frozenset({"refresh", "end"})

NOT_A_SIGNER = "Only a clinician whose role may sign here can change anything: this page is for reading."


def room(name: str, module: str) -> Blueprint:
    """A blueprint under /l/<lid>: let in are the launch's own browser, with the form's token where it changes
    something, and there only a signer."""
    made = Blueprint(name, module, url_prefix="/l/<lid>")
    made.before_request(_let_in)
    return made


def _let_in() -> tuple[str, int] | None:
    lid = (request.view_args or {})["lid"]
    g.session = session = sessions.open_session(lid)
    security.framed_by(desk().ehr(session.ehr))
    if not session.is_staff:
        return render_template("for_staff.html"), 403
    if request.method == "POST":
        security.require_csrf(lid)
        if (request.endpoint or "").rpartition(".")[2] not in FOR_READERS and session.signer is None:
            raise RefusedError(NOT_A_SIGNER)
    return None
