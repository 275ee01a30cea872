"""The reference checker finds every fault that is planted in a sound timetable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from ketplan.scheduling.check import violations
from ketplan.scheduling.place import place
from ketplan.scheduling.timetable import Fixed, Placed, SoftRule, Timetable, Unplaced
from tests.scheduling.builders import (
    MONDAY,
    NEW_YORK,
    a_clinic,
    a_course,
    busy,
    by_key,
    moment,
    slots,
    span,
)

NOT_BEFORE = moment(MONDAY - timedelta(days=14), "09:00")
VISITS = a_course()
CLINIC = a_clinic(closures={MONDAY + timedelta(days=30): "Holiday"})
BUSY = (
    busy(MONDAY + timedelta(days=29), "08:00", "13:30"),
    busy(MONDAY + timedelta(days=36), "16:00", "17:00"),
)
FREE = (
    *slots("Location/chair-1", "chair", span()),
    *slots("Location/chair-2", "chair", span()),
    *slots("Practitioner/ann", "therapist", span()),
    *slots("Practitioner/ben", "therapist", span()),
)
BOOKED = Fixed(moment(MONDAY + timedelta(days=85), "09:00"), moment(MONDAY + timedelta(days=85), "10:00"))
FIXED = {"review_3_months": BOOKED}
SOUND = place(VISITS, CLINIC, not_before=NOT_BEFORE, busy=BUSY, free_slots=FREE, fixed=FIXED)


def faults(timetable: Timetable) -> list[str]:
    return violations(timetable, VISITS, CLINIC, BUSY, not_before=NOT_BEFORE, free_slots=FREE, fixed=FIXED)


def changed(key: str, change: Callable[[Placed], Placed]) -> Timetable:
    placed = tuple(change(p) if p.visit.key == key else p for p in SOUND.placed)
    return replace(SOUND, placed=placed)


def moved(key: str, days: int = 0, minutes: int = 0) -> Timetable:
    """The visit at another time, on the same resource's slots, honest about how far it moved."""

    def change(p: Placed) -> Placed:
        by = timedelta(days=days, minutes=minutes)
        start, end = p.start + by, p.end + by
        held = [s.resource for s in FREE if s.reference in p.slots]
        taken = tuple(s.reference for s in FREE if s.resource in held and s.start < end and s.end > start)
        gone = sum((p.visit.target + timedelta(days=n + 1)).weekday() < 5 for n in range(days))
        back = sum((p.visit.target - timedelta(days=n + 1)).weekday() < 5 for n in range(-days))
        window = (min(p.window[0], start.date()), max(p.window[1], start.date()))
        return replace(p, start=start, end=end, slots=taken, moved_days=gone - back, window=window)

    return changed(key, change)


def test_a_sound_timetable_has_no_faults() -> None:
    assert faults(SOUND) == []
    assert SOUND.unplaced == ()


def _without(key: str) -> Timetable:
    return replace(SOUND, placed=tuple(p for p in SOUND.placed if p.visit.key != key))


def _refused(key: str) -> Timetable:
    visit = by_key(SOUND)[key].visit
    return replace(_without(key), unplaced=(Unplaced(visit, "No time was found."),))


