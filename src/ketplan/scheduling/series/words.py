"""The sentences that say why a visit is where it is, or has no time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from ketplan.scheduling.series.model import Level, Wanted
from ketplan.scheduling.series.openings import Site, window_words
from ketplan.scheduling.series.rules import TABLE, Rule
from ketplan.scheduling.series.search import Spot, known
from ketplan.scheduling.series.staff import moment_of
from ketplan.scheduling.series.ties import Company, Tie
from ketplan.scheduling.wall_clock import clock_words, day_words

LEFT = "It is booked and stays where it is."
TOGETHER = "the series fits together best so"
NO_ROOM = "it does not go with the other visits"


def when(site: Site, start: int) -> str:
    """ "Sat 7 Mar, 09:00"."""
    moment = moment_of(start)
    return f"{day_words(moment.astimezone(site.zone).date())}, {clock_words(moment, site.zone)}"


def why_here(site: Site, visit: Wanted, spots: Mapping[str, Spot | None], unkept: Iterable[Rule]) -> str:
    """Why that day, with whom, and which wishes could not be met."""
    spot = spots[visit.key]
    assert spot is not None
    here = site.stands_at(visit.key)
    if here == spot.start:
        return LEFT
    day = date.fromordinal(spot.day)
    lead = "On its target day." if day == visit.target else _moved(site, visit, spots)
    if here is not None:
        lead = f"It was booked for {when(site, here)}. {lead}"
    level = visit.windows.level(day)
    parts = [lead, _window(visit, level), _with(site, visit, spot)]
    parts += [f"Not kept: {TABLE[rule].words}." for rule in unkept if rule not in _IN_THE_WINDOW]
    return " ".join(p for p in parts if p)


_IN_THE_WINDOW = (Rule.PREFERRED, Rule.ACCEPTABLE, Rule.BOOKED, Rule.CONFIRMED)


def _moved(site: Site, visit: Wanted, spots: Mapping[str, Spot | None]) -> str:
    reason = site.why_not(visit, visit.target) or tied(site, visit, visit.target, spots) or TOGETHER
    return f"Moved from {day_words(visit.target)}: {reason}."


def _window(visit: Wanted, level: Level) -> str:
    if level is Level.BEYOND:
        return f"Beyond its window, {window_words(visit.windows.absolute)}. Reason: {visit.windows.override}"
    if level is Level.ABSOLUTE:
        return f"Outside the acceptable dates, {window_words(visit.windows.acceptable)}."
    if level is Level.ACCEPTABLE:
        return f"Outside the preferred dates, {window_words(visit.windows.preferred)}."
    return ""


def _with(site: Site, visit: Wanted, spot: Spot) -> str:
    if visit.telephone or not visit.needs:
        return ""
    if not spot.team.resources:
        return "No calendar was consulted: only clinic hours were respected."
    *most, last = [site.staff.names.get(r, r) for r in spot.team.resources]
    people = f"{', '.join(most)} and {last}" if most else last
    asked = {n.service for n, _ in site.needs(visit)}
    silent = [n.service for n in visit.needs if n.service not in asked]
    rest = f" No {' or '.join(silent)} calendar was consulted." if silent else ""
    return f"With {people}.{rest}"


def tied(site: Site, visit: Wanted, day: date, spots: Mapping[str, Spot | None]) -> str | None:
    """Which other visit leaves no time on a day, in words; None when none of them does by itself."""
    visits = {v.key: v for v in site.request.visits}
    lengths = {key: site.request.minutes(v) for key, v in visits.items()}
    starts = site.possible(visit, day)
    for link in site.request.links:
        other = next((k for k in link.keys if k != visit.key), None) if visit.key in link.keys else None
        spot = spots.get(other) if other else None
        if not other or not spot:
            continue
        tie = Tie(link, visits[link.earlier], lengths[link.earlier], other == link.earlier, site)
        if not tie.reach(*known(spot)).leaves(starts):
            return f"{visits[other].title} is on {when(site, spot.start)}, and {TABLE[link.rule].words}"
    for other, spot in spots.items():
        if other == visit.key or not spot:
            continue
        bond = Company(visits[other], visit, (lengths[other], lengths[visit.key]), site, frozenset())
        if not bond.reach(*known(spot)).leaves(starts):
            rule = Rule.REST if bond.apart else Rule.ONE_BODY
            return f"{visits[other].title} is on {when(site, spot.start)}, and {TABLE[rule].words}"
    return None


def why_nowhere(site: Site, visit: Wanted, spots: Mapping[str, Spot | None]) -> str:
    """Why a visit was left out: the reasons of its days, the commonest first."""
    reasons: dict[str, int] = {}
    first, last = site.dates(visit)
    for n in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(n)
        words = (
            site.why_not(visit, day)
            or tied(site, visit, day, spots)
            or "it does not go with the other visits"
        )
        reasons[words] = reasons.get(words, 0) + 1
    most = sorted(reasons, key=lambda w: -reasons[w])[:3]
    return f"No time was found from {window_words((first, last))}: {'; '.join(most)}."
