"""The sandbox as a Flask application."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from ketplan.sandbox import fhir, pages, quirks, smart, trouble
from ketplan.sandbox.faults import Faults
from ketplan.sandbox.harbor import CLIENT_ID, Harbor, here
from ketplan.sandbox.likes import HARBOR, Like
from ketplan.sandbox.likes import like as like_named
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
    like: Like | str = HARBOR,
    patients: Sequence[Mapping[str, Any]] | None = None,
) -> Flask:
    """A sandbox EHR whose FHIR base is ``<base_url>/fhir``, with synthetic data dated relative to ``today``.

    ``launch_url`` is the app the chart page opens; without it no app is registered. It may return to
    ``redirect_uris``, or to ``/callback`` of the same origin. ``static_tokens`` maps a token to the scopes
    an operator has with it; ``open_access`` asks for no token at all. ``like`` is the EHR to behave as,
    or its name. ``patients`` are resources to stand there instead of the synthetic charts; staff and
    calendars stay. Raises ValueError for a name that is none.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True}
    harbor = Harbor(
        base_url,
        today,
        ZoneInfo(zone),
        clock,
        faults or Faults(),
        static_tokens or {},
        open_access,
        like_named(like) if isinstance(like, str) else like,
        patients,
    )
    if launch_url:
        harbor.register(launch_url, redirect_uris, client_id)
    app.extensions["harbor"] = harbor
    for room in (smart, fhir, pages):
        app.register_blueprint(room.routes)
    app.register_error_handler(FhirError, lambda error: quirks.refusal(here().like.errors, error))
    app.register_error_handler(HTTPException, _http_error)
    app.before_request(trouble.before)
    for last in (trouble.record, trouble.after, _odd, _headers):  # the last one is the first to act
        app.after_request(last)
    return app


def _odd(response: Response) -> Response:
    """Sign-in and discovery as the EHR at hand words them."""
    rules = here().like.access
    if request.endpoint == "smart.token":
        told = quirks.token_answer(rules, here().faults, response)
        if told.status_code == 200:
            here().end_token(told.get_json()["access_token"], rules.token_seconds)
        return told
    if request.endpoint == "smart.smart_configuration" and response.status_code == 200:
        return quirks.discovery(rules, response)
    return response


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
