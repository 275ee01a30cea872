"""Somebody is away: the visits that concerns, a proposal for each patient, and whom to call.

Nothing is booked here: each course is planned again by a launch for its patient."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flask import render_template, request

from ketplan.kept_terms import visits_from
from ketplan.scheduling.coordinating.absence import (
    Affected,
    Proposed,
    affected,
    days_between,
    proposals,
    standing,
)
from ketplan.scheduling.coordinating.seen import CourseSeen
from ketplan.scheduling.series.model import Dates, Request
from ketplan.scheduling.timetable import FreeSlot
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.sessions import note
from ketplan.web.context import desk
from ketplan.workflow import Calendar, series_request

routes = room("absence", __name__)

MOST_PROPOSED = 25
"""So many courses are planned again for one page; the others are listed."""


@routes.get("/away")
def show(lid: str) -> str:
    """Who, from when to when; then what that concerns, and what could become of it."""
    clinic = open_clinic()
    note(clinic.session, "list-read")
    people = _people(clinic)
    who, dates, problem = _asked(clinic, people)
    found = affected(clinic.courses, who, dates, clinic.moment) if who and dates else []
    made = _proposed(clinic, found, who, dates) if found and dates else []
    return render_template(
        "clinic/absence.html",
        session=clinic.session,
        clinic=clinic,
        people=people,
        who=who,
        dates=dates,
        problem=problem,
        proposals=made,
        not_planned=len(found) - len(made),
        visits=sum(len(one.visits) for one in found),
        typed=request.args,
    )


def _people(clinic: Clinic) -> dict[str, str]:
    """Everybody and every chair that a visit to come names, by reference."""
    named = {
        reference: name or reference
        for course in clinic.courses
        for visit in course.visits
        if visit.start > clinic.moment.now
        for reference, name in visit.resources
    }
    return dict(sorted(named.items(), key=lambda pair: pair[1].casefold()))


def _asked(clinic: Clinic, people: dict[str, str]) -> tuple[str, Dates | None, str]:
    who = request.args.get("who", "")
    if not who:
        return "", None, ""
    if who not in people:
        return "", None, "Choose who is away."
    try:
        first = date.fromisoformat(request.args.get("first", "") or str(clinic.moment.today))
        last = date.fromisoformat(request.args.get("last", "") or str(first + timedelta(days=6)))
    except ValueError:
        return who, None, "Give both days."
    dates = days_between(first, last)
    return who, dates, "" if dates else "The last day lies before the first, or more than a year after it."


def _proposed(clinic: Clinic, found: list[Affected], who: str, dates: Dates) -> list[Proposed]:
    session, practice = clinic.session, desk().practice
    client = desk().connect(session.iss, session.token)
    calendar = desk().glue.read_calendar(client, clinic.moment.today, practice)

    def asking(course: CourseSeen, left: Sequence[FreeSlot]) -> Request:
        visits = visits_from(desk().services.plans.load(course.plan).payload)
        times = standing(course)
        shown = Calendar(tuple(left), calendar.published)
        mine = tuple(v for v in visits if v.key in times)
        return series_request(mine, times, (), practice, shown, clinic.moment.now)

    return proposals(found[:MOST_PROPOSED], who, dates, calendar.slots, asking, clinic.moment)
