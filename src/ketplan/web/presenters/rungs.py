"""Where each resource of a plan will stand in this EHR, rung by rung of the fallback ladder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ketplan.fhir.render import Step
from ketplan.web.presenters import words
from ketplan.web.presenters.writing import PreviewRow
from ketplan.writeback.ladder import Choice, Foothold, Rung, climb

IN = {
    Rung.NATIVE: "in",
    Rung.TASK: "in a task: somebody has to book it by hand",
    Rung.MESSAGE: "in a message to who signs; to be booked by hand",
    Rung.PLAN: "in the text of the care plan",
    Rung.REQUEST: "in the request that lists the times; to be booked by hand",
    Rung.NOTE: "in the note",
    Rung.ANSWERS: "in the answers",
    Rung.HERE: "only here",
}


@dataclass(frozen=True)
class LadderRow:
    """One resource: as it would be written, and `stands`, where what it says can be read, "" if as itself."""

    row: PreviewRow
    stands: str
    lost: bool


@dataclass(frozen=True)
class Ladder:
    """`written` counts what will be sent; `summary` tells by rung what stands there; `below` says that the
    EHR takes the plan in words, so that there is something to choose."""

    rows: tuple[LadderRow, ...]
    written: int
    summary: tuple[tuple[str, str], ...]
    below: bool

    @property
    def only_here(self) -> int:
        return sum(row.lost for row in self.rows)


def ladder(steps: Sequence[Step], rows: Sequence[PreviewRow]) -> Ladder:
    """`steps` with their rungs, `rows` of the same steps."""
    refused = {step.key for step, row in zip(steps, rows, strict=True) if row.refused}
    holds = climb(steps, refused)
    shown = tuple(
        _row(row, holds[step.key], step.key)
        for step, row in zip(steps, rows, strict=True)
        if step.key in holds
    )
    written = sum(hold.on == key for key, hold in holds.items())
    below = any(step.only_if_needed and step.key not in refused for step in steps)
    return Ladder(shown, written, tuple(_summary(steps, holds)), below)


def _row(row: PreviewRow, hold: Foothold, key: str) -> LadderRow:
    return LadderRow(row, "" if hold.on == key else IN[hold.rung], hold.rung is Rung.HERE)


def _summary(steps: Sequence[Step], holds: dict[str, Foothold]) -> Iterator[tuple[str, str]]:
    """What does not stand as itself, by where it stands instead."""
    kinds: dict[Rung, Counter[str]] = {}
    for step in steps:
        hold = holds.get(step.key)
        if hold and hold.on != step.key and not step.updates:
            kinds.setdefault(hold.rung, Counter())[words.TYPES.get(step.type, step.type)] += 1
    for rung, found in kinds.items():
        yield IN[rung].capitalize(), ", ".join(words.count(n, kind) for kind, n in found.items())


CHOICES = (
    (Choice.IF_NEEDED, "Only where something is not taken otherwise"),
    (Choice.ALSO, "In any case, beside what is taken"),
    (Choice.NEVER, "Never: what is not taken stays only here, with all that belongs to it"),
)
