"""The four functions the rest of ketplan knows of the engine: enqueue, status, retry, schedule.

A run is a chain of rounds, each a workflow of its own: a round carries a plan as far as it comes, and when
trying again later may help it leaves the next round behind, to be started after a pause. So nothing waits
inside a worker, and how often a plan was tried can be read off. The engine is told plan ids and revisions and
nothing else: no patient, no token.

The workflow's shape may change only together with VERSION, a whole number that only grows: a worker of
another version leaves a begun round alone. What an older version left in the queue is adopted by the newer
workers: the old round is cancelled and the next one begun in its stead, after what is left of its pause. That
is safe because a round keeps nothing in the engine: how far a plan has come is in our own journal, and a plan
is only ever written by who holds its lease, also while both versions are at work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    ScheduleInput,
    run_dbos_database_migrations,
)

from ketplan.errors import ConfigError

APPLICATION, VERSION = "ketplan", "1"
QUEUE = WORKFLOW = "writeback"
POLL_SECONDS = 0.2
ROUNDS_SHOWN = 1000

log = logging.getLogger(__name__)


class RunState(StrEnum):
    """Where a run is. `queued` includes the pause before the next round."""

    UNKNOWN = "unknown"
    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"


_STATES = {
    "ENQUEUED": RunState.QUEUED,
    "DELAYED": RunState.QUEUED,
    "PENDING": RunState.RUNNING,
}


@dataclass(frozen=True)
class RunStatus:
    """The newest round of a run, counted from 1; 0 when the engine has never heard of it."""

    state: RunState
    round: int = 0
    worker: str = ""
    version: str = ""


@dataclass(frozen=True)
class Turn:
    """What one round came to: a word for it, and after how many seconds to try again, None for never."""

    outcome: str
    again_in: float | None = None


def engine_url(database_url: str) -> str:
    """Where the engine keeps its own tables: beside a SQLite file, in a schema of its own in PostgreSQL."""
    if database_url.startswith("sqlite:///"):
        path = Path(database_url.removeprefix("sqlite:///"))
        return f"sqlite:///{path.with_name(f'{path.stem}-runs.db')}"
    return database_url.replace("postgres://", "postgresql://", 1)


def prepare(url: str) -> None:
    """Create or update the engine's own tables. ConfigError when its database cannot be used."""
    _quiet()
    try:
        run_dbos_database_migrations(url)
    except Exception:
        raise ConfigError("The database of the durable runs cannot be created or reached.") from None


class Runs:
    """The app's side of the engine: it hands work over and asks how it goes, and runs nothing itself."""

    def __init__(self, url: str, version: str = VERSION) -> None:
        self._url, self._version = url, version

    @cached_property
    def _client(self) -> DBOSClient:
        _quiet()
        try:
            return DBOSClient(
                system_database_url=self._url,
                application_name=APPLICATION,
                serializer=DBOSPortableJSONSerializer(),
                retry_connection_errors=False,
            )
        except Exception:
            raise ConfigError("The database of the durable runs cannot be reached.") from None

    def enqueue(self, plan_id: str, revision: int) -> None:
        """Have the plan written. Said twice, it is one run."""
        if self.status(plan_id, revision).round == 0:
            self._start(plan_id, revision, 1)

    def status(self, plan_id: str, revision: int) -> RunStatus:
        found = self._client.list_workflows(
            workflow_id_prefix=_run(plan_id, revision),
            limit=ROUNDS_SHOWN,
            load_input=False,
            load_output=False,
        )
        if not found:
            return RunStatus(RunState.UNKNOWN)
        newest = max(found, key=lambda w: _round(w.workflow_id))
        state = _STATES.get(newest.status, RunState.ENDED)
        return RunStatus(
            state, _round(newest.workflow_id), newest.executor_id or "", newest.app_version or ""
        )

    def retry(self, plan_id: str, revision: int) -> None:
        """Try now: the pause before a waiting round ends, and after an ended run comes another round."""
        newest = self.status(plan_id, revision)
        if newest.state is RunState.QUEUED and newest.version in ("", self._version):
            self._client.set_workflow_delay(_id(plan_id, revision, newest.round), delay_seconds=0)
        elif newest.state is not RunState.RUNNING:
            if newest.state is RunState.QUEUED:  # under another version, which may have no worker any more
                self._client.cancel_workflow(_id(plan_id, revision, newest.round))
            self._start(plan_id, revision, newest.round + 1)

    def take_over(self, worker: str) -> int:
        """Give what a dead worker had begun to the living; how many runs there were."""
        begun = self._client.list_workflows(
            executor_id=worker, status="PENDING", load_input=False, load_output=False
        )
        for workflow in begun:
            self._client.resume_workflow(workflow.workflow_id, queue_name=QUEUE)
        return len(begun)

    def adopt_older(self, now: datetime) -> int:
        """Go on with what waits under an older version; how many runs there were."""
        waiting = self._client.list_workflows(
            name=WORKFLOW, status=["ENQUEUED", "DELAYED"], load_output=False
        )
        older = [w for w in waiting if _older(w.app_version, self._version)]
        for workflow in older:
            plan_id, revision, number = workflow.workflow_id.removeprefix(f"{WORKFLOW}:").rsplit(":", 2)
            due = (workflow.delay_until_epoch_ms or 0) / 1000 - now.timestamp()
            self._client.cancel_workflow(workflow.workflow_id)
            self._start(plan_id, int(revision), int(number) + 1, max(0.0, due))
        return len(older)

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.destroy()

    def _start(self, plan_id: str, revision: int, number: int, after_seconds: float = 0.0) -> None:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": _id(plan_id, revision, number),
            "app_version": self._version,
        }
        if after_seconds:
            options["delay_seconds"] = after_seconds
        self._client.enqueue(options, plan_id, revision, number)


