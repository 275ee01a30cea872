"""The best series: the tree's bound leads the way, a depth-first search proves it.

Visits are settled in order of their targets. What remains to be settled depends on few of the settled ones,
the last dose and the last session mostly; what was learnt about such a state is kept, so that no state is
worked out twice. The answer is exact unless the search is stopped by its limit, which it then says.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.resources import THERAPIST
from ketplan.scheduling.series.model import Request, Wanted
from ketplan.scheduling.series.openings import GivenUp, Openings, Site
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.staff import Team
from ketplan.scheduling.series.ties import Company, Tie
from ketplan.scheduling.series.tree import LATE, NEVER, Node, grow

LEFT_OUT = weight(Rule.LEFT_OUT)
# House default: how many times a visit is tried somewhere before the best found so far has to do.
HOUSE_LIMIT = 60_000

_ORDER = {VisitKind.INFUSION: 0, VisitKind.CBT: 1, VisitKind.FOLLOW_UP: 2}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a visit was put, in minutes, and by whom it is taken."""

    start: int
    day: int
    team: Team


Answer = tuple[int, tuple[Spot | None, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """The cheapest series: a spot for each visit (None: left out), and whether none can be cheaper."""

    cost: int
    spots: dict[str, Spot | None]
    proven: bool


@dataclass(slots=True)
class Limit:
    left: int = HOUSE_LIMIT

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


@dataclass
class _Pass:
    """One search, with one therapist as the usual one."""

    site: Site
    order: list[Wanted]
    nodes: list[Node]
    ties: list[list[tuple[int, Tie]]]
    company: list[list[tuple[int, Company]]]
    therapist: str | None
    given_up: GivenUp
    limit: Limit
    at: list[tuple[int, int]] = field(default_factory=list)
    known: dict[tuple[object, ...], tuple[int, Answer | None]] = field(default_factory=dict)
    always: list[list[int]] = field(default_factory=list)
    sometimes: list[list[tuple[int, int]]] = field(default_factory=list)

    def solve(self, budget: int) -> Answer | None:
        """The cheapest answer below the budget, or None."""
        bound = grow(self.nodes)
        if bound >= min(budget, NEVER):
            return None
        self.at = [(-1, -1)] * len(self.nodes)
        self._watch()
        return self._settle(0, budget, bound, frozenset())

    def _watch(self) -> None:
        """For each step, which settled visits the rest depends on: always, or from some start onwards."""
        size = len(self.nodes)
        self.always = [[] for _ in range(size)]
        self.sometimes = [[] for _ in range(size)]
        for i in range(size):
            until, forever = NEVER, -1
            limits: list[tuple[int, int]] = []
            for j in range(size - 1, i, -1):
                starts = self.nodes[j].openings.starts
                bonds: list[tuple[int, Tie | Company]] = [*self.ties[j], *self.company[j]]
                for bond in (b for n, b in bonds if n == i):
                    if bond.lasting is None:
                        forever = max(forever, j)
                    elif starts:
                        until = min(until, starts[0] - bond.lasting)
                limits.append((j, until))
            for j, least in limits:
                if j <= forever:
                    self.always[j].append(i)
                elif least < NEVER:
                    self.sometimes[j].append((i, least))

    def _state(self, k: int, taken: frozenset[str]) -> tuple[object, ...]:
        at = self.at
        late = [(i, at[i][0]) for i, least in self.sometimes[k] if at[i][0] > least]
        return (k, taken, tuple([at[i][0] for i in self.always[k]]), tuple(late))

    def _settle(self, k: int, budget: int, pending: int, taken: frozenset[str]) -> Answer | None:
        """The cheapest way to settle visits k and on, or None when none is below the budget.

        `pending` is the tree's bound for them.
        """
        if pending >= budget:
            return None
        if k == len(self.nodes):
            return 0, ()
        state = self._state(k, taken)
        least, answer = self.known.get(state, (0, None))
        if answer or least >= budget:
            return answer if answer and answer[0] < budget else None
        node, best, ceiling = self.nodes[k], None, budget
        others = pending - self._estimate(node)
        for i, bound, late in self._ways(k):
            if bound + others >= ceiling or not self.limit.spend():
                break
            tried = self._try(k, i, late, ceiling, others + bound, taken)
            if tried:
                best, ceiling = tried, tried[0]
        if self.limit.left >= 0:
            self.known[state] = (ceiling, best)
        self.at[k] = (-1, -1)
        return best

    def _try(
        self, k: int, i: int | None, late: int, ceiling: int, bound: int, taken: frozenset[str]
    ) -> Answer | None:
        node, best = self.nodes[k], None
        if i is None:
            cost = node.droppable
            self.at[k] = (-1, -1)
            rest = self._settle(k + 1, ceiling - cost, bound - cost, taken)
            return (cost + rest[0], (None, *rest[1])) if rest else None
        start, day = node.openings.starts[i], node.openings.days[i]
        cost = node.openings.costs[i] + late
        for team in self._teams(k, start, taken):
            self.at[k] = (start, day)
            rest = self._settle(k + 1, ceiling - cost, bound - cost, taken | team.spilling)
            if rest:
                best = (cost + rest[0], (Spot(start, day, team), *rest[1]))
                ceiling = best[0]
        return best

    def _teams(self, k: int, start: int, taken: frozenset[str]) -> Iterator[Team]:
        visit, request = self.order[k], self.site.request
        spot = request.standing.get(visit.key)
        if spot and self.site.stands_at(visit.key) == start:
            yield Team(spot.resources, spot.slots, frozenset(spot.slots))
            return
        if (Rule.STAFF, (visit.key,)) in self.given_up:
            yield Team()
            return
        first = {THERAPIST: self.therapist} if self.therapist else {}
        yield from self.site.staff.teams(
            self.site.needs(visit), start, start + request.minutes(visit), taken, first
        )

    def _estimate(self, node: Node) -> int:
        if node.parent is None:
            return node.free
        start = self.at[node.parent][0]
        if start < 0:
            return node.given[-1]
        return node.given[bisect_left(self.nodes[node.parent].openings.starts, start)]

    def _ways(self, k: int) -> Iterator[tuple[int | None, int, int]]:
        """Openings that go with what is settled: index, bound with all that hangs on it, cost of lateness."""
        node = self.nodes[k]
        starts, total = node.openings.starts, node.total
        first, end, wishes = 0, len(starts), []
        for i, tie in self.ties[k]:
            start, day = self.at[i]
            if start < 0 or (node.fixed and self.nodes[i].fixed):
                continue
            reach = tie.reach(start, day)
            first = max(first, bisect_left(starts, reach.low))
            end = min(end, bisect_right(starts, reach.high))
            if tie.link.wished is not None:
                wishes.append(reach)
        found = []
        for i in range(first, end):
            late = sum(not w.wish_low <= starts[i] <= w.wish_high for w in wishes) * LATE if wishes else 0
            found.append((total[i] + late, i, late))
        found.sort()
        near = [(self.at[i], c) for i, c in self.company[k] if self.at[i][0] >= 0]
        near = [(at, c) for at, c in near if not (first < end and c.is_past(at[0], starts[first]))]
        waiting = node.left_out
        for bound, i, late in found:
            if bound >= NEVER:
                break
            if waiting < bound:
                yield None, waiting, 0
                waiting = NEVER
            spot = starts[i], node.openings.days[i]
            if not any(c.rule_out(at, spot) for at, c in near):
                yield i, bound, late
        if waiting < NEVER:
            yield None, waiting, 0


def best_series(
    site: Site,
    *,
    given_up: GivenUp = frozenset(),
    only: frozenset[str] | None = None,
    leave_out: bool = False,
    limit: Limit | None = None,
) -> Found | None:
    """The cheapest series of the request's visits (or of `only` some of them), or None when there is none.

    `given_up` names hard rules that do not count; `leave_out` allows visits to go without a time, at a cost
    no other rule comes near.
    """
    limit = limit or Limit()
    order = _order(site.request, only)
    openings = [site.openings(v, given_up) for v in order]
    best: Found | None = None
    for person in site.therapists():
        budget = best.cost if best else NEVER
        search = _prepare(site, order, openings, person, given_up, leave_out, limit)
        answer = search.solve(budget)
        if answer:
            spots = {v.key: spot for v, spot in zip(order, answer[1], strict=True)}
            best = Found(answer[0], spots, True)
    if best and limit.left < 0:
        return Found(best.cost, best.spots, False)
    return best


def _order(request: Request, only: frozenset[str] | None) -> list[Wanted]:
    wanted = [v for v in request.visits if only is None or v.key in only]
    return sorted(wanted, key=lambda v: (v.target, _ORDER[v.kind], v.number, v.key))


def _prepare(
    site: Site,
    order: list[Wanted],
    openings: list[Openings],
    person: str | None,
    given_up: GivenUp,
    leave_out: bool,
    limit: Limit,
) -> _Pass:
    request = site.request
    number = {v.key: n for n, v in enumerate(order)}
    nodes = [
        Node(
            with_therapist(site, v, o, person, given_up),
            request.is_fixed(v.key),
            LEFT_OUT if leave_out and not request.is_fixed(v.key) else NEVER,
        )
        for v, o in zip(order, openings, strict=True)
    ]
    ties: list[list[tuple[int, Tie]]] = [[] for _ in order]
    for link in request.links:
        if not set(link.keys) <= number.keys() or (link.rule, link.keys) in given_up:
            continue
        one, other = number[link.earlier], number[link.later]
        earlier = order[one]
        tie = Tie(link, earlier, request.minutes(earlier), one < other, site)
        ties[max(one, other)].append((min(one, other), tie))
    for n, node in enumerate(nodes):
        if ties[n]:
            node.parent, node.tie = max(ties[n], key=lambda t: (t[1].bounded, t[0]))
            nodes[node.parent].children.append(n)
    [request.minutes(v) for v in order]
    company = [
        [
            (
                i,
                Company(
                    order[i], order[j], (request.minutes(order[i]), request.minutes(order[j])), site, given_up
                ),
            )
            for i in range(j)
            if not (nodes[i].fixed and nodes[j].fixed) and _meet(nodes[i].openings, nodes[j].openings)
        ]
        for j in range(len(order))
    ]
    return _Pass(site, order, nodes, ties, company, person, given_up, limit)


def _meet(one: Openings, other: Openings) -> bool:
    """Whether two visits could come within three days of each other."""
    if not one.days or not other.days:
        return False
    return one.days[0] - 3 <= other.days[-1] and other.days[0] - 3 <= one.days[-1]


def with_therapist(
    site: Site, visit: Wanted, found: Openings, person: str | None, given_up: GivenUp
) -> Openings:
    """The openings as they cost when `person` is the usual therapist."""
    if visit.kind is not VisitKind.CBT or person is None or (Rule.STAFF, (visit.key,)) in given_up:
        return found
    here = site.stands_at(visit.key)
    changes = [
        site.standing_therapist(visit.key) not in (person, None)
        if start == here
        else not site.therapist_free(visit, person, start)
        for start in found.starts
    ]
    change = weight(Rule.SAME_THERAPIST)
    if not site.request.one_person or (Rule.ONE_PERSON, ()) in given_up:
        costs = [c + change if changed else c for c, changed in zip(found.costs, changes, strict=True)]
        return Openings(found.starts, found.days, costs)
    kept = [n for n, changed in enumerate(changes) if not changed or found.starts[n] == here]
    costs = [found.costs[n] + changes[n] * change for n in kept]
    return Openings([found.starts[n] for n in kept], [found.days[n] for n in kept], costs)
