"""The intake page: what charts rarely code, asked of the clinician. Works without scripts; loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.clinical.record import Intake
from ketplan.fhir.intake import build_intake_response
from ketplan.fhir.intake_form import GROUPS
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, open_bench
from ketplan.web.context import desk
from ketplan.web.guard import room
from ketplan.web.page import bench_page
from ketplan.web.plan import unsent
from ketplan.web.plan import work as works
from ketplan.web.presenters import intake_answers, intake_form

routes = room("intake", __name__)


@routes.get("/intake")
def show(lid: str) -> str:
    bench = open_bench(sessions.current())
    said, notes = intake_form.typed(bench.proposal)
    return _page(bench, said | unsent.fields(bench.session, "intake"), {}, notes)


@routes.post("/intake")
def save(lid: str) -> Response | tuple[str, int] | str:
    """Save the answers; or, with "add", give another row and save nothing yet."""
    bench = open_bench(sessions.current(), WAIT_TO_ACT)
    said = request.form.to_dict()
    if said.get("add"):
        return _page(bench, _with_row(said), {}, {})
    if said.get("seen", _seen(bench)) != _seen(bench):
        return _page(bench, said, {}, {}, stale=True), 409
    answers, errors = intake_answers.read(said, bench.proposal, desk().practice.zone)
    if errors:
        return _page(bench, said, errors, {}), 400
    _keep(bench, answers)
    return redirect(url_for("workspace.show", lid=lid), 303)


def _with_row(said: Mapping[str, str]) -> dict[str, str]:
    group = next((g for g in GROUPS if g.link == said["add"]), GROUPS[0])
    return {**said, f"{group.link}.rows": str(intake_form.rows_of(said, group) + 1)}


def _keep(bench: Bench, answers: Intake) -> None:
    session = bench.session
    author = session.signer.reference if session.signer else None
    response = build_intake_response(answers, session.reference, desk().now(), author)
    works.save(session, replace(bench.work, intake=response))


def _seen(bench: Bench) -> str:
    """Which saved answers a form was filled in over: another window may save others meanwhile."""
    return sha256(repr(bench.work.intake).encode()).hexdigest()[:24]


def _page(
    bench: Bench,
    said: Mapping[str, str],
    errors: Mapping[str, str],
    notes: Mapping[str, str],
    stale: bool = False,
) -> str:
    form = intake_form.form(said, errors, bench.proposal, notes)
    return render_template("intake.html", **bench_page(bench), form=form, seen=_seen(bench), stale=stale)
