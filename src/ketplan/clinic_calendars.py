"""The calendar of each chair and each person: every visit that takes them, as the last sync saw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ketplan.calendar_file import NEUTRAL, Visit
from ketplan.store.visits import SyncedPlan, SyncedVisit

CALLED_OFF = frozenset({"cancelled", "noshow", "entered-in-error", ""})
"""A visit that the EHR has no more has no status."""


def whose(plans: Iterable[SyncedPlan]) -> dict[str, str]:
    """Everybody and everything that any visit takes, by reference, with their names; in order of those."""
    found = {
        reference: name or reference
        for plan in plans
        for visit in plan.visits
        for reference, name in visit.resources
    }
    return dict(sorted(found.items(), key=lambda pair: (pair[1].casefold(), pair[0])))


def calendar_of(
    reference: str, plans: Iterable[SyncedPlan], names: Mapping[str, str] | None = None
) -> tuple[Visit, ...]:
    """The visits that take `reference` ("Location/chair-1"), in order; those that took it once as called off.

    The words are neutral, unless `names` of the patients are given, by their ids: who is given them may see
    what each visit is for as well.
    """
    found = (_event(reference, plan, visit, names) for plan in plans for visit in _of(reference, plan))
    return tuple(sorted(filter(None, found), key=lambda visit: (visit.start, visit.uid)))


def _of(reference: str, plan: SyncedPlan) -> Iterator[SyncedVisit]:
    for visit in plan.visits:
        if any(reference == taken for taken, _ in (*visit.resources, *visit.former)):
            yield visit


def _event(
    reference: str, plan: SyncedPlan, visit: SyncedVisit, names: Mapping[str, str] | None
) -> Visit | None:
    if visit.start is None or visit.end is None or visit.start >= visit.end:
        return None
    here = any(reference == taken for taken, _ in visit.resources)
    words = NEUTRAL if names is None else ", ".join(filter(None, [names.get(plan.patient_id), visit.title]))
    return Visit(
        # One visit is one event in each calendar, and another one in the next.
        f"{plan.plan_id}/{visit.key}/{reference}@ketplan",
        visit.start,
        visit.end,
        visit.sequence,
        not here or visit.status in CALLED_OFF,
        words or NEUTRAL,
    )
