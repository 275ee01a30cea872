"""A signed plan revised by one who may sign: visits moved, added, dropped; the dose's words, goals' dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flask import render_template, request

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.errors import InputError
from ketplan.fhir.rendering.authoring import clean
from ketplan.revising import State, VisitNow, Wish
from ketplan.scheduling.series.replanning import Scope
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_SHOW
from ketplan.web.context import desk
from ketplan.web.course.course import Course, require_course
from ketplan.web.course.revision import LONGEST_REASON, Asked, Problems, Shown, Table, lay_table, weigh
from ketplan.web.guard import room
from ketplan.web.page import bench_page
from ketplan.web.presenters import revision as presenter
from ketplan.web.trail import guard_form

routes = room("revise", __name__)

MOST_ADDED, LONGEST_APART = 12, 92
LONGEST_TITLE = 80
TITLES = {VisitKind.CBT: "CBT session", VisitKind.FOLLOW_UP: "Follow-up visit"}
MINUTES = {VisitKind.CBT: 60, VisitKind.FOLLOW_UP: 30}
NO_CHANGE_OF_TIME = "The clocks change then: there is no such time on that day."


@dataclass(frozen=True)
class Agreed:
    """A dosing visit that a review has agreed on and the plan does not have yet."""

    visit: Visit
    words: str


@routes.get("/revise")
def show(lid: str) -> str:
    """Every visit to come, what a review has agreed on, and the one form that changes the plan."""
    return _page(lay_table(WAIT_TO_SHOW), {})


@routes.post("/revise")
def revise_plan(lid: str) -> Shown:
    """First the plan before and after; confirmed it is kept and written as a new version of the same plan."""
    guard_form(sessions.current())
    return weigh(lay_table(), _asked, _page)


def _page(table: Table, problems: Problems) -> str:
    zone, reviewed = desk().practice.zone, _reviewed(table)
    return render_template(
        "revise.html",
        **bench_page(table.bench),
        table=table,
        coming=presenter.visit_rows(_coming(table), zone),
        agreed=agreed(table, reviewed),
        dose=_dose_words(reviewed),
        goals=_goals(table),
        kinds=[(kind.value, title) for kind, title in TITLES.items()],
        most=MOST_ADDED,
        problems=problems,
        typed=request.form,
        dropped=request.form.getlist("drop"),
        taken=request.form.getlist("agreed"),
        longest=LONGEST_REASON,
    )


def _coming(table: Table) -> list[VisitNow]:
    return [one for one in table.course.visits if one.state is State.COMING]


def _reviewed(table: Table) -> Course | None:
    """The course as reviews have left it; None where it cannot be reviewed here."""
    with suppress(InputError):
        return require_course(table.bench)
    return None


def _dose_words(reviewed: Course | None) -> str:
    """The next dose, where a review has agreed on another than was signed."""
    if reviewed is None or "as agreed in the review" not in reviewed.now.dose.reasons:
        return ""
    dose = reviewed.now.dose
    return f"From dose {dose.number} on: {dose.words}, as agreed in the review." if dose.mg else ""


def _goals(table: Table) -> list[tuple[str, str, str]]:
    """Key, words and due date of each goal that stands."""
    found = []
    for key, held in table.course.standing.goals.items():
        due = next((part.get("dueDate", "") for part in held.theirs.get("target", [])), "")
        found.append((key, str(held.ours.get("description", {}).get("text", key)), due))
    return found


# --- what may be added --------------------------------------------------------------------------------------


def agreed(table: Table, reviewed: Course | None) -> tuple[Agreed, ...]:
    """Doses are added only as a review has agreed: those it added, and the next of maintenance."""
    return tuple(_agreed(table, reviewed)) if reviewed else ()


def _agreed(table: Table, reviewed: Course) -> Iterator[Agreed]:
    now = reviewed.now
    if now.plan.stopped_on is not None:
        return
    doses = [one.visit for one in table.course.visits if one.visit.kind is VisitKind.INFUSION]
    induction = [visit for visit in doses if visit.key.startswith("infusion-")]
    if not induction:
        return
    last = max(induction, key=lambda visit: visit.number)
    apart = timedelta(days=_apart(induction))
    for n in range(1, now.plan.planned - len(induction) + 1):
        number = last.number + n
        what = last.title.split()[0]
        day = max(last.target + n * apart, _tomorrow())
        title = f"{what} {number} of {now.plan.planned}"
        visit = _visit(table, f"infusion-{number}", VisitKind.INFUSION, number, title, day, last.minutes)
        yield Agreed(visit, "added by the review")
    if now.due is not None:
        number = len(now.happened.maintenance) + 1
        key = f"maintenance-{number}"
        if key not in {visit.key for visit in doses}:
            title, day = f"Maintenance dose {number}", max(now.due, _tomorrow())
            visit = _visit(table, key, VisitKind.INFUSION, last.number + number, title, day, last.minutes)
            yield Agreed(visit, f"every {now.plan.interval_days} days, as agreed")


def _apart(doses: list[Visit]) -> int:
    offsets = sorted(visit.offset for visit in doses)
    return max(2, offsets[-1] - offsets[-2]) if len(offsets) > 1 else 7


def _visit(
    table: Table, key: str, kind: VisitKind, number: int, title: str, day: date, minutes: int
) -> Visit:
    return Visit(key, kind, number, title, (day - _day_zero(table)).days, day, minutes)


def _day_zero(table: Table) -> date:
    """The first dose's target, from which every offset counts."""
    first = table.course.visits[0].visit
    return first.target - timedelta(days=first.offset)


