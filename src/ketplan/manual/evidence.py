"""Trials as rows that all look alike, whatever they found."""

from __future__ import annotations

from collections.abc import Iterable

from ketplan.clinical.protocols.evidence import Result, Trial
from ketplan.manual.blocks import Table, table

RESULTS = {
    Result.POSITIVE: "benefit found",
    Result.NULL: "no benefit found",
    Result.MIXED: "mixed or uncertain",
    Result.UNKNOWN: "no comparison or no result",
}


def trials(caption: str, found: Iterable[Trial]) -> Table:
    rows = [(t.name, t.n or "not stated", t.route, RESULTS[t.result], t.words, t.source) for t in found]
    return table(caption, "Trial | n | Route | Result | In words | Source", rows)
