"""Therapy courses with their session titles, and what is known of therapy given with ketamine."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.clinical.protocols.cbt import WEEKLY_NOTE, CbtProtocol
from ketplan.clinical.protocols.evidence import cbt_window
from ketplan.clinical.protocols.wider_evidence import COMBINATIONS, WINDOW_STANDING
from ketplan.manual.blocks import Block, Text, bullets, heading, table
from ketplan.manual.evidence import RESULTS
from ketplan.manual.tables import Tables


def chapter(tables: Tables) -> Iterator[Block]:
    yield heading(2, "Therapy courses")
    yield bullets(
        f"{cbt_window(tables.house.cbt_window_hours)} {WINDOW_STANDING}",
        "Never a session on the day of a dose: the patient may be dissociated or drowsy [F:SPR19]. One"
        " session a day, in order.",
        f"Without ketamine a course runs {WEEKLY_NOTE.split(' when')[0]} from day 0; the phobia course keeps"
        " its own calendar.",
        "Titles are our own words; the manuals are copyrighted and not shipped.",
    )
    yield table(
        "The therapy courses",
        "Course | What | Sessions | Minutes | Days with ketamine | Source",
        [_row(course) for course in tables.library.courses],
    )
    for course in tables.library.courses:
        yield table(
            f"{course.id}: the sessions",
            "No. | Title | Minutes | Day",
            [
                (n, title, course.minutes_of(n), offset)
                for n, (title, offset) in enumerate(zip(course.titles, course.offsets, strict=True), 1)
            ],
        )
    yield heading(3, "Trials of therapy with ketamine")
    yield table(
        "Therapy with ketamine: the trials, those that found nothing beside the others",
        "Trial | Who | Ketamine | Therapy | Result | Outcome | Source",
        [
            (c.name, c.who, c.ketamine, c.therapy, RESULTS[c.result], c.outcome, c.source)
            for c in COMBINATIONS
        ],
    )
    yield Text("Psychiatric evaluation, therapy and follow-up are part of every plan [F:SAN17][F:ASA].")


def _row(course: CbtProtocol) -> tuple[str, ...]:
    minutes = ", ".join(map(str, dict.fromkeys(course.minutes)))
    days = ", ".join(map(str, course.offsets))
    return f"`{course.id}`", course.title, str(len(course.titles)), minutes, days, course.source
