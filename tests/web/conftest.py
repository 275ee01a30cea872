from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Ehr, Settings, Site
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.web import create_app
from ketplan.web.context import Run
from ketplan.workflow import Calendar, Practice
from tests.web.support import APP, EHR, ISS, NOW, Browser, Clock, EhrHttp

KEY = "Zk3x-9QpT7_vWn5LrB8yHs2JdFg4MaCe6Ub1"
SITE = Site(name="Riverside Clinic", timezone="America/New_York")


class CompiledOnce(BytecodeCache):
    """Templates compiled for one app serve all apps of the tests."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


class RemembersCalendars:
    def __init__(self, known: dict[date, Calendar]) -> None:
        self.known = known

    def read_calendar(self, client: Any, start: date, practice: Practice, patient_id: str = "") -> Calendar:
        if start not in self.known:
            self.known[start] = compose.read_calendar(client, start, practice, patient_id)
        return self.known[start]

    def press(self, html: str) -> bytes:
        """A second for each signature is too much here; what paper makes is tested where it is made."""
        assert "<html" in html
        return b"%PDF-1.7 of a plan"

    def __getattr__(self, name: str) -> Any:
        return getattr(compose, name)


@pytest.fixture(scope="session")
def shared_ehr() -> Flask:
    """One pretend EHR for every test that writes nothing into it."""
    today = NOW.astimezone(compose.practice_of(SITE).zone).date()
    return create_ehr(EHR, today=today, launch_url=f"{APP}/launch", clock=NOW.timestamp)


@pytest.fixture
def ehr(request: pytest.FixtureRequest) -> Flask:
    """Tests marked `writes` have a pretend EHR of their own, which grows older with the clock."""
    if not request.node.get_closest_marker("writes"):
        shared: Flask = request.getfixturevalue("shared_ehr")
        return shared
    clock: Clock = request.getfixturevalue("clock")
    return create_ehr(EHR, today=NOW.date(), launch_url=f"{APP}/launch", clock=lambda: clock().timestamp())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost answer is looked up at once."""
    monkeypatch.setattr("ketplan.compose.clock.sleep", lambda _: None)


@pytest.fixture
def http(ehr: Flask) -> EhrHttp:
    return EhrHttp(ehr)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(tmp_path: Path) -> Services:
    settings = Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'ketplan.db'}",
        public_url=APP,
        secret_key=KEY,
        site=SITE,
        ehrs=(Ehr("harbor", ISS, "ketplan", frame_ancestors=(EHR,), label="Harbor"),),
    )
    return compose.open_services(settings)


@pytest.fixture(scope="session")
def compiled() -> CompiledOnce:
    return CompiledOnce()


@pytest.fixture(scope="session")
def shared_calendars() -> dict[date, Calendar]:
    return {}


@pytest.fixture
def glue(request: pytest.FixtureRequest, shared_calendars: dict[date, Calendar]) -> Any:
    """`ketplan.compose`, except that an EHR's thousands of slots are read once: in the shared EHR for all
    tests, in an EHR of the test's own once for it, since no other test has the same slots taken."""
    own = request.node.get_closest_marker("writes")
    return RemembersCalendars({} if own else shared_calendars)


@pytest.fixture
def run() -> Run:
    """Does at once what the app would do beside a request."""
    return lambda job: job()


@pytest.fixture
def app(
    services: Services, http: EhrHttp, clock: Clock, glue: Any, run: Run, compiled: CompiledOnce
) -> Iterator[Flask]:
    made = create_app(services, now=clock, http=http, glue=glue, run=run)
    made.jinja_env.bytecode_cache = compiled
    yield made
    services.drafts._database.close()


@pytest.fixture
def browser(app: Flask, ehr: Flask) -> Browser:
    return Browser(app, ehr)
