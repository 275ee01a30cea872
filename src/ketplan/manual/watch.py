"""Blood pressure, the day of a dose, monitoring, discharge, and the rating scales."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.instruments.administrations import Administration, Moment, administrations
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.clinical.plan import SessionMonitoring
from ketplan.clinical.protocols import monitoring, session
from ketplan.manual import sample
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables


def day_of_dose(tables: Tables) -> Iterator[Block]:
    yield heading(2, "The day of a dose")
    yield heading(3, "Blood pressure")
    yield bullets(
        "At planning the newest reading decides; of several on one day the lower of the last two, systolic"
        " and diastolic each. Only the most severe finding is shown.",
        f"A hold is released by {monitoring.HOLD_RELEASE}.",
    )
    yield table("The blood-pressure ladder", "Reading | What is done | Source", session.LADDER)
    yield Text(session.LADDER_CAUTION)
    yield heading(3, "Go or no-go")
    yield Text(f"Each of these holds the dose on the day ({session.GO_NO_GO_SOURCE}).")
    yield bullets(*session.GO_NO_GO)
    yield heading(3, "Monitoring")
    yield table(
        "Monitoring of a dose, by protocol",
        "Protocol | Vital signs, minutes from the start | Stay at least | Instruments | Escort | No driving"
        " until | Source",
        list(_monitored(tables)),
    )
    yield heading(3, "Before the patient leaves")
    yield table("Discharge: all of these", "What | Needed | Source", session.DISCHARGE)
    yield Text(session.EMERGENCY, warns=True)


def _monitored(tables: Tables) -> Iterator[tuple[str, ...]]:
    """One row for each kind of watch, with the protocols it is kept on."""
    kept: dict[tuple[str, ...], list[str]] = {}
    for protocol in tables.library.protocols:
        if watch_kept := monitoring.of(protocol.route, protocol.minutes):
            kept.setdefault(_watched(watch_kept), []).append(f"`{protocol.id}`")
    for row, ids in kept.items():
        yield ", ".join(ids), *row


def _watched(kept: SessionMonitoring) -> tuple[str, ...]:
    return (
        ", ".join(map(str, kept.vitals_minutes)),
        f"{kept.minimum_observation_minutes} min",
        "; ".join(kept.instruments),
        "yes" if kept.escort_required else "no",
        kept.no_driving_until,
        kept.source,
    )


# --- rating scales --------------------------------------------------------------------------------------


def scales(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Rating scales")
    yield Text(
        "A missing answer makes a missing total, never a zero; nothing is prorated. Totals are compared over"
        " equal recall periods only. Questions ship only where the licence allows it; else there is a field"
        " for the total."
    )
    yield table(
        "Instruments",
        "Instrument | Range | LOINC total | Cut | Response, change, remission | Licence | Source",
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
    highest = "" if i.maximum is None else f"{i.minimum} to {i.maximum}"
    return (
        f"{i.title} (`{i.id}`)",
        highest,
        i.loinc_total or "none known",
        cuts,
        change,
        i.licence.value,
        i.source,
    )


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
