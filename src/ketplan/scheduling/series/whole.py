"""Is there a series with a time for every visit at all? Asked where the few best beginnings led nowhere.

The visits are settled one after the other, the most hopeful opening first. After each of them whatever no
longer goes with every other visit is struck out, until nothing more can be; where a visit is left with
nothing, the last step is taken back. An opening that leaves to the others no more than one that failed is
not tried. So the answer is certain, unless the steps allowed are used up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ketplan.scheduling.series.staff import Ints, Team
from ketplan.scheduling.series.tree import LATE, NEVER, Bond, Node

Flags = NDArray[np.bool_]
# House default: how many openings are tried before a search ends without an answer.
HOUSE_STEPS = 400

_Teams = Callable[[int, int, frozenset[str]], Sequence[Team | None]]


class OutOfSteps(Exception):
    """All steps are used up, and nobody knows."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The place of each visit among its openings, and who takes it."""

    at: tuple[int, ...]
    teams: tuple[Team | None, ...]


class _Pair:
    """A bond as the stretches of places that each opening of the one leaves to the other."""

    def __init__(self, bond: Bond, later: int) -> None:
        self.earlier, self.later, self._size = bond.earlier, later, bond.size
        low, high = (ends[:-1] for ends in bond.allowed)
        self._stretches = [(low, np.maximum(low, high))]
        if bond.barred:
            begins, ends = (np.clip(found[:-1], low, np.maximum(low, high)) for found in bond.barred)
            self._stretches = [(low, begins), (np.maximum(begins, ends), np.maximum(low, high))]

    def onwards(self, earlier: Flags) -> Flags:
        """Places of the later visit that some opening of the earlier one leaves."""
        steps = np.zeros(self._size + 1, np.int64)
        for low, high in self._stretches:
            steps += np.bincount(low[earlier], minlength=self._size + 1)
            steps -= np.bincount(high[earlier], minlength=self._size + 1)
        found: Flags = steps.cumsum()[:-1] > 0
        return found

    def backwards(self, later: Flags) -> Flags:
        """Openings of the earlier visit that leave something to the later one."""
        found: Flags = np.logical_or.reduce([high > low for low, high in self.counted(later)])
        return found

    def counted(self, later: Flags) -> Iterator[tuple[Ints, Ints]]:
        """The stretches, counting only those places of the later visit that are still there."""
        places = np.concatenate(([0], later.cumsum()))
        for low, high in self._stretches:
            yield places[low], places[high]


