"""How the disorder's score has moved: which baseline, which rating, response or not. Facts 5.1, 1.6 and 8b.

A rating on the day of a dose was made before it (5.2). Two different totals of one day and one recall window
contradict each other: that day says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ketplan.clinical.findings import Evidence
from ketplan.clinical.instruments.change import Change, Rating, change
from ketplan.clinical.progress.facts import Happened, PlanFacts, said_of
from ketplan.clinical.progress.limits import Limits


@dataclass(frozen=True, slots=True)
class Judged:
    """The change at one moment, or why there is none to be had."""

    change: Change | None
    why_not: str = ""

    @property
    def response(self) -> bool | None:
        return self.change.response if self.change else None

    def improved_by(self, pct: int) -> bool | None:
        return self.change.improved_by(pct) if self.change else None

    @property
    def words(self) -> str:
        """ "GAD-7 17 on 2026-03-01, 9 on 2026-03-16: improved by 47.1 %"."""
        found = self.change
        if found is None or found.pct is None:
            return self.why_not or "the change cannot be computed"
        moved = f"improved by {found.pct} %" if found.pct >= 0 else f"worse by {-found.pct} %"
        before, now = found.baseline, found.now
        return f"{before.instrument} {_n(before.total)} on {before.on}, {_n(now.total)} on {now.on}: {moved}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(evidence_of(r) for r in (self.change.baseline, self.change.now)) if self.change else ()


def evidence_of(rating: Rating) -> Evidence:
    return said_of(rating, f"{rating.instrument} {_n(rating.total)}")


def _n(total: Decimal | None) -> str:
    return "incomplete" if total is None else f"{total.normalize():f}"


def first_day(plan: PlanFacts, happened: Happened) -> date:
    """The day of the first dose, or day 0 while there is none."""
    return happened.doses[0].on if happened.doses else plan.start


def judge(
    plan: PlanFacts, happened: Happened, limits: Limits, after: date, not_before: date | None = None
) -> Judged:
    """The newest rating after a day (`not_before` another) against the baseline before the first dose.

    Where an instrument is asked over two periods on one day, the shorter decides: it says most about now.
    """
    scale = plan.disorder.scale.title
    ratings = [r for r in happened.ratings if r.instrument == plan.disorder.scale.id]
    later = [r for r in ratings if r.on > after and (not_before is None or r.on >= not_before)]
    known = [r for r in later if r.total is not None]
    if not known:
        since = f"since {after}" if not_before is None or not_before <= after else f"from {not_before} on"
        return Judged(None, f"no complete {scale} {since}")
    newest = max(r.on for r in known)
    first_why = ""
    for now in sorted((r for r in known if r.on == newest), key=lambda r: r.window or 0):
        if _contradicted(now, known):
            return Judged(None, f"{scale}: different totals on {newest}")
        found = against_baseline(plan, happened, limits, now)
        if found.change:
            return found
        first_why = first_why or found.why_not
    return Judged(None, first_why)


def against_baseline(plan: PlanFacts, happened: Happened, limits: Limits, now: Rating) -> Judged:
    """One rating against the newest baseline it may be compared with."""
    scale, start = plan.disorder.scale, first_day(plan, happened)
    before = [
        r
        for r in happened.ratings
        if r.instrument == scale.id
        and r.total is not None
        and r.on <= start
        and (start - r.on).days <= limits.baseline_days
    ]
    if not before:
        return Judged(None, f"no {scale.title} within {limits.baseline_days} days before the first dose")
    changes = [change(b, now) for b in sorted(before, key=lambda r: r.on, reverse=True)]
    usable = next((c for c in changes if not c.unknown), None)
    if usable is None:
        return Judged(None, changes[0].unknown)
    if _contradicted(usable.baseline, before):
        return Judged(None, f"{scale.title}: different totals on {usable.baseline.on}")
    return Judged(usable)


def _contradicted(rating: Rating, others: Iterable[Rating]) -> bool:
    return any(o.on == rating.on and o.window == rating.window and o.total != rating.total for o in others)


def course_of_response(
    plan: PlanFacts, happened: Happened, limits: Limits
) -> tuple[tuple[Rating, bool], ...]:
    """Each later rating that can be judged, one a day, oldest first, with response or not."""
    start = first_day(plan, happened)
    known = [r for r in happened.ratings if r.instrument == plan.disorder.scale.id and r.total is not None]
    by_day: dict[date, tuple[Rating, bool]] = {}
    for rating in sorted(known, key=lambda r: (r.on, r.window or 0)):
        if rating.on > start and not _contradicted(rating, known):
            reached = against_baseline(plan, happened, limits, rating).response
            if reached is not None:
                by_day.setdefault(rating.on, (rating, reached))
    return tuple(by_day.values())
