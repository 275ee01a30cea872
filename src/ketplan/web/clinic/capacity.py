"""What the clinic can carry in the weeks to come: room for doses, what binds, and how full everybody is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from flask import render_template

from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.draft import usual_visits
from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.capacity import capacity, first_start
from ketplan.scheduling.coordinating.choosing import monday
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import Request, Resource, Span
from ketplan.scheduling.series.staff import from_slots
from ketplan.scheduling.timetable import Busy
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.context import desk

routes = room("capacity", __name__)

WEEKS = 4


@dataclass(frozen=True)
class Start:
    """The first day from which a whole course for a disorder fits, and when its first dose would be; None
    where it fits from none of the days looked at."""

    disorder: str
    doses: int
    sessions: int
    day: date | None
    dose: datetime | None


@routes.get("/capacity")
def show(lid: str) -> str:
    """From the EHR's free times and the visits of our courses; what else is booked there is not counted."""
    clinic = open_clinic()
    first = clinic.moment.today
    dates = first, monday(first) + timedelta(weeks=WEEKS, days=-1)
    client = desk().connect(clinic.session.iss, clinic.session.token)
    calendar = desk().glue.read_calendar(client, first, desk().practice)
    taken = _taken(clinic)
    free = from_slots(calendar.slots)
    found = capacity(desk().practice.clinic, [_whole(one, taken) for one in free], taken, dates)
    return render_template(
        "clinic/capacity.html",
        session=clinic.session,
        clinic=clinic,
        found=found,
        published=bool(calendar.slots),
        weeks=sorted({load.week for load in found.loads}),
        names=list(dict.fromkeys((load.resource, load.name, load.service) for load in found.loads)),
        loads={(load.resource, load.week): load for load in found.loads},
        starts=list(_starts(clinic, free, calendar.published, [day.day for day in found.days])),
    )


def _starts(
    clinic: Clinic, free: Sequence[Resource], published: Mapping[str, date], wanted: Sequence[date]
) -> Iterator[Start]:
    """For each disorder for which this site offers a course with doses. Its visits are looked for beside what
    is booked, from one day after the other."""
    practice = desk().practice
    for disorder in DISORDERS if free else ():
        usual = partial(usual_visits, disorder, library=practice.library, house=practice.house)
        count = Counter(visit.kind for visit in usual(clinic.moment.today))
        if not count:
            continue

        def asked(day: date, usual: Callable[[date], Sequence[Visit]] = usual) -> Request:
            return course_request(
                usual(day),
                practice.clinic,
                not_before=clinic.moment.now,
                resources=free,
                published=published,
            )

        found = first_start(asked, free, wanted) or (None, None)
        yield Start(disorder.title, count[VisitKind.INFUSION], count[VisitKind.CBT], *found)


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
