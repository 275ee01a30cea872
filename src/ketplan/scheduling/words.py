"""The sentences that say why a visit is where it is, or why it is nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.scheduling.board import Board, Choice, Held, Refusals, Wish
from ketplan.scheduling.clinic_hours import WEEKEND
from ketplan.scheduling.resources import Need, needs
from ketplan.scheduling.wall_clock import clock_words, day_words
from ketplan.scheduling.windows import dose_called_after, dose_prepared_by

BOOKED = "Already booked in the EHR: left as it is."
_MOST_REASONS = 3


def why_here(
    wish: Wish, choice: Choice, refusals: Refusals, board: Board, day_zero: date | None, therapist: str | None
) -> str:
    """Sentences for a visit that found its time: why that day, why that hour, with whom."""
    visit = wish.visit
    sentences = [
        _lead(wish, choice, refusals, board, day_zero),
        _hour(wish, choice, board),
        _whose(visit, choice, board),
        _new_therapist(visit, choice, board, therapist),
    ]
    return " ".join(s for s in sentences if s)


def why_nowhere(wish: Wish, refusals: Refusals) -> str:
    first, last = min(wish.days), max(wish.days)
    span = f"on {day_words(first)}" if first == last else f"from {day_words(first)} to {day_words(last)}"
    return f"No time was found {span}: {_reasons(_but_weekends(refusals))}."


def outside(window: tuple[date, date]) -> str:
    return f"Outside its window, {day_words(window[0])} to {day_words(window[1])}."


def uncovered(hours: tuple[int, int]) -> str:
    return f"No CBT session could be placed {hours[0]} to {hours[1]} h after it ends."


def _lead(wish: Wish, choice: Choice, refusals: Refusals, board: Board, day_zero: date | None) -> str:
    visit = wish.visit
    called, prepared = dose_called_after(visit, board), dose_prepared_by(visit, board)
    if called:
        return _call(called, choice, board)
    if prepared:
        return _before_dose(prepared, choice, refusals)
    asked = visit.target if day_zero is None else day_zero + timedelta(days=visit.offset)
    if choice.day == asked:
        return f"As the protocol asks: day {visit.offset}."
    weekend = [WEEKEND] if asked != visit.target else []
    reasons = _reasons((*weekend, *_but_weekends(refusals)))
    return f"Moved from {day_words(asked)} (day {visit.offset}): {reasons}."


def _call(dose: Held, choice: Choice, board: Board) -> str:
    line = "; the on-call line answers" if board.clinic.closed(choice.day) else ""
    return f"By telephone the day after infusion {dose.visit.number}{line}."


def _before_dose(dose: Held, choice: Choice, refusals: Refusals) -> str:
    number = dose.visit.number
    if choice.day == dose.day:
        return f"On the day of infusion {number}, before it starts."
    return f"Before infusion {number}, on an earlier day: {_reasons(_but_weekends(refusals))}."


def _hour(wish: Wish, choice: Choice, board: Board) -> str:
    if choice.start == choice.aim or (wish.latest and choice.end == wish.latest.moment):
        return ""
    if choice.bound.words and choice.aim < choice.bound.moment:
        return f"After {clock_words(choice.bound.moment, board.zone)} so that {choice.bound.words}."
    return f"The free time nearest to {clock_words(choice.aim, board.zone)}."


def _whose(visit: Visit, choice: Choice, board: Board) -> str:
    asked, wanted = board.calendars.consulted(visit), needs(visit, board.clinic)
    if not wanted:
        return ""
    silent = _listed((n.service for n in wanted if n not in asked), "or")
    if not asked:
        return f"No calendar was consulted ({_no_calendar(wanted, board)}): only clinic hours were respected."
    names = dict.fromkeys(slot.resource_name or slot.resource for slot in choice.slots)
    rest = f" No {silent} calendar was consulted." if silent else ""
    return f"With {_listed(names, 'and')}.{rest}"


def _no_calendar(wanted: tuple[Need, ...], board: Board) -> str:
    published = board.calendars.published
    ends = [published[need.service] for need in wanted if need.service in published]
    if ends:
        return f"the EHR's calendar ends on {day_words(max(ends))}"
    if board.calendars.unnamed:
        return "the EHR's free slots do not say what they are for"
    return f"the EHR has no {_listed((n.service for n in wanted), 'or')} slots"


def _new_therapist(visit: Visit, choice: Choice, board: Board, therapist: str | None) -> str:
    if visit.kind is not VisitKind.CBT or not therapist or not choice.slots:
        return ""
    usual = board.calendars.name(therapist)
    return f"{usual} has no free time then." if choice.slots[0].resource != therapist else ""


def _reasons(words: Iterable[str]) -> str:
    return "; ".join(list(dict.fromkeys(words))[:_MOST_REASONS])


def _but_weekends(refusals: Refusals) -> list[str]:
    """What ruled the days out; weekends go without saying unless they are all there is to say."""
    return [words for _, words in refusals if words != WEEKEND] or [words for _, words in refusals]


def _listed(words: Iterable[str], last: str) -> str:
    *most, end = list(words) or [""]
    return f"{', '.join(most)} {last} {end}" if most else end
