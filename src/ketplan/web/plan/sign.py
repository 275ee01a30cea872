"""Preview, sign, write, and what became of it. Between preview and writing everything is read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import below, workflow
from ketplan.below import Wishes
from ketplan.clinical.plan import Clinician, ConfirmedPlan
from ketplan.errors import InputError, PatientMismatch, RefusedError
from ketplan.fhir.invariants import patients
from ketplan.fhir.render import Step
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import Bench, lay_out, open_bench, plan_id_of, start_of
from ketplan.web.carry import LONG_SECONDS, carried
from ketplan.web.context import desk
from ketplan.web.course.settling import unsettled
from ketplan.web.guard import NOT_A_SIGNER, room
from ketplan.web.page import bench_page, standing
from ketplan.web.plan import work as works
from ketplan.web.presenters import rungs
from ketplan.web.presenters import writing as presenter
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note
from ketplan.web.writing import Writing
from ketplan.writeback.ladder import Choice

routes = room("sign", __name__)

WAIT_FOR_A_QUICK_EHR = 1.0
# What is shown is compared as if it had been signed at this moment, so that the time alone is no change.
AS_IF_SIGNED_AT = datetime(2000, 1, 1, tzinfo=UTC)


@routes.get("/preview")
def preview(lid: str) -> str:
    """Each resource, where it lands and what is lost; and the one form that signs."""
    session = sessions.current()
    bench = open_bench(session)
    note(session, "plan-previewed", bench.proposal.plan_id)
    visit = below.chosen(request.args.get("visit", ""), session.encounter, bench.reading.sections)
    steps, barred = _as_signed(bench)
    marked = below.marked(bench.reading.sections, bench.proposal.draft)
    steps = below.with_rungs(steps, Wishes(visit=visit, restricted=True), marked)
    ladder = rungs.ladder(steps, bench.preview(steps))
    asked = below.wants_visit(bench.reading.profile) and not session.encounter
    return render_template(
        "preview.html",
        **bench_page(bench),
        ladder=ladder,
        choices=rungs.CHOICES,
        visit=visit,
        visits=below.visits(bench.reading.sections) if asked else (),
        asks_for_visit=asked,
        marked=marked,
        dropped=presenter.lost(row.row for row in ladder.rows),
        barred=barred,
        shown=presenter.packed(presenter.manifest(steps)),
        changes=desk().writings.take_changes(_key(session)),
        silent=bench.reading.abilities is None,
    )


@routes.post("/sign")
def sign(lid: str) -> Response:
    """Sign what was shown. Nothing is sent unless launch, form, record and resources name one patient."""
    session = sessions.current()
    guard_form(session)
    signer, shown = _signer(session), presenter.unpacked(request.form.get("shown", ""))
    wishes = Wishes(
        _chosen(request.form.get("below", Choice.IF_NEEDED)),
        request.form.get("visit", ""),
        request.form.get("restricted") == "yes",
    )
    if not shown:
        raise InputError("The form does not say what was shown: open the preview again.")
    plan_id = plan_id_of(session, works.load(session))
    if _stored(session, plan_id) is None:
        job = desk().writings.start(_key(session), lambda w: _write(w, session, signer, shown, wishes))
        job.done.wait(WAIT_FOR_A_QUICK_EHR)
    return redirect(url_for(".written", lid=lid), 303)


@routes.post("/resume")
def resume(lid: str) -> Response:
    """Carry a signed plan on from where its writing stopped."""
    session = sessions.current()
    guard_form(session)
    plan = _stored(session, request.form.get("plan", ""))
    if plan is None:
        raise InputError("There is no such plan of this patient to carry on.")
    job = desk().writings.start(_key(session), lambda w: _carry_on(w, session, plan.plan_id))
    job.done.wait(WAIT_FOR_A_QUICK_EHR)
    return redirect(url_for(".written", lid=lid), 303)


@routes.post("/send-again")
def send_again(lid: str) -> Response:
    """Somebody has looked in the EHR and not found what it said it stored: it may be sent once more."""
    session = sessions.current()
    guard_form(session)
    plan = _stored(session, request.form.get("plan", ""))
    if plan is None or request.form.get("looked") != "yes":
        raise InputError("Look in the EHR first, and say that it is not there.")
    _signer(session)
    desk().services.journal.send_again(plan.plan_id, request.form.get("step", ""), desk().now())
    note(session, "step-sent-again", plan.plan_id)
    job = desk().writings.start(_key(session), lambda w: _carry_on(w, session, plan.plan_id))
    job.done.wait(WAIT_FOR_A_QUICK_EHR)
    return redirect(url_for(".written", lid=lid), 303)


@routes.get("/written")
def written(lid: str) -> Response | str | tuple[str, int]:
    """How far it has come, or what became of it: from this process while it runs, else from the journal."""
    session = sessions.current()
    run = desk().writings.of(_key(session))
    if run and run.changes:
        return redirect(url_for(".preview", lid=lid), 303)
    under_way = run is not None and not run.done.is_set()
    found = standing(session, run)
    if not (found or under_way or (run and run.error)):
        return redirect(url_for("workspace.show", lid=lid), 303)
    error = run.error if run and not under_way else None
    shown = render_template(
        "written.html",
        session=session,
        name=_name(session),
        standing=found,
        run=run,
        under_way=under_way,
        is_unsettled=bool(found and not under_way and unsettled(found.plan)),
        error=error,
    )
    return shown, error.http_status if isinstance(error, PatientMismatch) else 200


# --- before ------------------------------------------------------------------------------------------------


def _as_signed(bench: Bench) -> tuple[tuple[Step, ...], str]:
    """The steps as a signature would make them; unsigned, and why, while nobody here may sign."""
    signer = bench.session.signer
    if signer is None:
        return bench.proposal.steps(), NOT_A_SIGNER
    try:
        return _confirmed(bench, signer, AS_IF_SIGNED_AT)[1], ""
    except RefusedError as error:
        return bench.proposal.steps(), str(error)


def _confirmed(bench: Bench, signer: Clinician, at: datetime) -> tuple[ConfirmedPlan, tuple[Step, ...]]:
    return workflow.confirm(bench.proposal, bench.resolutions, signer, at)


def _name(session: LiveSession) -> str:
    """The patient's name as far as it has been read: this page must stand also while the EHR is away."""
    reading = desk().readings.kept(session.lid)
    known = [s for s in reading.sections if s.name == "Patient"] if reading else []
    return workflow.open_record(known, session.patient, desk().practice.zone).patient.name


