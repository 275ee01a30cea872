"""CBT sessions: after the infusions, in order, one a day, never on an infusion day, one therapist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.board import Board, Bound, Held, Wish
from ketplan.scheduling.resources import THERAPIST
from ketplan.scheduling.wall_clock import day_words, days, edge
from ketplan.scheduling.windows import window


def therapists(board: Board, sessions: Sequence[Visit]) -> tuple[str | None, ...]:
    """Whom to try the course with: everybody with a calendar, and whoever holds a session of it already."""
    booked = {held.resources[0][0] for held in board.of(VisitKind.CBT) if held.resources}
    if any(board.calendars.consulted(session) for session in sessions):
        booked.update(board.calendars.resources(THERAPIST))
    return tuple(sorted(booked)) or (None,)


def uncovered_doses(board: Board, last_dose: int) -> tuple[Held, ...]:
    """Doses before number `last_dose` that no CBT session follows within the clinic's window."""
    first, last = (timedelta(hours=hours) for hours in board.clinic.cbt_window_hours)
    starts = [held.start for held in board.of(VisitKind.CBT)]
    return tuple(
        dose
        for dose in board.of(VisitKind.INFUSION)
        if dose.visit.number < last_dose
        and not any(first <= start - dose.start - board.dose_end <= last for start in starts)
    )


def session_wishes(visit: Visit, board: Board, last_dose: int, therapist: str | None) -> Iterator[Wish]:
    """Wishes to try in turn until one is met.

    While a dose still waits for its session, the window after it comes before the therapist, and the
    therapist before the earliest day: that order is this function.
    """
    wish = _wish(visit, board)
    if therapist is None or not board.calendars.consulted(visit):
        yield wish
        return
    possible = next((d for d in wish.days if d >= board.today and not wish.refuse(d)), None)
    if possible is None:
        yield wish
        return
    last = max(window(visit, board)[1], possible)
    near = replace(wish, days=tuple(d for d in wish.days if d <= last))
    deadline = _deadline(board, possible, last_dose)
    if deadline:
        end = deadline + timedelta(minutes=visit.minutes)
        soon = replace(near, latest=Bound(end, "the window after the infusion closes"))
        yield replace(soon, only=therapist)
        yield soon
    yield replace(near, only=therapist)
    yield wish


def _wish(visit: Visit, board: Board) -> Wish:
    clinic = board.clinic
    doses = board.of(VisitKind.INFUSION)
    dose_days = {dose.day: dose for dose in doses}
    sessions = board.of(VisitKind.CBT)
    before = max((s for s in sessions if s.visit.number < visit.number), key=lambda s: s.day, default=None)
    after = min((s for s in sessions if s.visit.number > visit.number), key=lambda s: s.day, default=None)
    planning = visit.offset < 0

    def refuse(day: date) -> str | None:
        if day in dose_days:
            return f"infusion {dose_days[day].visit.number} is on that day"
        if planning and doses and day > doses[0].day:
            return f"it belongs before infusion {doses[0].visit.number}"
        if before and day <= before.day:
            return f"session {before.visit.number} comes first, at most one a day"
        if after and day >= after.day:
            return f"session {after.visit.number} is booked for {day_words(after.day)} already"
        return clinic.closed(day)

    def earliest(day: date) -> Bound:
        now = Bound(board.not_before)
        dose = max((d for d in doses if d.day < day), key=lambda d: d.start, default=None)
        if not dose:
            return now
        hours = clinic.cbt_window_hours[0]
        words = f"{hours} h have passed since infusion {dose.visit.number} ended"
        bound = Bound(dose.start + board.dose_end + timedelta(hours=hours), words)
        return max(now, bound, key=lambda b: b.moment)

    tried = _planning_days(visit, board, doses) if planning else _days(visit, board, before)
    return Wish(visit, tried, refuse, lambda d: clinic.hours[d.weekday()], earliest)


def _days(visit: Visit, board: Board, before: Held | None) -> tuple[date, ...]:
    soonest = max(visit.target, board.today, before.day if before else visit.target)
    last = max(window(visit, board)[1], soonest) + timedelta(days=board.clinic.search_days)
    return tuple(days(visit.target, last))


def _planning_days(visit: Visit, board: Board, doses: Sequence[Held]) -> tuple[date, ...]:
    """The target, then backwards through the window, then forwards as long as no dose was given."""
    first, target = window(visit, board)
    last = doses[0].day if doses else target + (target - first)
    backwards = tuple(days(target, first))
    return backwards + (tuple(days(target + timedelta(days=1), last)) if last > target else ())


def _deadline(board: Board, possible: date, last_dose: int) -> datetime | None:
    """When the window of the newest dose before that day closes, if it still waits for its session."""
    waiting = [dose for dose in uncovered_doses(board, last_dose) if dose.day < possible]
    if not waiting:
        return None
    newest = max(waiting, key=lambda dose: dose.start)
    closes = newest.start + board.dose_end + timedelta(hours=board.clinic.cbt_window_hours[1])
    opens = edge(possible, board.clinic.hours[possible.weekday()][0], board.zone)
    return closes if closes >= opens else None
