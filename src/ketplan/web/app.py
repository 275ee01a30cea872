"""The web app: services, routes, headers and error pages put together."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread
from typing import Any, cast

from flask import Flask
from jinja2 import pass_context

from ketplan import compose
from ketplan.access import open_access
from ketplan.compose import Services
from ketplan.config import Ehr, signing_key
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.doctor.report import Report
from ketplan.ehr.peers import Peers, Resolve, addresses
from ketplan.ehr.refresh import Supplier
from ketplan.ehr.transport import Http
from ketplan.fhir.datatypes import legible
from ketplan.web import errors, glossary, guide, idle, security
from ketplan.web.clinic import rooms as clinic
from ketplan.web.context import Carry, Desk, Glue, Run, desk
from ketplan.web.course import (
    adverse_events,
    differences,
    lifecycle,
    progress,
    replan,
    revise,
    revision,
    session_sheet,
    settling,
)
from ketplan.web.doors import doctor_page, hooks, keys, landing, launch, style
from ketplan.web.page import show_banner
from ketplan.web.plan import (
    checked,
    handing_out,
    in_the_room,
    instruments,
    intake,
    sign,
    take_away,
    unsent,
    workspace,
)
from ketplan.web.presenters import words
from ketplan.web.reading import Readings
from ketplan.web.sessions import LiveSession
from ketplan.web.writing import Writings

# Far beyond the longest intake; a form's own fields are cut long before.
LARGEST_FORM = 256 * 1024


def utc_now() -> datetime:
    return datetime.now(UTC)


def unguessable() -> str:
    """43 characters that nobody can foresee."""
    return secrets.token_urlsafe(32)


def in_thread(job: Callable[[], None]) -> None:
    Thread(target=job, daemon=True).start()


def create_app(
    services: Services,
    *,
    now: Callable[[], datetime] = utc_now,
    token: Callable[[], str] = unguessable,
    http: Http | None = None,
    glue: Glue | None = None,
    run: Run = in_thread,
    carry: Carry | None = None,
    resolve: Resolve = addresses,
) -> Flask:
    """The app of one process. `http` goes to the EHRs, `run` starts what a request does not wait for.

    `carry` hands what was confirmed over to the workers; without it this process writes it itself.
    """
    app = errors.Discreet(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.jinja_options = {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "finalize": _shown}
    peers = Peers(resolve)
    http, glue = http or Http(peers=peers), glue or cast(Glue, compose)

    def connect(base: str, token: str | Supplier) -> Any:
        return glue.chart(base, token, services.settings.site.parallel, http, services.vendors)

    def beside(job: Callable[[], None]) -> None:
        run(lambda: _inside(app, job))

    discovery = Discovery(http, resolve=peers.addresses)

    def examine(ehr: Ehr, scope: str | None) -> Report:
        refused = services.observed.of(ehr.iss.rstrip("/"), now())
        callback = services.settings.public_url + "/callback"
        return glue.examine_ehr(ehr, callback, observed=refused, scope=scope)

    access = open_access(services, discovery, now, token)

    def carried_here(plan_id: str, lid: str) -> None:
        plan = services.plans.load(plan_id)
        client = connect(plan.iss, access.supplier(lid))
        glue.resume_plan(services, plan_id, client, server=plan.iss, patient_id=plan.patient_id, now=now)

    app.extensions["ketplan"] = Desk(
        services=services,
        glue=glue,
        discovery=discovery,
        now=now,
        token=token,
        csrf_key=hmac.new(signing_key(services.settings).encode(), b"ketplan forms", sha256).digest(),
        connect=connect,
        access=access,
        beside=beside,
        carry=carry or carried_here,
        readings=Readings(glue, connect, beside, now),
        writings=Writings(beside),
        checks=checked.Checks(),
        styles=style.Styles(discovery, beside, now),
        doctor=doctor_page.Doctor(examine, beside, now),
    )
    for room in (
        keys,
        launch,
        workspace,
        intake,
        instruments,
        in_the_room,
        sign,
        progress,
        lifecycle,
        revision,
        replan,
        revise,
        settling,
        session_sheet,
        adverse_events,
        take_away,
        handing_out,
        idle,
        unsent,
        landing,
        differences,
        style,
        glossary,
        guide,
        doctor_page,
        hooks,
    ):
        app.register_blueprint(room.routes)
    app.register_blueprint(doctor_page.staff_routes)
    clinic.register(app, beside, now)
    app.add_url_rule("/healthz", "health", lambda: {"status": "ok"})
    app.add_url_rule("/readyz", "ready", _ready)
    app.after_request(unsent.sent)
    app.after_request(security.harden)
    app.after_request(security.note)
    app.jinja_env.globals.update(
        site=services.settings.site,
        zone=services.practice.zone,
        csrf_token=security.csrf_token,
        words=words,
        until=_until,
        idle_watch=idle.watch,
        has_style=style.has_style,
        show_banner=show_banner,
        unsent_ticket=unsent.ticket,
        any_unsent=unsent.any_kept,
        named_here=glossary.named_here,
        is_guided=guide.is_guided,
    )
    # A filter that is told the page at hand is not worked out once for all pages when its text is constant.
    app.jinja_env.filters["explained"] = pass_context(lambda _page, text: glossary.explained(text))
    app.jinja_env.filters["sourced"] = pass_context(lambda _page, text: glossary.sourced(text))
    errors.register(app)
    return app


def _shown(value: Any) -> Any:
    """Whatever a page shows, it came from outside until the contrary is known."""
    return type(value)(legible(value)) if isinstance(value, str) else value


def _ready() -> dict[str, Any]:
    """The database answers (an error page with 500 when it does not); so many workers are at work."""
    living = desk().services.workers.living(desk().now())
    return {"status": "ready", "workers": len(living)}


def _inside(app: Flask, job: Callable[[], None]) -> None:
    with app.app_context():
        job()


def _until(session: LiveSession) -> str:
    """When the EHR's permission ends, by the site's clock."""
    return words.clock(session.expires.astimezone(desk().practice.zone))
