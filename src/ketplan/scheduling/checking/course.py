"""Rules between the visits of a course: doses, sessions, follow-ups, and what must be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.checking.case import Case, elapsed, utc
from ketplan.scheduling.timetable import Placed, SoftRule


def doses_apart(case: Case) -> Iterator[str]:
    gap, apart = case.clinic.dose_gap_hours, case.clinic.dose_gap_days
    doses = case.of(VisitKind.INFUSION)
    for one, other in case.pairs(doses, doses):
        if one.visit.number > other.visit.number:
            continue
        if elapsed(one.start, other.start) < timedelta(hours=gap):
            yield f"{other.visit.key} starts less than {gap} h after {one.visit.key}."
        if (case.day(other.start) - case.day(one.start)).days < apart:
            yield f"{other.visit.key} is less than {apart} days after {one.visit.key}."


def not_before_target(case: Case) -> Iterator[str]:
    doses = {d.visit.offset for d in case.of(VisitKind.INFUSION)}
    for p in case.free:
        is_check = p.visit.kind is VisitKind.FOLLOW_UP and p.visit.offset in doses
        if p.visit.offset >= 0 and not is_check and case.day(p.start) < p.visit.target:
            yield f"{p.visit.key} is before its target date."


def sessions(case: Case) -> Iterator[str]:
    course = case.of(VisitKind.CBT)
    for session, dose in case.pairs(course, case.of(VisitKind.INFUSION)):
        yield from _session_and_dose(session, dose, case)
    for one, other in case.pairs(course, course):
        if one.visit.number < other.visit.number and case.day(other.start) <= case.day(one.start):
            yield f"{other.visit.key} is not on a later day than {one.visit.key}."


def _session_and_dose(session: Placed, dose: Placed, case: Case) -> Iterator[str]:
    wait = elapsed(dose.start, session.start) - case.dose_end
    days = (case.day(session.start) - case.day(dose.start)).days
    if days == 0:
        yield f"{session.visit.key} is on the day of {dose.visit.key}."
    if session.visit.key in case.fixed:
        return
    if days > 0 and wait < timedelta(hours=case.clinic.cbt_window_hours[0]):
        yield f"{session.visit.key} is too soon after {dose.visit.key}."
    if days > 0 and session.visit.offset < 0:
        yield f"{session.visit.key} belongs before {dose.visit.key}."


def follow_ups(case: Case) -> Iterator[str]:
    doses = case.of(VisitKind.INFUSION)
    for p in case.free:
        if p.visit.kind is VisitKind.FOLLOW_UP:
            yield from _call(p, doses, case) if p.visit.telephone else _review(p, doses, case)


def _call(p: Placed, doses: list[Placed], case: Case) -> Iterator[str]:
    days = [case.day(d.start) + timedelta(days=1) for d in doses if d.visit.offset + 1 == p.visit.offset]
    if case.day(p.start) != (days[0] if days else p.visit.target):
        yield f"{p.visit.key} does not keep its day."


def _review(p: Placed, doses: list[Placed], case: Case) -> Iterator[str]:
    for dose in doses:
        if p.visit.offset == dose.visit.offset and utc(p.end) > utc(dose.start):
            yield f"{p.visit.key} is not over before {dose.visit.key}."
    if doses and p.visit.offset > doses[-1].visit.offset and case.day(p.start) <= case.day(doses[-1].start):
        yield f"{p.visit.key} is not after {doses[-1].visit.key}."


def said(case: Case) -> Iterator[str]:
    """A soft rule may be broken, never silently."""
    for p in case.placed:
        inside = p.window[0] <= case.day(p.start) <= p.window[1]
        if inside == (SoftRule.WINDOW in p.unkept):
            yield f"{p.visit.key} does not say whether it is in its window."
    yield from _doses_followed(case)
    people = Counter(s.resources[0][0] for s in case.of(VisitKind.CBT) if s.resources)
    changes = sum(people.values()) - max(people.values(), default=0)
    if sum(SoftRule.SAME_THERAPIST in s.unkept for s in case.of(VisitKind.CBT)) < changes:
        yield "A change of therapist is not said."


def _doses_followed(case: Case) -> Iterator[str]:
    if not any(v.kind is VisitKind.CBT for v in case.visits):
        return
    last = max((v.number for v in case.visits if v.kind is VisitKind.INFUSION), default=0)
    low, high = (timedelta(hours=h) for h in case.clinic.cbt_window_hours)
    for dose in case.of(VisitKind.INFUSION):
        waits = [elapsed(dose.start, s.start) - case.dose_end for s in case.of(VisitKind.CBT)]
        covered = dose.visit.number == last or any(low <= wait <= high for wait in waits)
        if covered == (SoftRule.CBT_AFTER_DOSE in dose.unkept):
            yield f"{dose.visit.key} does not say whether a CBT session follows it in time."
