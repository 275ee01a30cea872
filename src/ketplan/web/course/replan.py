"""Visits that were missed, cancelled or must move: where they and what follows go, and whom to call."""

from __future__ import annotations

from datetime import date, timedelta

from flask import render_template, request

from ketplan.errors import InputError
from ketplan.fhir.rendering.authoring import clean
from ketplan.revising import LOST, State, Wish
from ketplan.scheduling.series.replanning import Scope
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_SHOW
from ketplan.web.context import desk
from ketplan.web.course.revision import LONGEST_REASON, Asked, Problems, Shown, Table, lay_table, weigh
from ketplan.web.guard import room
from ketplan.web.page import bench_page
from ketplan.web.presenters import revision as presenter
from ketplan.web.trail import guard_form

routes = room("replan", __name__)

LONGEST_ABSENCE = timedelta(days=366)
SCOPES = {Scope.FOLLOWING: "and whatever follows may move too", Scope.THIS: "and nothing else moves"}


@routes.get("/replan")
def show(lid: str) -> str:
    """What was missed or has no time, what is to come, and the one form that looks for other times."""
    return _page(lay_table(WAIT_TO_SHOW), {})


@routes.post("/replan")
def place_again(lid: str) -> Shown:
    """First where everything would go; confirmed it is kept and written."""
    guard_form(sessions.current())
    return weigh(lay_table(), _asked, _page)


def _page(table: Table, problems: Problems) -> str:
    visits = [one for one in table.course.visits if one.state is not State.DONE]
    zone = desk().practice.zone
    return render_template(
        "replan.html",
        **bench_page(table.bench),
        table=table,
        lost=presenter.visit_rows((v for v in visits if v.state in LOST), zone),
        coming=presenter.visit_rows((v for v in visits if v.state is State.COMING), zone),
        people=_people(table),
        scopes=[(scope.value, words) for scope, words in SCOPES.items()],
        earliest=_earliest().isoformat(),
        problems=problems,
        typed=request.form,
        chosen=request.form.getlist("visit") if request.method == "POST" else request.args.getlist("visit"),
        longest=LONGEST_REASON,
    )


def _earliest() -> date:
    return desk().today() + timedelta(days=1)


def _people(table: Table) -> dict[str, str]:
    """Everybody and everything that a visit to come has."""
    coming = (one for one in table.course.visits if one.state is State.COMING)
    return {reference: name or reference for one in coming for reference, name in one.resources}


def _asked(table: Table, problems: Problems) -> Asked:
    form = request.form
    since = _day("since", problems) or _earliest()
    if since < desk().today():
        problems["since"] = "This day has passed."
    known = {one.key: one for one in table.course.visits if one.state is not State.DONE}
    keys = list(dict.fromkeys(form.getlist("visit")))
    if any(key not in known for key in keys):
        raise InputError("This course has no such visit to come: look at the page again.")
    scope = Scope.THIS if form.get("scope") == Scope.THIS.value else Scope.FOLLOWING
    wish = Wish(dict.fromkeys(keys, since), away=_away(table, problems), scope=scope)
    return Asked(wish, clean(form.get("reason", ""))[:LONGEST_REASON])


def _away(table: Table, problems: Problems) -> tuple[str, tuple[date, date]] | None:
    who = request.form.get("away", "")
    if not who:
        return None
    if who not in _people(table):
        raise InputError("No visit to come has this provider or room: look at the page again.")
    first, last = _day("away_from", problems), _day("away_until", problems)
    if first is None or last is None or not first <= last <= first + LONGEST_ABSENCE:
        problems["away"] = "Give the first and the last day away."
        return None
    return who, (first, last)


def _day(name: str, problems: Problems) -> date | None:
    typed = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        problems[name] = "This is not a day."
        return None
