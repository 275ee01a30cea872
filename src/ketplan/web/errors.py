"""One page for every error: what failed, what to do now, and a number to ask about. Never patient data."""

from __future__ import annotations

import logging
import traceback

from flask import Flask, Response, g, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from ketplan.errors import (
    ConfigError,
    EhrError,
    InputError,
    KetplanError,
    LaunchError,
    PatientMismatch,
    PdfUnavailable,
    RefusedError,
    SessionError,
    SignInEnded,
    Temporary,
)
from ketplan.web.bench import StillReading
from ketplan.web.context import desk
from ketplan.web.plan import unsent
from ketplan.web.reading import MOST

log = logging.getLogger("ketplan.web")

Page = tuple[str, int]

FROM_CHART = "Go back to the patient's chart in the EHR and open ketplan again from there."
RESCUED = "Nothing was sent, and what you typed is kept: it stands in its form again after the next launch."
KEPT = "What was saved before is kept on this server and will be there again."
# The first class that fits says what the page is called and what to do now.
TITLES: tuple[tuple[type[KetplanError], str, str], ...] = (
    (PatientMismatch, "Stopped: this is another patient", f"Nothing was sent. {FROM_CHART}"),
    (SessionError, "This page has ended", f"{FROM_CHART} {KEPT}"),
    (SignInEnded, "This sign-in has ended", f"{FROM_CHART} {KEPT}"),
    (LaunchError, "ketplan could not be opened", FROM_CHART),
    (RefusedError, "This is not allowed", "Go back and look at the page again."),
    (InputError, "This cannot be used", "Go back and change it."),
    (PdfUnavailable, "No PDF can be made here", "Go back and open the page to print instead."),
    (ConfigError, "ketplan is not set up for this", "Tell whoever runs ketplan here, with the number below."),
    (Temporary, "The EHR did not answer as it should", f"Wait a moment and try again. {KEPT}"),
    (EhrError, "The EHR refused", f"Try again; if it stays so, tell whoever runs the EHR. {KEPT}"),
    (KetplanError, "Something went wrong", "Go back and try again."),
)


class Discreet(Flask):
    """Of what no handler could answer, as a fault in the error page, Flask would log words and address."""

    def handle_exception(self, e: Exception) -> Response:
        log.error("no page could be made of a fault: %s", type(e).__name__)
        words = "ketplan made a mistake. Go back to the patient's chart and open ketplan again from there."
        return self.finalize_request(Response(words, 500, mimetype="text/plain"), from_error_handler=True)


def register(app: Flask) -> None:
    app.register_error_handler(KetplanError, known)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(StillReading, still_reading)
    app.register_error_handler(Exception, unknown)


def known(error: KetplanError) -> Page:
    title, way_on = next((title, way_on) for kind, title, way_on in TITLES if isinstance(error, kind))
    if isinstance(error, SessionError) and request.method == "POST" and unsent.rescue():
        way_on = f"{RESCUED} {FROM_CHART}"
    _log(type(error).__name__, error.http_status)
    return _page(title, str(error), way_on, error.http_status, again=_may_help_again(error))


def _may_help_again(error: KetplanError) -> bool:
    return isinstance(error, EhrError) and not isinstance(error, SignInEnded)


def http(error: HTTPException) -> Page:
    status = error.code or 500
    _log("HTTP", status)
    return _page(HTTP_STATUS_CODES.get(status, "Error"), "There is nothing to show here.", FROM_CHART, status)


def unknown(error: Exception) -> Page:
    """A fault of ours. The log gets the place and the class, never the message: it may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    _log(f"{type(error).__name__} at {frame.name}:{frame.lineno}", 500)
    words = "ketplan made a mistake. Nothing was written by this step."
    return _page("Something went wrong", words, f"Try again. {KEPT}", 500)


def still_reading(waiting: StillReading) -> Page:
    """How far the reading has come; a form's answer then leads back to the workspace."""
    lid = (request.view_args or {})["lid"]
    here = request.path if request.method == "GET" else url_for("workspace.show", lid=lid)
    return render_template("reading.html", reading=waiting.reading, expected=MOST, here=here), 200


def _page(title: str, words: str, way_on: str, status: int, again: bool = False) -> Page:
    session = g.get("session")
    if session is None:
        _allow_any_ehr_to_frame()
    shown = render_template(
        "error.html",
        title=title,
        words_said=words,
        way_on=way_on,
        session=session,
        number=number(),
        status=status,
        again=again,
    )
    return shown, status


def _allow_any_ehr_to_frame() -> None:
    """A page that shows nothing of anybody must be seen inside the chart it was opened from."""
    if not g.get("frame_ancestors"):
        origins = [o for ehr in desk().services.settings.ehrs for o in ehr.frame_ancestors]
        g.frame_ancestors = tuple(dict.fromkeys(origins))


def number() -> str:
    """This request's reference number, the same on the page and in the log."""
    if "number" not in g:
        g.number = desk().token()[:8].upper()
    found: str = g.number
    return found


def _log(what: str, status: int) -> None:
    route = request.url_rule.rule if request.url_rule else "unknown route"
    log.warning("%s %s: %s (%s) on %s", number(), request.method, what, status, route)
