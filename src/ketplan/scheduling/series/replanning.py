"""What is left of a series after a change, with the least disturbance to what is booked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ketplan.scheduling.series.model import (
    Chosen,
    Dates,
    Firmness,
    Request,
    Series,
    Standing,
    Wanted,
)
from ketplan.scheduling.series.planning import plan
from ketplan.scheduling.series.rules import Rule
from ketplan.scheduling.series.staff import without
from ketplan.scheduling.wall_clock import edge, instant


class Scope(StrEnum):
    """What may move besides the changed visits: nothing, or whatever follows the first of them, with the
    checks that come before a lost dose."""

    THIS = "this"
    FOLLOWING = "this and following"


@dataclass(frozen=True, slots=True)
class Lost:
    """A visit that was missed or cancelled, or a dose that is held: it is looked for from `not_before` on."""

    key: str
    not_before: date


@dataclass(frozen=True, slots=True)
class Moved:
    """A visit that somebody moved, here or in the EHR: it stays where it is now."""

    key: str
    to: Standing


@dataclass(frozen=True, slots=True)
class Gone:
    """A provider, chair or room that is not there from the first to the last of some dates."""

    resource: str
    dates: Dates


Change = Lost | Moved | Gone


@dataclass(frozen=True, slots=True)
class Report:
    """What a change does, before anything is written: `moved` pairs where a booked visit stood with where it
    would stand, `call` names those to be told: "patient", or a resource's reference. What has no place is in
    `series.refused`, with the offers in `series.conflict`."""

    series: Series
    kept: tuple[Chosen, ...]
    moved: tuple[tuple[Standing, Chosen], ...]
    added: tuple[Chosen, ...]
    cancelled: tuple[str, ...]
    call: tuple[str, ...]


def replan(
    request: Request, changes: Sequence[Change], *, now: datetime, scope: Scope = Scope.FOLLOWING
) -> Report:
    """Plan the rest again. Whatever began before `now` is never touched, unless it is lost.

    `request.standing` says what is booked; after a switch of protocol `request.visits` are the new ones, and
    booked visits that are not among them are cancelled.
    """
    after = request_after(request, changes, now=now, scope=scope)
    series = plan(after)
    booked = request.standing
    there = [(booked.get(c.visit.key), c) for c in series.chosen]
    kept = tuple(c for was, c in there if was and _same(was, c))
    moved = tuple((was, c) for was, c in there if was and not _same(was, c))
    wanted = {v.key for v in request.visits}
    cancelled = tuple(sorted(booked.keys() - wanted))
    people = [r for was, c in moved for r in (*was.resources, *c.resources)]
    people += [r for key in cancelled for r in booked[key].resources]
    told = ["patient", *people] if moved or cancelled else []
    added = tuple(c for was, c in there if not was)
    return Report(series, kept, moved, added, cancelled, tuple(dict.fromkeys(told)))


def request_after(request: Request, changes: Sequence[Change], *, now: datetime, scope: Scope) -> Request:
    """The request with the changes in it; times of visits that are lost are open again."""
    standing, resources, visits = dict(request.standing), request.resources, request.visits
    for key, spot in standing.items():
        if instant(spot.start) < instant(now):
            standing[key] = replace(spot, firmness=Firmness.FIXED)
    touched: list[datetime] = []
    for change in changes:
        hit = _hit(change, request)
        touched += [instant(request.standing[key].start) for key in hit if key in request.standing]
        for key in hit:
            standing.pop(key, None)
        if isinstance(change, Moved):
            standing[change.key] = replace(change.to, firmness=Firmness.FIXED)
        elif isinstance(change, Gone):
            span = _span(change, request)
            resources = tuple(
                replace(r, free=tuple(without(r.free, [span]))) if r.reference == change.resource else r
                for r in resources
            )
        else:
            visits = _later(visits, change)
    first = min(touched, default=instant(now))
    along = _checks(request, {change.key for change in changes if isinstance(change, Lost)})
    for key, spot in standing.items():
        if scope is Scope.THIS or (instant(spot.start) < first and key not in along):
            standing[key] = replace(spot, firmness=Firmness.FIXED)
    start = max(instant(now), instant(request.not_before))
    return replace(request, standing=standing, resources=resources, visits=visits, not_before=start)


def _checks(request: Request, lost: Collection[str]) -> set[str]:
    return {k.earlier for k in request.links if k.rule is Rule.BEFORE_DOSE and k.later in lost}


def _same(was: Standing, c: Chosen) -> bool:
    return instant(was.start) == instant(c.start) and was.resources == c.resources


def _span(gone: Gone, request: Request) -> tuple[datetime, datetime]:
    first, last = gone.dates
    midnight = datetime.min.time()
    zone = request.clinic.tz
    return edge(first, midnight, zone), edge(last + timedelta(days=1), midnight, zone)


def _hit(change: Change, request: Request) -> list[str]:
    """Booked visits that cannot stay where they are."""
    if not isinstance(change, Gone):
        return [change.key]
    start, end = _span(change, request)
    return [
        key
        for key, spot in request.standing.items()
        if change.resource in spot.resources
        and spot.firmness is not Firmness.FIXED
        and start < instant(spot.end)
        and instant(spot.start) < end
    ]


def _later(visits: Sequence[Wanted], lost: Lost) -> tuple[Wanted, ...]:
    """The lost visit's windows begin anew at `not_before`; the last dates of what follows go along."""
    target = next(v.target for v in visits if v.key == lost.key)
    late = timedelta(days=max(0, (lost.not_before - target).days))
    return tuple(
        _shifted(v, late) if v.key == lost.key else _stretched(v, late) if v.target >= target else v
        for v in visits
    )


def _shifted(visit: Wanted, late: timedelta) -> Wanted:
    bands = (visit.windows.preferred, visit.windows.acceptable, visit.windows.absolute)
    preferred, acceptable, absolute = ((first + late, last + late) for first, last in bands)
    windows = replace(
        visit.windows, preferred=preferred, acceptable=acceptable, absolute=absolute, beyond=None, override=""
    )
    return replace(visit, target=visit.target + late, windows=windows)


def _stretched(visit: Wanted, late: timedelta) -> Wanted:
    first, last = visit.windows.absolute
    return replace(
        visit, windows=replace(visit.windows, absolute=(first, last + late), beyond=None, override="")
    )
