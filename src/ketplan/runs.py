"""Carrying confirmed plans on, apart from the requests that asked for it.

A turn carries one plan as far as it comes; `Worker` takes turns until it is stopped. What the engine forgets
or never heard of is found in our own database, and what a dead worker had begun is given to the living.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from ketplan import compose
from ketplan.compose import Services
from ketplan.durable.engine import Engine, Runs, RunState, Turn
from ketplan.ehr.client import FhirClient
from ketplan.errors import InputError, KetplanError, Temporary
from ketplan.store.plans import PlanState, StoredPlan
from ketplan.writeback.steps import Outcome, Receipt

log = logging.getLogger("ketplan.runs")

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 900.0
ROUNDS = 40
"""More than eight hours of trying; then somebody has to look."""
BEAT_SECONDS = 5.0
FORGOTTEN = timedelta(minutes=1)
"""So long a confirmed plan may be without a run before a worker starts one for it."""

Connect = Callable[[StoredPlan], FhirClient | None]
"""The EHR as it may be asked on behalf of a plan; None when nobody's permission for it is left."""


def pause(number: int, jitter: float) -> float:
    """Seconds before the next round: doubling up to LONGEST_PAUSE, and up to half more by `jitter`."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(number - 1, 30)) * (1 + jitter / 2)


@dataclass(frozen=True)
class Turns:
    """What a turn needs besides the plan. `jitter` gives numbers from 0 to 1."""

    services: Services
    connect: Connect
    now: Callable[[], datetime]
    jitter: Callable[[], float]

    def take(self, plan_id: str, number: int) -> Turn:
        """Carry a plan on, as round `number` of its run. Never raises: a plan that cannot go on says why."""
        try:
            return self._take(plan_id, number)
        except InputError:
            return Turn("unknown")
        except Temporary:
            return self._again("busy", number)
        except KetplanError as error:
            log.error("run %s stopped: %s", plan_id, type(error).__name__)
            return Turn("stopped")
        except Exception as error:
            log.error("run %s failed: %s", plan_id, type(error).__name__)
            return self._again("failed", number)

    def _take(self, plan_id: str, number: int) -> Turn:
        plan = self.services.plans.load(plan_id)
        client = self.connect(plan)
        if client is None:
            self.services.plans.move(plan_id, PlanState.WAITING, self.now())
            return Turn("waits for a launch")
        receipt = compose.resume_plan(
            self.services, plan_id, client, server=plan.iss, patient_id=plan.patient_id, now=self.now
        )
        return self._after(receipt, number)

    def _after(self, receipt: Receipt, number: int) -> Turn:
        if any(row.outcome is Outcome.PENDING for row in receipt.rows):
            return self._again("incomplete", number)
        return Turn(receipt.state.value)

    def _again(self, outcome: str, number: int) -> Turn:
        return Turn(outcome, pause(number, self.jitter()) if number < ROUNDS else None)


class Worker:
    """One process that carries plans on, under a name that no other living worker has."""

    def __init__(
        self,
        engine: Engine,
        runs: Runs,
        services: Services,
        name: str,
        now: Callable[[], datetime],
        beat: float = BEAT_SECONDS,
    ) -> None:
        self._engine, self._runs, self._services = engine, runs, services
        self._workers, self._name, self._now = services.workers, name, now
        self._beat, self._stopped = beat, Event()

    def start(self) -> None:
        """Raises ConfigError while another process works under this name."""
        self._workers.begin(self._name, self._now())
        self._engine.start()
        Thread(target=self._keep_watch, daemon=True).start()

    def stop(self, patience_seconds: int = 20) -> None:
        """Finish what is under way, for so long, and leave the rest to the others."""
        self._stopped.set()
        self._engine.stop(patience_seconds)
        self._runs.take_over(self._name)
        self._workers.end(self._name)

    def look_around(self) -> None:
        """Say that this one lives, take over from one that does not, start what nobody has started."""
        now = self._now()
        self._workers.beat(self._name, now)
        if dead := self._workers.claim_dead(now):
            taken = self._runs.take_over(dead)
            self._workers.end(dead)
            log.warning("worker %s is gone; %d of its runs go on elsewhere", dead, taken)
        for plan in self._services.plans.unfinished(now - FORGOTTEN):
            if self._runs.status(plan.plan_id, plan.revision).state in (RunState.UNKNOWN, RunState.ENDED):
                self._runs.retry(plan.plan_id, plan.revision)

    def _keep_watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look_around()
            except Exception as error:
                log.error("the watch of worker %s failed: %s", self._name, type(error).__name__)
            self._stopped.wait(self._beat)


def new_name() -> str:
    """A worker's name for this one process; a name that survives a restart is carried on at once."""
    return f"worker-{uuid.uuid4().hex[:12]}"
