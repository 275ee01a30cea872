"""House defaults with their limits, what a site cannot change, and the list of sources."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files

from ketplan.clinical.draft import FOLLOW_UP_TITLES
from ketplan.clinical.house import GROUPS, group
from ketplan.clinical.setting import Line, described
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.tables import Tables


def house_defaults(tables: Tables) -> Iterator[Block]:
    yield heading(2, "House defaults")
    yield Text(
        "No published source sets these numbers. They stand in the settings file, each table under its own"
        " name; `[protocol.ID]` and `[course.ID]` set the courses. The range is what ketplan accepts, and a"
        " start with anything beyond it is refused. `[review]` and `[session]` hold a course under way and"
        " the day of a dose."
    )
    for name, caption in GROUPS.items():
        yield table(
            caption,
            f"Name in [{name}] | Value here | Shipped | Changed | May be | What it means",
            [
                (f"`{x.name}`", x.value, x.shipped, _changed(x), x.allowed, _meaning(x))
                for x in described(group(tables.house, name))
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
    yield heading(3, "House rules that are fixed in this release")
    yield Text("Tagged [H] like the defaults above, but a site cannot set them: they need a new release.")
    yield bullets(
        "which findings block: the director confirms the class of each rule, or the release changes",
        "what counts as response and remission of a scale, so that a goal means the same everywhere",
        "rounding of a dose to 1 mg, half up; no take-home doses",
        "which protocol and which course each disorder gets by default; each can be switched off",
    )


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
