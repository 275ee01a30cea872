"""The bound: a tree of the visits' ties, solved exactly from its leaves to its roots.

The doses form the chain and everything else hangs on it. What the tree leaves out (the ties that would close
a circle, one body, rest after other doses) can only make a series dearer, so what the tree says is never too
much.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from ketplan.scheduling.series.openings import Openings
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.ties import Reach, Tie

NEVER = 1 << 50
LATE = weight(Rule.CBT_AFTER_DOSE)


class RangeMin:
    """The least of a stretch of values; tables are made when they are first asked for."""

    def __init__(self, values: list[int]) -> None:
        self._size = len(values)
        self._rows = [values]
        self._after = list(accumulate(reversed(values), min))[::-1]

    def least(self, first: int, end: int) -> int:
        if first >= end:
            return NEVER
        if end == self._size:
            return self._after[first]
        row = (end - first).bit_length() - 1
        while row >= len(self._rows):
            half, below = 1 << (len(self._rows) - 1), self._rows[-1]
            self._rows.append(list(map(min, below, below[half:])))
        return min(self._rows[row][first], self._rows[row][end - (1 << row)])


@dataclass(slots=True)
class Node:
    """A visit in the tree. `total[i]` is the least that opening i costs with all that hangs on the visit;
    `left_out` the same for leaving it out (NEVER where that is not allowed); `given[p]` the least when the
    parent has its opening p, the last entry of it for a parent that is left out."""

    openings: Openings
    fixed: bool
    droppable: int
    tie: Tie | None = None
    parent: int | None = None
    children: list[int] = field(default_factory=list)
    total: list[int] = field(default_factory=list)
    left_out: int = NEVER
    given: list[int] = field(default_factory=list)

    @property
    def free(self) -> int:
        """The least, wherever the parent stands."""
        return min(min(self.total, default=NEVER), self.left_out)


def grow(nodes: list[Node]) -> int:
    """Fill in every node's bounds, leaves first, and return the bound of the whole forest."""
    for n in reversed(range(len(nodes))):
        node = nodes[n]
        node.total = list(node.openings.costs)
        node.left_out = node.droppable
        for c in node.children:
            given = nodes[c].given
            node.total = list(map(int.__add__, node.total, given))
            node.left_out += given[-1]
        if node.parent is not None:
            node.given = _given(node, nodes[node.parent])
    return sum(node.free for node in nodes if node.parent is None)


def _given(node: Node, parent: Node) -> list[int]:
    free = node.free
    if node.tie is None or (node.fixed and parent.fixed):
        return [free] * (len(parent.openings.starts) + 1)
    least, starts, found = RangeMin(node.total), node.openings.starts, []
    reaches = map(node.tie.reach, parent.openings.starts, parent.openings.days)
    for reach in reaches:
        found.append(min(_within(reach, starts, least), node.left_out))
    return [*found, free]


def _within(reach: Reach, starts: list[int], least: RangeMin) -> int:
    first = bisect_left(starts, reach.low)
    end = bisect_right(starts, reach.high)
    if reach.wish_high >= reach.high and reach.wish_low <= reach.low:
        return least.least(first, end)
    wished = (
        bisect_left(starts, max(reach.low, reach.wish_low)),
        bisect_right(starts, min(reach.high, reach.wish_high)),
    )
    return min(least.least(*wished), least.least(first, end) + LATE)
