"""Within one session: blood pressure, sedation and dissociation by the minute, with what pauses and stops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.sheet import Sheet
from ketplan.web.pictures import picture
from ketplan.web.pictures.picture import Axis, Dot, Lane, Level, Line, Picture, Tick
from ketplan.web.presenters import words

LOWEST, HIGHEST, TALL = 40, 220, 190
EARLIEST = -60
_STAGES = (("before", "before"), ("dose", "during"), ("leaving", "leaving"))

Reading = tuple[int, int | None, int | None, int | None]
"""Minute from the start of the dose, systolic, diastolic, MOAA/S."""


def session_curve(sheet: Sheet, limits: SessionLimits) -> Picture | None:
    """None before a dose has started, and without a measured pressure."""
    start = sheet.started
    readings = sorted(_readings(sheet, start)) if start else []
    known = [r for r in readings if r[1] is not None or r[2] is not None]
    if start is None or not known:
        return None
    first = max(EARLIEST, min(0, known[0][0]))
    x = picture.x_axis(first, max(limits.stay_minutes, known[-1][0]))
    y = picture.y_axis(LOWEST, HIGHEST, TALL)
    name, scores = _dissociation(sheet)
    return Picture(
        "session",
        "Blood pressure in this session",
        _summary(known, name, scores),
        tuple(_lines(known, x, y)),
        _ticks(x),
        str(HIGHEST),
        str(LOWEST),
        levels=_levels(limits, y),
        lanes=picture.lanes(_lanes(sheet, known, name, scores, x, start), TALL),
        heads=("Minute", "Pressure, mmHg", "MOAA/S", "Dissociation"),
        rows=tuple(_rows(known, name, scores)),
        note=f"{name} stands under the part of the visit it was asked in." if scores else "",
        high=TALL,
    )


def _readings(sheet: Sheet, start: datetime) -> Iterator[Reading]:
    for pressure in sheet.pressures:
        yield _minute(pressure.at, start), pressure.systolic, pressure.diastolic, None
    for taken in sheet.sets:
        yield _minute(taken.at, start), taken.systolic, taken.diastolic, taken.moaas


def _minute(at: datetime, start: datetime) -> int:
    return (at - start) // timedelta(minutes=1)


def _lines(known: list[Reading], x: Axis, y: Axis) -> Iterator[Line]:
    for kind, name, place in (("first", "systolic", 1), ("second", "diastolic", 2)):
        dots = [
            Dot(_inside(x, r[0]), _inside(y, value), str(value), f"minute {r[0]}: {name} {value} mmHg")
            for r in known
            if (value := r[place]) is not None
        ]
        yield Line(picture.labelled(dots), kind, name)


def _inside(axis: Axis, value: int) -> float:
    """What lies outside the picture is drawn at its edge; its number is printed all the same."""
    return axis(min(max(value, axis.low), axis.high))


def _levels(limits: SessionLimits, y: Axis) -> tuple[Level, ...]:
    made = (
        (limits.stop_systolic, "stop: systolic", "stop"),
        (limits.pause_systolic, "pause: systolic", "pause"),
        (limits.stop_diastolic, "stop: diastolic", "stop"),
        (limits.pause_diastolic, "pause: diastolic", "pause"),
    )
    return picture.apart([Level(y(value), f"{said} {value}", kind) for value, said, kind in made])


def _dissociation(sheet: Sheet) -> tuple[str, list[tuple[str, int]]]:
    """The scale that was used, and its total at each stage that has one."""
    for name, prefix in (("CADSS-6", "cadss6"), ("CADSS", "cadss")):
        found = [
            (stage, value)
            for part, stage in _STAGES
            if (value := getattr(sheet, part).get(f"{prefix}_{stage}")) is not None
        ]
        if found:
            return name, found
    return "CADSS-6", []


def _lanes(
    sheet: Sheet, known: list[Reading], name: str, scores: list[tuple[str, int]], x: Axis, start: datetime
) -> Iterator[Lane]:
    sedation = tuple(Tick(x(r[0]), str(r[3])) for r in known if r[3] is not None)
    yield Lane("MOAA/S", sedation)
    ended, left = sheet.ended, sheet.leaving.get("left")
    at = {
        "before": x.low,
        "during": _minute(ended, start) if ended else known[-1][0],
        "leaving": _minute(left, start) if left else x.high,
    }
    yield Lane(name, tuple(Tick(_inside(x, int(at[stage])), str(value)) for stage, value in scores))


def _ticks(x: Axis) -> tuple[Tick, ...]:
    step = 20 if x.high - x.low <= 200 else 60
    first = -(-int(x.low) // step) * step
    return tuple(Tick(x(m), f"{m} min" if m == 0 else str(m)) for m in range(first, int(x.high) + 1, step))


def _rows(known: Iterable[Reading], name: str, scores: list[tuple[str, int]]) -> Iterator[tuple[str, ...]]:
    for minute, systolic, diastolic, moaas in known:
        pressure = "/".join("?" if v is None else str(v) for v in (systolic, diastolic))
        yield str(minute), pressure, "–" if moaas is None else str(moaas), "–"
    for stage, value in scores:
        yield stage, "–", "–", f"{name} {value}"


def _summary(known: list[Reading], name: str, scores: list[tuple[str, int]]) -> str:
    tops = [r for r in known if r[1] is not None]
    said = words.count(len(known), "reading")
    if tops:
        top = max(tops, key=lambda r: r[1] or 0)
        said += f"; highest systolic {top[1]} at minute {top[0]}, newest {known[-1][1]}/{known[-1][2]}"
    if scores:
        said += f"; {name} " + ", ".join(f"{value} {stage}" for stage, value in scores)
    return f"Blood pressure by the minute: {said}."
