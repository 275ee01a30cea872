"""Courses, clinics and calendars for the scheduling tests; every argument has a default."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Placed, Timetable

NEW_YORK = "America/New_York"
MONDAY = date(2026, 3, 2)  # US clocks change on 8 March, inside the series

IV6_2PW = (0, 3, 7, 10, 14, 17)
IV6_3PW = (0, 2, 4, 7, 9, 11)
IV3_QW = (0, 7, 14)
IV1 = (0,)
GAD_14 = (1, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78)
ERP_17 = (-1, 1, 2, 3, 4, 7, 8, 9, 10, 11, 14, 21, 28, 35, 42, 49, 56)
PE_10 = (1, 8, 15, 22, 29, 36, 43, 50, 57, 64)
PHOBIA_4 = (0, 7, 14, 28)

Reviews = tuple[tuple[str, int], ...]


def reviews_of(doses: Sequence[int]) -> Reviews:
    """Follow-ups as the protocols have them, by the course's doses."""
    if not doses:
        return (("review_4_weeks", 28), ("review_3_months", 91), ("review_6_months", 182))
    check = (("mid_course_review", doses[3]),) if len(doses) == 6 else ()
    return (
        ("24h_check_call", 1),
        *check,
        ("end_of_induction_review", doses[-1] + 7),
        ("review_1_month_after_last_dose", doses[-1] + 28),
        ("review_3_months", 91),
        ("review_6_months", 182),
        ("review_12_months", 364),
    )


def target(day_zero: date, offset: int) -> date:
    """The offset's date under the protocols' weekend rule."""
    day = day_zero + timedelta(days=offset)
    while day.weekday() > 4:
        day += timedelta(days=1 if offset >= 0 else -1)
    return day


def a_course(
    day_zero: date = MONDAY,
    doses: Sequence[int] = IV6_2PW,
    cbt: Sequence[int] = GAD_14,
    reviews: Reviews | None = None,
    cbt_minutes: int | Sequence[int] = 60,
) -> tuple[Visit, ...]:
    lengths = [cbt_minutes] * len(cbt) if isinstance(cbt_minutes, int) else cbt_minutes
    return (
        *(
            Visit(f"infusion-{n}", VisitKind.INFUSION, n, f"Infusion {n}", o, target(day_zero, o), 180)
            for n, o in enumerate(doses, 1)
        ),
        *(
            Visit(f"cbt-{n}", VisitKind.CBT, n, f"Session {n}", o, target(day_zero, o), minutes)
            for n, (o, minutes) in enumerate(zip(cbt, lengths, strict=True), 1)
        ),
        *(
            a_follow_up(day_zero, key, offset, n)
            for n, (key, offset) in enumerate(reviews_of(doses) if reviews is None else reviews, 1)
        ),
    )


def a_follow_up(day_zero: date, key: str, offset: int, number: int = 1) -> Visit:
    call = key == "24h_check_call"
    day = day_zero + timedelta(days=offset) if call else target(day_zero, offset)
    return Visit(key, VisitKind.FOLLOW_UP, number, key, offset, day, 15 if call else 30, telephone=call)


def a_clinic(zone: str = NEW_YORK, **settings: object) -> Clinic:
    return Clinic(zone, **settings)  # type: ignore[arg-type]


def moment(day: date, clock: str, zone: str = NEW_YORK) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(zone))


def busy(day: date, start: str, end: str, zone: str = NEW_YORK) -> Busy:
    return Busy(moment(day, start, zone), moment(day, end, zone), f"Appointment/{day}-{start}")


def slots(
    resource: str,
    service: str,
    days: Iterable[date],
    start: str = "08:00",
    end: str = "18:00",
    minutes: int = 30,
    zone: str = NEW_YORK,
) -> tuple[FreeSlot, ...]:
    """Consecutive free slots of one resource on the weekdays among `days`."""
    found = []
    for day in days:
        wall, last = (datetime.combine(day, time.fromisoformat(clock)) for clock in (start, end))
        while day.weekday() < 5 and wall + timedelta(minutes=minutes) <= last:
            begins = wall.replace(tzinfo=ZoneInfo(zone))
            wall += timedelta(minutes=minutes)
            ends = wall.replace(tzinfo=ZoneInfo(zone))
            name = f"Slot/{resource.split('/')[-1]}-{begins:%Y%m%d-%H%M}"
            found.append(FreeSlot(name, begins, ends, resource, resource.split("/")[-1], service))
    return tuple(found)


def span(first: date = MONDAY - timedelta(days=7), days: int = 120) -> tuple[date, ...]:
    return tuple(first + timedelta(days=n) for n in range(days))


def by_key(timetable: Timetable) -> dict[str, Placed]:
    return {p.visit.key: p for p in timetable.placed}


def days_of(timetable: Timetable, prefix: str, day_zero: date = MONDAY) -> list[int]:
    """Days from day zero on which the visits of a kind stand, in the course's order."""
    found = [p for p in timetable.placed if p.visit.key.startswith(prefix)]
    return [(p.start.date() - day_zero).days for p in sorted(found, key=lambda p: p.visit.number)]


def as_fixed(placed: Iterable[Placed]) -> dict[str, Fixed]:
    """Visits as they look once the EHR has them."""
    return {p.visit.key: Fixed(p.start, p.end, p.slots, p.resources) for p in placed}
