"""What is asked when an instrument is filled in here, and what the answers amount to. Facts 5.1, 8b.

The wording of the C-SSRS belongs to its owner and is never part of ketplan: its answers are taken beside
the code of each question, from a form the clinic has.
"""

from __future__ import annotations

from collections.abc import Mapping

from ketplan.clinical.instruments.model import Choice, Instrument, Item
from ketplan.clinical.instruments.scoring import Score, score
from ketplan.clinical.screens import suicide
from ketplan.errors import InputError

COLUMBIA = "C-SSRS"
_YES_NO = (Choice(1, "Yes", "LA33-6"), Choice(0, "No", "LA32-8"))
_NUMBERS = ("1", "2", "3", "4", "5", "6, ever", "6, past 3 months")
COLUMBIA_ITEMS = tuple(
    Item(code, f"Question {number}", _YES_NO, code, alarm_at=1)
    for code, number in zip(suicide.ITEMS, _NUMBERS, strict=True)
)
_ALWAYS = (suicide.WISH, suicide.THOUGHTS, suicide.BEHAVIOUR_LIFETIME)
_IF_YES = {
    suicide.THOUGHTS: (suicide.METHOD, suicide.INTENT, suicide.PLAN),
    suicide.BEHAVIOUR_LIFETIME: (suicide.BEHAVIOUR_3_MONTHS,),
}


def questions(row: Instrument) -> tuple[Item, ...]:
    """What can be answered one by one; nothing where only a total may be taken down."""
    return COLUMBIA_ITEMS if row.id == COLUMBIA else row.items


def takes_a_total(row: Instrument) -> bool:
    """Is a total taken down, and nothing else?"""
    return row.summed and not row.items


def filled_in(
    row: Instrument, answers: Mapping[str, int | None] | None = None, total: int | None = None
) -> Score:
    """The answers (points by item id) or the total as a score; a C-SSRS has none, only answers.

    Raises InputError as `score` does.
    """
    return _columbia(answers or {}) if row.id == COLUMBIA else score(row, answers, total)


def _columbia(answers: Mapping[str, int | None]) -> Score:
    """Which questions it calls for depends on the answers; `suicide.answered_items` asks the same."""
    known = {item.id: item for item in COLUMBIA_ITEMS}
    for id, points in answers.items():
        if id not in known or (points is not None and not known[id].allows(points)):
            raise InputError("C-SSRS: an answer is none of its own.")
    given = tuple((id, p) for id in known if (p := answers.get(id)) is not None)
    points_of = dict(given)
    wanted = [*_ALWAYS, *(id for asked, more in _IF_YES.items() if points_of.get(asked) for id in more)]
    missing = tuple(id for id in known if id in wanted and id not in points_of)
    return Score(COLUMBIA, None, missing, alarms=tuple(id for id, p in given if p), answers=given)
