"""The review of a course: every rule asked, the answers put in order. Facts 1.1, 1.6, 7 and 8b.

Proposals only. Each is accepted, edited or rejected by a clinician (`history`), and none acts by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ketplan.clinical.house import House
from ketplan.clinical.progress.checks import review_checks, review_missed
from ketplan.clinical.progress.facts import Happened, PlanFacts
from ketplan.clinical.progress.induction import review_induction
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.maintenance import review_exposure, review_maintenance, review_relapse
from ketplan.clinical.progress.proposals import Kind, Proposal
from ketplan.clinical.progress.stopping import review_safety, review_spacing
from ketplan.clinical.progress.titration import review_dose

# While one of these stands, nothing that means more drug is proposed.
_STANDS_IN_THE_WAY = frozenset({Kind.SUICIDE_PATHWAY, Kind.STOP_AT_ONCE, Kind.HOLD, Kind.FUTILITY, Kind.STOP})
_MORE_DRUG = frozenset({Kind.TITRATE_UP, Kind.ADD_INFUSIONS, Kind.START_MAINTENANCE})
# After a stop at once there is no next dose to speak of.
_NEXT_DOSE = _MORE_DRUG | {
    Kind.STEP_DOWN,
    Kind.MID_COURSE_REVIEW,
    Kind.END_OF_INDUCTION_REVIEW,
    Kind.TAPER,
    Kind.STRETCH_INTERVAL,
    Kind.REAUTHORISE,
}


def review(
    plan: PlanFacts,
    happened: Happened,
    as_of: date,
    *,
    limits: Limits | None = None,
    house: House | None = None,
) -> tuple[Proposal, ...]:
    """What to put before the clinician on `as_of`, suicide risk first.

    What is dated after `as_of` has not happened; the order of the facts changes nothing.
    """
    house = house or House()
    limits = limits or house.review
    found = list(_asked(plan, happened.until(as_of), as_of, limits, house))
    kinds = {p.kind for p in found}
    unwanted: frozenset[Kind] = frozenset()
    if kinds & _STANDS_IN_THE_WAY:
        unwanted = _MORE_DRUG
    if Kind.STOP_AT_ONCE in kinds:
        unwanted = _NEXT_DOSE
    return tuple(sorted((p for p in found if p.kind not in unwanted), key=lambda p: (p.kind.rank, p.id)))


def _asked(
    plan: PlanFacts, happened: Happened, as_of: date, limits: Limits, house: House
) -> Iterator[Proposal]:
    yield from review_safety(plan, happened, limits, house)
    yield from review_relapse(plan, happened, limits)
    if plan.stopped_on is None or plan.stopped_on > as_of:
        yield from review_dose(plan, happened, limits, house)
        yield from review_induction(plan, happened, limits, as_of)
        yield from review_maintenance(plan, happened, limits, as_of)
        yield from review_spacing(plan, happened, limits, as_of)
        yield from review_exposure(plan, happened, limits, as_of)
        yield from review_checks(plan, happened, limits, house, as_of)
        yield from review_missed(happened)
