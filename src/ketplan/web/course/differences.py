"""What the EHR has otherwise than ketplan wrote it: three versions side by side, and a clinician decides.

Every decision rests on the version that was looked at: what was changed again meanwhile is shown again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError, RefusedError
from ketplan.fhir import r4
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.rendering.authoring import moment
from ketplan.fhir.rendering.resolution import KIND, Choice, Decided
from ketplan.reconciling import look_at, written_of
from ketplan.scheduling.moved import Spot, objections
from ketplan.store.plans import StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.course.course import newest_plan
from ketplan.web.guard import NOT_A_CLINICIAN, NOT_A_SIGNER, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import differences as presenter
from ketplan.web.presenters import words
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note
from ketplan.writeback.looking import Report
from ketplan.writeback.reconcile import STOPS, Looked

routes = room("differences", __name__)

LONGEST_REASON = 2000
CHANGED_AGAIN = "It was changed again in the EHR since it was shown: this is how it stands now."
NO_LONGER = "This no longer differs: there is nothing to decide."
STOPPED = "Nothing can be decided here about this resource: look into the EHR."


class ShownAgain(Exception):
    """The decision cannot be carried out as it was sent; the page says why and shows what stands now."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Weighed:
    """A decision as it would be carried out, not kept yet."""

    one: Looked
    decided: Decided
    form: str
    start: str


@routes.get("/differences")
def show(lid: str) -> str:
    """Look at the newest plan in the EHR now, and show what differs."""
    bench = open_bench(sessions.current())
    return _page(bench, _look(bench.session, _plan(bench.session)))


@routes.post("/differences/weigh")
def weigh_difference(lid: str) -> str | tuple[str, int]:
    """What the decision would do, before it is done."""
    bench = open_bench(sessions.current(), WAIT_TO_ACT)
    guard_form(bench.session)
    report = _look(bench.session, _plan(bench.session))
    try:
        weighed = _weighed(bench, report, desk().token())
    except ShownAgain as error:
        return _page(bench, report, str(error), request.form), error.status
    zone = desk().practice.zone
    shown = presenter.view(weighed.one, bench.session.iss, zone)
    rows = [_becomes(weighed, name) for name in weighed.decided.elements]
    return render_template(
        "differences_preview.html", **bench_page(bench), one=shown, weighed=weighed, rows=rows, Choice=Choice
    )


@routes.post("/differences/settle")
def settle_difference(lid: str) -> Response | tuple[str, int]:
    """Keep the decision, and carry it out over exactly the version that was looked at."""
    bench = open_bench(sessions.current(), WAIT_TO_ACT)
    session = bench.session
    guard_form(session)
    plan = _plan(session)
    record = workflow.record_id_for(session.iss, session.patient, KIND, _form())
    if not any(kept.plan_id == record for kept in _kept(session)):
        report = _look(session, plan)
        try:
            weighed = _weighed(bench, report, _form())
        except ShownAgain as error:
            return _page(bench, report, str(error), request.form), error.status
        _keep(session, weighed.decided)
    receipt = carried(session, record)
    note(session, "difference-written", record, receipt.state.value)
    sessions.read_again(session)
    desk().readings.forget(lid)
    return redirect(url_for(".show", lid=lid, record=record), 303)


# --- reading the form ---------------------------------------------------------------------------------------


def _weighed(bench: Bench, report: Report, form: str) -> Weighed:
    """The decision in the form, against what the EHR has now. ShownAgain where it cannot be carried out."""
    session, one = bench.session, _meant(report)
    choice, reason = _choice(), request.form.get("reason", "").strip()[:LONGEST_REASON]
    clinician = _clinician(session, one)
    if not reason:
        raise ShownAgain("Say why, in a few words.")
    if choice is not Choice.THEIRS and one.authored.type == "Provenance":
        raise ShownAgain("A signature record is never written over: accept it as it is.")
    elements, start = {row.element for row in one.rows}, ""
    resource = one.authored.ours
    if choice is Choice.EDIT:
        start = request.form.get("start", "")
        resource, moved = _at_another_time(bench, one, start)
        elements |= moved
    theirs = one.theirs or {}
    decided = Decided(
        workflow.record_id_for(session.iss, session.patient, KIND, form),
        report.plan_id,
        session.reference,
        one.authored.key,
        one.authored.reference,
        choice,
        resource,
        tuple(sorted(elements)),
        one.seen,
        reason,
        clinician,
        desk().now(),
        {name: theirs.get(name) for name in elements},
    )
    return Weighed(one, decided, form, start)


def _meant(report: Report) -> Looked:
    found = [one for one in report.looked if one.authored.key == request.form.get("key")]
    if not found:
        raise InputError("The form does not say which resource is meant: look at the page again.")
    one = found[0]
    if one.kind in STOPS or report.patient.merged_into or report.patient.gone:
        raise ShownAgain(STOPPED, 409)
    if not one.differs:
        raise ShownAgain(NO_LONGER, 409)
    if one.seen != request.form.get("seen", ""):
        raise ShownAgain(CHANGED_AGAIN, 409)
    return one


def _choice() -> Choice:
    try:
        return Choice(request.form.get("choice", ""))
    except ValueError:
        raise ShownAgain("Choose what is to stand.") from None