def _tomorrow() -> date:
    return desk().today() + timedelta(days=1)


# --- reading the form ---------------------------------------------------------------------------------------


def _asked(table: Table, problems: Problems) -> Asked:
    form, reviewed = request.form, _reviewed(table)
    coming = {one.key: one for one in _coming(table)}
    dropped = tuple(dict.fromkeys(form.getlist("drop")))
    if any(key not in coming for key in dropped):
        raise InputError("This course has no such visit to come: look at the page again.")
    at = {key: start for key, one in coming.items() if (start := _moved(one, problems))}
    at = {key: start for key, start in at.items() if key not in dropped}
    open_doses = {one.visit.key: one.visit for one in agreed(table, reviewed)}
    doses = [open_doses[key] for key in dict.fromkeys(form.getlist("agreed")) if key in open_doses]
    if len(doses) < len(set(form.getlist("agreed"))):
        problems["agreed"] = "What a review had agreed on is in the plan by now: look at it again."
    scope = Scope.FOLLOWING if form.get("scope") == Scope.FOLLOWING.value else Scope.THIS
    wish = Wish({}, at, dropped, (*doses, *_added(table, problems)), scope=scope)
    dose = _dose_words(reviewed)
    return Asked(
        wish,
        clean(form.get("reason", ""))[:LONGEST_REASON],
        (dose,) if dose and form.get("dose") else (),
        dict(_due(table, problems)),
    )


def _moved(one: VisitNow, problems: Problems) -> datetime | None:
    """The time typed for a visit, None where that is the one it has."""
    zone = desk().practice.zone
    typed = request.form.get(f"at-{one.key}", "").strip()
    if not typed or one.start is None:
        return None
    try:
        naive = datetime.fromisoformat(typed)
    except ValueError:
        problems[one.key] = "This is not a day and a time."
        return None
    start = naive.replace(tzinfo=zone)
    if naive.tzinfo or start.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        problems[one.key] = NO_CHANGE_OF_TIME
        return None
    as_shown = one.start.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)
    return None if naive == as_shown else start


def _added(table: Table, problems: Problems) -> tuple[Visit, ...]:
    form = request.form
    number = form.get("add_number", "").strip()
    if not number or number == "0":
        return ()
    kind = next((kind for kind in TITLES if kind.value == form.get("add_kind")), None)
    apart, day = form.get("add_apart", "").strip() or "7", form.get("add_from", "").strip()
    title = clean(form.get("add_title", ""))[:LONGEST_TITLE]
    if kind is None:
        problems["add"] = "Say what is added."
    elif not (number.isdecimal() and apart.isdecimal()):
        problems["add"] = "Give how many, and how many days apart, as numbers."
    elif int(number) > MOST_ADDED or not 1 <= int(apart) <= LONGEST_APART:
        problems["add"] = f"At most {MOST_ADDED} visits at once, {LONGEST_APART} days apart at most."
    else:
        try:
            first = date.fromisoformat(day)
        except ValueError:
            first = date.min
        if first < _tomorrow():
            problems["add"] = "Give the first day, tomorrow at the earliest."
            return ()
        return tuple(_new(table, kind, int(number), timedelta(days=int(apart)), first, title))
    return ()


def _new(
    table: Table, kind: VisitKind, number: int, apart: timedelta, first: date, title: str
) -> Iterator[Visit]:
    there = [one.visit for one in table.course.visits if one.visit.kind is kind]
    taken = {one.key for one in there}
    last = max((visit.number for visit in there), default=0)
    like = [visit.minutes for visit in there if not visit.telephone]
    minutes = like[-1] if like else MINUTES[kind]
    name = "cbt" if kind is VisitKind.CBT else "follow_up"
    for n in range(number):
        place = last + n + 1
        while f"{name}-{place}" in taken:
            place += 1
        words = title or TITLES[kind]
        words = f"{words} {place}" if number > 1 or not title else words
        yield _visit(table, f"{name}-{place}", kind, place, words, first + n * apart, minutes)


def _due(table: Table, problems: Problems) -> Iterator[tuple[str, str]]:
    for key, _, due in _goals(table):
        typed = request.form.get(f"due-{key}", "").strip()
        if not typed or typed == due:
            continue
        try:
            yield key, date.fromisoformat(typed).isoformat()
        except ValueError:
            problems[f"due-{key}"] = "This is not a day."
