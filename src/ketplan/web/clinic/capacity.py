"""What the clinic can carry in the weeks to come: room for doses, what binds, and how full everybody is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from flask import render_template

from ketplan.scheduling.capacity import capacity
from ketplan.scheduling.coordinating.choosing import monday
from ketplan.scheduling.series.model import Resource, Span
from ketplan.scheduling.series.staff import from_slots
from ketplan.scheduling.timetable import Busy
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.context import desk

routes = room("capacity", __name__)

WEEKS = 4


@routes.get("/capacity")
def show(lid: str) -> str:
    """From the EHR's free times and the visits of our courses; what else is booked there is not counted."""
    clinic = open_clinic()
    first = clinic.moment.today
    dates = first, monday(first) + timedelta(weeks=WEEKS, days=-1)
    client = desk().connect(clinic.session.iss, clinic.session.token)
    calendar = desk().glue.read_calendar(client, first, desk().practice)
    taken = _taken(clinic)
    whole = [_whole(one, taken) for one in from_slots(calendar.slots)]
    found = capacity(desk().practice.clinic, whole, taken, dates)
    return render_template(
        "clinic/capacity.html",
        session=clinic.session,
        clinic=clinic,
        found=found,
        published=bool(calendar.slots),
        weeks=sorted({load.week for load in found.loads}),
        names=list(dict.fromkeys((load.resource, load.name, load.service) for load in found.loads)),
        loads={(load.resource, load.week): load for load in found.loads},
    )


def _taken(clinic: Clinic) -> Mapping[str, Sequence[Busy]]:
    found: dict[str, list[Busy]] = defaultdict(list)
    for course in clinic.courses:
        for visit in course.visits:
            if visit.stands and visit.end > clinic.moment.now:
                for reference, _ in visit.resources:
                    found[reference].append(Busy(visit.start, visit.end))
    return found


def _whole(resource: Resource, taken: Mapping[str, Sequence[Busy]]) -> Resource:
    """With the time that is taken already as time that is worked."""
    mine = tuple(Span(span.start, span.end) for span in taken.get(resource.reference, ()))
    return replace(resource, free=(*resource.free, *mine))
