"""The same series booked visit by visit, each at the best time that is left: what a person does at a desk."""

from __future__ import annotations

import numpy as np

from ketplan.scheduling.series.model import Request
from ketplan.scheduling.series.openings import Site
from ketplan.scheduling.series.rules import Rule, weight
from ketplan.scheduling.series.search import Found, Spot, known
from ketplan.scheduling.series.staff import Team
from ketplan.scheduling.series.ties import Company, Tie
from ketplan.scheduling.series.tree import LATE


def book(site: Site) -> Found:
    request, spots = site.request, dict[str, Spot | None]()
    total = 0
    for visit in sorted(request.visits, key=lambda v: (v.target, v.key)):
        found = site.openings(visit)
        costs = found.costs + _owed(site, request, visit.key, spots, found.starts)
        best = int(costs.argmin()) if len(costs) else -1
        if best < 0 or costs[best] >= weight(Rule.LEFT_OUT):
            spots[visit.key], total = None, total + weight(Rule.LEFT_OUT)
        else:
            spots[visit.key] = Spot(int(found.starts[best]), int(found.days[best]), Team())
            total += int(costs[best])
    return Found(total, spots, 0)


def _owed(
    site: Site, request: Request, key: str, spots: dict[str, Spot | None], starts: np.ndarray
) -> np.ndarray:
    """What each start costs beside the visits that are booked: nothing, lateness, or too much."""
    visits = {v.key: v for v in request.visits}
    reaches = [
        Tie(
            link, visits[link.earlier], request.minutes(visits[link.earlier]), other == link.earlier, site
        ).reach(*known(spot))
        for link in request.links
        if key in link.keys
        for other in link.keys
        if other != key and (spot := spots.get(other))
    ]
    for other, spot in spots.items():
        if spot:
            lengths = request.minutes(visits[other]), request.minutes(visits[key])
            company = Company(visits[other], visits[key], lengths, site, frozenset())
            reaches.append(company.reach(*known(spot)))
    cost = np.zeros(len(starts), np.int64)
    for reach in reaches:
        if reach.allowed:
            out = (starts < reach.allowed[0]) | (starts > reach.allowed[1])
            cost += out * weight(Rule.LEFT_OUT)
        if reach.barred:
            out = (reach.barred[0] < starts) & (starts < reach.barred[1])
            cost += out * weight(Rule.LEFT_OUT)
        if reach.wished:
            cost += ((starts < reach.wished[0]) | (starts > reach.wished[1])) * LATE
    return cost
