"""Bands, response, remission, reliable change: what a total and two totals mean. Facts 5.1, 5.2 and 8b.

Two totals are compared only over equal recall windows, and GAD-7 totals only across 14 days or more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.instruments.table import instrument

PARTIAL_FROM_PCT = 25  # 1.6 [H]
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Rating:
    """A total on a day. `total` None: filled in incompletely. `recall_days` None: not recorded; it is then
    the instrument's own where that has only one."""

    instrument: str
    on: date
    total: Decimal | None
    recall_days: int | None = None
    reference: str = ""

    @property
    def window(self) -> int | None:
        own = instrument(self.instrument).recalls
        return own[0] if self.recall_days is None and len(own) == 1 else self.recall_days


def rating(score: Score, on: date, recall_days: int | None = None, reference: str = "") -> Rating:
    """A score as a rating of a day."""
    total = None if score.total is None else Decimal(score.total)
    return Rating(score.instrument, on, total, recall_days, reference)


def band(row: Instrument, total: Decimal | int | None, banding: str = "") -> str | None:
    """The name of the band a total lies in; None without a total or without bands."""
    bands = dict(row.bandings).get(banding, ())
    if total is None:
        return None
    return next((b.words for b in reversed(bands) if total >= b.lowest), None)


def cut_reached(row: Instrument, total: Decimal | int | None, group: str = "") -> bool | None:
    """Does the total reach the instrument's cut for `group`?

    None without a total or a cut, and where the group is not known and the cuts of the groups disagree.
    """
    cuts = [c for c in row.cuts if not c.group] or list(row.cuts)
    if group:
        cuts = [c for c in row.cuts if c.group == group]
    if total is None or not cuts:
        return None
    reached = {c.reached(float(total)) for c in cuts}
    return reached.pop() if len(reached) == 1 else None


# --- one rating -----------------------------------------------------------------------------------------


def remission(now: Rating) -> bool | None:
    """Is the total below the remission limit? None without a total or a limit."""
    limit = instrument(now.instrument).remission_below
    return None if limit is None or now.total is None else now.total < limit


# --- two ratings ----------------------------------------------------------------------------------------


def not_comparable(baseline: Rating, now: Rating) -> str:
    """Why two ratings may not be compared; "" when they may."""
    row = instrument(baseline.instrument)
    apart = (now.on - baseline.on).days
    if baseline.instrument != now.instrument:
        return "two different instruments"
    if baseline.total is None or now.total is None:
        return f"{row.title}: an incomplete rating"
    if apart <= 0:
        return f"{row.title}: the later rating is not later"
    if baseline.window != now.window or (baseline.window is None and len(row.recalls) > 1):
        return f"{row.title}: the ratings ask about different or unknown periods"
    if apart < row.days_apart:
        return f"{row.title}: {apart} days apart, compared only across {row.days_apart} days or more"
    return ""


@dataclass(frozen=True, slots=True)
class Change:
    """Baseline against now. `unknown` says why nothing can be said; then every answer is None.

    `points` and `pct` (one decimal) are positive for the better; `response`, `reliable` are None also where
    the table has no such rule.
    """

    baseline: Rating
    now: Rating
    unknown: str
    points: Decimal | None = None
    pct: Decimal | None = None
    response: bool | None = None
    remission: bool | None = None
    reliable: bool | None = None

    def improved_by(self, pct: int) -> bool | None:
        """Improved by at least so many per cent of baseline? Exact; None when not known."""
        if self.pct is None or self.points is None or self.baseline.total is None:
            return None
        return self.points * 100 >= pct * self.baseline.total

    def partial(self, from_pct: int = PARTIAL_FROM_PCT) -> bool | None:
        """Improved from `from_pct` up to, not including, the instrument's response."""
        reached = self.improved_by(from_pct)
        return None if reached is None or self.response is None else reached and not self.response


def change(baseline: Rating, now: Rating) -> Change:
    """What happened from `baseline` to `now`."""
    unknown = not_comparable(baseline, now)
    if unknown or baseline.total is None or now.total is None:
        return Change(baseline, now, unknown)
    row = instrument(baseline.instrument)
    points = (baseline.total - now.total) * (1 if row.higher_is_worse else -1)
    found = Change(
        baseline,
        now,
        "",
        points,
        _pct(points, baseline.total),
        remission=remission(now),
        reliable=None if row.reliable_points is None else abs(points) >= row.reliable_points,
    )
    return _with_response(found, row)


def _pct(points: Decimal, total: Decimal) -> Decimal | None:
    """Per cent of baseline; None from a baseline of 0, where nothing can fall."""
    return (points * 100 / total).quantize(_TENTH, ROUND_HALF_UP) if total else None


def _with_response(found: Change, row: Instrument) -> Change:
    if row.response_pct is None or found.points is None:
        return found
    reached = found.improved_by(row.response_pct)
    if reached and row.response_points is not None:
        reached = found.points >= row.response_points
    return replace(found, response=reached)


def response(baseline: Rating, now: Rating) -> bool | None:
    """Has the instrument's response been reached? None when not known or the table has no rule."""
    return change(baseline, now).response


def reliable_change(baseline: Rating, now: Rating) -> bool | None:
    """Did the total move, either way, by at least the instrument's meaningful change? None when not known."""
    return change(baseline, now).reliable
