"""The best series: the tree's bound leads a few at a time through the visits, more if that is no proof.

Visits are settled in order of their targets. At each step only the most promising beginnings are kept, judged
by what they cost and what the tree says the rest must cost at least. Two beginnings that leave the same to
all later visits are one. What is cut off is remembered by its bound: when nothing cut off could have been
cheaper than what was found, none is; otherwise it is tried again with more of them, up to a limit. Where
the first few leave a visit without a time, a complete search says whether all can have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.resources import THERAPIST
from ketplan.scheduling.series.model import Link, Wanted
from ketplan.scheduling.series.openings import GivenUp, Site
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.staff import Ints, Team
from ketplan.scheduling.series.ties import Company, Tie
from ketplan.scheduling.series.tree import NEVER, Bond, Marks, Node, grow, least_of
from ketplan.scheduling.series.whole import HOUSE_STEPS, OutOfSteps, Search, price, smoothed

LEFT_OUT = weight(Rule.LEFT_OUT)
# House defaults: how many beginnings are kept at each step, one try after the other; and the try after which
# a series that has a time for every visit will do.
HOUSE_WIDTHS = (16, 128, 1024)
HOUSE_ENOUGH = 128

_ORDER = {VisitKind.INFUSION: 0, VisitKind.CBT: 1, VisitKind.FOLLOW_UP: 2}
# How many candidates are looked at for each that is kept: many of them turn out to be the same.
_SPARE = 6
# What share of those kept may have the same days: the rest is for other days.
_CROWD = 16


_Answer = tuple[int, dict[str, "Spot | None"]]

# Whoever is free: settled at the end, where no two visits could want the same.
LATER = Team(("",))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a visit was put, in minutes, and by whom it is taken."""

    start: int
    day: int
    team: Team


def known(spot: Spot) -> tuple[Ints, Ints]:
    """Its start and day as the ties take them."""
    return np.array([spot.start]), np.array([spot.day])


@dataclass(frozen=True, slots=True)
class Found:
    """The cheapest series found: a spot for each visit (None: left out). None costs less than `bound`."""

    cost: int
    spots: dict[str, Spot | None]
    bound: int

    @property
    def proven(self) -> bool:
        return self.bound >= self.cost


@dataclass(slots=True)
class _Beginnings:
    """Visits settled so far, a row for each beginning: the opening of each visit (-1: left out, or not yet
    settled), the bound, and the EHR Slots that others might want too."""

    at: Ints
    bounds: Ints
    taken: list[frozenset[str]]
    teams: list[tuple[Team | None, ...]]


