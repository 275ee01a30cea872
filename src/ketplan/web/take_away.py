"""What may be taken along from a signed plan."""

from __future__ import annotations

from flask import Response

from ketplan.calendar_file import calendar_file, visits
from ketplan.errors import InputError
from ketplan.web import sessions
from ketplan.web.bench import open_bench
from ketplan.web.context import desk
from ketplan.web.course import newest_plan
from ketplan.web.guard import room

routes = room("take_away", __name__)


@routes.get("/visits.ics")
def calendar(lid: str) -> Response:
    """The visits of the newest signed plan for the patient's own calendar: when, and nothing else."""
    session = sessions.current()
    plan = newest_plan(session)
    if plan is None:
        raise InputError("There is no signed plan yet, so there are no visits to take along.")
    zone, booked = desk().practice.zone, open_bench(session).proposal.record.appointments
    text = calendar_file(visits(plan, booked, zone), zone, desk().services.settings.site.name, desk().now())
    return Response(
        text,
        mimetype="text/calendar",
        headers={"Content-Disposition": 'attachment; filename="visits.ics"'},
    )
