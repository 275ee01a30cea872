"""The rating scales: what each total means, what may ship, when each is filled in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.instruments.administrations import Administration, Moment, administrations
from ketplan.clinical.instruments.model import Instrument, Licence
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.manual import sample
from ketplan.manual.blocks import Block, Text, heading, table
from ketplan.manual.tables import Tables


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Rating scales")
    yield Text(
        "A missing answer makes a missing total, never a zero; nothing is prorated. Totals are compared over"
        " equal recall periods only. Questions ship only where the licence allows it; else there is a field"
        " for the total."
    )
    yield table(
        "Instruments",
        "Instrument | Items, range | LOINC total | Cut | Response, change, remission | Licence | Source",
        [_instrument(i) for i in INSTRUMENTS],
    )
    yield from _when(tables)


def _instrument(i: Instrument) -> tuple[str, ...]:
    cuts = ", ".join(
        f"{'under' if cut.below else 'from'} {cut.limit}" + (f" ({cut.group})" if cut.group else "")
        for cut in i.cuts
    )
    change = ", ".join(
        words
        for words in (
            f"response {i.response_pct} %" if i.response_pct else "",
            f"and {i.response_points} points" if i.response_points else "",
            f"reliable change {i.reliable_points} points" if i.reliable_points else "",
            f"remission below {i.remission_below}" if i.remission_below else "",
        )
        if words
    )
    items = "" if i.number_of_items is None else f"{i.number_of_items} items"
    span = "" if i.maximum is None else f"{i.minimum} to {i.maximum}"
    return (
        f"{i.title} (`{i.id}`)",
        ", ".join(filter(None, (items, span))),
        i.loinc_total or "none known",
        cuts,
        change,
        _may_ship(i),
        i.source,
    )


def _may_ship(i: Instrument) -> str:
    """The licence, and where it would allow more than ketplan holds, that it does."""
    if i.licence is Licence.FREE and not i.items:
        return f"{i.licence.value}; their wording is not in ketplan: score field only"
    return i.licence.value


def _when(tables: Tables) -> Iterator[Block]:
    yield heading(3, "When each is filled in")
    plan, _ = sample.a_course(tables, BY_ID["GAD"])
    by_day = sorted(administrations(plan), key=lambda a: (a.on, list(Moment).index(a.moment)))
    yield table(
        "Sample: GAD, what is filled in when",
        "Day | Date | When | Instruments",
        [_row(list(group)) for _, group in groupby(by_day, lambda a: (a.on, a.moment))],
    )


def _row(group: list[Administration]) -> tuple[str, ...]:
    first = group[0]
    names = ", ".join(dict.fromkeys(a.instrument for a in group))
    day = f"{first.on:%a} {first.on.day} {first.on:%b %Y}"
    return str((first.on - sample.START).days), day, first.moment.value, names