PLANTED = {
    "dropped": (_without("cbt-9"), "cbt-9 is missing."),
    "twice": (
        replace(SOUND, placed=(*SOUND.placed, SOUND.placed[0])),
        "infusion-1 was not asked for, or is there twice.",
    ),
    "no reason": (changed("cbt-2", lambda p: replace(p, why="")), "cbt-2 has no reason."),
    "fixed visit moved": (
        moved("review_3_months", minutes=30),
        "review_3_months is booked in the EHR and was moved.",
    ),
    "too short": (
        changed("cbt-2", lambda p: replace(p, end=p.end - timedelta(minutes=5))),
        "cbt-2 does not last 60 minutes.",
    ),
    "shown in another zone": (
        changed("cbt-2", lambda p: replace(p, start=p.start.astimezone(UTC), end=p.end.astimezone(UTC))),
        "cbt-2 is not at a clock time of the site.",
    ),
    "too early": (moved("infusion-1", days=-21), "infusion-1 is earlier than anything may be."),
    "silent about its move": (
        changed("cbt-2", lambda p: replace(p, moved_days=4)),
        "cbt-2 does not say how far it moved.",
    ),
    "at night": (moved("cbt-9", minutes=6 * 60), "cbt-9 is outside the clinic's hours."),
    "on a weekend": (moved("cbt-9", days=4), "cbt-9 is outside the clinic's hours."),
    "on a holiday": (moved("cbt-7", days=1), "cbt-7 is outside the clinic's hours."),
    "two at once": (moved("mid_course_review", minutes=60), "infusion-4 and mid_course_review overlap."),
    "over an appointment": (moved("cbt-8", minutes=90), "cbt-8 overlaps an appointment the patient has."),
    "47 hours": (
        moved("infusion-2", days=-1, minutes=-30),
        "infusion-2 starts less than 48 h after infusion-1.",
    ),
    "a day between doses missing": (
        moved("infusion-5", days=2),
        "infusion-6 is less than 2 days after infusion-5.",
    ),
    "before its target": (moved("cbt-10", days=-1), "cbt-10 is before its target date."),
    "session on a dose day": (moved("cbt-3", days=2), "cbt-3 is on the day of infusion-4."),
    "session too soon": (moved("cbt-4", minutes=-330), "cbt-4 is too soon after infusion-4."),
    "sessions out of order": (moved("cbt-9", days=8), "cbt-10 is not on a later day than cbt-9."),
    "call on another day": (moved("24h_check_call", days=1), "24h_check_call does not keep its day."),
    "check after its dose": (
        moved("mid_course_review", minutes=4 * 60),
        "mid_course_review is not over before infusion-4.",
    ),
    "review before the last dose": (
        moved("end_of_induction_review", days=-8),
        "end_of_induction_review is not after infusion-6.",
    ),
    "silent about its window": (
        changed("cbt-9", lambda p: replace(p, unkept=(SoftRule.WINDOW,))),
        "cbt-9 does not say whether it is in its window.",
    ),
    "silent about the window after a dose": (
        moved("cbt-2", days=7),
        "infusion-2 does not say whether a CBT session follows it in time.",
    ),
    "silent about another therapist": (
        changed(
            "cbt-5",
            lambda p: replace(
                p,
                slots=tuple(s.replace("ann", "ben") for s in p.slots),
                resources=(("Practitioner/ben", "ben"),),
            ),
        ),
        "A change of therapist is not said.",
    ),
    "a slot used twice": (
        changed("cbt-2", lambda p: replace(p, slots=by_key(SOUND)["cbt-1"].slots)),
        "cbt-2 shares a slot with another visit.",
    ),
    "a slot that is not free": (
        changed("cbt-2", lambda p: replace(p, slots=("Slot/unknown",))),
        "cbt-2 takes a slot that is not free.",
    ),
    "no calendar asked": (
        changed("cbt-2", lambda p: replace(p, slots=(), resources=())),
        "cbt-2 takes other calendars than it needs.",
    ),
    "a slot missing at the end": (
        changed("infusion-1", lambda p: replace(p, slots=p.slots[:-1])),
        "infusion-1 has no chair for as long as it needs.",
    ),
    "chairs changed half-way": (
        changed(
            "infusion-1",
            lambda p: replace(p, slots=(*p.slots[:-1], p.slots[-1].replace("chair-1", "chair-2"))),
        ),
        "infusion-1 changes its chair half-way.",
    ),
    "names somebody else": (
        changed("cbt-2", lambda p: replace(p, resources=(("Practitioner/ben", "ben"),))),
        "cbt-2 names other resources than its slots.",
    ),
    "later than it could be": (moved("cbt-12", days=1), "cbt-12 could be on 2026-05-05."),
    "dose later than it could be": (moved("infusion-6", days=1), "infusion-6 could be on 2026-03-19."),
    "refused without need": (_refused("infusion-6"), "infusion-6 was refused and fits on 2026-03-19."),
    "call refused without need": (
        _refused("24h_check_call"),
        "24h_check_call was refused and fits on 2026-03-03.",
    ),
    "check refused without need": (
        _refused("mid_course_review"),
        "mid_course_review was refused and fits on 2026-03-12.",
    ),
}


@pytest.mark.parametrize(("timetable", "fault"), PLANTED.values(), ids=PLANTED)
def test_planted_faults_are_found(timetable: Timetable, fault: str) -> None:
    assert fault in faults(timetable)


def test_a_planning_session_after_the_dose_is_found() -> None:
    visits = a_course(doses=(0,), cbt=(-1, 1), reviews=())
    timetable = place(visits, a_clinic(NEW_YORK), not_before=NOT_BEFORE)
    late = tuple(
        replace(p, start=p.start + timedelta(days=6), end=p.end + timedelta(days=6), moved_days=4)
        if p.visit.key == "cbt-1"
        else p
        for p in timetable.placed
    )
    found = violations(replace(timetable, placed=late), visits, a_clinic(NEW_YORK), not_before=NOT_BEFORE)
    assert "cbt-1 belongs before infusion-1." in found
