"""Scoring: a missing answer makes a missing total, never a zero, and nothing is prorated. Facts 5.1, issue 5.

A total somebody wrote down is compared with the one recomputed from the answers; where they differ both are
kept and it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ketplan.clinical.instruments.model import Instrument, Item
from ketplan.errors import InputError

TOTAL = "total"


class Check(StrEnum):
    """What became of a stated total."""

    NOT_STATED = "no total was stated"
    AGREES = "the stated total agrees with the answers"
    DIFFERS = "the stated total differs from the answers"
    NOT_CHECKED = "the stated total cannot be checked"


@dataclass(frozen=True, slots=True)
class Score:
    """One filled-in instrument. `total` is None while anything is missing.

    `missing` are the ids of unanswered items ("total" where only a total is asked); `alarms` those of items
    that call for a clinician by themselves; `answers` are (item id, points) in the instrument's order.
    """

    instrument: str
    total: int | None
    missing: tuple[str, ...] = ()
    stated: int | None = None
    check: Check = Check.NOT_STATED
    alarms: tuple[str, ...] = ()
    answers: tuple[tuple[str, int], ...] = ()


def score(
    instrument: Instrument, answers: Mapping[str, int | None] | None = None, stated: int | None = None
) -> Score:
    """Score `answers` (points by item id, None for unanswered) and compare with a `stated` total.

    An instrument without items takes only a stated total. Raises InputError for an answer or total out of
    range, an unknown item, or an instrument that has no total.
    """
    answers = answers or {}
    if not instrument.summed:
        raise InputError(f"{instrument.title} has no total: it is answered where its owner offers it.")
    if stated is not None:
        _check_total(instrument, stated)
    if not instrument.items:
        return _stated_only(instrument, answers, stated)
    _check_answers(instrument, answers)
    given = tuple((i.id, p) for i in instrument.items if (p := answers.get(i.id)) is not None)
    points = dict(given)
    missing = tuple(i.id for i in instrument.scored_items if i.id not in points)
    total = None if missing else sum(points[i.id] for i in instrument.scored_items)
    return Score(
        instrument.id, total, missing, stated, _checked(total, stated), _alarms(instrument, points), given
    )


def points_of(item: Item, code: str) -> int | None:
    """The points of a coded answer; None for a code this item does not have."""
    return next((c.points for c in item.choices if c.code and c.code == code), None)


def _stated_only(instrument: Instrument, answers: Mapping[str, int | None], stated: int | None) -> Score:
    if answers:
        raise InputError(f"{instrument.title} takes a total only.")
    if stated is None:
        return Score(instrument.id, None, (TOTAL,))
    return Score(instrument.id, stated, (), stated, Check.NOT_CHECKED)


def _checked(total: int | None, stated: int | None) -> Check:
    if stated is None:
        return Check.NOT_STATED
    if total is None:
        return Check.NOT_CHECKED
    return Check.AGREES if total == stated else Check.DIFFERS


def _alarms(instrument: Instrument, points: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        i.id
        for i in instrument.items
        if i.alarm_at is not None and i.id in points and points[i.id] >= i.alarm_at
    )


def _check_answers(instrument: Instrument, answers: Mapping[str, int | None]) -> None:
    items = {i.id: i for i in instrument.items}
    for id, points in answers.items():
        if id not in items:
            raise InputError(f"{instrument.title} has no such question.")
        if points is not None and (not _is_whole(points) or not items[id].allows(points)):
            raise InputError(f"{instrument.title}: an answer is outside its range.")


def _check_total(instrument: Instrument, total: int) -> None:
    highest = instrument.maximum
    if not _is_whole(total) or total < instrument.minimum or (highest is not None and total > highest):
        upper = "" if highest is None else f" to {highest}"
        raise InputError(f"{instrument.title}: a total lies in {instrument.minimum}{upper or ' or more'}.")


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
