"""A change of a running course: weighed, shown as a difference, confirmed by name, kept, written.

The pages that ask for one differ in what they ask (`replan`, `revise`); what follows is the same and is here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError, RefusedError
from ketplan.reconciling import chapters_of, look_at
from ketplan.revising import Outcome, Running, Wish, outcome, running
from ketplan.scheduling.moved import Spot, objections
from ketplan.store.plans import UNDER_WAY, PlanState, StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, open_bench, start_of
from ketplan.web.context import desk
from ketplan.web.course.life import Life, require_life
from ketplan.web.course.lifecycle import write_decision
from ketplan.web.course.settling import unsettled
from ketplan.web.guard import NOT_A_SIGNER, NOT_AN_ARRANGER, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import revision as presenter
from ketplan.web.presenters import writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import moment_shown, note
from ketplan.writeback.revision import KIND, Revision
from ketplan.writeback.steps import Outcome as Became

routes = room("revision", __name__)

CONFIRMED, OFFER = "confirmed", "offer"
LONGER_GAP = "Extend the gap: the doses may lie further apart than the plan wants."
LONGEST_REASON = 1000
SHOWN_FOR = timedelta(hours=1)
"""So long a preview holds: after that the visits are looked for afresh."""
MEANWHILE = "Meanwhile somebody decided about this course, or something of it changed: look again."
NOT_CARRIED = frozenset({"csrf", "keep", "unsent", "patient", "number", "shown", "moment", CONFIRMED})

Problems = dict[str, str]
Shown = Response | str | tuple[str, int]
Form = Callable[["Table", Problems], str]
Read = Callable[["Table", Problems], "Asked"]


@dataclass(frozen=True)
class Table:
    """A course on the table: what was decided about it, and how it stands in the EHR at this moment."""

    bench: Bench
    life: Life
    course: Running

    @property
    def session(self) -> LiveSession:
        return self.bench.session

    @property
    def why_not(self) -> str:
        """Why nothing of it can be changed now, empty when it can."""
        life = self.life
        if life.is_over:
            return f"The course is over ({life.label.lower()}): another plan is signed afresh."
        if life.no_dose:
            return f"{life.no_dose} Resume it first; visits that were cancelled are placed again then."
        if life.waits_for:
            return life.waits_for
        if any(kept.state in (*UNDER_WAY, PlanState.WAITING) for kept in _chapters(life)):
            return "An earlier change is still being written: wait until that has ended."
        if _is_unfinished(life.plan):
            return "The plan is not wholly written: carry its writing on first."
        if any(map(_is_unfinished, _chapters(life))):
            return "An earlier change is not wholly written: try that again first."
        return ""

    @property
    def is_unsettled(self) -> bool:
        return bool(unsettled(self.life.plan))


@dataclass(frozen=True)
class Asked:
    """What a form asks for. `remarks` are put into the request for the drug, `goals_due` are new dates."""

    wish: Wish
    reason: str
    remarks: tuple[str, ...] = ()
    goals_due: Mapping[str, str] = field(default_factory=dict)

    @property
    def needs_signer(self) -> bool:
        return self.wish.needs_signer or bool(self.remarks or self.goals_due)

    @property
    def is_empty(self) -> bool:
        return self.wish.is_empty and not (self.remarks or self.goals_due)


def lay_table(wait: float = WAIT_TO_ACT) -> Table:
    """Look at the newest plan in the EHR now. InputError where there is none."""
    bench = open_bench(sessions.current(), wait)
    life = require_life(bench)
    client = desk().connect(bench.session.iss, bench.session.token)
    looked = look_at(desk().services, client, life.plan, desk().now())
    course = running(desk().services, life.plan, looked, bench.proposal.record, desk().now())
    return Table(bench, life, course)


def _is_unfinished(kept: StoredPlan) -> bool:
    """What was refused may stay so; what nobody can tell of is brought to its end first."""
    receipt = desk().glue.stored_receipt(desk().services, kept.plan_id)
    return receipt is None or any(row.outcome is Became.PENDING for row in receipt.rows)


def _chapters(life: Life) -> list[StoredPlan]:
    return chapters_of(desk().services, life.plan)[1:]


# --- what becomes of what was asked -------------------------------------------------------------------------


def weigh(table: Table, read: Read, form: Form) -> Shown:
    """First what it comes to; confirmed, it is kept and written once. `read` takes the form, `form` shows
    the page it came from."""
    if (earlier := _sent_before(table)) is not None:
        return _to_result(table.session, earlier)
    if request.form.get("number") != str(table.life.next_number):
        return form(table, {"form": MEANWHILE}), 409
    if table.why_not:
        return form(table, {"form": table.why_not}), 409
    problems = Problems()
    asked = read(table, problems)
    if asked.needs_signer and table.session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
    if asked.is_empty and not problems:
        problems["form"] = "Nothing has been chosen yet."
    if not asked.reason:
        problems["reason"] = "A reason is needed."
    if problems:
        return form(table, problems), 400
    return _weighed(table, asked, form)


def _weighed(table: Table, asked: Asked, form: Form) -> Shown:
    at = _as_of()
    found = _outcome(table, asked.wish, at)
    if found.report.series.refused:
        taken = _taken(table, asked.wish, found)
        if taken is None:
            return _conflict(table, asked, found)
        accepted = f"{asked.reason} Accepted: {request.form[OFFER]}"
        asked = replace(asked, reason=accepted, wish=taken)
        found = _outcome(table, asked.wish, at)
        if found.report.series.refused:
            return _conflict(table, asked, found)
    elif against := _against(table, asked.wish, found):
        return form(table, against), 400
    if not (found.edits or asked.remarks or asked.goals_due):
        return form(table, {"form": "Nothing would change: every visit can stay where it is."}), 400
    shown = _revision(table, asked, found, at)
    if table.course.changed_meanwhile(shown.targets):
        return _preview(table, shown, found), 409 if request.form.get(CONFIRMED) else 200
    if not request.form.get(CONFIRMED):
        return _preview(table, shown, found)
    if writing.manifest(shown.steps()) != writing.unpacked(request.form.get("shown", "")):
        return _preview(table, shown, found, MEANWHILE), 409
    return _carry_out(table, replace(shown, at=desk().now(), form=_form_of(table.session)))


def _as_of() -> datetime:
    """The moment of the preview that is confirmed, while that holds; else now."""
    now, shown = desk().now(), moment_shown(request.form.get("moment", ""))
    holds = shown is not None and now - SHOWN_FOR <= shown <= now
    return shown if shown is not None and holds else now


def _outcome(table: Table, wish: Wish, at: datetime) -> Outcome:
    bench = table.bench
    calendar = bench.reading.calendars[start_of(bench.work)]
    return outcome(table.course, wish, bench.proposal.record, desk().practice, calendar, at)


def _taken(table: Table, wish: Wish, found: Outcome) -> Wish | None:
    """The wish with the way out that was chosen, by one who may sign; None while none was."""
    words = request.form.get(OFFER, "")
    if not words or found.conflict is None:
        return None
    if table.session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
    if words == LONGER_GAP and presenter.is_lapse(found.conflict):
        return replace(wish, longer_gap=True)
    return next((wish.taking(offer) for offer in found.conflict.offers if offer.words == words), None)


def _against(table: Table, wish: Wish, found: Outcome) -> Problems:
    """What speaks against the times given by hand, by visit, unless one accepted a way out."""
    if request.form.get(OFFER):
        return {}
    spots = {visit.key: Spot(visit.key, line.title, line.start, line.end) for visit, line in found.lines}
    busy = workflow.busy_beside(table.bench.proposal.record, table.life.plan.plan_id)
    said: Problems = {}
    for key in wish.at:
        others = [spot for other, spot in spots.items() if other != key]
        clinic, soon = desk().practice.clinic, desk().now() + timedelta(minutes=1)
        if words := objections(spots[key], others, busy, clinic, soon):
            said[key] = " ".join(words)
    return said


def _revision(table: Table, asked: Asked, found: Outcome, at: datetime) -> Revision:
    session, life = table.session, table.life
    return Revision(
        workflow.decision_id_for(life.plan.plan_id, life.next_number),
        life.plan.plan_id,
        life.next_number,
        asked.reason,
        session.reference,
        _hand(session),
        at,
        desk().practice.zone.key,
        found.edits,
        table.course.standing,
        found.lines,
        session.signer is not None,
        asked.remarks,
        asked.goals_due,
    )


def _hand(session: LiveSession) -> Clinician:
    if session.clinician is None:
        raise RefusedError(NOT_AN_ARRANGER)
    return Clinician(session.clinician, session.user_name)


# --- pages --------------------------------------------------------------------------------------------------


def form_fields() -> list[tuple[str, str]]:
    """What the form asked, to be sent in again as it was."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in NOT_CARRIED]


