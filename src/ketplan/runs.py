"""Carrying confirmed plans on, apart from the requests that asked for it.

A turn carries one plan as far as it comes; `Worker` takes turns until it is stopped. What the engine forgets
or never heard of is found in our own database, and what a dead worker had begun is given to the living.
"""

from __future__ import annotations

import logging
import random
import secrets
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from ketplan import compose
from ketplan.access import Access, open_access
from ketplan.compose import Services
from ketplan.config import Settings
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.peers import Peers
from ketplan.ehr.transport import Http
from ketplan.errors import ConfigError, InputError, KetplanError, SignInEnded, TakenOver, Temporary
from ketplan.nightly import Nightly
from ketplan.store.plans import UNDER_WAY, PlanState, StoredPlan
from ketplan.writeback.engine import Engine, Runs, RunState, Schedule, Turn, engine_url
from ketplan.writeback.steps import Outcome, Receipt

log = logging.getLogger("ketplan.runs")

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ASKED = 2.0, 900.0, 3600.0
ROUNDS = 40
"""More than eight hours of trying; then somebody has to look."""
BEAT_SECONDS = 5.0
HINTED = "*/5 * * * *"
FORGOTTEN = timedelta(minutes=1)
"""So long a confirmed plan may be without a run before a worker starts one for it."""

Connect = Callable[[StoredPlan], FhirClient | None]
"""The EHR as it may be asked on behalf of a plan; None when nobody's permission for it is left."""


def pause(number: int, jitter: float, asked: float = 0.0) -> float:
    """Seconds before the next round: doubling up to LONGEST_PAUSE, and up to half more by `jitter`.

    Not sooner than the EHR `asked`, be that as long as LONGEST_ASKED.
    """
    backoff = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(number - 1, 30))
    return max(backoff, min(LONGEST_ASKED, asked)) * (1 + jitter / 2)


def connector(services: Services, access: Access, http: Http) -> Connect:
    """Connects by the permission of the launch a plan was entrusted to, as long as that lasts."""

    def connect(plan: StoredPlan) -> FhirClient | None:
        if not plan.launch:
            return None
        token = access.supplier(plan.launch)
        try:
            token()
        except SignInEnded:
            return None
        return compose.chart(plan.iss, token, services.settings.site.parallel, http, services.vendors)

    return connect


def hand_over(services: Services, runs: Runs, now: Callable[[], datetime]) -> Callable[[str, str], None]:
    """Has workers write what was confirmed, by the permission of the launch that confirmed it."""

    def carry(plan_id: str, launch: str) -> None:
        services.plans.entrust(plan_id, launch, now())
        try:
            runs.retry(plan_id, services.plans.load(plan_id).revision)
        except ConfigError as error:
            # The plan is kept: the watch of any worker starts it as soon as the engine can be reached.
            log.error("run %s could not be handed over: %s", plan_id, error)

    return carry


