"""The day of a dose: before, during, leaving, closing. Every save keeps all that was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.errors import EhrError, InputError, RefusedError
from ketplan.fhir.invariants import patients
from ketplan.fhir.rendering.session import SessionRecord
from ketplan.kept import steps_of
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, open_bench
from ketplan.web.carry import LONG_SECONDS, carried
from ketplan.web.context import desk
from ketplan.web.course import closing, sheet_form
from ketplan.web.course.course import require_course
from ketplan.web.course.day import Day, open_day, require_open, visits
from ketplan.web.guard import NOT_A_CLINICIAN, room
from ketplan.web.page import bench_page
from ketplan.web.pictures.session_curve import session_curve
from ketplan.web.pictures.weight_curve import weight_curve
from ketplan.web.presenters import session_sheet as presenter
from ketplan.web.presenters import writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note
from ketplan.web.writing import Writing

routes = room("session_sheet", __name__)

WAIT_FOR_A_QUICK_EHR = 2.0
Fill = Callable[[Day, sheet_form.Form], dict[str, Any]]


@routes.get("/sessions")
def index(lid: str) -> str:
    """The dosing visits of the newest signed plan: what is planned, under way, done."""
    session = sessions.current()
    bench = open_bench(session)
    plan = next(iter(desk().services.plans.find(session.iss, session.patient)), None)
    rows = []
    if plan is not None:
        course = require_course(bench)
        sheets = desk().services.sheets.of(session.iss, session.patient, plan.plan_id)
        rows = presenter.rows(
            visits(course, bench.proposal.record.appointments), sheets, desk().practice.zone
        )
    return render_template("sheets.html", **bench_page(bench), rows=rows, plan=plan)


@routes.get("/sessions/<visit>")
def show(lid: str, visit: str) -> Response:
    """The page of the sheet that comes next."""
    day = open_day(sessions.current(), visit)
    if day.is_closed:
        return redirect(url_for(".closed", lid=lid, visit=visit))
    if day.sheet.ended:
        return redirect(url_for(".leaving", lid=lid, visit=visit))
    begun = day.sheet.started or day.content.get("dose")
    return redirect(url_for(".during" if begun else ".before", lid=lid, visit=visit))


@routes.get("/sessions/<visit>/before")
def before(lid: str, visit: str) -> str:
    return _page(open_day(sessions.current(), visit), "before")


@routes.get("/sessions/<visit>/during")
def during(lid: str, visit: str) -> str:
    return _page(open_day(sessions.current(), visit), "during", place=request.args.get("set", ""))


@routes.get("/sessions/<visit>/leaving")
def leaving(lid: str, visit: str) -> str:
    return _page(open_day(sessions.current(), visit), "leaving")


@routes.post("/sessions/<visit>/before")
def save_before(lid: str, visit: str) -> Response | tuple[str, int]:
    return _save(visit, "before", sheet_form.with_before)


@routes.post("/sessions/<visit>/during")
def save_during(lid: str, visit: str) -> Response | tuple[str, int]:
    return _save(visit, "during", sheet_form.with_dose)


@routes.post("/sessions/<visit>/leaving")
def save_leaving(lid: str, visit: str) -> Response | tuple[str, int]:
    return _save(visit, "leaving", sheet_form.with_leaving)


# --- saving -------------------------------------------------------------------------------------------------


def _save(visit: str, stage: str, fill: Fill) -> Response | tuple[str, int]:
    """Keep what was typed, whatever it is; what was not understood stands marked on the page it leads to.

    A form that was opened before another window saved is not kept: it comes back with all that was typed,
    beside what stands now.
    """
    session = sessions.current()
    guard_form(session)
    day = open_day(session, visit, WAIT_TO_ACT)
    require_open(day)
    filled = day.with_content(fill(day, request.form))
    if request.form.get("version") != str(day.stored.version):
        return _page(filled, stage, place=request.form.get("set", ""), stale=True), 409
    weighed, _ = sheet_form.resaved(filled)
    sheets = desk().services.sheets
    try:
        stored = sheets.save(day.key, weighed.content, day.stored.version, day.now)
    except RefusedError:
        return _page(open_day(session, visit).with_content(filled.content), stage, stale=True), 409
    note(session, f"session-{stage}-saved", day.record_id)
    kept = weighed.with_content(stored.content)
    place = _place_with_problems(kept) if stage == "during" else None
    return redirect(url_for(f".{stage}", lid=session.lid, visit=visit, set=place, _anchor="now"), 303)


def _place_with_problems(day: Day) -> str | None:
    """The set that is to be corrected first."""
    return next((name.partition(".")[0] for name in day.entries.sets), None)


def _page(
    day: Day,
    stage: str,
    place: str = "",
    stale: bool = False,
) -> str:
    _, reasons = sheet_form.with_overrides(day)
    return render_template(
        f"sheet_{stage}.html",
        **_shown(day),
        **getattr(presenter, stage)(day, place, reasons),
        stage=stage,
        stale=stale,
    )


def _shown(day: Day) -> dict[str, Any]:
    known = bench_page(day.bench)
    view, limits = day.bench.proposal.assessment.view, day.limits
    return known | {
        "pressures": session_curve(day.sheet, limits),
        "weights": weight_curve(view, day.chart.weight_kg, limits.weight_change_pct),
        "day": day,
        "visit": day.visit,
        "planned": day.planned,
        "may_record": day.session.recorder is not None and not day.is_closed,
    }


# --- closing ------------------------------------------------------------------------------------------------


@routes.get("/sessions/<visit>/close")
def preview(lid: str, visit: str) -> Response | str:
    """Exactly what will be written, and for whom; or what is still open."""
    day = open_day(sessions.current(), visit)
    if day.is_closed:
        return redirect(url_for(".closed", lid=lid, visit=visit))
    return _preview(day)


def _preview(day: Day, changed: tuple[str, ...] = ()) -> str:
    session, bench = day.session, day.bench
    missing, shown = closing.still_open(day), ""
    rows: tuple[writing.PreviewRow, ...] = ()
    if not missing and session.recorder:
        steps = closing.record_of(day, session.recorder, closing.AS_IF_CLOSED_AT).steps()
        rows = bench.preview(steps)
        shown = writing.packed(writing.manifest(steps))
    return render_template(
        "sheet_close.html",
        **_shown(day),
        stage="close",
        missing=missing,
        rows=rows,
        shown=shown,
        changed=changed,
        notes=_notes(day) if rows else (),
    )


def _notes(day: Day) -> tuple[str, ...]:
    assert day.session.recorder
    record = closing.record_of(day, day.session.recorder, closing.AS_IF_CLOSED_AT)
    return tuple(note["text"] for note in record.steps()[0].resource.get("note", ()))


@routes.post("/sessions/<visit>/close")
def close_sheet(lid: str, visit: str) -> Response | tuple[str, int]:
    """Close what was shown, then write it. A sheet that changed meanwhile is shown again instead."""
    session = sessions.current()
    guard_form(session)
    day = open_day(session, visit, WAIT_TO_ACT)
    if day.is_closed:
        return redirect(url_for(".closed", lid=lid, visit=visit), 303)
    recorder = session.recorder
    if recorder is None:
        raise RefusedError(NOT_A_CLINICIAN)
    if closing.still_open(day):
        return _preview(day), 400
    steps = closing.record_of(day, recorder, closing.AS_IF_CLOSED_AT).steps()
    changed = writing.changes(writing.unpacked(request.form.get("shown", "")), steps)
    if changed:
        return _preview(day, changed), 409
    for step in steps:
        workflow.guard_patient(session.reference, *patients(step.resource))
    closed = {"clinician": recorder.reference, "name": recorder.name, "at": day.now.isoformat()}
    desk().services.sheets.save(day.key, {**day.content, "closed": closed}, day.stored.version, day.now)
    note(session, "session-closed", day.record_id)
    return _write(day.with_content({**day.content, "closed": closed}))


@routes.post("/sessions/<visit>/closed")
def write_again(lid: str, visit: str) -> Response:
    """Write what could not be written when the sheet was closed."""
    session = sessions.current()
    guard_form(session)
    day = open_day(session, visit, WAIT_TO_ACT)
    if not day.is_closed:
        raise InputError("This sheet has not been closed yet.")
    return _write(day)


def _write(day: Day) -> Response:
    """Beside the request: a session is many resources. The page told of then shows how far it has come."""
    session = day.session
    kept, made = _kept(day), None
    if kept is None:
        made = closing.record_of(day, *closing.closed_by(day))
    job = desk().writings.start((session.iss, day.record_id), lambda w: _carry_out(w, session, day, made))
    job.done.wait(WAIT_FOR_A_QUICK_EHR)
    return redirect(url_for(".closed", lid=session.lid, visit=day.visit.key), 303)


def _carry_out(run: Writing, session: LiveSession, day: Day, record: SessionRecord | None) -> None:
    run.plan_id = day.record_id
    if record is not None:
        desk().glue.keep_record(
            desk().services, record, server=session.iss, patient_id=session.patient, now=desk().now
        )
    run.receipt = carried(session, day.record_id, LONG_SECONDS)
    note(session, "session-written", day.record_id, run.receipt.state.value)


@routes.get("/sessions/<visit>/closed")
def closed(lid: str, visit: str) -> Response | str:
    """What became of a closed sheet, row by row."""
    session = sessions.current()
    day = open_day(session, visit)
    if not day.is_closed:
        return redirect(url_for(".show", lid=lid, visit=visit))
    run = desk().writings.of((session.iss, day.record_id))
    under_way = run is not None and not run.done.is_set()
    kept = _kept(day)
    found = desk().glue.stored_receipt(desk().services, day.record_id) if kept else None
    receipt = None
    if kept and found:
        receipt = writing.receipt(found, writing.described(steps_of(kept)), session.iss)
    if not under_way:
        _read_again_once(session, day, run)
    return render_template(
        "sheet_closed.html",
        **_shown(day),
        stage="closed",
        receipt=receipt,
        under_way=under_way,
        error=run.error if run and not under_way and isinstance(run.error, EhrError) else None,
        closed=closing.closed_by(day),
    )


def _read_again_once(session: LiveSession, day: Day, run: Writing | None) -> None:
    """The record has changed: every page after this one reads it again."""
    if run and run.receipt and not run.changes:
        run.changes = ("read again",)
        sessions.read_again(session)
        desk().readings.forget(session.lid)


def _kept(day: Day) -> StoredPlan | None:
    session = day.session
    found = desk().services.plans.find(session.iss, session.patient, SessionRecord.kind)
    return next((k for k in found if k.plan_id == day.record_id), None)
