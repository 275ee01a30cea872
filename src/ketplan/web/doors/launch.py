"""SMART launch, the browser's side: out to the EHR's sign-in and back, each into a session of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.config import Ehr
from ketplan.ehr.launch import PendingLaunch, begin, complete, complete_across, form_fields, match_ehr
from ketplan.errors import LaunchError
from ketplan.store.audit import AuditEvent
from ketplan.web import security, sessions
from ketplan.web.carry import go_on
from ketplan.web.clinic import sessions as clinic_sessions
from ketplan.web.context import desk
from ketplan.web.doors.landing import landing

routes = Blueprint("launch", __name__)

CHECKED = "cookie"
NOT_OURS = "This answer belongs to no launch of this browser: launch ketplan again from the chart."


@routes.get("/")
def home() -> str:
    return render_template("home.html", ehrs=desk().services.settings.ehrs)


@routes.get("/clinic")
def start_across() -> Response | tuple[str, int]:
    """To the EHR's sign-in without a patient, for work across patients, with the `iss` chosen."""
    iss = request.args.getlist("iss")
    ehr = match_ehr(desk().services.settings.ehrs, iss)
    security.framed_by(ehr)
    browser = security.browser()
    if browser is None:
        return _cookie_hop("launch.start_across", {"iss": iss[0]})
    return to_sign_in(ehr, iss[0], None, browser, across=True)


@routes.get("/launch")
def start() -> Response | tuple[str, int]:
    """To the EHR's sign-in: from a chart with `iss` and `launch`, or standalone with the `iss` chosen."""
    iss, launch = request.args.getlist("iss"), request.args.getlist("launch")
    ehr = match_ehr(desk().services.settings.ehrs, iss)
    security.framed_by(ehr)
    if len(launch) > 1:
        raise LaunchError("A launch must carry one launch value.")
    browser = security.browser()
    if browser is None:
        return _cookie_hop("launch.start", {"iss": iss[0], "launch": launch[0] if launch else None})
    return to_sign_in(ehr, iss[0], launch[0] if launch else None, browser)


def _cookie_hop(start: str, named: Mapping[str, Any]) -> Response | tuple[str, int]:
    """Set the cookie and come back once; who then still sends none is in a frame that gets no cookies."""
    if CHECKED in request.args:
        address = url_for(start, **named)
        return render_template("no_cookie.html", address=address, own_window=security.is_own_window()), 200
    back = redirect(url_for(start, **named, cookie="1"), 303)
    return security.name_browser(back, desk().token())


def to_sign_in(ehr: Ehr, iss: str, launch: str | None, browser: str, **meant: Any) -> Response:
    """Out to the EHR's sign-in; `meant` is what `ehr.launch.begin` keeps of what the launch is for."""
    now, endpoints = desk().now(), desk().discovery.endpoints(iss)
    pending, address = begin(
        ehr, iss, launch or None, endpoints, _callback(), lambda _: desk().token(), now, **meant
    )
    desk().services.pending.save(pending.state, _payload(pending), browser, now)
    fields = form_fields(endpoints, address)
    return redirect(address, 303) if fields is None else _by_form(ehr, endpoints.authorize, fields)


def _by_form(ehr: Ehr, action: str, fields: list[tuple[str, str]]) -> Response:
    # Browsers hold a form to this also where its target sends on to, and a sign-in may lead anywhere.
    g.form_action = f"{urlsplit(action).scheme}:"
    return make_response(
        render_template("leave.html", name=ehr.label or ehr.name, action=action, fields=fields)
    )


@routes.get("/callback")
def callback() -> Response:
    """Back from the sign-in. Redirects at once, so that code and state leave the address bar."""
    answer = {name: values[0] for name, values in request.args.lists() if len(values) == 1}
    browser, now = security.browser(), desk().now()
    if browser is None or not answer.get("state"):
        raise LaunchError(NOT_OURS)
    pending = _pending(desk().services.pending.take(answer["state"], browser, now))
    ehr = match_ehr(desk().services.settings.ehrs, pending.iss)
    security.framed_by(ehr)
    sign = desk().access.keyring.sign
    if pending.across:
        across = complete_across(pending, ehr, answer, desk().discovery, now, sign)
        return redirect(clinic_sessions.opened(across, browser, now), 303)
    grant = complete(pending, ehr, answer, desk().discovery, now, sign)
    signer = desk().glue.find_signer(desk().connect(grant.iss, grant.access_token), grant.fhir_user)
    sessions.purge(now)
    session = sessions.begin(desk().token(), browser, grant, signer, now)
    desk().services.audit.append(
        AuditEvent(grant.fhir_user or "unknown user", "launch", grant.iss, session.reference), now
    )
    if session.recorder:
        go_on(session)
    return redirect(landing(session), 303)


def _callback() -> str:
    return desk().services.settings.public_url + url_for("launch.callback")


def _payload(pending: PendingLaunch) -> dict[str, Any]:
    return asdict(pending) | {"created": pending.created.isoformat()}


def _pending(payload: Mapping[str, Any]) -> PendingLaunch:
    return PendingLaunch(**{**payload, "created": datetime.fromisoformat(payload["created"])})