@dataclass
class _Pass:
    """One search, with one therapist as the usual one. `costs` are those of all visits' openings, `bound`
    what any series costs at least."""

    site: Site
    order: list[Wanted]
    nodes: list[Node]
    person: str | None
    given_up: GivenUp
    costs: list[Ints]
    bound: int = 0
    cut_off: int = NEVER
    _known: dict[tuple[int, int, frozenset[str]], list[Team]] = field(default_factory=dict)

    def weigh(self) -> None:
        """Lay its costs and bounds on the tree, which all passes share."""
        if any(node.costs is not mine for node, mine in zip(self.nodes, self.costs, strict=True)):
            for node, mine in zip(self.nodes, self.costs, strict=True):
                node.costs = mine
            grow(self.nodes)
        self.bound = least_of(self.nodes)

    def solve(self, width: int, budget: int) -> _Answer | None:
        """The cheapest answer met below the budget; `cut_off` tells what the rest cost at least."""
        self.cut_off = NEVER
        self.weigh()
        first = np.array([self.bound], np.int64)
        now = _Beginnings(np.full((1, len(self.nodes)), -1), first, [frozenset()], [()])
        for k in range(len(self.nodes)):
            now = self._settle(k, now, width, budget)
            if not now.bounds.size:
                return None
        best = int(now.bounds.argmin())
        return int(now.bounds[best]), self._spots(now.at[best].tolist(), now.teams[best])

    def whole(self, steps: int) -> _Answer | None:
        """A series with a time for every visit, not the cheapest; None: there is none. Raises OutOfSteps.

        Openings that no such series could have are struck out for the next try."""
        self.weigh()
        search = Search(self.nodes, self._teams_for, steps)
        left = search.left()
        found = search.find(left) if left else None
        if not left or not found:
            return None
        self.costs = [np.where(kept, mine, NEVER) for kept, mine in zip(left, self.costs, strict=True)]
        places: Sequence[int] = found.at
        if self.site.staff.is_plain:
            places = smoothed(self.nodes, places)
        return price(self.nodes, places), self._spots(places, found.teams)

    def _spots(self, places: Sequence[int], teams: Sequence[Team | None]) -> dict[str, Spot | None]:
        return {v.key: self._spot(k, places[k], teams[k]) for k, v in enumerate(self.order)}

    def _spot(self, k: int, place: int, team: Team | None) -> Spot | None:
        if team is None:
            return None
        found = self.nodes[k].openings
        start = int(found.starts[place])
        if team is LATER:
            team = self._find_teams(k, start, frozenset())[0]
        return Spot(start, int(found.days[place]), team)

    def _settle(self, k: int, now: _Beginnings, width: int, budget: int) -> _Beginnings:
        node = self.nodes[k]
        size = len(node.total)
        base = now.bounds - self._estimates(node, now.at)
        bounds = np.empty((len(base), size + 1), np.int64)
        np.add(base[:, None], node.total, out=bounds[:, :size])
        bounds[:, size] = base + node.left_out
        for bond in node.bonds:
            bounds[:, :size] += bond.cost(now.at[:, bond.earlier])
        flat = bounds.ravel()
        open_to = np.flatnonzero(flat < min(budget, NEVER))
        if open_to.size > width * _SPARE:
            nearest = np.argpartition(flat[open_to], width * _SPARE)
            self.cut_off = min(self.cut_off, int(flat[open_to[nearest[width * _SPARE]]]))
            open_to = open_to[nearest[: width * _SPARE]]
        open_to = open_to[np.lexsort((open_to, flat[open_to]))]
        rows, places = np.divmod(open_to, size + 1)
        at = now.at[rows]
        at[:, k] = np.where(places == size, -1, places)
        return self._kept(k, now, at, flat[open_to], rows, width)

    def _kept(self, k: int, now: _Beginnings, at: Ints, bounds: Ints, rows: Ints, width: int) -> _Beginnings:
        """The first of all that differ in what they leave to later visits."""
        marks, places = self._left_to_later(k, at)
        alike, days = marks.tolist(), places.tolist()
        differing: Sequence[int] = range(len(rows))
        if self.site.staff.is_plain:
            differing = np.sort(np.unique(marks, return_index=True)[1]).tolist()
        crowd: Counter[int] = Counter()
        seen: set[tuple[int, frozenset[str]]] = set()
        kept: list[int] = []
        taken: list[frozenset[str]] = []
        teams: list[tuple[Team | None, ...]] = []
        for n in differing:
            row = int(rows[n])
            before = now.taken[row]
            for team in self._teams_for(k, int(at[n, k]), before):
                after = before | team.spilling if team and team.spilling else before
                if (alike[n], after) in seen:
                    continue
                if len(kept) == width or crowd[days[n]] == max(4, width // _CROWD):
                    self.cut_off = min(self.cut_off, int(bounds[n]))
                    break
                crowd[days[n]] += 1
                seen.add((alike[n], after))
                kept.append(n)
                taken.append(after)
                teams.append((*now.teams[row], team))
        return _Beginnings(at[kept], bounds[kept], taken, teams)

    def _left_to_later(self, k: int, at: Ints) -> tuple[Marks, Ints]:
        """A number for each row, the same where all later visits are left the same; and one for the days of
        those visits that later ones mind."""
        found, days = np.zeros(len(at), np.uint64), np.zeros(len(at), np.int64)
        minded: set[int] = set()
        for later in self.nodes[k + 1 :]:
            for bond in (b for b in later.bonds if b.earlier <= k):
                found += bond.marks[at[:, bond.earlier]]
                minded.add(bond.earlier)
        for i in sorted(minded):
            days = days * 1009 + np.append(self.nodes[i].openings.days, 0)[at[:, i]]
        return found, days

    def _estimates(self, node: Node, at: Ints) -> Ints | int:
        return node.free if node.parent is None else node.given[at[:, node.parent.earlier]]

    def _teams_for(self, k: int, place: int, taken: frozenset[str]) -> Sequence[Team | None]:
        if place < 0:
            return (None,)
        if self.site.staff.is_plain:
            return (LATER,)
        key = k, place, taken
        if key not in self._known:
            self._known[key] = self._find_teams(k, int(self.nodes[k].openings.starts[place]), taken)
        return self._known[key]

    def _find_teams(self, k: int, start: int, taken: frozenset[str]) -> list[Team]:
        visit, request = self.order[k], self.site.request
        spot = request.standing.get(visit.key)
        if spot and self.site.stands_at(visit.key) == start:
            return [Team(spot.resources, spot.slots, frozenset(spot.slots))]
        if (Rule.STAFF, (visit.key,)) in self.given_up:
            return [Team()]
        first = {THERAPIST: self.person} if self.person else {}
        end = start + request.minutes(visit)
        return list(self.site.staff.teams(self.site.needs(visit), start, end, taken, first))


def best_series(
    site: Site,
    *,
    given_up: GivenUp = frozenset(),
    only: frozenset[str] | None = None,
    leave_out: bool = False,
    widths: Sequence[int] = HOUSE_WIDTHS,
    steps: int = HOUSE_STEPS,
    people: Sequence[str] = (),
    at: Mapping[str, int] = MappingProxyType({}),
) -> Found | None:
    """The cheapest series found of the request's visits (or of `only` some of them), or None for none.

    `given_up` names hard rules that do not count; `leave_out` allows visits to go without a time, at a cost
    no other rule comes near; `steps` is how long a series with a time for every visit is looked for, where
    the first of the `widths` shows none; `people` are the therapists to try as the usual one (all, unless
    given), `at` starts that visits are bound to.
    """
    order = _order(site, only)
    nodes = _nodes(site, order, given_up, leave_out)
    if not nodes and order:
        return None
    passes = []
    for person in people or site.therapists():
        costs = [_costs(site, v, n, person, given_up) for v, n in zip(order, nodes, strict=True)]
        for k, visit in enumerate(order):
            if visit.key in at:
                costs[k] = np.where(nodes[k].openings.starts == at[visit.key], costs[k], NEVER)
        passes.append(_Pass(site, order, nodes, person, given_up, costs))
        passes[-1].weigh()
    passes.sort(key=lambda p: p.bound)
    best: _Answer | None = None
    for width in widths:
        least = NEVER  # what a series may cost at least that this round did not see
        for search in passes:
            budget = best[0] if best else NEVER
            if search.bound >= budget:
                break
            best = search.solve(width, budget) or best
            least = min(least, search.cut_off)
        if least >= (best[0] if best else NEVER) or (best and best[0] < LEFT_OUT and width >= HOUSE_ENOUGH):
            break
        if steps and width == widths[0] and (best is None or best[0] >= LEFT_OUT):
            whole, certain = _whole(passes, steps)
            if certain and not (whole or leave_out):
                return None
            best = whole or best
    return Found(best[0], best[1], min(best[0], least)) if best else None


def _whole(passes: Sequence[_Pass], steps: int) -> tuple[_Answer | None, bool]:
    """A series with a time for every visit; where there is none, whether that is certain."""
    certain = True
    for search in passes:
        try:
            found = search.whole(steps)
        except OutOfSteps:
            certain = False
        else:
            if found:
                return found, True
    return None, certain


def _order(site: Site, only: frozenset[str] | None) -> list[Wanted]:
    """The visits by the days on which they could be: their targets, or later by what they wait for."""
    wanted = [v for v in site.request.visits if only is None or v.key in only]
    days = {v.key: v.target.toordinal() for v in wanted}
    for v in wanted:
        if site.request.is_fixed(v.key) and (here := site.stands_at(v.key)) is not None:
            days[v.key] = site.day_of(here)
    ties = [link for link in site.request.links if set(link.keys) <= days.keys()]
    for _ in wanted:
        late = [link for link in ties if days[link.later] < days[link.earlier] + _days_apart(link)]
        for link in late:
            if not site.request.is_fixed(link.later):
                days[link.later] = max(days[link.later], days[link.earlier] + _days_apart(link))
        if not late:
            break
    return sorted(wanted, key=lambda v: (days[v.key], _ORDER[v.kind], v.number, v.key))


def _days_apart(link: Link) -> int:
    return max(link.days[0], link.hours[0] // 24)


def _nodes(site: Site, order: list[Wanted], given_up: GivenUp, leave_out: bool) -> list[Node]:
    """The tree of the visits with all that ties them, before anything is weighed."""
    request = site.request
    fixed = [request.is_fixed(v.key) for v in order]
    lengths = [request.minutes(v) for v in order]
    nodes = [
        Node(site.openings(v, given_up), LEFT_OUT if leave_out and not stands else NEVER)
        for v, stands in zip(order, fixed, strict=True)
    ]
    if not leave_out and not all(node.openings.starts.size for node in nodes):
        return []  # nothing that ties them matters then
    number = {v.key: n for n, v in enumerate(order)}
    firm: list[tuple[bool, int]] = [(False, -1)] * len(nodes)
    for link in request.links:
        if not set(link.keys) <= number.keys() or (link.rule, link.keys) in given_up:
            continue
        one, other = number[link.earlier], number[link.later]
        first, last = min(one, other), max(one, other)
        if fixed[first] and fixed[last]:
            continue
        tie = Tie(link, order[one], lengths[one], one < other, site)
        bond = _bond(nodes, first, last, tie)
        if bond is None:
            continue
        nodes[last].bonds.append(bond)
        if (tie.bounded, first) > firm[last]:
            firm[last], nodes[last].parent = (tie.bounded, first), bond
    for n, node in enumerate(nodes):
        if node.parent:
            nodes[node.parent.earlier].children.append(n)
        for i in range(n):
            if not (fixed[i] and fixed[n]):
                company = Company(order[i], order[n], (lengths[i], lengths[n]), site, given_up)
                bond = _bond(nodes, i, n, company)
                node.bonds += [bond] if bond else []
    return nodes


def _bond(nodes: list[Node], first: int, last: int, tie: Tie | Company) -> Bond | None:
    """None where it makes no difference."""
    known, wanted = nodes[first].openings, nodes[last].openings
    if not tie.minds(known.days, wanted.days):
        return None
    return Bond.of(first, last, tie.reach(known.starts, known.days), wanted.starts)


def _costs(site: Site, visit: Wanted, node: Node, person: str | None, given_up: GivenUp) -> Ints:
    """What the openings cost when `person` is the usual therapist."""
    found = node.openings
    if visit.kind is not VisitKind.CBT or person is None or (Rule.STAFF, (visit.key,)) in given_up:
        return found.costs
    changes = ~site.therapist_free(visit, person, found.starts)
    here = site.stands_at(visit.key)
    stays = found.starts == here if here is not None else np.zeros(len(changes), bool)
    if here is not None:
        changes[stays] = site.standing_therapist(visit.key) not in (person, None)
    costs = found.costs + changes * weight(Rule.SAME_THERAPIST)
    if site.request.one_person and (Rule.ONE_PERSON, ()) not in given_up:
        costs[changes & ~stays] = NEVER
    return costs
