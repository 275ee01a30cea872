"""The sandbox as a Flask application."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from ketplan.sandbox import fhir, pages, smart
from ketplan.sandbox.faults import Faults
from ketplan.sandbox.harbor import CLIENT_ID, Harbor
from ketplan.sandbox.wire import FhirError

__all__ = ["Faults", "create_app"]

MAX_BODY = 5 * 1024 * 1024
_ISSUE = {404: "not-found", 405: "not-supported", 413: "too-long", 415: "not-supported"}
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src http: https:; base-uri 'none'"
)


def create_app(
    base_url: str,
    *,
    today: date,
    zone: str = "America/New_York",
    launch_url: str | None = None,
    redirect_uris: Sequence[str] | None = None,
    client_id: str = CLIENT_ID,
    faults: Faults | None = None,
    static_tokens: Mapping[str, str] | None = None,
    open_access: bool = False,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """A sandbox EHR whose FHIR base is ``<base_url>/fhir``, with synthetic data dated relative to ``today``.

    ``launch_url`` is the app the chart page opens; without it no app is registered. It may return to
    ``redirect_uris``, or to ``/callback`` of the same origin. ``static_tokens`` maps a token to the scopes
    an operator has with it; ``open_access`` asks for no token at all.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    harbor = Harbor(
        base_url, today, ZoneInfo(zone), clock, faults or Faults(), static_tokens or {}, open_access
    )
    if launch_url:
        harbor.register(launch_url, redirect_uris, client_id)
    app.extensions["harbor"] = harbor
    for room in (smart, fhir, pages):
        app.register_blueprint(room.routes)
    app.register_error_handler(FhirError, FhirError.response)
    app.register_error_handler(HTTPException, _http_error)
    app.after_request(_headers)
    return app


def _http_error(error: HTTPException) -> Response | tuple[str, int]:
    """What Flask itself refuses, in the dialect of the side it happened on."""
    status = error.code or 500
    if request.path.startswith("/fhir"):
        return FhirError(status, _ISSUE.get(status, "exception"), f"{error.name}.").response()
    words = "This page is not here." if status == 404 else "Harbor EHR could not do this."
    return render_template("harbor/notice.html", title=error.name, words=words), status


def _headers(response: Response) -> Response:
    """No caching, no referrer, no scripts; nothing that keeps a page out of a frame or an app out of ours."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _CONTENT_POLICY
    return response
