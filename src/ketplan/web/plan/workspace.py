"""The workspace: one page that says whether, what, when and where to, and the small forms on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.assessment import Choice
from ketplan.clinical.findings import must_be_resolved
from ketplan.clinical.plan import Resolution
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.errors import InputError, RefusedError
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, lay_out, open_bench, start_of
from ketplan.web.context import desk
from ketplan.web.course.life import life_of
from ketplan.web.guard import room
from ketplan.web.page import workspace_page
from ketplan.web.plan import work as works
from ketplan.web.plan.checked import checked
from ketplan.web.plan.work import Answer, Work, fingerprint
from ketplan.web.trail import note

routes = room("workspace", __name__)

Problems = dict[str, str]
LONGEST_REASON = 2000
RULE_ID = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@routes.get("/")
def show(lid: str) -> str:
    bench = open_bench(sessions.current())
    note(bench.session, "record-read")
    return _page(bench)


@routes.post("/refresh")
def refresh(lid: str) -> Response:
    """Read the record again."""
    sessions.read_again(sessions.current())
    desk().readings.forget(lid)
    return redirect(url_for(".show", lid=lid), 303)


@routes.post("/end")
def end(lid: str) -> str:
    session = sessions.current()
    sessions.end(session)
    note(session, "session-ended")
    return render_template("ended.html")


@routes.post("/resolve")
def resolve(lid: str) -> Response | tuple[str, int]:
    """A named clinician's answer to one finding. What cannot be used comes back with the words typed."""
    bench = open_bench(sessions.current(), WAIT_TO_ACT)
    finding, problems = request.form.get("finding", ""), Problems()
    reason = _reason(finding, problems)
    if not problems:
        try:
            _resolve(bench, finding, reason)
        except (InputError, RefusedError) as error:
            problems[finding] = str(error)
    if problems:
        return _page(bench, problems, request.form), 400
    return redirect(url_for(".show", lid=lid, _anchor=f"finding-{finding}"), 303)


@routes.post("/reopen")
def reopen(lid: str) -> Response:
    """Take an answer back."""
    session, finding = sessions.current(), request.form.get("finding", "")
    if not RULE_ID.fullmatch(finding):
        raise InputError("The form does not say which finding is meant: look at the page again.")
    works.save(session, works.load(session).without(finding))
    note(session, "finding-reopened", about=finding)
    return redirect(url_for(".show", lid=lid, _anchor=f"finding-{finding}"), 303)


@routes.post("/change")
def change(lid: str) -> Response | tuple[str, int]:
    """Another start, dosing weight, protocol or therapy, as far as the library has them."""
    session = sessions.current()
    bench, problems = open_bench(session, WAIT_TO_ACT), Problems()
    work = _changed(bench.work, problems)
    if not problems:
        problems |= _unusable(bench, work)
    if problems:
        return _page(bench, problems, request.form), 400
    works.save(session, work)
    return redirect(url_for(".show", lid=lid, _anchor="plan"), 303)


# --- resolving ----------------------------------------------------------------------------------------------


def _reason(finding: str, problems: Problems) -> str:
    """The reason as typed; for the release of a suicide-risk hold its five parts joined."""
    if finding != "SI_HIGH":
        return request.form.get("reason", "").strip()[:LONGEST_REASON]
    parts = {part: request.form.get(part, "").strip()[:LONGEST_REASON] for part in RELEASE_FIELDS}
    problems |= {part: "This part is needed." for part, said in parts.items() if not said}
    return "; ".join(f"{part}: {said}" for part, said in parts.items())


def _resolve(bench: Bench, finding_id: str, reason: str) -> None:
    session, now = bench.session, desk().now()
    found = next((f for f in bench.proposal.draft.findings if f.id == finding_id), None)
    if found is None or not must_be_resolved(found):
        raise InputError("There is no such finding to resolve any more: look at the page again.")
    if request.form.get("about") != fingerprint(found):
        raise InputError("This finding says something else by now: read it again, then give your reason.")
    workflow.require_reason(finding_id, reason)
    signer = session.signer
    if signer is None:
        raise RefusedError("Only a clinician whose role may sign here can resolve a finding.")
    given = Resolution(finding_id, reason, signer.reference, now)
    works.save(session, bench.work.answered(Answer(given, signer.name, fingerprint(found))))
    note(session, "finding-resolved", about=finding_id)


# --- changing -----------------------------------------------------------------------------------------------


def _changed(work: Work, problems: Problems) -> Work:
    """The work with what the form carries; what it leaves out stays as it was."""
    form, choice = request.form, work.choice
    if "start" in form:
        work = replace(work, start=_start(form["start"], problems))
    choice = replace(
        choice,
        protocol=form.get("protocol", choice.protocol) or None,
        cbt=form.get("cbt", choice.cbt) or None,
        basis=form.get("basis", choice.basis) or None,
    )
    if "cbt_only" in form:
        choice = Choice(cbt_only=form["cbt_only"] == "1")
    return replace(work, choice=choice)


def _start(text: str, problems: Problems) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        problems["start"] = "Give the day as year-month-day, such as 2026-03-02."
        return None


def _unusable(bench: Bench, work: Work) -> Problems:
    """What workflow and library say against the change. The calendar does not matter to that."""
    today, start = desk().today(), start_of(work)
    if not today <= start <= today.replace(year=today.year + 1, day=min(today.day, 28)):
        return {"start": "The start lies between today and a year from now."}
    known = next(iter(bench.reading.calendars.values()))
    seen = replace(bench.reading, calendars={start: known})
    tried = lay_out(bench.session, work, seen)
    return {"choice": tried.notice} if tried.notice else {}


def _page(bench: Bench, problems: Problems | None = None, typed: Mapping[str, str] | None = None) -> str:
    shown = workspace_page(bench) | {"checked": checked(bench.session)}
    life = life_of(bench)
    return render_template("workspace.html", **shown, life=life, problems=problems or {}, typed=typed or {})
