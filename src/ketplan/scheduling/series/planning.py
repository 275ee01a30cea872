"""One patient's series: the best there is, or what stands in its way and the cheapest ways out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.series.conflicts import conflict
from ketplan.scheduling.series.model import Chosen, Firmness, Level, Refused, Request, Series, Wanted
from ketplan.scheduling.series.openings import Site
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.series.search import Found, Spot, best_series, known
from ketplan.scheduling.series.staff import moment_of
from ketplan.scheduling.series.ties import Tie
from ketplan.scheduling.series.words import why_here, why_nowhere


def plan(request: Request) -> Series:
    """The cheapest series that keeps every hard rule.

    When there is none, as many visits as possible have their time, each of the others says why it has none,
    and `conflict` names rules that cannot hold together, with what a person could give up.
    """
    site = Site(request)
    found = best_series(site, leave_out=True)
    assert found is not None  # leaving everything out is always possible
    return written(site, found)


def written(site: Site, found: Found) -> Series:
    """What the search found, as a series with its words."""
    chosen = tuple(chosen_visits(site, found))
    refused = tuple(
        Refused(v, why_nowhere(site, v, found.spots)) for v in site.request.visits if not found.spots[v.key]
    )
    return Series(
        site.request.clinic.zone,
        chosen,
        refused,
        found.cost,
        found.proven,
        conflict(site, found) if refused else None,
        found.bound,
    )


def chosen_visits(site: Site, found: Found) -> list[Chosen]:
    """The visits that have a time, in order of it."""
    usual = _usual(site, found.spots)
    late = _late(site, found.spots)
    kept = [(v, spot) for v in site.request.visits if (spot := found.spots.get(v.key))]
    return [
        _chosen(site, visit, found.spots, _unkept(site, visit, spot, usual, visit.key in late))
        for visit, spot in sorted(kept, key=lambda pair: (pair[1].start, pair[0].key))
    ]


def _chosen(site: Site, visit: Wanted, spots: Mapping[str, Spot | None], unkept: tuple[Rule, ...]) -> Chosen:
    spot = spots[visit.key]
    assert spot is not None
    start, end = moment_of(spot.start), moment_of(spot.start + site.request.minutes(visit))
    standing = site.request.standing.get(visit.key)
    if standing and site.stands_at(visit.key) == spot.start:
        start, end = standing.start, standing.end
    return Chosen(
        visit,
        start.astimezone(site.zone),
        end.astimezone(site.zone),
        visit.windows.level(date.fromordinal(spot.day)),
        why_here(site, visit, spots, unkept),
        spot.team.resources,
        spot.team.slots,
        unkept,
    )


def _unkept(site: Site, visit: Wanted, spot: Spot, usual: str | None, late: bool) -> tuple[Rule, ...]:
    standing = site.request.standing.get(visit.key)
    changed = _therapist(site, visit, spot) not in (usual, None)
    if site.request.is_fixed(visit.key):
        return (Rule.SAME_THERAPIST,) if changed else ()
    level = visit.windows.level(date.fromordinal(spot.day))
    moved = standing is not None and site.stands_at(visit.key) != spot.start
    confirmed = standing is not None and standing.firmness is Firmness.CONFIRMED
    checks = {
        Rule.PREFERRED: level > Level.PREFERRED,
        Rule.ACCEPTABLE: level > Level.ACCEPTABLE,
        Rule.CBT_AFTER_DOSE: late,
        Rule.SAME_THERAPIST: changed,
        Rule.CONFIRMED if confirmed else Rule.BOOKED: moved,
    }
    return tuple(rule for rule, broken in checks.items() if broken)


def _therapist(site: Site, visit: Wanted, spot: Spot) -> str | None:
    if visit.kind is not VisitKind.CBT:
        return None
    return site.staff.therapist(spot.team.resources)


def _usual(site: Site, spots: Mapping[str, Spot | None]) -> str | None:
    """Who has most of the sessions."""
    people = Counter(
        person
        for v in site.request.visits
        if (spot := spots.get(v.key)) and (person := _therapist(site, v, spot))
    )
    return max(sorted(people), key=lambda p: people[p], default=None)


def _late(site: Site, spots: Mapping[str, Spot | None]) -> set[str]:
    """Sessions that miss the window after their dose."""
    visits = {v.key: v for v in site.request.visits}
    found = set()
    for link in site.request.links:
        one, other = spots.get(link.earlier), spots.get(link.later)
        if not one or not other or all(site.request.is_fixed(key) for key in link.keys):
            continue
        earlier = visits[link.earlier]
        tie = Tie(link, earlier, site.request.minutes(earlier), True, site)
        wished = tie.reach(*known(one)).wished
        if wished and other.start > wished[1][0]:
            found.add(link.later)
    return found