def _signer(session: LiveSession) -> Clinician:
    if session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
    return session.signer


def _stored(session: LiveSession, plan_id: str) -> StoredPlan | None:
    """The plan of this id, if it is one of this patient in this EHR."""
    found = desk().services.plans.find(session.iss, session.patient)
    return next((plan for plan in found if plan.plan_id == plan_id), None)


def _chosen(word: str) -> Choice:
    try:
        return Choice(word)
    except ValueError:
        raise InputError("The form does not say what is wanted where something is not taken.") from None


def _key(session: LiveSession) -> tuple[str, str]:
    return session.iss, session.patient


# --- the writing itself, beside the request -----------------------------------------------------------------


def _write(
    run: Writing, session: LiveSession, signer: Clinician, shown: dict[str, str], wishes: Wishes
) -> None:
    """Read and propose again; only what still is as it was shown is signed and written."""
    bench = _afresh(session)
    try:
        steps = _confirmed(bench, signer, AS_IF_SIGNED_AT)[1]
        visit = below.chosen(wishes.visit, session.encounter, bench.reading.sections)
    except (RefusedError, InputError) as error:
        run.changes = (str(error),)
        return
    wishes = replace(wishes, visit=visit)
    marked = below.marked(bench.reading.sections, bench.proposal.draft)
    as_shown = below.with_rungs(steps, Wishes(visit=visit, restricted=True), marked)
    run.changes = presenter.changes(shown, as_shown)
    if run.changes:
        return
    _guard_resources(session, steps)
    plan, steps = _confirmed(bench, signer, desk().now())
    steps = below.with_rungs(steps, wishes, marked, desk().glue.press)
    run.plan_id = plan.id
    note(session, "plan-signed", plan.id)
    desk().glue.keep_plan(
        desk().services, plan, steps, server=session.iss, patient_id=session.patient, now=desk().now
    )
    run.receipt = carried(session, plan.id, LONG_SECONDS)
    note(session, "plan-written", plan.id, run.receipt.state.value)


def _carry_on(run: Writing, session: LiveSession, plan_id: str) -> None:
    run.plan_id = plan_id
    run.receipt = carried(session, plan_id, LONG_SECONDS)
    note(session, "plan-resumed", plan_id, run.receipt.state.value)


def _afresh(session: LiveSession) -> Bench:
    work = works.load(session)
    return lay_out(session, work, desk().readings.afresh(session, start_of(work), desk().practice))


def _guard_resources(session: LiveSession, steps: Sequence[Step]) -> None:
    for step in steps:
        workflow.guard_patient(session.reference, *patients(step.resource))
