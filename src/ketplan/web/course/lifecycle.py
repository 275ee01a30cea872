"""The course as a whole: its state, who decided what and why, and the next decision.

A decision is previewed, confirmed for a patient by name, kept for ever, and written like everything else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.course_states import ACTIONS, FINAL, Action, Visits, state_after
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError, RefusedError, Temporary
from ketplan.fhir.rendering.authoring import clean
from ketplan.store.plans import PlanState, StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.course.life import Life, decisions_about, life_of, require_life
from ketplan.web.guard import NOT_A_SIGNER, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import lifecycle as presenter
from ketplan.web.presenters import writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, moment_shown, note
from ketplan.writeback.lifecycle import LONGEST_REASON, Decision

routes = room("lifecycle", __name__)

CONFIRMED, CANCEL, KEEP = "confirmed", "cancel", "keep"
MEANWHILE = "Meanwhile somebody decided about this course, or something of it changed: look again."

Problems = dict[str, str]
Shown = str | tuple[str, int]


@routes.get("/course")
def show(lid: str) -> str:
    """The state, the decisions so far, and what may be decided."""
    return _page(open_bench(sessions.current()))


@routes.post("/course")
def decide(lid: str) -> Response | Shown:
    """First all that would change; confirmed it is kept and written, sent in twice only once."""
    session = sessions.current()
    guard_form(session)
    bench = open_bench(session, WAIT_TO_ACT)
    life = require_life(bench)
    if (earlier := _sent_before(life)) is not None:
        return _to_course(session, earlier)
    if request.form.get("number") != str(life.next_number):
        return _page(bench, {"form": MEANWHILE}), 409
    asked, problems = _asked(life)
    if asked is None or problems:
        return _page(bench, problems), 400
    if not request.form.get(CONFIRMED):
        return _preview(bench, life, asked)
    if not _as_shown(session, life, asked):
        return _preview(bench, life, asked, MEANWHILE), 409
    return _carry_out(bench, life, asked)


@routes.post("/course/<number>")
def write_again(lid: str, number: str) -> Response:
    """Write what could not be written before."""
    session = sessions.current()
    guard_form(session)
    life = require_life(open_bench(session, WAIT_TO_ACT))
    if not life.decisions or str(life.decisions[-1].payload["number"]) != number:
        raise InputError("Only the newest decision about this patient's course can be written again.")
    write_decision(session, life.decisions[-1].plan_id)
    return _to_course(session, life.decisions[-1])


# --- pages --------------------------------------------------------------------------------------------------


def _page(bench: Bench, problems: Problems | None = None) -> str:
    life = life_of(bench)
    return render_template(
        "lifecycle.html",
        **bench_page(bench),
        life=life,
        told=[_told(bench.session, kept) for kept in reversed(life.decisions)] if life else [],
        state=presenter.state(life.state) if life else None,
        offered=[(action.value, ACTIONS[action]) for action in life.actions] if life else [],
        visits_to_come=presenter.to_come(life.standing, desk().now()) if life else 0,
        problems=problems or {},
        typed=request.form if problems else {},
        longest=LONGEST_REASON,
    )


def _told(session: LiveSession, kept: StoredPlan) -> presenter.Told:
    receipt = desk().glue.stored_receipt(desk().services, kept.plan_id)
    return presenter.told(kept, receipt, session.iss, desk().practice.zone)


def _preview(bench: Bench, life: Life, asked: Asked, notice: str = "") -> str:
    decision = _decision(bench.session, life, asked)
    steps = decision.steps()
    return render_template(
        "lifecycle_preview.html",
        **bench_page(bench),
        notice=notice,
        rule=ACTIONS[asked.action],
        state=presenter.state(life.state),
        after=presenter.state(decision.becomes),
        reason=decision.reason,
        rows=presenter.rows(decision, bench.preview(steps)),
        kept=presenter.left_alone(decision),
        shown=writing.packed(writing.manifest(steps)),
        number=decision.number,
        moment=decision.at.isoformat(),
        fields=[(name, request.form.get(name, "")) for name in ("decision", "reason", "visits")],
    )


# --- what was asked -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    action: Action
    reason: str
    cancels_visits: bool


def _asked(life: Life) -> tuple[Asked | None, Problems]:
    """What the form asks for; RefusedError when that is not possible with this course now."""
    form, problems = request.form, Problems()
    chosen, reason = form.get("decision", ""), clean(form.get("reason", ""))[:LONGEST_REASON]
    if chosen not in set(Action):
        return None, {"decision": "Choose what is to become of the course."}
    action = Action(chosen)
    state_after(action, life.state, life.doses)
    if action not in life.actions:
        raise RefusedError(life.waits_for or "This is not possible while part of the plan is not written.")
    if not reason:
        problems["reason"] = "A reason is needed."
    visits, rule = form.get("visits", ""), ACTIONS[action].visits
    if rule is Visits.CHOSEN and visits not in (CANCEL, KEEP):
        problems["visits"] = "Say what becomes of the visits to come."
    cancels = rule is Visits.CANCELLED or (rule is Visits.CHOSEN and visits == CANCEL)
    return Asked(action, reason, cancels), problems


def _sent_before(life: Life) -> StoredPlan | None:
    """The decision that this very form has led to already."""
    form = request.form
    return next(
        (
            kept
            for kept in life.decisions
            if form.get(CONFIRMED)
            and form.get("number") == str(kept.payload["number"])
            and (form.get("decision"), clean(form.get("reason", ""))[:LONGEST_REASON])
            == (kept.payload["action"], kept.payload["reason"])
        ),
        None,
    )


def _decision(session: LiveSession, life: Life, asked: Asked, at: datetime | None = None) -> Decision:
    return Decision(
        workflow.decision_id_for(life.plan.plan_id, life.next_number),
        life.plan.plan_id,
        life.next_number,
        asked.action,
        state_after(asked.action, life.state, life.doses),
        asked.reason,
        asked.cancels_visits,
        session.reference,
        _signer(session),
        at or desk().now(),
        desk().practice.zone.key,
        life.standing,
    )


def _as_shown(session: LiveSession, life: Life, asked: Asked) -> bool:
    """Is what would be done what the preview showed? Its moment may differ, if no visit began since."""
    now, shown = desk().now(), moment_shown(request.form.get("moment", ""))
    if shown is None or shown > now:
        return False
    then, today = (_decision(session, life, asked, at).steps() for at in (shown, now))
    same = writing.manifest(then) == writing.unpacked(request.form.get("shown", ""))
    return same and [step.key for step in then] == [step.key for step in today]


# --- keeping and writing ------------------------------------------------------------------------------------


def _carry_out(bench: Bench, life: Life, asked: Asked) -> Response | Shown:
    """A course that is ended is first taken from whoever would carry its writing on; only then is it certain
    what stands of it."""
    session, services = bench.session, desk().services
    decision = _decision(session, life, asked)
    if decision.becomes in FINAL and life.plan.state is not PlanState.ENDED:
        services.plans.move(life.plan.plan_id, PlanState.ENDED, desk().now())
        life = require_life(bench)
        decision = _decision(session, life, asked)
        if not _as_shown(session, life, asked):
            return _preview(bench, life, asked, MEANWHILE), 409
    desk().glue.keep_record(
        services, decision, server=session.iss, patient_id=session.patient, now=desk().now
    )
    note(session, f"course-{asked.action.value}", decision.id)
    write_decision(session, decision.id)
    return _to_course(session, decisions_about(session, life.plan.plan_id)[-1])


def write_decision(session: LiveSession, decision_id: str) -> None:
    """The record has changed: every page after this reads it again."""
    with suppress(Temporary):
        receipt = carried(session, decision_id)
        note(session, "decision-written", decision_id, receipt.state.value)
    sessions.read_again(session)
    desk().readings.forget(session.lid)


def _to_course(session: LiveSession, decision: StoredPlan) -> Response:
    number = decision.payload["number"]
    return redirect(url_for(".show", lid=session.lid, _anchor=f"decision-{number}"), 303)


def _signer(session: LiveSession) -> Clinician:
    if session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
    return session.signer
