"""Having what was confirmed written, by the permission of the session that confirmed it."""

from __future__ import annotations

import time
from contextlib import suppress

from ketplan.errors import EhrError, SessionError
from ketplan.store.plans import UNDER_WAY, PlanState
from ketplan.web.context import desk
from ketplan.web.sessions import LiveSession
from ketplan.writeback.steps import Receipt

QUICK_SECONDS = 10.0
"""So long a request may wait for a few resources; the page shown next tells the rest."""
LONG_SECONDS = 1800.0
"""So long something beside a request waits for a whole plan."""
LOOK_EVERY = 0.1


def go_on(session: LiveSession) -> None:
    """Carry on, beside the request, what waited for somebody who may write into this chart."""
    kept = desk().services.plans.of_patient(session.iss, session.patient)
    waiting = [one.plan_id for one in kept if one.state is PlanState.WAITING]
    if waiting:
        desk().beside(lambda: _each(waiting, session.lid))


def _each(plan_ids: list[str], lid: str) -> None:
    for plan_id in plan_ids:
        with suppress(EhrError):
            desk().carry(plan_id, lid)


def carried(session: LiveSession, plan_id: str, patience: float = QUICK_SECONDS) -> Receipt:
    """Have it written, or carried on, and say how far it has come after `patience` seconds at most.

    Temporary while it is being written for somebody else.
    """
    desk().carry(plan_id, session.lid)
    until = time.monotonic() + patience
    while desk().services.plans.load(plan_id).state in UNDER_WAY and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
    receipt = desk().glue.stored_receipt(desk().services, plan_id)
    if receipt is None:
        raise SessionError("Nothing of this patient is kept here.")
    return receipt