@dataclass(frozen=True)
class Schedule:
    """A job and when it is due: five cron fields by the clock of `zone`."""

    name: str
    cron: str
    zone: str
    job: Callable[[], None]


class Engine:
    """The worker's side: carries plans on until it is stopped. One per process, each with its own name."""

    def __init__(
        self,
        url: str,
        worker: str,
        turn: Callable[[str, int], Turn],
        *,
        schedules: tuple[Schedule, ...] = (),
        at_once: int = 8,
        poll: float = POLL_SECONDS,
        version: str = VERSION,
    ) -> None:
        _quiet()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": url,
            "application_version": version,
            "executor_id": worker,
            "enable_otlp": False,
            "log_level": "ERROR",
            "use_listen_notify": False,
            "serializer": DBOSPortableJSONSerializer(),
        }
        DBOS(config=config)
        self._turn, self._at_once, self._poll = turn, at_once, poll
        self._register()
        self._due = self._jobs(schedules)

    def start(self) -> None:
        """Begin to work. What this worker had begun before it died is carried on at once."""
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._at_once,
            polling_interval_sec=self._poll,
            on_conflict="always_update",
        )
        DBOS.apply_schedules(self._due)

    def stop(self, patience_seconds: int = 0) -> None:
        """Let what is under way come to an end for so long; the rest stays for whoever takes over."""
        DBOS.destroy(workflow_completion_timeout_sec=patience_seconds, destroy_registry=True)

    def _register(self) -> None:
        @DBOS.step(name="turn")
        def turn(plan_id: str, number: int) -> dict[str, Any]:
            done = self._turn(plan_id, number)
            return {"outcome": done.outcome, "again_in": done.again_in}

        @DBOS.workflow(name=WORKFLOW)
        def writeback(plan_id: str, revision: int, number: int) -> str:
            done = turn(plan_id, number)
            if done["again_in"] is not None:
                DBOS.enqueue_workflow_with_options(
                    {
                        "workflow_name": WORKFLOW,
                        "queue_name": QUEUE,
                        "workflow_id": _id(plan_id, revision, number + 1),
                        "delay_seconds": done["again_in"],
                    },
                    plan_id,
                    revision,
                    number + 1,
                )
            return str(done["outcome"])

    def _jobs(self, schedules: tuple[Schedule, ...]) -> list[ScheduleInput]:
        return [
            {
                "schedule_name": each.name,
                "workflow_fn": _scheduled(each),
                "schedule": each.cron,
                "cron_timezone": each.zone,
                "context": None,
            }
            for each in schedules
        ]


def _scheduled(each: Schedule) -> Callable[[datetime, Any], None]:
    @DBOS.step(name=f"{each.name}-job")
    def job() -> None:
        each.job()

    @DBOS.workflow(name=each.name)
    def due(_at: datetime, _context: Any) -> None:
        job()

    return due


def _run(plan_id: str, revision: int) -> str:
    return f"{WORKFLOW}:{plan_id}:{revision}:"


def _id(plan_id: str, revision: int, number: int) -> str:
    return f"{_run(plan_id, revision)}{number}"


def _round(workflow_id: str) -> int:
    return int(workflow_id.rpartition(":")[2])


def _older(version: str | None, than: str) -> bool:
    return version is not None and version.isdigit() and int(version) < int(than)


def _quiet() -> None:
    """The engine prints what it is given; only its errors are for our log."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
