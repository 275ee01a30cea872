"""What a row of the instrument table says. Protocol facts 5.1 and 5.2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Licence(StrEnum):
    """May its questions be part of an open-source product? (5.1, last column)"""

    FREE = "public domain or US Government work: the questions may ship"
    OWN_WORDS = "worded by ketplan"
    UNSURE = "probably free, a written answer is needed: score field only"
    SCORE_ONLY = "copyright: score field only"
    LINK_ONLY = "link to the owner, never bundled"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer. `code` is its LOINC answer code, "" where none is known."""

    points: int
    words: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One question: `choices`, or a whole number from `span[0]` to `span[1]` with the words at both ends.

    An unscored item (`scored` False) neither counts nor is missed. `alarm_at`: that many points on this
    item alone call for a clinician, whatever the total.
    """

    id: str
    text: str
    choices: tuple[Choice, ...] = ()
    loinc: str = ""
    span: tuple[int, int] | None = None
    ends: tuple[str, str] = ("", "")
    scored: bool = True
    alarm_at: int | None = None

    def allows(self, points: int) -> bool:
        if self.span is not None:
            return self.span[0] <= points <= self.span[1]
        return any(c.points == points for c in self.choices)


@dataclass(frozen=True, slots=True)
class Band:
    """From this total on it is called so, until the next band begins."""

    lowest: int
    words: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A total that means something: `limit` or more, or (`below`) less than `limit`; for one `group` only."""

    limit: int
    group: str = ""
    below: bool = False

    def reached(self, total: float) -> bool:
        return total < self.limit if self.below else total >= self.limit


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument. Percentages are falls from baseline; `recalls` the days asked about, the usual first.

    `number_of_items` and `maximum` are None where no source gives them. `response_points` must be met beside
    `response_pct`. `days_apart`: two totals nearer than that are never compared. `bandings` are named sets of
    bands, the usual one under "". `higher_is_worse` says which way is better; `summed` that the total is the
    items' sum.
    """

    id: str
    title: str
    number_of_items: int | None
    maximum: int | None
    licence: Licence
    source: str
    minimum: int = 0
    loinc_panel: str | None = None
    loinc_total: str | None = None
    recalls: tuple[int, ...] = ()
    days_apart: int = 0
    stem: str = ""
    items: tuple[Item, ...] = ()
    cuts: tuple[Cut, ...] = ()
    bandings: tuple[tuple[str, tuple[Band, ...]], ...] = ()
    response_pct: int | None = None
    response_points: int | None = None
    remission_below: int | None = None
    reliable_points: int | None = None
    higher_is_worse: bool = True
    summed: bool = True
    link: str = ""

    @property
    def scored_items(self) -> tuple[Item, ...]:
        return tuple(i for i in self.items if i.scored)
