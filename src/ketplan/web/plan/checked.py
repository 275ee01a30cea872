"""Looking beside a request whether a plan still stands in the EHR as it was written, every few minutes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from ketplan.errors import EhrError, KetplanError
from ketplan.reconciling import look_at
from ketplan.store.plans import PlanState, StoredPlan
from ketplan.web.context import desk
from ketplan.web.course.course import newest_plan
from ketplan.web.presenters import words
from ketplan.web.sessions import LiveSession

log = logging.getLogger("ketplan.web")

FRESH = timedelta(minutes=3)
STANDS = frozenset({PlanState.WRITTEN, PlanState.INCOMPLETE, PlanState.WAITING})


class Checks:
    """The looks under way or done in this process, by plan: when each began."""

    def __init__(self) -> None:
        self._began: dict[str, datetime] = {}
        self._lock = Lock()

    def begin(self, plan_id: str, now: datetime) -> bool:
        """Whether it is time for another look, which then counts as begun."""
        with self._lock:
            self._began = {plan: at for plan, at in self._began.items() if now - at < FRESH}
            if plan_id in self._began:
                return False
            self._began[plan_id] = now
            return True


@dataclass(frozen=True)
class Checked:
    """The quiet line: what was found last, and when."""

    differing: int
    unread: int
    ago: str

    @property
    def said(self) -> str:
        if self.differing:
            differ = "thing differs" if self.differing == 1 else "things differ"
            return f"{self.differing} {differ} in the EHR, checked {self.ago}."
        if self.unread:
            return f"{words.count(self.unread, 'resource')} could not be checked {self.ago}."
        return f"As written, checked {self.ago}."


def checked(session: LiveSession) -> Checked | None:
    """What is known of the newest plan; a look begins beside this request where the last one is too old."""
    plan = newest_plan(session)
    if plan is None or plan.state not in STANDS:
        return None
    last, now = desk().services.reconciliations.load(plan.plan_id), desk().now()
    if (last is None or now - last.at >= FRESH) and desk().checks.begin(plan.plan_id, now):
        desk().beside(lambda: _look(session, plan))
        last = desk().services.reconciliations.load(plan.plan_id)
    if last is None:
        return None
    return Checked(last.content["differing"], last.content["unread"], words.ago(last.at, now))


def _look(session: LiveSession, plan: StoredPlan) -> None:
    try:
        look_at(desk().services, desk().connect(session.iss, session.token), plan, desk().now())
    except EhrError:
        log.info("a plan could not be looked at in the EHR")
    except KetplanError as error:
        log.warning("looking at a plan failed: %s", type(error).__name__)