@dataclass(frozen=True)
class Turns:
    """What a turn needs besides the plan. `jitter` gives numbers from 0 to 1."""

    services: Services
    connect: Connect
    now: Callable[[], datetime]
    jitter: Callable[[], float]
    sleep: Callable[[float], None] | None = None

    def take(self, plan_id: str, number: int) -> Turn:
        """Carry a plan on, as round `number` of its run. Never raises: a plan that cannot go on says why."""
        try:
            return self._take(plan_id, number)
        except InputError:
            return Turn("unknown")
        except TakenOver:
            return Turn("taken over")
        except Temporary as error:
            return self._again(plan_id, "busy", number, error.retry_after or 0)
        except ConfigError as error:  # a database that is full, locked or gone for a while
            log.error("run %s waits: %s", plan_id, error)
            return self._again(plan_id, "no database", number)
        except KetplanError as error:
            log.error("run %s stopped: %s", plan_id, type(error).__name__)
            self._leave(plan_id)
            return Turn("stopped")
        except Exception as error:
            log.error("run %s failed: %s", plan_id, type(error).__name__)
            return self._again(plan_id, "failed", number)

    def forget_old(self) -> None:
        """Let go of whom nothing has happened to for as long as the site keeps things."""
        days = self.services.settings.site.keep_days
        due = self.services.retention.due(self.now() - timedelta(days=days)) if days else ()
        for kept in due:
            self.services.retention.forget(kept.iss, kept.patient_id)

    def _take(self, plan_id: str, number: int) -> Turn:
        plan = self.services.plans.load(plan_id)
        client = self.connect(plan)
        if client is None:
            return self._without_permission(plan)
        receipt = compose.resume_plan(
            self.services,
            plan_id,
            client,
            server=plan.iss,
            patient_id=plan.patient_id,
            now=self.now,
            sleep=self.sleep,
        )
        return self._after(plan, receipt, number)

    def _after(self, plan: StoredPlan, receipt: Receipt, number: int) -> Turn:
        if not any(row.outcome is Outcome.PENDING for row in receipt.rows):
            return Turn(receipt.state.value)
        if any(isinstance(trouble, SignInEnded) for trouble in receipt.troubles):
            return self._without_permission(plan)
        asked = max((trouble.retry_after or 0 for trouble in receipt.troubles), default=0)
        return self._again(plan.plan_id, "incomplete", number, asked)

    def _without_permission(self, plan: StoredPlan) -> Turn:
        """Unless another launch has brought one meanwhile, the plan waits for the next."""
        if self.services.plans.load(plan.plan_id).launch != plan.launch:
            return Turn("entrusted anew", 0.0)
        self.services.plans.move(plan.plan_id, PlanState.WAITING, self.now())
        return Turn("waits for a launch")

    def _again(self, plan_id: str, outcome: str, number: int, asked: float = 0.0) -> Turn:
        if number < ROUNDS:
            return Turn(outcome, pause(number, self.jitter(), asked))
        self._leave(plan_id)
        return Turn("given up")

    def _leave(self, plan_id: str) -> None:
        """To a person: no worker begins again by itself."""
        with suppress(KetplanError):
            if self.services.plans.load(plan_id).state in UNDER_WAY:
                self.services.plans.move(plan_id, PlanState.WRITING, self.now())
                self.services.plans.move(plan_id, PlanState.INCOMPLETE, self.now())


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
        self._workers, self.name, self._now = services.workers, name, now
        self._beat, self._stopped = beat, Event()

    def start(self) -> None:
        """Raises ConfigError while another process works under this name."""
        self._workers.begin(self.name, self._now())
        self._engine.start()
        Thread(target=self._keep_watch, daemon=True).start()

    def stop(self, patience_seconds: int = 20) -> None:
        """Finish what is under way, for so long, and leave the rest to the others."""
        self._stopped.set()
        self._engine.stop(patience_seconds)
        self._runs.take_over(self.name)
        self._workers.end(self.name)

    def look_around(self) -> None:
        """Say that this one lives, take over from one that does not, start what nobody has started."""
        now = self._now()
        self._workers.beat(self.name, now)
        if dead := self._workers.claim_dead(now):
            taken = self._runs.take_over(dead)
            self._workers.end(dead)
            log.warning("worker %s is gone; %d of its runs go on elsewhere", dead, taken)
        if adopted := self._runs.adopt_older(now):
            log.warning("%d runs begun under an older version go on under this one", adopted)
        for plan in self._services.plans.unfinished(now - FORGOTTEN):
            if self._runs.status(plan.plan_id, plan.revision).state in (RunState.UNKNOWN, RunState.ENDED):
                self._runs.retry(plan.plan_id, plan.revision)

    def _keep_watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self.look_around()
            except Exception as error:
                log.error("the watch of worker %s failed: %s", self.name, type(error).__name__)
            self._stopped.wait(self._beat)


def make_worker(settings: Settings, name: str | None = None, at_once: int = 8) -> Worker:
    """A worker for these settings. ConfigError when a database cannot be used."""
    services = compose.open_services(settings)
    peers = Peers()
    http = Http(peers=peers)
    access = open_access(services, Discovery(http, resolve=peers.addresses), compose.utc_now, _new_id)
    turns = Turns(services, connector(services, access, http), compose.utc_now, random.random)
    forgetting = Schedule("forget-old", "30 2 * * *", settings.site.timezone, turns.forget_old)
    syncing = Nightly(services, access.discovery, http, access.keyring.sign, compose.utc_now)
    url, name = engine_url(settings.database_url), name or new_name()
    schedules = (forgetting, *sync_schedules(syncing))
    engine = Engine(url, name, turns.take, schedules=schedules, at_once=at_once)
    return Worker(engine, Runs(url), services, name, compose.utc_now)


def sync_schedules(syncing: Nightly) -> tuple[Schedule, ...]:
    """The nightly look at every EHR's calendar where the site has set its hour, and the one for those that
    say when something has changed."""
    settings, found = syncing.services.settings, []
    zone, at = settings.site.timezone, settings.site.sync_at
    if at is not None:
        found.append(Schedule("sync-visits", f"{at.minute} {at.hour} * * *", zone, syncing.run))
    if any(ehr.hints for ehr in settings.ehrs):
        found.append(Schedule("sync-hinted", HINTED, zone, syncing.hinted))
    return tuple(found)


def _new_id() -> str:
    return secrets.token_urlsafe(32)


def new_name() -> str:
    """A worker's name for this one process; a name that survives a restart is carried on at once."""
    return f"worker-{uuid.uuid4().hex[:12]}"
