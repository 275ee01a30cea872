"""The schedule of a signed plan: it counts from the day 0 that was signed, whatever start is proposed now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from ketplan.clinical.draft import follow_ups, on_business_day
from ketplan.clinical.instruments.administrations import Administration, Asking, schedule
from ketplan.clinical.progress.facts import PlanFacts
from ketplan.clinical.progress.limits import Limits


def signed_administrations(
    plan: PlanFacts, limits: Limits, booked: Mapping[str, date] | None = None
) -> tuple[Administration, ...]:
    """What the signed course asks for, in the order of its days.

    `booked` are the days on which visits ("infusion-1", "review_3_months") stand in the calendar now; a visit
    that is not there stands on its target day.
    """
    days, offsets = booked or {}, plan.protocol.day_offsets
    targets = {f"infusion-{n}": on_business_day(plan.start, day) for n, day in enumerate(offsets, 1)}
    reviews = follow_ups(plan.start, plan.protocol, has_therapy=True, limits=limits)
    return schedule(
        Asking(
            plan.start,
            tuple(days.get(visit, target) for visit, target in targets.items()),
            tuple(replace(f, date=days.get(f.visit, f.date)) for f in reviews),
            (plan.disorder.scale.id,),
        )
    )