@dataclass
class Search:
    """`teams` says who could take a visit at an opening of it, when some Slots are taken already."""

    nodes: Sequence[Node]
    teams: _Teams
    steps: int = HOUSE_STEPS
    _pairs: list[list[_Pair]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._pairs = [[] for _ in self.nodes]
        for k, node in enumerate(self.nodes):
            for bond in node.bonds:
                pair = _Pair(bond, k)
                self._pairs[pair.earlier].append(pair)
                self._pairs[k].append(pair)

    def left(self) -> list[Flags] | None:
        """Each visit's openings that go with some opening of each other one; None where a visit has none."""
        return self._struck([node.total < NEVER for node in self.nodes], range(len(self.nodes)))

    def find(self, left: list[Flags]) -> Whole | None:
        """None: there is no such series. Raises OutOfSteps."""
        return self._onwards(0, left, frozenset(), ())

    def _struck(self, left: list[Flags], changed: Sequence[int]) -> list[Flags] | None:
        """What is left when nothing more can be struck out."""
        waiting = dict.fromkeys(changed)
        while waiting:
            k = next(iter(waiting))
            del waiting[k]
            for pair in self._pairs[k]:
                other = pair.later if pair.earlier == k else pair.earlier
                said = pair.onwards(left[k]) if pair.earlier == k else pair.backwards(left[k])
                kept = left[other] & said
                count = np.count_nonzero(kept)
                if not count:
                    return None
                if count < np.count_nonzero(left[other]):
                    left[other] = kept
                    waiting[other] = None
        return left if all(some.any() for some in left) else None

    def _onwards(
        self, k: int, left: list[Flags], taken: frozenset[str], teams: tuple[Team | None, ...]
    ) -> Whole | None:
        if k == len(self.nodes):
            return Whole(tuple(int(some.argmax()) for some in left), teams)
        hope = left[k].copy()
        worth = self.nodes[k].total
        while hope.any():
            here = np.flatnonzero(hope)
            place = int(here[worth[here].argmin()])
            found, spills = self._from(k, place, left, taken, teams)
            if found:
                return found
            hope[place] = False
            if not spills:
                hope &= ~self._no_better(k, place, left)
        return None

    def _from(
        self, k: int, place: int, left: list[Flags], taken: frozenset[str], teams: tuple[Team | None, ...]
    ) -> tuple[Whole | None, bool]:
        """What comes of an opening; and whether it failed only for a Slot that another visit might want."""
        if self.steps <= 0:
            raise OutOfSteps
        self.steps -= 1
        only = np.zeros(len(left[k]), bool)
        only[place] = True
        after = self._struck([*left[:k], only, *left[k + 1 :]], (k,))
        if after is None:
            return None, False
        spills = True
        for team in self.teams(k, place, taken):
            spilling = team.spilling if team else frozenset[str]()
            spills &= bool(spilling)
            found = self._onwards(k + 1, list(after), taken | spilling, (*teams, team))
            if found:
                return found, False
        return None, spills

    def _no_better(self, k: int, place: int, left: list[Flags]) -> Flags:
        """Openings of a visit that leave to each later one nothing that this one does not."""
        found = np.ones(len(left[k]), bool)
        for pair in (p for p in self._pairs[k] if p.earlier == k):
            stretches = list(pair.counted(left[pair.later]))
            (first, *_), (*_, last) = stretches
            whole = first[0] >= first[0][place], last[1] <= last[1][place]
            found &= whole[0] & whole[1]
            if len(stretches) > 1:
                begins, ends = stretches[0][1], stretches[1][0]
                found &= (begins <= begins[place]) & (ends >= ends[place]) | (begins[place] == ends[place])
        return found


def price(nodes: Sequence[Node], at: Sequence[int]) -> int:
    """What a whole series costs."""
    return sum(
        int(node.costs[at[k]]) + sum(int(_bond_costs(b, at[b.earlier])[at[k]]) for b in node.bonds)
        for k, node in enumerate(nodes)
    )


def smoothed(nodes: Sequence[Node], at: Sequence[int]) -> list[int]:
    """The same series with each visit where it costs least beside the others, until none can be bettered."""
    places, better = list(at), True
    while better:
        better = False
        for k in range(len(nodes)):
            costs = _beside(nodes, k, places)
            best = int(costs.argmin())
            if costs[best] < costs[places[k]]:
                places[k], better = best, True
    return places


def _beside(nodes: Sequence[Node], k: int, at: Sequence[int]) -> Ints:
    """What each opening of a visit costs beside all the others."""
    costs = nodes[k].costs.copy()
    for bond in nodes[k].bonds:
        costs += _bond_costs(bond, at[bond.earlier])
    for j in range(k + 1, len(nodes)):
        for bond in (b for b in nodes[j].bonds if b.earlier == k):
            costs += _onto(bond, at[j])
    return np.minimum(costs, NEVER)


def _bond_costs(bond: Bond, row: int) -> Ints:
    found: Ints = bond.cost(np.array([row]))[0]
    return found


def _onto(bond: Bond, place: int) -> Ints:
    """What each opening of the earlier visit costs when the later one is at its place."""

    def among(pair: tuple[Ints, Ints]) -> Flags:
        found: Flags = (pair[0][:-1] <= place) & (place < pair[1][:-1])
        return found

    found = np.where(among(bond.allowed), 0, NEVER)
    if bond.barred:
        found[among(bond.barred)] = NEVER
    return found + np.where(among(bond.wished), 0, LATE) if bond.wished else found
