"""The score of a course as a picture: each rating, the bands, response and reliable change, the doses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ketplan.clinical.instruments.change import Rating, change
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import instrument
from ketplan.clinical.progress.course_now import CourseNow
from ketplan.clinical.progress.facts import DoseGiven
from ketplan.clinical.progress.judgement import against_baseline
from ketplan.clinical.progress.limits import Limits
from ketplan.web.pictures import picture
from ketplan.web.pictures.picture import Axis, Dot, Lane, Level, Line, Picture, Stripe, Tick
from ketplan.web.presenters import words

SHORTEST_DAYS = 28


def curve(now: CourseNow, limits: Limits) -> Picture | None:
    """The lead disorder's own scale over the course; None with fewer than two totals or without a maximum."""
    row = instrument(now.plan.disorder.scale.id)
    known = [r for r in now.happened.ratings if r.instrument == row.id and r.total is not None]
    if len(known) < 2 or row.maximum is None:
        return None
    days = [r.on for r in known] + [d.on for d in now.happened.doses] + [now.plan.start]
    first = min(days)
    x = picture.x_axis(0, max(SHORTEST_DAYS, (max(days) - first).days))
    y = picture.y_axis(row.minimum, row.maximum)
    given = now.happened.doses
    in_mg = all(d.mg is not None for d in given)
    doses = tuple(_dose(d, x, first) for d in given)
    return Picture(
        "curve",
        f"{row.title} over the course",
        _summary(row, known, now),
        (Line(_dots(known, now, limits, x, y, first)),),
        day_ticks(x, first),
        str(row.maximum),
        str(row.minimum),
        _stripes(row, y),
        _levels(row, known, now, limits, y),
        picture.lanes([Lane("doses, mg" if in_mg else "doses", doses, "Dose")]),
        note="A filled dot is a response; the bands are the scale's own. Every number stands in the table.",
    )


def day_ticks(x: Axis, first: date) -> tuple[Tick, ...]:
    """Days named below an axis of days, as far apart as the words need."""
    step = 7 if x.high <= 70 else 28 if x.high <= 250 else 84 if x.high <= 900 else 336
    days = range(0, int(x.high) + 1, step)
    return tuple(Tick(x(d), words.full_day(first + timedelta(days=d)).rsplit(" ", 1)[0]) for d in days)


def _dose(dose: DoseGiven, x: Axis, first: date) -> Tick:
    size = f"{dose.mg:g}" if dose.mg is not None else str(dose.number)
    return Tick(x((dose.on - first).days), size)


def _dots(
    known: Iterable[Rating], now: CourseNow, limits: Limits, x: Axis, y: Axis, first: date
) -> tuple[Dot, ...]:
    found = []
    for rating in known:
        assert rating.total is not None
        judged = against_baseline(now.plan, now.happened, limits, rating).change
        reached = bool(judged and judged.response)
        said = f"{words.full_day(rating.on)}: {rating.total:g}" + (", response" if reached else "")
        if judged and judged.reliable:
            said += ", reliable change"
        at = x((rating.on - first).days)
        found.append(Dot(at, y(rating.total), f"{rating.total:g}", said, reached))
    return picture.labelled(found)


def _stripes(row: Instrument, y: Axis) -> tuple[Stripe, ...]:
    bands = dict(row.bandings).get("", ())
    tops = [b.lowest for b in bands[1:]] + [y.high]
    return tuple(
        Stripe(y(top), y.span(max(band.lowest, y.low), top), band.words, number)
        for number, (band, top) in enumerate(zip(bands, tops, strict=True))
    )


def _levels(
    row: Instrument, known: list[Rating], now: CourseNow, limits: Limits, y: Axis
) -> tuple[Level, ...]:
    """Reliable change and response from the baseline that judges the newest rating, and remission, where the
    table has them."""
    newest = max(known, key=lambda r: r.on)
    judged = against_baseline(now.plan, now.happened, limits, newest).change
    start = judged.baseline.total if judged else None
    made = []
    if start is not None and row.higher_is_worse:
        if row.reliable_points is not None and start - row.reliable_points >= row.minimum:
            wanted = start - row.reliable_points
            made.append(Level(y(wanted), f"reliable: {wanted:g} or less", "reliable"))
        if row.response_pct is not None:
            wanted = min(start * (100 - row.response_pct) / 100, start - (row.response_points or 0))
            made.append(Level(y(wanted), f"response: {wanted:g} or less", "response"))
    if row.remission_below is not None:
        made.append(Level(y(row.remission_below), f"remission: below {row.remission_below}", "goal"))
    return picture.apart(made)


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
