"""A reference checker: does a timetable keep the rules?

Written apart from the planner and slower on purpose: it shares its types and settings, none of its ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from ketplan.clinical.plan import Visit
from ketplan.scheduling.checking import calendars, course, earliest, times
from ketplan.scheduling.checking.case import Case, last_days
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Timetable

_RULES = (
    times.fixed_stand,
    times.true_to_the_clock,
    times.in_hours,
    times.one_at_a_time,
    course.doses_apart,
    course.not_before_target,
    course.sessions,
    course.follow_ups,
    course.said,
    calendars.slots_hold,
    earliest.no_earlier_day,
    earliest.refused_for_a_reason,
)


def violations(
    timetable: Timetable,
    visits: Sequence[Visit],
    clinic: Clinic,
    busy: Sequence[Busy] = (),
    *,
    not_before: datetime,
    free_slots: Sequence[FreeSlot] = (),
    published: Mapping[str, date] | None = None,
    fixed: Mapping[str, Fixed] | None = None,
    infusion_end_minutes: int = 70,
) -> list[str]:
    """Every rule that the timetable breaks, in words; an empty list for a sound one.

    The arguments are those that `place` was given. Visits fixed in the EHR answer only for standing
    untouched: faults between two of them are not the planner's.
    """
    case = Case(
        timetable=timetable,
        visits=tuple(visits),
        clinic=clinic,
        busy=tuple(busy),
        not_before=not_before,
        slots={slot.reference: slot for slot in free_slots},
        published=last_days(free_slots, published or {}, clinic),
        fixed=fixed or {},
        dose_end=timedelta(minutes=infusion_end_minutes),
    )
    missing = list(times.complete(case))
    return missing or [fault for rule in _RULES for fault in rule(case)]
