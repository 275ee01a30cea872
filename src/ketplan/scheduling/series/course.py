"""A plan's visits as a request: windows, ties and needs as the protocols and the clinic have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.place import INFUSION_END_MINUTES
from ketplan.scheduling.resources import needs
from ketplan.scheduling.series.model import (
    Firmness,
    Link,
    Patient,
    Request,
    Resource,
    Since,
    Standing,
    Wanted,
    Windows,
)
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.timetable import Fixed

# House defaults: preparation before an infusion; the most days between two doses of an induction; how far
# the last window reaches, in acceptable windows; how far from its target a visit is still preferred.
HOUSE_PREPARATION_MINUTES = 30
HOUSE_DOSE_LAPSE_DAYS = 10
HOUSE_ABSOLUTE = 2
HOUSE_PREFERRED_DAYS = 1


def course_request(
    visits: Sequence[Visit],
    clinic: Clinic,
    *,
    not_before: datetime,
    patient: Patient | None = None,
    resources: Iterable[Resource] = (),
    published: Mapping[str, date] | None = None,
    fixed: Mapping[str, Fixed] | None = None,
    one_person: bool = False,
) -> Request:
    """The request of a drafted plan. `fixed` visits stand in the EHR; `published` as `place` takes it: where
    it is left out, a service's calendar ends with its last free time."""
    found = tuple(resources)
    ends = {
        r.service: max(
            max(s.end for s in r.free), *(s.end for o in found if o.service == r.service for s in o.free)
        )
        for r in found
        if r.free
    }
    last = {s: (end - timedelta(seconds=1)).astimezone(clinic.tz).date() for s, end in ends.items()}
    return Request(
        tuple(wanted(visit, visits, clinic) for visit in visits),
        clinic,
        not_before,
        tuple(links(visits, clinic)),
        patient or Patient(),
        found,
        last | dict(published or {}),
        {key: booked(spot) for key, spot in (fixed or {}).items()},
        rest_hours=clinic.cbt_window_hours[0],
        one_person=one_person,
    )


def booked(spot: Fixed, firmness: Firmness = Firmness.BOOKED) -> Standing:
    return Standing(spot.start, spot.end, tuple(r for r, _ in spot.resources), spot.slots, firmness)


def wanted(visit: Visit, visits: Sequence[Visit], clinic: Clinic) -> Wanted:
    """A visit with its three windows. Only a check before a dose, and a session before the course, may come
    earlier than their targets; a call has the days of the dose it follows."""
    dose = visit.kind is VisitKind.INFUSION
    treatment = min(visit.minutes, INFUSION_END_MINUTES) if dose else visit.minutes
    preparation = min(HOUSE_PREPARATION_MINUTES, treatment) if dose else 0
    return Wanted(
        visit.key,
        visit.kind,
        visit.number,
        visit.title,
        visit.target,
        _windows(visit, visits, clinic),
        treatment - preparation,
        preparation,
        visit.minutes - treatment,
        needs(visit, clinic),
        visit.telephone,
        escort=dose,
    )


def _windows(visit: Visit, visits: Sequence[Visit], clinic: Clinic) -> Windows:
    days, near = clinic.window_for(visit.key, visit.kind), HOUSE_PREFERRED_DAYS
    prepared = _dose_at(visit.offset, visits) if _is_review(visit) else None
    called = _dose_at(visit.offset - 1, visits) if visit.telephone else None
    dose = prepared or called
    if dose:  # it goes where its dose goes; the tie to the dose says how near
        on = clinic.window_for(dose.key, dose.kind) * HOUSE_ABSOLUTE
        back = days if prepared else 0
        return _banded(visit.target, (0, back, back), (near, max(on, near), max(on, near)))
    if visit.offset < 0:
        return _banded(visit.target, (near, days, days * HOUSE_ABSOLUTE), (0, 0, 0))
    near = min(near, days)
    return _banded(visit.target, (0, 0, 0), (near, days, days * HOUSE_ABSOLUTE))


def _banded(target: date, before: tuple[int, int, int], after: tuple[int, int, int]) -> Windows:
    preferred, acceptable, absolute = (
        (target - timedelta(days=b), target + timedelta(days=a)) for b, a in zip(before, after, strict=True)
    )
    return Windows(preferred, acceptable, absolute)


def _is_review(visit: Visit) -> bool:
    return visit.kind is VisitKind.FOLLOW_UP and not visit.telephone


def _dose_at(offset: int, visits: Sequence[Visit]) -> Visit | None:
    return next((v for v in visits if v.kind is VisitKind.INFUSION and v.offset == offset), None)


def links(visits: Sequence[Visit], clinic: Clinic) -> Iterator[Link]:
    """What ties the visits together: doses apart but not too far, a session in the window after each dose,
    sessions in order, checks before their dose, calls the day after it, reviews after the last."""
    doses, sessions = (
        sorted((v for v in visits if v.kind is kind), key=lambda v: v.number)
        for kind in (VisitKind.INFUSION, VisitKind.CBT)
    )
    for one, other in combinations(doses, 2):
        hours, days = clinic.dose_gap_hours, clinic.dose_gap_days
        yield Link(one.key, other.key, Rule.DOSE_GAP, (hours, None), (days, None))
    for one, other in pairwise(doses):
        most = max(HOUSE_DOSE_LAPSE_DAYS, other.offset - one.offset + clinic.window_for(one.key, one.kind))
        yield Link(one.key, other.key, Rule.DOSE_LAPSE, days=(0, most))
    for one, other in combinations(sessions, 2):
        yield Link(one.key, other.key, Rule.ORDER, days=(1, None))
    yield from _after_doses(doses, sessions, clinic)
    for visit in (v for v in visits if v.kind is VisitKind.FOLLOW_UP):
        yield from _follow_up(visit, doses, visits, clinic)


def _after_doses(doses: Sequence[Visit], sessions: Sequence[Visit], clinic: Clinic) -> Iterator[Link]:
    least, most = clinic.cbt_window_hours
    for n, dose in enumerate(doses):
        until = doses[n + 1].offset if n + 1 < len(doses) else None
        after = [s for s in sessions if dose.offset < s.offset and (until is None or s.offset < until)]
        if after:
            wish = None if until is None else most  # the last dose need not have its session in the window
            yield Link(dose.key, after[0].key, Rule.REST, (least, None), (1, None), Since.TREATMENT, wish)
    for session in (s for s in sessions if s.offset < 0 and doses):
        yield Link(session.key, doses[0].key, Rule.ORDER, days=(1, None))


def _follow_up(
    visit: Visit, doses: Sequence[Visit], visits: Sequence[Visit], clinic: Clinic
) -> Iterator[Link]:
    prepared, called = _dose_at(visit.offset, visits), _dose_at(visit.offset - 1, visits)
    if visit.telephone:
        if called:
            yield Link(called.key, visit.key, Rule.CALL, days=(1, 1))
    elif prepared:
        days = clinic.window_for(visit.key, visit.kind)
        yield Link(visit.key, prepared.key, Rule.BEFORE_DOSE, days=(0, days), since=Since.END)
    elif doses and visit.offset > doses[-1].offset:
        yield Link(doses[-1].key, visit.key, Rule.AFTER_DOSES, days=(1, None))