def _preview(table: Table, shown: Revision, found: Outcome, notice: str = "") -> str:
    steps = shown.steps()
    changed = table.course.changed_meanwhile(shown.targets)
    return render_template(
        "revision_preview.html",
        **bench_page(table.bench),
        revision=shown,
        rows=presenter.rows(shown.edits, desk().practice.zone),
        remarks=(*shown.remarks, *presenter.goals(shown)),
        stays=presenter.stays(table.course, shown.edits),
        call=found.call,
        written=table.bench.preview(steps),
        changed=presenter.changed(changed),
        notice=notice,
        back=request.path,
        shown=writing.packed(writing.manifest(steps)),
        fields=form_fields(),
    )


def _conflict(table: Table, asked: Asked, found: Outcome) -> str:
    conflict = found.conflict
    return render_template(
        "revision_conflict.html",
        **bench_page(table.bench),
        refused=[(one.visit.title, one.why) for one in found.report.series.refused],
        rules=[rule.words for rule in conflict.rules] if conflict else [],
        offers=_offers(found),
        restart=presenter.is_lapse(conflict),
        reason=asked.reason,
        number=table.life.next_number,
        back=request.path,
        fields=[(name, value) for name, value in form_fields() if name != OFFER],
    )


def _offers(found: Outcome) -> list[str]:
    offered = [offer.words for offer in found.conflict.offers] if found.conflict else []
    return [*([LONGER_GAP] if presenter.is_lapse(found.conflict) else []), *offered]


