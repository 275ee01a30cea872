"""Place a plan's visits in time: infusions, calls, CBT, reviews, in the order the clinical review laid down.

Greedy on purpose: the law names one right day for each visit ("the earliest business day at or after …"),
so there is nothing to optimise but the hour and the people. The same facts give the same timetable, in
whatever order the EHR returned them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.errors import InputError
from ketplan.scheduling.board import Board, Choice, Held, Wish
from ketplan.scheduling.cbt import session_wishes, therapists, uncovered_doses
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.follow_ups import follow_up_wish
from ketplan.scheduling.infusions import infusion_wish
from ketplan.scheduling.resources import Calendars
from ketplan.scheduling.timetable import Busy, Fixed, FreeSlot, Placed, SoftRule, Timetable, Unplaced
from ketplan.scheduling.wall_clock import edge, instant, weekdays_between
from ketplan.scheduling.windows import window
from ketplan.scheduling.words import BOOKED, outside, uncovered, why_here, why_nowhere

# House default: 30 minutes of preparation and 40 of infusion, from the visit's start.
INFUSION_END_MINUTES = 70

_MINUTE = timedelta(minutes=1)


def place(
    visits: Sequence[Visit],
    clinic: Clinic,
    *,
    not_before: datetime,
    busy: Sequence[Busy] = (),
    free_slots: Sequence[FreeSlot] = (),
    published: Mapping[str, date] | None = None,
    fixed: Mapping[str, Fixed] | None = None,
    day_zero: date | None = None,
    infusion_end_minutes: int = INFUSION_END_MINUTES,
) -> Timetable:
    """A timetable that holds every visit, placed or unplaced, each with its reason.

    `not_before` is aware; nothing is placed earlier. `published` maps a service to the last day of the
    EHR's calendar for it, where known: without it, the last free slot's day stands in. `fixed` visits are
    in the EHR already and keep their time. `day_zero` is the plan's first day, for words only.
    Raises InputError for two visits of one key or a time without an offset.
    """
    fixed = fixed or {}
    if len({visit.key for visit in visits}) < len(visits):
        raise InputError("Two visits of the plan have the same key.")
    calendars = Calendars(free_slots, clinic, published or {})
    board = Board(clinic, calendars, busy, not_before, infusion_end_minutes)
    _take_fixed(board, visits, fixed)
    doses, sessions, follow_ups = (_in_order(visits, kind) for kind in VisitKind)
    last_dose = max((visit.number for visit in doses), default=0)
    for visit in doses:
        _settle(board, visit, [infusion_wish(visit, board)], day_zero)
    for visit in (v for v in follow_ups if v.telephone):  # before CBT: a call cannot give way to another day
        _settle(board, visit, [follow_up_wish(visit, board)], day_zero)
    board, therapist = _best_course(board, sessions, last_dose, day_zero)
    for visit in (v for v in follow_ups if not v.telephone):
        _settle(board, visit, [follow_up_wish(visit, board)], day_zero)
    bare = uncovered_doses(board, last_dose) if sessions else ()
    placed = [_placed(held, board, therapist, bare) for held in board.held.values()]
    return Timetable(
        clinic.zone,
        tuple(sorted(placed, key=lambda p: (p.start.astimezone(UTC), p.visit.key))),
        tuple(Unplaced(visit, board.refused[visit.key]) for visit in visits if visit.key in board.refused),
    )


def _in_order(visits: Sequence[Visit], kind: VisitKind) -> list[Visit]:
    return sorted((v for v in visits if v.kind is kind), key=lambda v: (v.number, v.offset, v.key))


def _take_fixed(board: Board, visits: Sequence[Visit], fixed: Mapping[str, Fixed]) -> None:
    for visit in visits:
        if visit.key in fixed:
            spot = fixed[visit.key]
            start, end = instant(spot.start), instant(spot.end)
            board.take(Held(visit, start, end, board.day_of(start), spot.slots, spot.resources))
            board.why[visit.key] = BOOKED


def _settle(
    board: Board,
    visit: Visit,
    wishes: Iterable[Wish],
    day_zero: date | None,
    therapist: str | None = None,
) -> None:
    """Give the visit the first of its wishes that can be met, or the reason why none can."""
    if visit.key in board.held:
        return
    for wish in wishes:
        choice, refusals = board.search(wish)
        if choice:
            board.take(_held(visit, choice))
            board.why[visit.key] = why_here(wish, choice, refusals, board, day_zero, therapist)
            return
    board.refused[visit.key] = why_nowhere(wish, refusals)


def _held(visit: Visit, choice: Choice) -> Held:
    named = dict.fromkeys((slot.resource, slot.resource_name) for slot in choice.slots)
    references = tuple(slot.reference for slot in choice.slots)
    return Held(visit, choice.start, choice.end, choice.day, references, tuple(named))


def _best_course(
    board: Board, sessions: Sequence[Visit], last_dose: int, day_zero: date | None
) -> tuple[Board, str | None]:
    """The CBT course tried with each therapist in turn; the one who upsets it least keeps it."""
    best: tuple[tuple[int, ...], Board, str | None] | None = None
    for therapist in therapists(board, sessions):
        trial = board.copy()
        for visit in sessions:
            wishes = session_wishes(visit, trial, last_dose, therapist)
            _settle(trial, visit, wishes, day_zero, therapist)
        cost = _cost(trial, therapist)
        if best is None or cost < best[0]:
            best = cost, trial, therapist
    return (best[1], best[2]) if best else (board, None)


def _cost(board: Board, therapist: str | None) -> tuple[int, ...]:
    """What a therapist's course costs, the gravest first: nothing later outweighs anything earlier."""
    held = board.of(VisitKind.CBT)
    aim = board.clinic.preferred[VisitKind.CBT]
    return (
        len(board.refused),
        sum(_changed(h, therapist) for h in held),
        sum(abs(weekdays_between(h.visit.target, h.day)) for h in held),
        sum(abs(h.start - edge(h.day, aim, board.zone)) // _MINUTE for h in held),
    )


def _placed(held: Held, board: Board, therapist: str | None, bare: Sequence[Held]) -> Placed:
    visit = held.visit
    checks = {
        SoftRule.WINDOW: not _in_window(held, board),
        SoftRule.CBT_AFTER_DOSE: held in bare,
        SoftRule.SAME_THERAPIST: _changed(held, therapist),
    }
    said = [board.why[visit.key]]
    if checks[SoftRule.WINDOW]:
        said.append(outside(window(visit, board)))
    if checks[SoftRule.CBT_AFTER_DOSE]:
        said.append(uncovered(board.clinic.cbt_window_hours))
    return Placed(
        visit=visit,
        start=held.start.astimezone(board.zone),
        end=held.end.astimezone(board.zone),
        window=window(visit, board),
        why=" ".join(said),
        moved_days=weekdays_between(visit.target, held.day),
        slots=held.slots,
        resources=held.resources,
        unkept=tuple(rule for rule, broken in checks.items() if broken),
    )


def _in_window(held: Held, board: Board) -> bool:
    first, last = window(held.visit, board)
    return first <= held.day <= last


def _changed(held: Held, therapist: str | None) -> bool:
    is_cbt = held.visit.kind is VisitKind.CBT
    return bool(is_cbt and therapist and held.resources and held.resources[0][0] != therapist)
