"""Other times for one visit of a series: what each costs, and what else would move for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ketplan.scheduling.series.model import Chosen, Request, Series, Standing
from ketplan.scheduling.series.openings import Openings, Site
from ketplan.scheduling.series.planning import chosen_visits
from ketplan.scheduling.series.search import best_series
from ketplan.scheduling.series.staff import minute
from ketplan.scheduling.wall_clock import instant

# House defaults: how many are offered, how many tried for each of them, and how hard.
HOUSE_COUNT = 3
HOUSE_TRIES = 3
HOUSE_WIDTHS = (16,)
# Minutes by which another time differs enough to be worth offering.
_APART = 60


@dataclass(frozen=True, slots=True)
class Alternative:
    """`costs` is what it adds by the table of rules; `moves` pairs where each other visit is with where it
    would have to go."""

    chosen: Chosen
    costs: int
    moves: tuple[tuple[Chosen, Chosen], ...]


def alternatives(
    request: Request, series: Series, key: str, count: int = HOUSE_COUNT
) -> tuple[Alternative, ...]:
    """Up to `count` other times for a visit, the cheapest first, by every hard rule; all other visits of the
    series stay where they are unless they must move. Raises KeyError for a visit the series has no time for.
    """
    mine = next((c for c in series.chosen if c.visit.key == key), None)
    if mine is None or request.is_fixed(key):
        raise KeyError(key)
    there = {c.visit.key: c for c in series.chosen}
    standing = {k: _standing(request, c) for k, c in there.items() if k != key}
    kept = {k: v for k, v in request.standing.items() if k == key}
    visits = tuple(v for v in request.visits if v.key in there)
    links = tuple(link for link in request.links if set(link.keys) <= there.keys())
    site = Site(replace(request, visits=visits, links=links, standing=standing | kept))
    now = best_series(site, at={key: minute(instant(mine.start))}, widths=HOUSE_WIDTHS)
    found = []
    for start in _others(site.openings(mine.visit), minute(instant(mine.start)), HOUSE_TRIES * count):
        other = best_series(site, at={key: start}, widths=HOUSE_WIDTHS)
        if other and now:
            placed = {c.visit.key: c for c in chosen_visits(site, other)}
            moves = ((there[k], c) for k, c in placed.items() if k != key and c.start != there[k].start)
            found.append(Alternative(placed[key], other.cost - now.cost, tuple(moves)))
    return tuple(sorted(found, key=lambda a: (a.costs, instant(a.chosen.start)))[:count])


def _standing(request: Request, c: Chosen) -> Standing:
    known = request.standing.get(c.visit.key)
    spot = Standing(c.start, c.end, c.resources, c.slots)
    return replace(spot, firmness=known.firmness) if known else spot


def _others(found: Openings, now: int, most: int) -> Iterator[int]:
    """Other starts, each day's cheapest one and one at another time, the cheapest days first."""
    by_day: dict[int, list[tuple[int, int]]] = {}
    for start, day, cost in zip(
        found.starts.tolist(), found.days.tolist(), found.costs.tolist(), strict=True
    ):
        if abs(start - now) >= _APART:
            by_day.setdefault(day, []).append((cost, start))
    offers: list[tuple[int, int]] = []
    for times in by_day.values():
        cost, first = min(times)
        offers.append((cost, first))
        offers += sorted(t for t in times if abs(t[1] - first) >= _APART)[:1]
    yield from (start for _, start in sorted(offers)[:most])
