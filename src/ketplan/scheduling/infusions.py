"""Infusions: first in the plan, in order, each as early as the one before it allows."""

from __future__ import annotations

from datetime import date, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.board import Board, Bound, Wish
from ketplan.scheduling.wall_clock import day_words, days
from ketplan.scheduling.windows import window


def infusion_wish(visit: Visit, board: Board) -> Wish:
    """The earliest business day at or after the target, far enough from the doses around it.

    Two rules hold the distance: `dose_gap_hours` from start to start, in hours that passed, and
    `dose_gap_days` on the calendar. A later dose that the EHR has already is kept clear of as well.
    """
    clinic = board.clinic
    gap = timedelta(hours=clinic.dose_gap_hours)
    apart = timedelta(days=clinic.dose_gap_days)
    doses = board.of(VisitKind.INFUSION)
    before = [d for d in doses if d.visit.number < visit.number]
    after = next((d for d in doses if d.visit.number > visit.number), None)
    previous = max(before, key=lambda d: d.start, default=None)
    cbt_days = {h.day for h in board.of(VisitKind.CBT)}

    def refuse(day: date) -> str | None:
        if previous and day < previous.day + apart:
            return f"less than {clinic.dose_gap_hours} h after infusion {previous.visit.number}"
        if after and day > after.day - apart:
            return f"infusion {after.visit.number} is booked for {day_words(after.day)} already"
        return "a CBT session is booked for that day" if day in cbt_days else clinic.closed(day)

    def earliest(day: date) -> Bound:
        now = Bound(board.not_before)
        if not previous:
            return now
        words = f"{clinic.dose_gap_hours} h have passed since infusion {previous.visit.number} began"
        return max(now, Bound(previous.start + gap, words), key=lambda b: b.moment)

    soonest = max(visit.target, board.today, *(d.day + apart for d in before))
    last = max(window(visit, board)[1], soonest) + timedelta(days=clinic.search_days)
    latest = None
    if after:
        end = after.start - gap + timedelta(minutes=visit.minutes)
        latest = Bound(end, f"infusion {after.visit.number}, which is booked already")
    return Wish(
        visit, tuple(days(visit.target, last)), refuse, lambda d: clinic.hours[d.weekday()], earliest, latest
    )
