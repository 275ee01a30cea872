"""House defaults with their limits, what a site cannot change yet, and the list of sources."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.resources import files

from ketplan.clinical.draft import FOLLOW_UP_TITLES
from ketplan.clinical.house import Line, described, worded
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.session.limits import SessionLimits
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables


def house_defaults(tables: Tables) -> Iterator[Block]:
    yield heading(2, "House defaults")
    yield Text(
        "No published source sets these numbers. They stand in the settings file (`[house]`, `[protocol.ID]`,"
        " `[course.ID]`); the range is what ketplan accepts, and a start with anything beyond it is refused."
    )
    yield table(
        "House defaults of this site",
        "Name | Value here | Shipped | Changed | May be | What it means",
        [
            (
                f"`{x.name}`",
                x.value,
                x.shipped,
                _changed(x),
                x.allowed,
                _meaning(x),
            )
            for x in described(tables.house)
        ],
    )
    clinic = tables.clinic
    yield table(
        "How visits are placed: house defaults of the calendar",
        "What | Value here",
        [
            (
                "no closer than, dose to dose",
                f"{clinic.dose_gap_hours} h and {clinic.dose_gap_days} calendar days",
            ),
            ("therapy after a dose", "{} to {} h".format(*clinic.cbt_window_hours)),
            *(
                (f"days off its target a visit may stand: {_visit(key)}", str(days))
                for key, days in clinic.window_days.items()
            ),
            ("days beyond that a time is looked for", str(clinic.search_days)),
            *(
                (f"preferred time: {kind.value.replace('_', ' ')}", f"{at:%H:%M}")
                for kind, at in clinic.preferred.items()
            ),
            ("the day after the first dose: on-call hours", "{:%H:%M} to {:%H:%M}".format(*clinic.on_call)),
        ],
    )
    yield heading(3, "House defaults of a session and of a course under way")
    yield Text("Each has its range, and ketplan refuses more; the settings file does not hold them yet.")
    for caption, limits in (
        ("House defaults of the day of a dose", SessionLimits()),
        ("House defaults of a course under way", Limits()),
    ):
        yield table(caption, "Name | Value | May be | What it means", _limits(limits))
    yield heading(3, "House rules that are fixed in this release")
    yield Text("Tagged [H] like the defaults above, but a site cannot set them: they need a new release.")
    yield bullets(
        "the blood-pressure limits 140/90, 160/100 and 180/110 and the five minutes between two readings",
        "how old a weight, a result, a scale, an evaluation or a consent may be",
        "the limits of weight, BMI, QTc, eGFR, oxygen saturation and liver tests",
        "the entry totals of the disorder scales",
        "which protocol and which course each disorder gets by default",
    )


def _limits(limits: Limits | SessionLimits) -> Iterator[tuple[str, str, str, str]]:
    for f in fields(limits):
        unit, words, why, allowed = (f.metadata[key] for key in ("unit", "words", "why", "allowed"))
        value = worded(getattr(limits, f.name), unit)
        yield f"`{f.name}`", value, worded(allowed, unit), f"{words}: {why}" if why else words


def _visit(key: str) -> str:
    return FOLLOW_UP_TITLES.get(key, key.replace("_", "-")).replace("cbt", "therapy session")


def _changed(line: Line) -> str:
    return "**yes**" if line.changed else "no"


def _meaning(line: Line) -> str:
    return f"{line.words}: {line.why}" if line.why else line.words


def sources(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Sources")
    yield Text(
        "Most of what was read were abstracts, labels and registry pages, not full texts. Rows from memory"
        " must be checked before release."
    )
    found = tomllib.loads(files("ketplan.clinical").joinpath("sources.toml").read_text("utf-8"))["source"]
    for read, caption in ((True, "Sources that were read"), (False, "Sources from memory, to be verified")):
        rows = [row for row in found if row["read"] is read]
        listed = table(caption, "Key | What | Where", [(r["key"], r["what"], r["where"]) for r in rows])
        kind = "F" if read else "M"
        yield replace(listed, anchors=tuple(source_anchor(kind, r["key"]) for r in rows))


def source_anchor(kind: str, key: str) -> str:
    """Where a tag [F:KEY] or [M:KEY] leads to."""
    return f"source-{kind}-{key}".replace(" ", "-")
