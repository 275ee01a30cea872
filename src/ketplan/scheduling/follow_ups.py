"""Follow-ups: the call the day after a dose, the check before a dose, and the reviews."""

from __future__ import annotations

from datetime import date, timedelta

from ketplan.clinical.plan import Visit
from ketplan.scheduling.board import Board, Bound, Wish
from ketplan.scheduling.wall_clock import days
from ketplan.scheduling.windows import dose_called_after, dose_prepared_by, dose_reviewed, window

_A_DAY = timedelta(hours=24)


def follow_up_wish(visit: Visit, board: Board) -> Wish:
    if visit.telephone:
        return _call(visit, board)
    return _check_before_dose(visit, board) if dose_prepared_by(visit, board) else _review(visit, board)


def _call(visit: Visit, board: Board) -> Wish:
    """Keeps its day whatever is closed, about 24 hours after the dose began, on the on-call line."""
    dose = dose_called_after(visit, board)
    return Wish(
        visit,
        (window(visit, board)[0],),
        lambda day: None,
        lambda day: board.clinic.on_call,
        lambda day: Bound(board.not_before),
        aim=dose.start + _A_DAY if dose else None,
    )


def _check_before_dose(visit: Visit, board: Board) -> Wish:
    """On the day of the dose and over before it starts; failing that, on a business day before."""
    clinic, dose = board.clinic, dose_prepared_by(visit, board)
    assert dose is not None
    first, last = window(visit, board)
    others = {h.day: h.visit.number for h in board.held.values() if h.visit.kind is dose.visit.kind}

    def refuse(day: date) -> str | None:
        if day in others and day != dose.day:
            return f"infusion {others[day]} is on that day"
        return clinic.closed(day)

    return Wish(
        visit,
        tuple(days(last, first)),
        refuse,
        lambda day: clinic.hours[day.weekday()],
        lambda day: Bound(board.not_before),
        latest=Bound(dose.start, f"infusion {dose.visit.number}"),
    )


def _review(visit: Visit, board: Board) -> Wish:
    """The first business day at or after the target, and after the last dose when it looks back on it."""
    clinic, dose = board.clinic, dose_reviewed(visit, board)

    def refuse(day: date) -> str | None:
        if dose and day <= dose.day:
            return f"it belongs after infusion {dose.visit.number}"
        return clinic.closed(day)

    last = max(window(visit, board)[1], board.today) + timedelta(days=clinic.search_days)
    return Wish(
        visit,
        tuple(days(visit.target, last)),
        refuse,
        lambda day: clinic.hours[day.weekday()],
        lambda day: Bound(board.not_before),
    )
