"""When a series has no place for every visit: which rules cannot hold together, and what could be given up.

First the fewest visits that cannot all stand are found, then the smallest set of rules on them that cannot
hold: none of the rules named can be spared from the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from math import comb

from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.series.model import Conflict, Named, Offer, Wanted
from ketplan.scheduling.series.openings import GivenUp, Site, window_words
from ketplan.scheduling.series.rules import TABLE, Rule
from ketplan.scheduling.series.search import Found, best_series
from ketplan.scheduling.series.staff import moment_of
from ketplan.scheduling.series.words import when

# House defaults: how much is spent on one question, on how many sets of rules, and how many ways out shown.
HOUSE_QUESTION = (8, 128)
HOUSE_SETS = 250
HOUSE_OFFERS = 4


def conflict(site: Site, part: Found) -> Conflict:
    """Why not every visit has its time, and the cheapest ways out. `part` is the best series with visits
    left out."""
    keys = _stuck(site, part)
    rules = _smallest(site, keys, tuple(_named(site, keys)))
    return Conflict(rules, _offers(site, keys, rules))


def _stands(site: Site, keys: Iterable[str], given_up: Iterable[Named] = ()) -> bool:
    wanted, up = frozenset(keys), _given(given_up)
    return best_series(site, only=wanted, given_up=up, widths=HOUSE_QUESTION) is not None


def _given(rules: Iterable[Named]) -> GivenUp:
    return frozenset((r.rule, () if r.rule in _EVERYWHERE else r.keys) for r in rules)


_EVERYWHERE = (Rule.REST, Rule.ONE_BODY, Rule.ONE_PERSON)


def _stuck(site: Site, part: Found) -> tuple[str, ...]:
    """The fewest visits that cannot all stand, among them one that was left out."""
    left_out = [v.key for v in site.request.visits if not part.spots[v.key]]
    kept = [v.key for v in site.request.visits if part.spots[v.key]]
    for key in left_out:
        if not _stands(site, [key]):
            return (key,)
    for key in left_out:
        for other in (k for k in (*kept, *left_out) if k != key):
            if not _stands(site, [key, other]):
                return tuple(v.key for v in site.request.visits if v.key in (key, other))
    found = _needed(site, left_out[:1], kept)
    if _stands(site, [left_out[0], *found]):
        found = _needed(site, left_out[:1], [*kept, *left_out[1:]])
    return tuple(v.key for v in site.request.visits if v.key in {left_out[0], *found})


def _needed(site: Site, ground: Sequence[str], doubted: Sequence[str]) -> list[str]:
    """Of the doubted visits those without which the rest could stand, halving them as long as it helps."""
    if not doubted or not _stands(site, ground):
        return []
    if len(doubted) == 1:
        return list(doubted)
    half = len(doubted) // 2
    one, other = doubted[:half], doubted[half:]
    second = _needed(site, [*ground, *one], other)
    first = _needed(site, [*ground, *second], one)
    return [*first, *second]


def _named(site: Site, keys: Sequence[str]) -> Iterator[Named]:
    request = site.request
    visits = [v for v in request.visits if v.key in keys]
    for v in visits:
        if not request.is_fixed(v.key):
            yield from (Named(rule, (v.key,), words) for rule, words in _own_rules(site, v))
    titles = {v.key: v.title for v in visits}
    for link in request.links:
        if set(link.keys) <= set(keys):
            both = f"{titles[link.earlier]} and {titles[link.later]}"
            yield Named(link.rule, link.keys, f"{TABLE[link.rule].words} ({both})")
    kinds = {v.kind for v in visits}
    if kinds >= {VisitKind.INFUSION, VisitKind.CBT}:
        yield Named(Rule.REST, tuple(keys), TABLE[Rule.REST].words)
    if len(visits) > 1:
        yield Named(Rule.ONE_BODY, tuple(keys), TABLE[Rule.ONE_BODY].words)
    if request.one_person and VisitKind.CBT in kinds:
        yield Named(Rule.ONE_PERSON, tuple(keys), TABLE[Rule.ONE_PERSON].words)


def _own_rules(site: Site, visit: Wanted) -> Iterator[tuple[Rule, str]]:
    patient, title = site.request.patient, visit.title
    window = window_words(visit.windows.widest)
    if site.midnight(visit.windows.widest[0].toordinal()) < site.now:
        yield Rule.PAST, TABLE[Rule.PAST].words
    yield Rule.ABSOLUTE, f"{title} belongs between {window.replace(' to ', ' and ')}"
    if not visit.telephone:
        yield Rule.CLOSED, f"{title} is on a day on which the clinic is open"
    yield Rule.HOURS, f"{title} is inside clinic hours"
    if patient.away:
        away = ", ".join(window_words(dates) for dates in patient.away)
        yield Rule.AWAY, f"{title} cannot be while the patient is away ({away})"
    if visit.escort and patient.escort_weekdays is not None:
        yield Rule.ESCORT, f"{title} needs an escort"
    if patient.busy:
        yield Rule.BUSY, f"{title} keeps clear of the patient's other appointments"
    services = [n.service for n, _ in site.needs(visit)]
    if services:
        yield Rule.STAFF, f"{title} needs a free {' and '.join(services)}"


def _smallest(site: Site, keys: Sequence[str], named: Sequence[Named]) -> tuple[Named, ...]:
    """The smallest set of rules that leaves no way for the visits."""
    core = list(named)
    for rule in named:
        rest = [r for r in core if r is not rule]
        if not _hold(site, keys, named, rest):
            core = rest
    for size in range(1, len(core)):
        if comb(len(named), size) > HOUSE_SETS:
            break
        for fewer in combinations(named, size):
            if not _hold(site, keys, named, fewer):
                return fewer
    return tuple(core)


def _hold(site: Site, keys: Sequence[str], named: Sequence[Named], kept: Sequence[Named]) -> bool:
    return _stands(site, keys, [r for r in named if r not in kept])


def _offers(site: Site, keys: Sequence[str], rules: Sequence[Named]) -> tuple[Offer, ...]:
    """What a person could give up so that the visits find a time, the cheapest first."""
    priced = [r for r in rules if TABLE[r.rule].price is not None]
    for size in range(1, len(priced) + 1):
        tried = (_offer(site, keys, up) for up in combinations(priced, size))
        found = sorted((o for o in tried if o), key=lambda o: (o.price, o.words))
        if found:
            return tuple(found[:HOUSE_OFFERS])
    return ()


def _offer(site: Site, keys: Sequence[str], given_up: tuple[Named, ...]) -> Offer | None:
    found = best_series(site, given_up=_given(given_up), leave_out=True, widths=HOUSE_QUESTION)
    if found is None or not all(found.spots[key] for key in keys):
        return None
    visits = {v.key: v for v in site.request.visits}
    changed = list(dict.fromkeys(key for r in given_up for key in r.keys))
    times = [(k, moment_of(spot.start).astimezone(site.zone)) for k in changed if (spot := found.spots[k])]
    where = ", ".join(
        f"{visits[k].title} on {when(site, spot.start)}" for k in changed if (spot := found.spots[k])
    )
    offers = " and ".join(TABLE[r.rule].offer for r in given_up)
    price = sum(TABLE[r.rule].price or 0 for r in given_up)
    return Offer(given_up, price, f"{offers[0].upper()}{offers[1:]}: {where}.", tuple(times))
