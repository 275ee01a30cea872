"""Which dose a visit depends on, and between which dates it is acceptable.

Relations are read off the protocol's day offsets: a telephone call belongs to the dose of the day before, a
review with a dose's own offset comes before that dose, one with a later offset than the last dose comes
after it.
"""

from __future__ import annotations

from datetime import date, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.board import Board, Held

Window = tuple[date, date]


def dose_called_after(visit: Visit, board: Board) -> Held | None:
    """The dose that a telephone call follows up the next day."""
    return _dose_at(visit.offset - 1, board) if visit.telephone else None


def dose_prepared_by(visit: Visit, board: Board) -> Held | None:
    """The dose that a review (the mid-course check) must come before, on the same day if it can."""
    is_review = visit.kind is VisitKind.FOLLOW_UP and not visit.telephone
    return _dose_at(visit.offset, board) if is_review else None


def dose_reviewed(visit: Visit, board: Board) -> Held | None:
    """The last dose, for a review that looks back on all of them."""
    doses = board.of(VisitKind.INFUSION)
    if visit.kind is not VisitKind.FOLLOW_UP or visit.telephone or not doses:
        return None
    return doses[-1] if visit.offset > doses[-1].visit.offset else None


def window(visit: Visit, board: Board) -> Window:
    """First and last acceptable date, as the doses stand now."""
    tolerance = timedelta(days=board.clinic.window_for(visit.key, visit.kind))
    if visit.telephone:
        called = dose_called_after(visit, board)
        day = called.day + timedelta(days=1) if called else visit.target
        return day, day
    prepared = dose_prepared_by(visit, board)
    if prepared:
        return prepared.day - tolerance, prepared.day
    if visit.offset < 0:
        return visit.target - tolerance, visit.target
    reviewed = dose_reviewed(visit, board)
    first = max(visit.target, reviewed.day + timedelta(days=1)) if reviewed else visit.target
    return first, first + tolerance


def _dose_at(offset: int, board: Board) -> Held | None:
    return next((h for h in board.of(VisitKind.INFUSION) if h.visit.offset == offset), None)