def _clinician(session: LiveSession, one: Looked) -> Clinician:
    """Visits any clinician may settle; what was signed, who may sign."""
    found = session.recorder if one.authored.type == "Appointment" else session.signer
    if found is None:
        raise RefusedError(NOT_A_CLINICIAN if one.authored.type == "Appointment" else NOT_A_SIGNER)
    return found


def _at_another_time(bench: Bench, one: Looked, typed: str) -> tuple[dict[str, Any], set[str]]:
    """Our visit at the time typed, and the elements that this changes."""
    ours, zone = one.authored.ours, desk().practice.zone
    if one.authored.type != "Appointment" or not one.seen:
        raise ShownAgain("Only a visit that stands in the EHR can be given another time here.")
    try:
        naive = datetime.fromisoformat(typed)
    except ValueError:
        raise ShownAgain("Give the day and the time of the visit.") from None
    start = naive.replace(tzinfo=zone)
    length = datetime.fromisoformat(ours["end"]) - datetime.fromisoformat(ours["start"])
    end = (start.astimezone(UTC) + length).astimezone(zone)
    if start.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise ShownAgain("The clocks change then: there is no such time on that day.")
    if against := _against(bench, one, start, end):
        raise ShownAgain(" ".join(against))
    times = {"start": moment(start, zone.key), "end": moment(end, zone.key)}
    moved = {name: value for name, value in ours.items() if name != "slot"} | times
    require_valid(r4.build({**moved, "id": one.authored.id}), patient=bench.session.reference, unlinked=True)
    # The slot that was taken is of the old time.
    return moved, {"start", "end", *({"slot"} if "slot" in ours else ())}


def _against(bench: Bench, one: Looked, start: datetime, end: datetime) -> tuple[str, ...]:
    plan, record = _plan(bench.session), bench.proposal.record
    key = one.authored.key.removeprefix("appointment-")
    others = [spot for spot in _spots(plan) if spot.key != key]
    busy = workflow.busy_beside(record, plan.plan_id)
    spot = Spot(key, str(one.authored.ours.get("description", key)), start, end)
    return objections(spot, others, busy, desk().practice.clinic, desk().now() + timedelta(minutes=1))


def _spots(plan: StoredPlan) -> list[Spot]:
    """The plan's visits as they stand by now, without those that will not be."""
    return [
        Spot(
            one.key.removeprefix("appointment-"),
            str(one.ours.get("description", one.key)),
            datetime.fromisoformat(one.ours["start"]),
            datetime.fromisoformat(one.ours["end"]),
        )
        for one in written_of(desk().services, plan)
        if one.type == "Appointment"
        and not one.gone
        and one.ours.get("status") not in workflow.NOT_BUSY
        and one.ours.get("start")
        and one.ours.get("end")
    ]


def _form() -> str:
    form = request.form.get("form", "")
    if request.path.endswith("/settle") and not form:
        raise InputError("The form is incomplete: look at the page again.")
    return form


# --- showing and keeping ------------------------------------------------------------------------------------


def _page(bench: Bench, report: Report, problem: str = "", typed: Mapping[str, str] | None = None) -> str:
    session, zone = bench.session, desk().practice.zone
    views = presenter.differing(report, session.iss, zone)
    return render_template(
        "differences.html",
        **bench_page(bench),
        report=report,
        views=views,
        problem=problem,
        typed=typed or {},
        told=_told(session),
        may=session.recorder,
        signer=session.signer,
    )


def _told(session: LiveSession) -> str:
    """What became of the decision this page comes from."""
    record = request.args.get("record", "")
    kept = next((k for k in _kept(session) if k.plan_id == record), None)
    receipt = desk().glue.stored_receipt(desk().services, record) if kept else None
    if kept is None or receipt is None:
        return ""
    if kept.payload["choice"] == Choice.THEIRS:
        return "The plan goes by what the EHR says. Nothing was written."
    if receipt.complete:
        return "It was written, and the EHR has it."
    return words.listed(row.detail or "It has not been written yet." for row in receipt.rows)


def _becomes(weighed: Weighed, name: str) -> tuple[str, str, str]:
    """An element, as the EHR has it now and as it will be said afterwards."""
    zone, theirs = desk().practice.zone, (weighed.one.theirs or {}).get(name)
    taken = weighed.decided.choice is Choice.THEIRS
    after = theirs if taken else weighed.decided.resource.get(name)
    now = presenter.said(name, theirs, zone)
    return presenter.ELEMENTS.get(name, name), now, presenter.said(name, after, zone)


def _look(session: LiveSession, plan: StoredPlan) -> Report:
    return look_at(desk().services, desk().connect(session.iss, session.token), plan, desk().now())


def _plan(session: LiveSession) -> StoredPlan:
    plan = newest_plan(session)
    if plan is None:
        raise InputError("No plan has been signed for this patient, so there is nothing to compare.")
    return plan


def _kept(session: LiveSession) -> tuple[StoredPlan, ...]:
    return desk().services.plans.find(session.iss, session.patient, KIND)


def _keep(session: LiveSession, decided: Decided) -> None:
    desk().glue.keep_record(
        desk().services, decided, server=session.iss, patient_id=session.patient, now=desk().now
    )
    note(session, "difference-settled", decided.target, decided.choice.value)
