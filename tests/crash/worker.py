"""A worker as `ketplan worker` runs it, towards a server that asks for no token."""

from __future__ import annotations

import random
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from ketplan import compose, runs
from ketplan.config import Settings, Site
from ketplan.ehr.client import FhirClient
from ketplan.ehr.transport import Http
from ketplan.store.plans import StoredPlan
from ketplan.writeback.engine import VERSION, Engine, Runs, engine_url

SECRET = "crash-tests-only-3f9Qx7Lm2Vb8Zt5R"


@dataclass(frozen=True)
class Post:
    """What a worker process is told: all of it survives being sent to another process."""

    database_url: str
    home: str
    name: str
    version: str = VERSION


def settings(site: Post) -> Settings:
    return Settings(
        home=Path(site.home),
        database_url=site.database_url,
        public_url="http://localhost:8400",
        secret_key=SECRET,
        site=Site(timezone="Europe/Zurich"),
        ehrs=(),
    )


def work(site: Post) -> None:
    """Work until SIGTERM. Everything heavy has been imported by the process this one was forked from."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    configured = settings(site)
    services = compose.open_services(configured)
    http = Http()

    def connect(plan: StoredPlan) -> FhirClient:
        return FhirClient(plan.iss, None, http)

    turns = runs.Turns(services, connect, compose.utc_now, random.random)
    url = engine_url(configured.database_url)
    engine = Engine(url, site.name, turns.take, at_once=4, poll=0.05, version=site.version)
    worker = runs.Worker(engine, Runs(url, site.version), services, site.name, compose.utc_now, beat=0.3)
    worker.start()
    stop.wait()
    worker.stop()
