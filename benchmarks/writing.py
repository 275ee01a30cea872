"""Writing many plans through the durable engine, beside the very same requests sent without all that.

    python -m benchmarks.writing [--plans 500] [--workers 1,2,4] [--postgres]

A server that takes 20 ms a request; each worker writes AT_ONCE plans at a time, and so does the bare sender.
The bound is requests times latency over what is allowed at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.crash.ehr import MANNERS, CrashEhr
from tests.crash.harness import for_patient
from tests.crash.worker import Post, settings, work
from tests.fhir.plan_builders import a_cbt_course, a_draft, a_ketamine_course, a_plan
from tests.postgres import cluster

from ketplan import compose
from ketplan.clinical.plan import ConfirmedPlan
from ketplan.ehr.client import FhirClient
from ketplan.ehr.transport import Http
from ketplan.fhir.render import Step
from ketplan.kept import plan_payload
from ketplan.store.journal import Planned, StepState
from ketplan.store.plans import UNDER_WAY, PlanState
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.engine import Runs, engine_url, prepare
from ketplan.writeback.runner import run

LATENCY, AT_ONCE = 0.02, 4
Signed = tuple[ConfirmedPlan, tuple[Step, ...]]


def serve(pipe: Connection) -> None:
    """The server in a process of its own, so that it does not share ours. Says how much it was asked."""
    ehr = CrashEhr(MANNERS[0], latency=LATENCY)
    pipe.send(ehr.url)
    while pipe.recv() == "how many":
        pipe.send((ehr.requests, len(ehr.stored)))


def plans_for(count: int, offset: int) -> list[Signed]:
    """Plans of 25 resources: a goal, the plan, two requests, 20 visits, the Provenance."""
    draft = a_draft(ketamine=a_ketamine_course(), cbt=a_cbt_course(tuple(range(1, 71, 7))))
    first = a_plan(draft)
    return [for_patient(first, offset + number) for number in range(count)]


class NoJournal:
    """Knows of nothing and keeps nothing."""

    def plan(self, plan_id: str, steps: Sequence[Planned], now: datetime) -> list[Any]:
        fresh = {
            "state": StepState.PLANNED,
            "attempts": 0,
            "http_status": None,
            "resource_id": None,
            "etag": None,
            "body": {},
            "message": "",
            "said": "",
        }
        return [SimpleNamespace(key=step.key, **fresh) for step in steps]

    def sending(self, *_: Any) -> None: ...
    def done(self, *_: Any) -> None: ...
    def failed(self, *_: Any) -> None: ...
    def note(self, *_: Any) -> None: ...


class NoLock:
    def acquire(self, *_: Any) -> bool:
        return True

    def renew(self, *_: Any) -> bool:
        return True

    def release(self, *_: Any) -> None: ...


def bare(url: str, signed: Iterable[Signed], at_once: int) -> float:
    """The same requests and nothing else; seconds."""
    client = FhirClient(url, None, Http())

    def send(one: Signed) -> None:
        plan, steps = one
        run(
            plan.id,
            steps,
            EhrChart(client),
            NoJournal(),
            lock=NoLock(),
            owner=uuid.uuid4().hex,
            patient_id=_patient(plan),
            now=compose.utc_now,
            sleep=time.sleep,
        )

    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(send, signed))
    return time.perf_counter() - begun


def durable(url: str, signed: Sequence[Signed], database_url: str, home: Path, workers: int) -> float:
    """Handed over to the engine and written by so many workers; seconds from the first to the last."""
    services = compose.open_services(settings(Post(database_url, str(home), "")))
    engine = engine_url(database_url)
    prepare(engine)
    runs = Runs(engine)
    for plan, steps in signed:
        services.plans.save(plan.id, url, _patient(plan), 1, plan_payload(plan, steps), datetime.now(UTC))
        runs.enqueue(plan.id, 1)
    fork = multiprocessing.get_context("spawn")
    crew = [
        fork.Process(target=work, args=(Post(database_url, str(home), f"w{n}"),), daemon=True)
        for n in range(workers)
    ]
    for each in crew:
        each.start()
    ids = [plan.id for plan, _ in signed]
    while all(services.plans.load(id).state is PlanState.CONFIRMED for id in ids):
        time.sleep(0.01)
    begun = time.perf_counter()
    for id in ids:
        while services.plans.load(id).state in UNDER_WAY:
            time.sleep(0.25)
    took = time.perf_counter() - begun
    if odd := [id for id in ids if services.plans.load(id).state is not PlanState.WRITTEN]:
        raise SystemExit(f"{len(odd)} of {len(ids)} plans were not written: nothing was measured.")
    for each in crew:
        each.kill()
        each.join()
    runs.close()
    return took


def _patient(plan: ConfirmedPlan) -> str:
    return plan.draft.patient.removeprefix("Patient/")


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--plans", type=int, default=60)
    asked.add_argument("--workers", default="1,2,4")
    asked.add_argument("--postgres", action="store_true")
    options = asked.parse_args()
    random.seed(0)
    resources = len(plans_for(1, 0)[0][1]) - 1
    print(f"{options.plans} plans of {resources} resources, {LATENCY * 1000:.0f} ms a request")
    heads = ("workers", "requests", "bound s", "bare s", "durable s", "x bare", "x bound")
    print(f"{'':12}" + "".join(f"{head:>10}" for head in heads))
    for number, workers in enumerate(int(n) for n in options.workers.split(",")):
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = (
                stack.enter_context(cluster()) if options.postgres else f"sqlite:///{home / 'ketplan.db'}"
            )
            mine, theirs = multiprocessing.Pipe()
            server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
            server.start()
            url = mine.recv()
            without = bare(url, plans_for(options.plans, 1_000_000 * number), AT_ONCE * workers)
            mine.send("how many")
            asked_bare, _ = mine.recv()
            with_ = durable(
                url, plans_for(options.plans, 1_000_000 * number + 500_000), database, home, workers
            )
            mine.send("how many")
            requests = mine.recv()[0] - asked_bare
            server.kill()
        bound = requests * LATENCY / (AT_ONCE * workers)
        kind = "PostgreSQL" if options.postgres else "SQLite"
        times = f"{bound:10.1f}{without:10.1f}{with_:10.1f}{with_ / without:10.2f}{with_ / bound:10.2f}"
        print(f"{kind:12}{workers:10}{requests:10}{times}", flush=True)


if __name__ == "__main__":
    main()
