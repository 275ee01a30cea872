"""One line of a list that must be all "go": the day-of-dose list and the discharge list share its shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ketplan.clinical.findings import Evidence

ASK = "Ask, and record the answer."


class Verdict(StrEnum):
    """Unknown is its own answer: it neither passes a line nor says that it failed."""

    GO = "go"
    HOLD = "hold"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it stands. `resolves` says what to do about it, "" on a line that is met."""

    id: str
    verdict: Verdict
    text: str
    source: str
    resolves: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A yes/no line as data: the fact it asks, the answer that holds, and the words for each answer."""

    id: str
    fact: str
    holds_on: bool
    held: str
    met: str
    unknown: str
    resolves: str
    source: str

    def line(self, facts: object) -> Line:
        answer: bool | None = getattr(facts, self.fact)
        if answer is None:
            return Line(self.id, Verdict.UNKNOWN, self.unknown, self.source, ASK)
        if answer is self.holds_on:
            return Line(self.id, Verdict.HOLD, self.held, self.source, self.resolves)
        return Line(self.id, Verdict.GO, self.met, self.source)


def overall(lines: Iterable[Line]) -> Verdict:
    """Go only when every line is; hold when any holds; else unknown. No lines at all is unknown."""
    verdicts = {line.verdict for line in lines}
    if Verdict.HOLD in verdicts:
        return Verdict.HOLD
    return Verdict.GO if verdicts == {Verdict.GO} else Verdict.UNKNOWN
