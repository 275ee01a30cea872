"""Every page of a launch is made here, so that none can forget who may see it and who may change it."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.errors import RefusedError, SessionError
from ketplan.web import security, sessions
from ketplan.web.context import desk

# What changes nothing about the patient, and so needs no signer.
FOR_READERS = frozenset({"refresh", "end", "stay", "hide_guide"})
# What any clinician may do, whether or not they may sign a plan.
FOR_CLINICIANS = frozenset(
    {
        *("take_down", "carry_on"),
        *("save_before", "save_during", "save_leaving", "close_sheet", "write_again"),
        *("report_event", "write_event_again"),
        *("hand_over", "take_answers", "take_back"),
        *("weigh_difference", "settle_difference"),
    }
)
# What whoever keeps the calendar may do as well: visits move, nothing of the treatment changes. What they
# typed for it and did not send is kept for them like anybody's.
FOR_ARRANGERS = frozenset({"place_again", "keep", "discard"})
# Asked by a page's script on its own, which is no sign that anybody is there.
BY_SCRIPT = frozenset({"left"})
# Where somebody is while the patient holds the device; what a page's script asks is told that it is over.
IN_THE_ROOM = "in_the_room"
ASKED_BY_PAGES = frozenset({"left", "stay"})
WITH_THE_PAGE = frozenset({"sheet"})

NOT_A_CLINICIAN = "Only a clinician can take down a filled-in instrument: this page is for reading."
NOT_AN_ARRANGER = "Only a practitioner of this EHR can change visits: this page is for reading."
NOT_A_SIGNER = "Only a clinician whose role may sign here can change anything: this page is for reading."


def room(name: str, module: str) -> Blueprint:
    """A blueprint under /l/<lid>: let in are the launch's own browser, with the form's token where it changes
    something, and there only a signer."""
    made = Blueprint(name, module, url_prefix="/l/<lid>")
    made.before_request(_let_in)
    return made


def _let_in() -> tuple[str, int] | Response | None:
    lid = (request.view_args or {})["lid"]
    doing = (request.endpoint or "").rpartition(".")[2]
    g.session = session = sessions.open_session(lid, used=doing not in BY_SCRIPT)
    security.framed_by(desk().ehr(session.ehr))
    if not session.is_staff:
        return render_template("for_staff.html"), 403
    if session.handed and request.blueprint != IN_THE_ROOM and doing not in WITH_THE_PAGE:
        if doing in ASKED_BY_PAGES:
            raise SessionError("The patient holds this device.")
        return redirect(url_for("in_the_room.show", lid=lid), 303)
    if request.method == "POST":
        security.require_csrf(lid)
        _require_right(session, doing)
    return None


def _require_right(session: sessions.LiveSession, doing: str) -> None:
    if doing in FOR_CLINICIANS and session.recorder is None:
        raise RefusedError(NOT_A_CLINICIAN)
    if doing in FOR_ARRANGERS and session.clinician is None:
        raise RefusedError(NOT_AN_ARRANGER)
    if doing not in FOR_READERS | FOR_CLINICIANS | FOR_ARRANGERS and session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
