"""The patient fills in a scale on the clinician's device, and sees nothing else of the record.

From handing over on, every address of the launch leads to the patient's page (`guard`). What was sent cannot
be looked at again there. The device goes back with a number that the clinician chose; after too many wrong
ones the session ends, and a launch from the chart is the way back.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.instruments.table import instrument
from ketplan.errors import InputError, RefusedError, Temporary
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.guard import IN_THE_ROOM, room
from ketplan.web.plan import instruments
from ketplan.web.presenters import instruments as presenter
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note

routes = room(IN_THE_ROOM, __name__)

NUMBER = re.compile(r"[0-9]{4,8}")
MOST_TRIES = 5


@dataclass(frozen=True)
class Handed:
    """What was handed over: one form of one scale. `lock` is the clinician's number, hidden; `done` the
    record of what was sent, `crisis` whether an answer in it calls for the clinician at once."""

    instrument: str
    form: str
    lock: str
    name: str
    tries: int = 0
    done: str = ""
    crisis: bool = False


@routes.post("/instruments/<name>/hand-over")
def hand_over(lid: str, name: str) -> Response | tuple[str, int]:
    """The patient's turn begins."""
    session, row, said = sessions.current(), instrument(name), request.form.to_dict()
    guard_form(session)
    if not presenter.for_patients(row):
        raise InputError("This scale is not one that a patient fills in alone.")
    bench = open_bench(session, WAIT_TO_ACT)
    if not NUMBER.fullmatch(said.get("number", "")):
        said["by"] = "patient"
        return instruments.form(bench, row, said, hand_problem="Choose 4 to 8 digits."), 400
    patient = bench.proposal.record.patient.name
    _keep(session, Handed(row.id, said.get("form", ""), _lock(session, said["number"]), patient))
    note(session, "device-handed-over", about=row.id)
    return redirect(url_for(".show", lid=lid), 303)


@routes.get("/patient")
def show(lid: str) -> Response | str:
    """The questions; once they are sent, thanks, and the way back to the clinician."""
    session, handed = _handed()
    if handed is None:
        return redirect(url_for("workspace.show", lid=lid), 303)
    return _thanks(session, handed) if handed.done else _form(session, handed)


@routes.post("/patient")
def take_answers(lid: str) -> Response | tuple[str, int]:
    """Score and write what the patient answered; from here on the patient's part is over."""
    guard_form(sessions.current())
    session, handed = _require_handed()
    if handed.done:
        return redirect(url_for(".show", lid=lid), 303)
    row, said = instrument(handed.instrument), request.form.to_dict()
    try:
        score = presenter.read(row, said)
    except InputError as error:
        return _form(session, handed, said, problem=str(error)), 400
    if score.missing and not (said.get("incomplete") and score.answers):
        return _form(session, handed, said, score), 400
    filled = instruments.filled_in(session, row, score, {"form": handed.form, "by": "patient"})
    with suppress(Temporary):
        desk().glue.keep_record(desk().services, filled, **instruments.kept_where(session))
        receipt = carried(session, filled.id)
        note(session, "instrument-taken-down", filled.id, receipt.state.value)
    crisis = presenter.result(row, score, None).crisis
    _keep(session, replace(handed, done=filled.id, crisis=crisis))
    return redirect(url_for(".show", lid=lid), 303)


@routes.post("/patient/back")
def take_back(lid: str) -> Response | str | tuple[str, int]:
    """The clinician has the device again, and sees the result."""
    session, handed = _require_handed()
    if not hmac.compare_digest(handed.lock, _lock(session, request.form.get("number", "")[:20])):
        return _wrong(session, replace(handed, tries=handed.tries + 1))
    back = replace(session, handed=None)
    sessions.keep(back)
    note(session, "device-taken-back", about=handed.instrument)
    if handed.done:
        return instruments.to_result(back, instrument(handed.instrument), handed.done)
    return redirect(url_for("instruments.index", lid=lid), 303)


def _wrong(session: LiveSession, handed: Handed) -> str | tuple[str, int]:
    if handed.tries >= MOST_TRIES:
        sessions.end(session)
        note(session, "session-ended")
        return render_template("ended.html")
    _keep(session, handed)
    left = MOST_TRIES - handed.tries
    problem = f"That is not the number. {left} more {'try' if left == 1 else 'tries'}, then this page ends."
    shown = _thanks(session, handed, problem) if handed.done else _form(session, handed, back_problem=problem)
    return shown, 403


# --- what is kept, and the two pages ------------------------------------------------------------------------


def _handed() -> tuple[LiveSession, Handed | None]:
    session = sessions.current()
    return session, Handed(**session.handed) if session.handed else None


def _require_handed() -> tuple[LiveSession, Handed]:
    session, handed = _handed()
    if handed is None:
        raise RefusedError("Nothing has been handed over on this device.")
    return session, handed


def _keep(session: LiveSession, handed: Handed) -> None:
    sessions.keep(replace(session, handed=asdict(handed)))


def _lock(session: LiveSession, number: str) -> str:
    return hmac.new(desk().csrf_key, f"{session.lid}|in the room|{number}".encode(), sha256).hexdigest()


def _form(
    session: LiveSession,
    handed: Handed,
    said: Mapping[str, str] | None = None,
    score: Score | None = None,
    **problems: str,
) -> str:
    row = instrument(handed.instrument)
    shown: dict[str, Any] = {"row": row, "score": score, "handed": handed, "session": session, **problems}
    questions = presenter.form(row, said or {}, score.missing if score else ())
    return render_template("in_the_room.html", questions=questions, **shown)


def _thanks(session: LiveSession, handed: Handed, back_problem: str = "") -> str:
    shown = {"session": session, "handed": handed, "back_problem": back_problem}
    return render_template("in_the_room_done.html", **shown)
