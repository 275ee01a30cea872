"""What nobody can tell of, its answer lost and the EHR not to be asked: settled by who has looked.

Said to stand, it is never sent again; said not to stand, it may be, by trying to write the whole again. It
holds up nothing any more, either way.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.errors import EhrError, InputError, RefusedError
from ketplan.kept import steps_of
from ketplan.reconciling import chapters_of
from ketplan.store.audit import LONGEST_NOTE
from ketplan.store.journal import LOST, JournalEntry
from ketplan.store.plans import UNDER_WAY, PlanState, StoredPlan
from ketplan.web import sessions
from ketplan.web.bench import open_bench
from ketplan.web.context import desk
from ketplan.web.course.life import require_life
from ketplan.web.guard import NOT_A_SIGNER, room
from ketplan.web.page import bench_page
from ketplan.web.presenters import words, writing
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note
from ketplan.writeback.references import guard_stored

routes = room("settling", __name__)

STANDS, ABSENT = "stands", "absent"
SAID = {
    STANDS: "{who} looked in the EHR on {day}: it stands there.",
    ABSENT: "{who} looked in the EHR on {day}: it does not stand there.",
}


@dataclass(frozen=True)
class Unsettled:
    """One step that nobody can tell of: of which kept record it is, what it is in words, why nobody can."""

    record: str
    key: str
    kind: str
    words: str
    why: str
    entry: JournalEntry
    target: str
    """The id of what it changes, "" where it is something new."""


def unsettled(plan: StoredPlan) -> tuple[Unsettled, ...]:
    """All of it, of a plan and what was decided about it since; nothing of what is being written now."""
    chapters = chapters_of(desk().services, plan)
    return tuple(
        one for kept in chapters if kept.state not in (*UNDER_WAY, PlanState.WAITING) for one in _of(kept)
    )


def _of(kept: StoredPlan) -> list[Unsettled]:
    steps = {step.key: step for step in steps_of(kept)}
    described = writing.described(steps.values())
    return [
        Unsettled(
            kept.plan_id,
            entry.key,
            words.TYPES.get(entry.resource_type, entry.resource_type),
            described[entry.key],
            entry.message,
            entry,
            steps[entry.key].updates.partition("/")[2],
        )
        for entry in desk().services.journal.entries(kept.plan_id)
        if entry.state in LOST and entry.key in steps
    ]


@routes.get("/unsettled")
def show(lid: str) -> str:
    """Every step that nobody can tell of, each with the form that settles it."""
    bench = open_bench(sessions.current())
    found = unsettled(require_life(bench).plan)
    return render_template("unsettled.html", **bench_page(bench), rows=found)


@routes.post("/unsettled")
def settle_step(lid: str) -> Response:
    """A signer has looked in the EHR and says how it is; noted under their name."""
    session = sessions.current()
    guard_form(session)
    if session.signer is None:
        raise RefusedError(NOT_A_SIGNER)
    said = request.form.get("found", "")
    if said not in SAID or request.form.get("looked") != "yes":
        raise InputError("Look in the EHR first, and say whether it stands there.")
    asked = (request.form.get("record"), request.form.get("step"))
    rows = unsettled(require_life(open_bench(session)).plan)
    one = next((row for row in rows if (row.record, row.key) == asked), None)
    if one is None:
        raise InputError("That is settled by now, or being written: look at the page again.")
    id = _id_there(session, one) if said == STANDS else ""
    at = desk().now().astimezone(desk().practice.zone)
    told = SAID[said].format(who=session.signer.name, day=words.full_day(at.date()))
    desk().services.journal.settle(one.record, one.key, said == STANDS, id, told, at)
    note(session, "step-settled", one.record, about=f"{said}:{one.key}"[:LONGEST_NOTE])
    sessions.read_again(session)
    desk().readings.forget(session.lid)
    return redirect(url_for(".show", lid=lid), 303)


def _id_there(session: LiveSession, one: Unsettled) -> str:
    """Its id in the EHR, where that is known or was given; what can be read there is this patient's."""
    id = request.form.get("id", "").strip().removeprefix(f"{one.entry.resource_type}/") or one.target
    if not id:
        return ""
    try:
        held = desk().connect(session.iss, session.token).read(one.entry.resource_type, id).raw
    except EhrError as error:
        if id == one.target:
            return id
        raise InputError(f"The EHR shows nothing under this id ({error})") from None
    guard_stored(held, session.patient)
    return id
