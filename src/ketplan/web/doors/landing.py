"""Where a launch leads: what the EHR said it is about decides the first page, and the plan is the default.

An intent that nobody here knows, or that has no page here, leads to the plan and is no error. A resource
named in the launch is opened if it is this patient's; if it is not, or cannot be read, that is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response

from ketplan.ehr import urls
from ketplan.ehr.context import Context
from ketplan.errors import EhrError
from ketplan.fhir.rendering import review_response
from ketplan.fhir.rendering.survey_response import FilledIn
from ketplan.store.plans import PLAN, StoredPlan
from ketplan.web import sessions
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.presenters import words
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import note

routes = room("landing", __name__)

# What EHRs may send as `intent`, and the page below the session's address that it means.
INTENTS: Mapping[str, str] = MappingProxyType(
    {
        "plan": "",
        "plan-review": "",
        "preview": "preview",
        "sign": "preview",
        "intake": "intake",
        "instruments": "instruments",
        "scales": "instruments",
        "questionnaires": "instruments",
        "session": "sessions",
        "sessions": "sessions",
        "session-sheet": "sessions",
        "review": "review",
        "progress": "review",
        "progress-review": "review",
        "replan": "replan",
        "differences": "differences",
    }
)
# Types of the launch's resources that have a page here, and what they are called.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "CarePlan": "care plan",
        "Appointment": "appointment",
        "QuestionnaireResponse": "filled-in scale",
        "ServiceRequest": "request",
    }
)


@dataclass(frozen=True)
class Opened:
    """One resource the launch named. `page` is where it stands here, `problem` why it is not shown."""

    kind: str
    said: str = ""
    page: str = ""
    href: str = ""
    problem: str = ""


def landing(session: LiveSession) -> str:
    """The address of the first page."""
    if any(context.kind in KINDS for context in session.contexts):
        return url_for("landing.opened", lid=session.lid)
    return intended(session) or _page(session, "")


@routes.get("/opened")
def opened(lid: str) -> Response | str:
    """Straight on when all is well; a page in words when something named in the launch cannot be shown."""
    session = sessions.current()
    found = [_opened(session, context) for context in session.contexts if context.kind in KINDS]
    if found and all(one.page for one in found):
        return redirect(intended(session) or found[0].page, 303)
    way_on = intended(session) or _page(session, "")
    return render_template("opened.html", session=session, found=found, way_on=way_on)


def intended(session: LiveSession) -> str:
    """The page the launch's intent means, empty when it means none that is here."""
    said = (session.intent or "").strip().lower().replace("_", "-").replace(" ", "-")
    page = _page(session, INTENTS[said]) if said in INTENTS else ""
    return page if is_page(page) else ""


def is_page(address: str) -> bool:
    """Whether the app shows a page at this path."""
    return bool(address) and current_app.url_map.bind("").test(address, "GET")


def _page(session: LiveSession, below: str) -> str:
    return url_for("workspace.show", lid=session.lid) + below


# --- resources ----------------------------------------------------------------------------------------------


def _opened(session: LiveSession, context: Context) -> Opened:
    """Ours by the journal of this patient's writings; else what the EHR says about it."""
    kind = KINDS[context.kind]
    if ours := _ours(session, context):
        return Opened(kind, page=ours)
    try:
        raw = _client(session).read(*context.reference.split("/")).raw
    except EhrError as error:
        return Opened(kind, problem=f"It could not be read. {error}")
    return _foreign(session, context, raw)


def _ours(session: LiveSession, context: Context) -> str:
    kind, _, id = context.reference.partition("/")
    for plan in _written(session):
        for entry in desk().services.journal.entries(plan.plan_id):
            if (entry.resource_type, entry.resource_id) == (kind, id):
                return _page_of(session, plan, kind)
    return ""


def _written(session: LiveSession) -> Iterator[StoredPlan]:
    for kind in (PLAN, FilledIn.kind, review_response.KIND):
        yield from desk().services.plans.find(session.iss, session.patient, kind)


def _page_of(session: LiveSession, plan: StoredPlan, kind: str) -> str:
    """A scale opens its result, a review its page, a visit the sheets of the sessions, the rest the plan."""
    if plan.kind == FilledIn.kind:
        name = plan.payload["instrument"]
        return url_for("instruments.result", lid=session.lid, name=name, record=plan.plan_id)
    below = "review" if plan.kind == review_response.KIND else "sessions" if kind == "Appointment" else ""
    page = _page(session, below)
    return page if below and is_page(page) else url_for("sign.written", lid=session.lid)


def _foreign(session: LiveSession, context: Context, raw: Mapping[str, Any]) -> Opened:
    kind = KINDS[context.kind]
    about = _patients(session.iss, raw)
    if about - {session.reference}:
        note(session, "patient-guard", outcome="stopped")
        return Opened(kind, problem="It is about another patient than the open chart, so it stays closed.")
    if not about:
        return Opened(kind, problem="It does not say which patient it is about, so it stays closed.")
    problem = "It was not written by ketplan, so there is no page for it here."
    return Opened(kind, _said(raw), href=f"{session.iss}/{context.reference}", problem=problem)


def _patients(iss: str, raw: Mapping[str, Any]) -> set[str]:
    """Every patient it names as its subject or as taking part; one of another server by its whole address."""
    participants = raw.get("participant")
    taking_part = participants if isinstance(participants, list) else []
    actors = [p.get("actor") for p in taking_part if isinstance(p, dict)]
    named = [r.get("reference") for r in (raw.get("subject"), *actors) if isinstance(r, dict)]
    found = {urls.relative_reference(iss, reference) or str(reference) for reference in named if reference}
    return {reference for reference in found if "Patient/" in reference}


def _said(raw: Mapping[str, Any]) -> str:
    """Its own title, state and date, as far as it has them."""
    parts = [raw.get(name) for name in ("title", "description", "status", "start", "authored", "created")]
    return words.listed([part[:120] for part in parts if isinstance(part, str) and part])


def _client(session: LiveSession) -> Any:
    return desk().connect(session.iss, session.token)
