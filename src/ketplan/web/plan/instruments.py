"""Rating scales filled in here: by the clinician, or by the patient on the clinician's device."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.instruments import filling
from ketplan.clinical.instruments.administrations import Administration
from ketplan.clinical.instruments.change import Change
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.instruments.signed import signed_administrations
from ketplan.clinical.instruments.table import instrument
from ketplan.errors import InputError, RefusedError, Temporary
from ketplan.fhir.rendering.survey_response import FilledIn
from ketplan.kept import steps_of
from ketplan.kept_terms import plan_facts_of
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, bench_if_any, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.guard import NOT_A_CLINICIAN, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import instruments as presenter
from ketplan.web.presenters import writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note

routes = room("instruments", __name__)

LONGEST_FORM_ID = 100


@routes.get("/instruments")
def index(lid: str) -> str:
    """What is due, and the last score of each: by the signed course, else by the proposed one."""
    bench = open_bench(sessions.current())
    rows = presenter.rows(bench.proposal, desk().today(), _signed_schedule(bench))
    return render_template("instruments.html", **bench_page(bench), rows=rows)


@routes.get("/instruments/<name>")
def fill_in(lid: str, name: str) -> str:
    row = instrument(name)
    said = {"form": desk().token(), "by": "clinician" if row.id in presenter.BY_CLINICIAN else "patient"}
    return form(open_bench(sessions.current()), row, said)


@routes.post("/instruments/<name>")
def take_down(lid: str, name: str) -> Response | tuple[str, int]:
    """Score it and write it; what is missing comes back marked, unless it is to be kept as incomplete."""
    session, row, said = sessions.current(), instrument(name), request.form.to_dict()
    guard_form(session)
    try:
        score = presenter.read(row, said)
    except InputError as error:
        return form(open_bench(session, WAIT_TO_ACT), row, said, problem=str(error)), 400
    if score.missing and not (said.get("incomplete") and score.answers):
        return form(open_bench(session, WAIT_TO_ACT), row, said, score), 400
    filled = filled_in(session, row, score, said)
    # Sent in twice at once: the page shown next tells how the first one goes.
    with suppress(Temporary):
        desk().glue.keep_record(desk().services, filled, **kept_where(session))
        receipt = carried(session, filled.id)
        note(session, "instrument-taken-down", filled.id, receipt.state.value)
    return to_result(session, row, filled.id)


@routes.post("/instruments/<name>/<record>")
def carry_on(lid: str, name: str, record: str) -> Response:
    """Write again what could not be written."""
    session = sessions.current()
    guard_form(session)
    kept = _kept(session, name, record)
    with suppress(Temporary):
        receipt = carried(session, kept.plan_id)
        note(session, "instrument-resumed", kept.plan_id, receipt.state.value)
    return to_result(session, instrument(name), kept.plan_id)


@routes.get("/instruments/<name>/<record>")
def result(lid: str, name: str, record: str) -> str:
    """The total and what it means; what was written. It stands also while the EHR is away."""
    session, row = sessions.current(), instrument(name)
    kept = _kept(session, name, record)
    bench = bench_if_any(session)
    score = filling.filled_in(row, dict(kept.payload["answers"]), _total_alone(row, kept))
    found = desk().glue.stored_receipt(desk().services, kept.plan_id)
    receipt = writing.receipt(found, writing.described(steps_of(kept)), session.iss) if found else None
    return render_template(
        "instrument_result.html",
        session=session,
        bench=bench,
        name=bench.proposal.record.patient.name if bench else "",
        row=row,
        result=presenter.result(row, score, _change(bench, row, score, kept)),
        receipt=receipt,
        kept=kept,
        at=datetime.fromisoformat(kept.payload["confirmed_at"]),
        read_back=bool(bench and receipt and _is_read_back(bench, receipt)),
    )


# --- filling in ---------------------------------------------------------------------------------------------


def form(
    bench: Bench,
    row: Instrument,
    said: Mapping[str, str],
    score: Score | None = None,
    problem: str = "",
    hand_problem: str = "",
) -> str:
    """The form as a clinician sees it, with what was typed and what is wrong with it."""
    missing = score.missing if score else ()
    asked = presenter.form(row, said, missing)
    return render_template(
        "instrument.html",
        **bench_page(bench),
        row=row,
        questions=asked,
        said=said,
        score=score,
        problem=problem,
        hand_problem=hand_problem,
        answered=len(score.answers) if score else 0,
        ours=filling.takes_a_total(row),
        columbia=row.id == filling.COLUMBIA,
        for_patients=presenter.for_patients(row),
    )


def filled_in(session: LiveSession, row: Instrument, score: Score, said: Mapping[str, str]) -> FilledIn:
    form = said.get("form", "")
    if not 0 < len(form) <= LONGEST_FORM_ID:
        raise InputError("This form is not one that ketplan gave out: open it again.")
    if session.recorder is None:
        raise RefusedError(NOT_A_CLINICIAN)
    return FilledIn(
        workflow.record_id_for(session.iss, session.patient, row.id, form),
        score,
        session.reference,
        session.recorder,
        said.get("by") != "clinician",
        desk().now(),
        desk().practice.zone.key,
    )


def kept_where(session: LiveSession) -> dict[str, object]:
    return {"server": session.iss, "patient_id": session.patient, "now": desk().now}


def to_result(session: LiveSession, row: Instrument, record: str) -> Response:
    """The record has changed: every page after this reads it again."""
    sessions.read_again(session)
    desk().readings.forget(session.lid)
    return redirect(url_for("instruments.result", lid=session.lid, name=row.id, record=record), 303)


# --- what became of it --------------------------------------------------------------------------------------


def _kept(session: LiveSession, name: str, record: str) -> StoredPlan:
    """The filled-in instrument of this id, if it is one of this patient in this EHR."""
    found = desk().services.plans.find(session.iss, session.patient, FilledIn.kind)
    kept = next((k for k in found if k.plan_id == record and k.payload["instrument"] == name), None)
    if kept is None:
        raise InputError("Nothing of this patient is kept here.")
    return kept


def _total_alone(row: Instrument, kept: StoredPlan) -> int | None:
    return kept.payload["total"] if filling.takes_a_total(row) else None


def _change(bench: Bench | None, row: Instrument, score: Score, kept: StoredPlan) -> Change | None:
    if bench is None:
        return None
    on = datetime.fromisoformat(kept.payload["confirmed_at"]).astimezone(desk().practice.zone).date()
    recall = next(iter(row.recalls), None)
    view = bench.proposal.assessment.view
    return presenter.against_baseline(view, row, score.total, on, recall, _day_zero(bench.session))


def _signed_schedule(bench: Bench) -> tuple[Administration, ...] | None:
    """What the newest signed course asks for; None before a signature, and where its terms were not kept."""
    practice, session = desk().practice, bench.session
    kept = next(iter(desk().services.plans.find(session.iss, session.patient)), None)
    if kept is None or kept.payload.get("terms") is None:
        return None
    plan = plan_facts_of(kept, practice.zone)
    booked = workflow.booked_days(bench.proposal.record, kept.plan_id, practice.zone)
    return signed_administrations(plan, practice.review_limits, booked)


def _day_zero(session: LiveSession) -> date | None:
    """When the newest signed course began."""
    for plan in desk().services.plans.find(session.iss, session.patient)[:1]:
        for step in plan.payload["steps"]:
            if start := step["resource"].get("period", {}).get("start"):
                return date.fromisoformat(start[:10])
    return None


def _is_read_back(bench: Bench, receipt: writing.ReceiptView) -> bool:
    known = {o.reference for o in bench.proposal.record.observations}
    return any(row.reference in known for row in receipt.rows if row.reference)
