"""The score of a course as a picture: each rating, the bands, what would be response, the doses, one axis.

Geometry only; the template draws it as SVG. The numbers stand in the table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ketplan.clinical.instruments.change import Rating, change
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.progress.course_now import CourseNow
from ketplan.clinical.progress.judgement import against_baseline
from ketplan.clinical.progress.limits import Limits
from ketplan.web.presenters import words

WIDTH, LEFT, RIGHT, TOP, HEIGHT = 760, 44, 132, 10, 200
DOSES_BELOW = 16
AXIS_BELOW = 34
SHORTEST_DAYS = 28
CLOSEST_LABELS = 44


@dataclass(frozen=True)
class Dot:
    """One rating. `said` is the whole of it in words, `known` what it means beside the baseline."""

    x: float
    y: float
    total: str
    said: str
    reached: bool
    labelled: bool


@dataclass(frozen=True)
class Stripe:
    """A band of severity: named where it is high enough to hold its name."""

    y: float
    height: float
    words: str
    shade: int


@dataclass(frozen=True)
class Level:
    """A line to be reached."""

    y: float
    words: str
    kind: str


@dataclass(frozen=True)
class Tick:
    x: float
    words: str


@dataclass(frozen=True)
class Curve:
    title: str
    summary: str
    maximum: int
    minimum: int
    dots: tuple[Dot, ...]
    path: str
    stripes: tuple[Stripe, ...]
    levels: tuple[Level, ...]
    doses: tuple[Tick, ...]
    ticks: tuple[Tick, ...]

    width, height = WIDTH, TOP + HEIGHT + AXIS_BELOW + 20
    left, right = LEFT, WIDTH - RIGHT
    top, bottom = TOP, TOP + HEIGHT
    dose_y, axis_y = TOP + HEIGHT + DOSES_BELOW, TOP + HEIGHT + AXIS_BELOW


@dataclass(frozen=True)
class _Scale:
    first: date
    days: int
    low: int
    high: int

    def x(self, on: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (on - self.first).days / self.days, 1)

    def y(self, total: Decimal | float) -> float:
        return round(TOP + HEIGHT * (1 - (float(total) - self.low) / (self.high - self.low)), 1)


def curve(now: CourseNow, limits: Limits) -> Curve | None:
    """The lead disorder's own scale over the course; None with fewer than two totals or without a maximum."""
    row = instrument(now.plan.disorder.scale.id)
    known = [r for r in now.happened.ratings if r.instrument == row.id and r.total is not None]
    if len(known) < 2 or row.maximum is None:
        return None
    days = [r.on for r in known] + [d.on for d in now.happened.doses] + [now.plan.start]
    first = min(days)
    scale = _Scale(first, max(SHORTEST_DAYS, (max(days) - first).days), row.minimum, row.maximum)
    dots = _dots(known, now, limits, scale)
    return Curve(
        row.title,
        _summary(row, known, now),
        row.maximum,
        row.minimum,
        dots,
        " ".join(f"{'L' if n else 'M'}{d.x} {d.y}" for n, d in enumerate(dots)),
        _stripes(row, scale),
        _levels(row, known, now, limits, scale),
        tuple(Tick(scale.x(d.on), str(d.number)) for d in now.happened.doses),
        tuple(_ticks(scale)),
    )


def _dots(known: Iterable[Rating], now: CourseNow, limits: Limits, scale: _Scale) -> tuple[Dot, ...]:
    found: list[Dot] = []
    labelled_at = -1000.0
    for rating in sorted(known, key=lambda r: r.on):
        total = rating.total
        assert total is not None
        x = scale.x(rating.on)
        judged = against_baseline(now.plan, now.happened, limits, rating).change
        reached = bool(judged and judged.response)
        labelled = x - labelled_at >= CLOSEST_LABELS
        labelled_at = x if labelled else labelled_at
        said = f"{words.full_day(rating.on)}: {total:g}" + (", response" if reached else "")
        found.append(Dot(x, scale.y(total), f"{total:g}", said, reached, labelled))
    return tuple(found)


def _stripes(row: Instrument, scale: _Scale) -> tuple[Stripe, ...]:
    bands = dict(row.bandings).get("", ())
    tops = [b.lowest for b in bands[1:]] + [scale.high]
    made = []
    for number, (band, top) in enumerate(zip(bands, tops, strict=True)):
        upper, lower = scale.y(top), scale.y(max(band.lowest, scale.low))
        made.append(Stripe(upper, round(lower - upper, 1), band.words, number))
    return tuple(made)


def _levels(
    row: Instrument, known: list[Rating], now: CourseNow, limits: Limits, scale: _Scale
) -> tuple[Level, ...]:
    """Response from the baseline that judges the newest rating, and remission, where the table has them."""
    newest = max(known, key=lambda r: r.on)
    judged = against_baseline(now.plan, now.happened, limits, newest).change
    made = []
    start = judged.baseline.total if judged else None
    if start is not None and row.response_pct is not None and row.higher_is_worse:
        wanted = min(start * (100 - row.response_pct) / 100, start - (row.response_points or 0))
        made.append(Level(scale.y(wanted), f"response: {wanted:g} or less", "response"))
    if row.remission_below is not None:
        made.append(Level(scale.y(row.remission_below), f"remission: below {row.remission_below}", "goal"))
    return tuple(made)


def _ticks(scale: _Scale) -> Iterable[Tick]:
    step = 7 if scale.days <= 70 else 28 if scale.days <= 250 else 84
    for days in range(0, scale.days + 1, step):
        on = scale.first + timedelta(days=days)
        yield Tick(scale.x(on), words.full_day(on).rsplit(" ", 1)[0])


def _summary(row: Instrument, known: list[Rating], now: CourseNow) -> str:
    ordered = sorted(known, key=lambda r: r.on)
    first, last = ordered[0], ordered[-1]
    doses = words.count(len(now.happened.doses), "dose")
    moved = change(first, last).points
    falls = "" if moved is None else f", a change of {moved:g}"
    return (
        f"{row.title}: {first.total:g} on {words.full_day(first.on)} to {last.total:g} on"
        f" {words.full_day(last.on)}{falls}; {doses} in between. The table beside it has every number."
    )
