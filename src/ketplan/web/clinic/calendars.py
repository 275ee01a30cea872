"""The calendar of each chair and each person to take along, from the visits of whom this user may see."""

from __future__ import annotations

from flask import Response, render_template, request

from ketplan.calendar_file import calendar_file
from ketplan.clinic_calendars import calendar_of, whose
from ketplan.errors import InputError
from ketplan.store.visits import SyncedPlan
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.sessions import note
from ketplan.web.context import desk

routes = room("calendars", __name__)


@routes.get("/calendars")
def show(lid: str) -> str:
    clinic = open_clinic()
    note(clinic.session, "list-read")
    names = desk().services.settings.site.calendar_names
    return render_template(
        "clinic/calendars.html", session=clinic.session, people=whose(_plans(clinic)), names=names
    )


@routes.get("/calendar.ics")
def calendar(lid: str) -> Response:
    """One calendar, named in the query; what stands in it is neutral unless the site says otherwise."""
    clinic, reference = open_clinic(), request.args.get("of", "")
    plans = _plans(clinic)
    people = whose(plans)
    if reference not in people:
        raise InputError("No visit takes this person or place.")
    known = clinic.gathering.contacts if desk().services.settings.site.calendar_names else None
    names = None if known is None else {id: contact.name for id, contact in known.items()}
    note(clinic.session, "list-handed-out")
    found = calendar_of(reference, plans, names)
    text = calendar_file(found, desk().practice.zone, people[reference], desk().now())
    answer = Response(text, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = 'attachment; filename="calendar.ics"'
    return answer


def _plans(clinic: Clinic) -> list[SyncedPlan]:
    """As the last sync saw them, of courses under way whose patients the EHR returned to this user."""
    going = {course.plan for course in clinic.courses}
    return [plan for plan in desk().services.visits.of_server(clinic.session.iss) if plan.plan_id in going]
