"""May one visit of a running course stand at another time? What speaks against it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import Busy

DOSES, SESSIONS, CALLS = ("infusion-", "maintenance-"), ("cbt-",), ("24h_check_call",)
DOSE_AND_SESSION = {VisitKind.INFUSION, VisitKind.CBT}


@dataclass(frozen=True, slots=True)
class Spot:
    """A visit of the plan at a time: aware datetimes, end exclusive."""

    key: str
    title: str
    start: datetime
    end: datetime

    @property
    def kind(self) -> VisitKind:
        if self.key.startswith(DOSES):
            return VisitKind.INFUSION
        return VisitKind.CBT if self.key.startswith(SESSIONS) else VisitKind.FOLLOW_UP

    @property
    def number(self) -> int:
        last = self.key.rpartition("-")[2]
        return int(last) if last.isdigit() else 0


def objections(
    moved: Spot, others: Sequence[Spot], busy: Sequence[Busy], clinic: Clinic, not_before: datetime
) -> tuple[str, ...]:
    """Each rule that `moved` would break, a sentence each; empty when it may stand there.

    `others` are the plan's other visits as they stand, `busy` what else the patient has.
    """
    if _utc(moved.start) < _utc(not_before):
        return ("That time has passed.",)
    return (*_opening(moved, clinic), *_overlaps(moved, others, busy), *_course(moved, others, clinic))


def _opening(moved: Spot, clinic: Clinic) -> Iterator[str]:
    start, end = (moment.astimezone(clinic.tz) for moment in (moved.start, moved.end))
    if closed := clinic.closed(start.date()):
        yield f"On that day {closed}."
        return
    opens, closes = clinic.on_call if moved.key in CALLS else clinic.hours[start.weekday()]
    if start.date() != end.date() or start.time() < opens or end.time() > closes:
        yield "It lies outside the clinic's hours."


def _overlaps(moved: Spot, others: Sequence[Spot], busy: Sequence[Busy]) -> Iterator[str]:
    for other in others:
        if _meet(moved.start, moved.end, other.start, other.end):
            yield f"It overlaps {other.title}."
    for span in busy:
        if _meet(moved.start, moved.end, span.start, span.end):
            yield f"It overlaps another appointment of the patient{f' ({span.words})' if span.words else ''}."


def _course(moved: Spot, others: Sequence[Spot], clinic: Clinic) -> Iterator[str]:
    if moved.kind is VisitKind.INFUSION:
        doses = [o for o in others if o.kind is VisitKind.INFUSION]
        yield from _doses(moved, doses, clinic)
    for other in others:
        if {moved.kind, other.kind} == DOSE_AND_SESSION and _days(moved, other, clinic) == 0:
            yield f"It is on the day of {other.title}."
        same = moved.key.rpartition("-")[0] == other.key.rpartition("-")[0]
        if same and moved.number and other.number and _out_of_order(moved, other):
            yield f"It would change the order with {other.title}."


def _doses(moved: Spot, doses: Sequence[Spot], clinic: Clinic) -> Iterator[str]:
    hours, days = clinic.dose_gap_hours, clinic.dose_gap_days
    for other in doses:
        apart = abs(_utc(moved.start) - _utc(other.start))
        if apart < timedelta(hours=hours) or _days(moved, other, clinic) < days:
            yield f"It is less than {hours} hours or {days} days from {other.title}."


def _out_of_order(one: Spot, other: Spot) -> bool:
    return (one.number < other.number) != (_utc(one.start) < _utc(other.start))


def _days(one: Spot, other: Spot, clinic: Clinic) -> int:
    first, second = (spot.start.astimezone(clinic.tz).date() for spot in (one, other))
    return abs((first - second).days)


def _meet(start: datetime, end: datetime, other_start: datetime, other_end: datetime) -> bool:
    return _utc(start) < _utc(other_end) and _utc(other_start) < _utc(end)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
