"""Weight over time, with the span within which the signed or proposed dose still holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ketplan.clinical.screens.weight import WEIGHT, kilograms
from ketplan.clinical.view import View
from ketplan.web.pictures import picture
from ketplan.web.pictures.curve import day_ticks
from ketplan.web.pictures.picture import Dot, Level, Line, Picture
from ketplan.web.presenters import words

TALL = 120
FEWEST = 2


def weight_curve(view: View, dosing_kg: Decimal | None, change_pct: int) -> Picture | None:
    """Every weight on record in kilograms; None with fewer than two. `change_pct` of the weight the dose was
    computed on asks for a new dose."""
    known = _weights(view)
    if len(known) < FEWEST:
        return None
    first = known[0][0]
    values = [kg for _, kg in known]
    limits = _limits(dosing_kg, change_pct)
    seen = [*values, *(kg for kg, _ in limits)]
    low, high = int(min(seen)) - 2, int(max(seen)) + 3
    x = picture.x_axis(0, max(28, (known[-1][0] - first).days))
    y = picture.y_axis(low, high, TALL)
    dots = [
        Dot(x((on - first).days), y(kg), f"{kg:g}", f"{words.full_day(on)}: {kg:g} kg") for on, kg in known
    ]
    newest = known[-1]
    return Picture(
        "weight",
        "Weight over time",
        f"Weight: {_n(known[0][1])} kg on {words.full_day(first)} to {_n(newest[1])} kg on"
        f" {words.full_day(newest[0])}, {words.count(len(known), 'measurement')}.",
        (Line(picture.labelled(dots)),),
        day_ticks(x, first),
        f"{high} kg",
        f"{low}",
        levels=picture.apart([Level(y(kg), said, "pause") for kg, said in limits]),
        heads=("Day", "Weight"),
        rows=tuple((words.full_day(on), f"{_n(kg)} kg") for on, kg in reversed(known)),
        high=TALL,
    )


def _n(kg: Decimal) -> str:
    return f"{kg.normalize():f}"


def _weights(view: View) -> list[tuple[date, Decimal]]:
    found = []
    for one in view.history(*WEIGHT):
        kg = kilograms(one)
        if kg is not None and one.when is not None:
            found.append((one.when.earliest, kg.quantize(Decimal("0.1"))))
    return sorted(found)


def _limits(dosing_kg: Decimal | None, change_pct: int) -> list[tuple[Decimal, str]]:
    if dosing_kg is None:
        return []
    share = dosing_kg * change_pct / 100
    return [
        (dosing_kg + share, f"new dose: {change_pct} % up"),
        (dosing_kg - share, f"new dose: {change_pct} % down"),
    ]
