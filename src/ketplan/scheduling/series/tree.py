"""The bound: a tree of the visits' ties, solved exactly from its leaves to its roots.

The doses form the chain and everything else hangs on it. What the tree leaves out (the ties that would close
a circle, one body, rest after other doses) can only make a series dearer, so what the tree says is never too
much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ketplan.scheduling.series.openings import Openings
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.staff import Ints
from ketplan.scheduling.series.ties import Pair, Reach

NEVER = 1 << 50
Marks = NDArray[np.uint64]
_ODD = 0x9E3779B97F4A7C15
LATE = weight(Rule.CBT_AFTER_DOSE)


@dataclass(frozen=True, slots=True)
class Bond:
    """What each opening of an earlier-settled visit leaves to a later one, as places in its openings (the end
    of each pair excluded); the last row is for an earlier visit that is left out. `marks` are numbers, the
    same for rows that leave the same (and, once in 2**64, for others)."""

    earlier: int
    size: int
    allowed: Pair
    wished: Pair | None
    barred: Pair | None
    marks: Marks

    @classmethod
    def of(cls, earlier: int, later: int, reach: Reach, starts: Ints) -> Bond | None:
        """None for a bond that makes no difference."""
        size = len(starts)
        whole = (np.zeros(1, np.int64), np.full(1, size))
        allowed = _places(reach.allowed, starts, size) or whole
        wished, barred = _places(reach.wished, starts, size), _barred(reach.barred, starts)
        if not wished and not barred and (allowed[0] == 0).all() and (allowed[1] == size).all():
            return None
        pairs = [pair for pair in (reach.allowed and allowed, wished, barred) if pair]
        columns = np.stack([column for pair in pairs for column in pair]).astype(np.uint64)
        rows = columns.shape[1]
        marks = _salts(earlier, later, len(pairs)) @ columns
        return cls(earlier, size, tuple(np.broadcast_to(a, rows) for a in allowed), wished, barred, marks)  # type: ignore[arg-type]

    def cost(self, rows: Ints) -> Ints:
        """What it costs, for each of the rows, to take each of the openings: 0, LATE or NEVER."""
        places = np.arange(self.size)

        def among(pair: Pair) -> NDArray[np.bool_]:
            return (places >= pair[0][rows, None]) & (places < pair[1][rows, None])

        found = np.where(among(self.allowed), 0, NEVER)
        if self.barred:
            found[among(self.barred)] = NEVER
        return found + np.where(among(self.wished), 0, LATE) if self.wished else found

    def least(self, values: Ints) -> Ints:
        """The least value that each row leaves, with what lateness costs."""
        least, (first, end) = RangeMin(values), self.allowed
        parts = [(first, end)]
        if self.barred:
            begins, ends = self.barred
            parts = [(first, np.minimum(end, begins)), (np.maximum(first, ends), end)]
        found = np.full(len(first), NEVER)
        for low, high in parts:
            late = LATE if self.wished else 0
            found = np.minimum(found, least(low, high) + late)
            if self.wished:
                wish = np.maximum(low, self.wished[0]), np.minimum(high, self.wished[1])
                found = np.minimum(found, least(*wish))
        return found


def _places(pair: Pair | None, starts: Ints, size: int) -> Pair | None:
    """From which place to before which one the starts lie inside the pair."""
    if pair is None:
        return None
    first, end = np.searchsorted(starts, pair[0], "left"), np.searchsorted(starts, pair[1], "right")
    return _with_last(first, 0), _with_last(np.maximum(first, end), size)


def _barred(pair: Pair | None, starts: Ints) -> Pair | None:
    if pair is None:
        return None
    first, end = np.searchsorted(starts, pair[0], "right"), np.searchsorted(starts, pair[1], "left")
    return (_with_last(first, 0), _with_last(end, 0)) if (first < end).any() else None


def _with_last(found: Ints, last: int) -> Ints:
    whole = np.empty(len(found) + 1, np.int64)
    whole[:-1], whole[-1] = found, last
    return whole


def _salts(earlier: int, later: int, pairs: int) -> Marks:
    """Odd numbers without a pattern, other ones for every bond and column."""
    first = 6 * (later * (later - 1) // 2 + earlier) + 1
    numbers = np.arange(first, first + 2 * pairs, dtype=np.uint64) * np.uint64(_ODD)
    numbers = (numbers ^ (numbers >> np.uint64(31))) * np.uint64(_ODD)
    return (numbers ^ (numbers >> np.uint64(29))) | np.uint64(1)


class RangeMin:
    """The least of stretches of values."""

    def __init__(self, values: Ints) -> None:
        size = len(values)
        rows = [np.append(values, NEVER)]
        while 1 << len(rows) <= size:
            below, half = rows[-1], 1 << (len(rows) - 1)
            row = below.copy()
            np.minimum(below[:-half], below[half:], out=row[:-half])
            rows.append(row)
        self._table = np.stack(rows)

    def __call__(self, first: Ints, end: Ints) -> Ints:
        """For each pair of places, the end excluded; NEVER for an empty stretch."""
        length = np.maximum(end - first, 1)
        row = np.frexp(length.astype(float))[1] - 1
        some = end > first
        first = np.where(some, first, 0)
        found = np.minimum(self._table[row, first], self._table[row, first + length - (1 << row)])
        return np.where(some, found, NEVER)


@dataclass(slots=True)
class Node:
    """A visit in the tree. `total[i]` is the least that opening i costs with all that hangs on the visit;
    `left_out` the same for leaving it out (NEVER where that is not allowed); `given[p]` the least when the
    parent has its opening p, the last entry of it for a parent that is left out."""

    openings: Openings
    droppable: int
    bonds: list[Bond] = field(default_factory=list)
    parent: Bond | None = None
    children: list[int] = field(default_factory=list)
    costs: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    total: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    left_out: int = NEVER
    given: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def free(self) -> int:
        """The least, wherever the parent stands."""
        return min(int(self.total.min(initial=NEVER)), self.left_out)


def least_of(nodes: list[Node]) -> int:
    """The bound of the whole forest, once it is grown."""
    return sum(node.free for node in nodes if node.parent is None)


def grow(nodes: list[Node]) -> None:
    """Fill in every node's bounds, leaves first."""
    for node in reversed(nodes):
        node.total, node.left_out = node.costs, node.droppable
        for c in node.children:
            node.total = node.total + nodes[c].given[:-1]
            node.left_out += int(nodes[c].given[-1])
        node.total = np.minimum(node.total, NEVER)
        if node.parent is not None:
            node.given = np.minimum(node.parent.least(node.total), min(node.left_out, NEVER))