@routes.get("/revision/<number>")
def show(lid: str, number: str) -> str:
    """One change as it was made, and what of it stands in the EHR."""
    bench = open_bench(sessions.current())
    life = require_life(bench)
    kept = next((one for one in life.decisions if _is(one, number)), None)
    if kept is None:
        raise InputError("No such change of this patient's course is kept here.")
    return render_template(
        "revision.html",
        **bench_page(bench),
        told=presenter.told(kept, desk().practice.zone),
        receipt=presenter.receipt(
            desk().glue.stored_receipt(desk().services, kept.plan_id), kept, bench.session.iss
        ),
        is_newest=kept == life.decisions[-1],
        is_unsettled=bool(unsettled(life.plan)),
    )


def _is(kept: StoredPlan, number: str) -> bool:
    return kept.kind == KIND and str(kept.payload["number"]) == number


# --- keeping ------------------------------------------------------------------------------------------------


def _carry_out(table: Table, revision: Revision) -> Response:
    """Of two made at once only one is kept: it has the number."""
    session = table.session
    desk().glue.keep_record(
        desk().services, revision, server=session.iss, patient_id=session.patient, now=desk().now
    )
    note(session, "course-revise", revision.id)
    write_decision(session, revision.id)
    return redirect(url_for("revision.show", lid=session.lid, number=revision.number), 303)


def _sent_before(table: Table) -> StoredPlan | None:
    """The change that this very form has led to already."""
    sent = _form_of(table.session) if request.form.get(CONFIRMED) else ""
    number = request.form.get("number", "")
    same = (kept for kept in table.life.decisions if _is(kept, number))
    return next((kept for kept in same if kept.payload["form"] == sent), None)


def _form_of(session: LiveSession) -> str:
    """What tells one preview from every other: who saw what, and when."""
    seen = [request.form.get(name, "") for name in ("number", "moment", "shown")]
    return sha256(json.dumps([session.clinician, *seen]).encode()).hexdigest()[:32]


def _to_result(session: LiveSession, kept: StoredPlan) -> Response:
    return redirect(url_for("revision.show", lid=session.lid, number=kept.payload["number"]), 303)
