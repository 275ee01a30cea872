"""Small requests for the series tests, and the same answer by brute force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.checking.series import cost, faults
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.resources import Need
from ketplan.scheduling.series.course import course_request
from ketplan.scheduling.series.model import (
    Chosen,
    Level,
    Link,
    Patient,
    Request,
    Resource,
    Series,
    Since,
    Wanted,
    Windows,
)
from ketplan.scheduling.series.rules import Rule
from tests.scheduling.builders import MONDAY, NEW_YORK, a_clinic, a_course, moment


def windows(target: date, *after: int) -> Windows:
    """Preferred, acceptable and absolute windows from the target to so many days after it."""
    preferred, acceptable, absolute = ((target, target + timedelta(days=n)) for n in after)
    return Windows(preferred, acceptable, absolute)


def a_dose(number: int, target: date, *after: int, needs: Sequence[str] = ("chair",)) -> Wanted:
    return Wanted(
        f"dose-{number}", VisitKind.INFUSION, number, f"Dose {number}", target, windows(target, *after),
        40, 30, 110, tuple(map(Need, needs)), escort=True,
    )  # fmt: skip


def a_session(number: int, target: date, *after: int) -> Wanted:
    return Wanted(
        f"cbt-{number}", VisitKind.CBT, number, f"Session {number}", target, windows(target, *after),
        60, needs=(Need("therapist"),),
    )  # fmt: skip


def gap(one: int, other: int) -> Link:
    return Link(f"dose-{one}", f"dose-{other}", Rule.DOSE_GAP, (48, None), (2, None))


def follows(dose: int, session: int) -> Link:
    return Link(f"dose-{dose}", f"cbt-{session}", Rule.REST, (24, None), (1, None), Since.TREATMENT, 72)


def in_order(one: int, other: int) -> Link:
    return Link(f"cbt-{one}", f"cbt-{other}", Rule.ORDER, days=(1, None))


def a_whole_course(zone: str = NEW_YORK, start: date = MONDAY, **settings: object) -> Request:
    clinic = a_clinic(zone)
    given = {"not_before": moment(start - timedelta(days=3), "09:00", zone)} | settings
    return course_request(a_course(start), clinic, **given)  # type: ignore[arg-type]


def by_brute_force(request: Request) -> int | None:
    """The least cost of all series on the clinic's grid, judged by the reference checker alone."""
    options = [list(_anywhere(request, visit)) for visit in request.visits]
    best: int | None = None
    for chosen in product(*options):
        spent = _priced(request, chosen)
        best = spent if spent is not None and (best is None or spent < best) else best
    return best


def _priced(request: Request, chosen: Sequence[Chosen]) -> int | None:
    series = Series(request.clinic.zone, tuple(chosen), (), 0, True)
    wordless = {"The series does not cost what it says.", "A change of therapist is not said."}
    wrong = [f for f in faults(request, series) if f not in wordless and "does not say" not in f]
    return None if wrong else cost(request, series)


def _anywhere(request: Request, visit: Wanted) -> Iterator[Chosen]:
    first, last = visit.windows.widest
    step, zone = request.clinic.grid_minutes, request.clinic.tz
    people = [[r for r in request.resources if r.service == n.service] for n in request.consulted(visit)]
    for n in range((last - first).days + 1):
        for minutes in range(0, 24 * 60, step):
            wall = datetime.combine(first + timedelta(days=n), time()) + timedelta(minutes=minutes)
            start = wall.replace(tzinfo=zone)
            if start.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != wall:
                continue
            end = (start.astimezone(ZoneInfo("UTC")) + timedelta(minutes=visit.minutes)).astimezone(zone)
            for team in product(*people):
                c = Chosen(visit, start, end, Level.PREFERRED, "tried", tuple(r.reference for r in team))
                if _as_booked(request, c) and _priced_alone(request, c):
                    yield c


def _as_booked(request: Request, c: Chosen) -> bool:
    """A booked visit that keeps its time keeps its people."""
    spot = request.standing.get(c.visit.key)
    return spot is None or spot.start != c.start or spot.resources == c.resources


def _priced_alone(request: Request, c: Chosen) -> bool:
    alone = Request(
        (c.visit,),
        request.clinic,
        request.not_before,
        (),
        request.patient,
        request.resources,
        request.published,
        {key: spot for key, spot in request.standing.items() if key == c.visit.key},
    )
    return _priced(alone, (c,)) is not None


def a_small_clinic(zone: str, opens: time, closes: time, grid: int) -> Clinic:
    return Clinic(zone, hours=dict.fromkeys(range(5), (opens, closes)), grid_minutes=grid)


def a_request(
    visits: Sequence[Wanted],
    links: Sequence[Link],
    clinic: Clinic,
    resources: Sequence[Resource] = (),
    patient: Patient | None = None,
    not_before: datetime | None = None,
    **settings: object,
) -> Request:
    return Request(
        tuple(visits),
        clinic,
        not_before or datetime.combine(MONDAY - timedelta(days=9), time(9), tzinfo=clinic.tz),
        tuple(links),
        patient or Patient(),
        tuple(resources),
        {r.service: MONDAY + timedelta(days=400) for r in resources},
        **settings,  # type: ignore[arg-type]
    )
