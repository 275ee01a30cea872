"""Adverse events: of a dosing session or outside one, each written as soon as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.progress.facts import EventKind
from ketplan.clinical.session.asked import Field, Kind, read
from ketplan.errors import InputError, RefusedError, Temporary
from ketplan.fhir.rendering.adverse_event import AdverseEventRecord, EventOutcome, Seriousness
from ketplan.fhir.session_codes import KINDS, code_of
from ketplan.kept import steps_of
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.guard import NOT_A_CLINICIAN, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import session_sheet as presenter
from ketplan.web.presenters import words, writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note

routes = room("adverse_events", __name__)

LONGEST_FORM_ID, LONGEST = 100, 2000
SERIOUSNESS_WORDS = {
    Seriousness.NOT_SERIOUS: "not serious",
    Seriousness.SERIOUS: "serious: death, danger to life, hospital, disability, or averted by treatment",
}
OUTCOME_WORDS = {
    EventOutcome.RESOLVED: "resolved",
    EventOutcome.RECOVERING: "recovering",
    EventOutcome.ONGOING: "ongoing",
    EventOutcome.SEQUELAE: "resolved, with lasting effects",
    EventOutcome.FATAL: "fatal",
    EventOutcome.UNKNOWN: "not known",
}
FIELDS = (
    Field(
        "kind",
        "What happened",
        Kind.CHOICE,
        choices=tuple((code_of(k), k.value) for k in EventKind),
    ),
    Field("words", "In words", Kind.WORDS),
    Field("onset", "Began at", Kind.MOMENT),
    Field(
        "seriousness",
        "How serious",
        Kind.CHOICE,
        choices=tuple((s.value, said) for s, said in SERIOUSNESS_WORDS.items()),
    ),
    Field("action_taken", "Action taken", Kind.WORDS),
    Field(
        "outcome",
        "Outcome",
        Kind.CHOICE,
        choices=tuple((o.value, said) for o, said in OUTCOME_WORDS.items()),
    ),
)
_NEEDED = ("kind", "words", "onset", "seriousness", "outcome")
_URGENT = frozenset({EventKind.SUICIDAL_IDEATION})


@routes.get("/adverse-events")
def index(lid: str) -> str:
    """What the chart has, what was recorded here, and the form for another."""
    said = {"form": desk().token(), "visit": request.args.get("visit", "")}
    return _page(open_bench(sessions.current()), said, {})


@routes.post("/adverse-events")
def report_event(lid: str) -> Response | tuple[str, int]:
    """Write it once; what is missing comes back marked, with all that was typed."""
    session, said = sessions.current(), {n: v[:LONGEST] for n, v in request.form.items()}
    guard_form(session)
    bench, zone = open_bench(session, WAIT_TO_ACT), desk().practice.zone
    found = read(FIELDS, said, zone, desk().now())
    missing = {n: "This is needed." for n in _NEEDED if n not in found.values and n not in found.problems}
    if problems := {**found.problems, **missing}:
        return _page(bench, said, problems), 400
    record = _record(session, found.values, said)
    with suppress(Temporary):
        desk().glue.keep_record(desk().services, record, **_where(session))
        receipt = carried(session, record.id)
        note(session, "adverse-event-recorded", record.id, receipt.state.value)
    return _back(session, said)


@routes.post("/adverse-events/<record>")
def write_event_again(lid: str, record: str) -> Response:
    """Write again what could not be written."""
    session = sessions.current()
    guard_form(session)
    mine = desk().services.plans.find(session.iss, session.patient, AdverseEventRecord.kind)
    if record not in {kept.plan_id for kept in mine}:
        raise InputError("Nothing of this patient is kept here.")
    with suppress(Temporary):
        receipt = carried(session, record)
        note(session, "adverse-event-resumed", record, receipt.state.value)
    return _back(session, request.form)


def _page(bench: Bench, said: Mapping[str, str], problems: Mapping[str, str]) -> str:
    session = bench.session
    kept = desk().services.plans.find(session.iss, session.patient, AdverseEventRecord.kind)
    told = [
        {
            "words": e.label,
            "when": words.recorded(str(e.when)) if e.when else "no date",
            "seriousness": e.seriousness or "",
            "outcome": e.outcome or "",
            "reference": e.reference,
        }
        for e in bench.proposal.record.adverse_events
    ]
    return render_template(
        "adverse_events.html",
        **bench_page(bench),
        said=said,
        asked_fields=presenter.plain_fields(FIELDS, said, problems),
        problems=problems,
        told=told,
        ours=[_kept_row(k) for k in kept],
        crisis=any(KINDS.get(said.get("kind", "")) in _URGENT for _ in problems)
        or any(EventKind(k.payload["event"]) in _URGENT for k in kept),
    )


def _kept_row(kept: Any) -> dict[str, Any]:
    found = desk().glue.stored_receipt(desk().services, kept.plan_id)
    view = writing.receipt(found, writing.described(steps_of(kept)), kept.iss) if found else None
    return {
        "id": kept.plan_id,
        "row": view.rows[0] if view else None,
        "complete": bool(view and view.complete),
    }


def _record(session: LiveSession, values: Mapping[str, Any], said: Mapping[str, str]) -> AdverseEventRecord:
    form, visit = said.get("form", ""), said.get("visit", "")
    if not 0 < len(form) <= LONGEST_FORM_ID:
        raise InputError("This form is not one that ketplan gave out: open it again.")
    if session.recorder is None:
        raise RefusedError(NOT_A_CLINICIAN)
    onset: date | datetime = values["onset"]
    record = AdverseEventRecord(
        workflow.record_id_for(session.iss, session.patient, AdverseEventRecord.kind, form),
        session.reference,
        session.recorder,
        desk().now(),
        desk().practice.zone.key,
        KINDS[values["kind"]],
        values["words"],
        onset,
        Seriousness(values["seriousness"]),
        values.get("action_taken", ""),
        EventOutcome(values["outcome"]),
    )
    return replace(record, session=_session_of(session, visit)) if visit else record


def _session_of(session: LiveSession, visit: str) -> str:
    """The record of the dosing session it happened in, of the newest signed plan; "" where there is none."""
    plan = next(iter(desk().services.plans.find(session.iss, session.patient)), None)
    keys = {s["key"].removeprefix("appointment-") for s in plan.payload["steps"]} if plan else set()
    if plan is None or visit not in keys:
        return ""
    return workflow.session_id_for(session.iss, session.patient, plan.plan_id, visit)


def _where(session: LiveSession) -> dict[str, object]:
    return {"server": session.iss, "patient_id": session.patient, "now": desk().now}


def _back(session: LiveSession, said: Mapping[str, str]) -> Response:
    """The record has changed: every page after this reads it again."""
    sessions.read_again(session)
    desk().readings.forget(session.lid)
    visit = said.get("visit") or None
    return redirect(url_for(".index", lid=session.lid, visit=visit), 303)
