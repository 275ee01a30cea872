"""A real headless Chromium, the app and the pretend EHR on two sites, as in life."""

import json
import multiprocessing
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ketplan.config import Settings
from ketplan.sandbox.server import Server, serve
from ketplan.servers import AppServer, demo_settings, worker_of

sync_api = pytest.importorskip("playwright.sync_api", reason="the e2e extra is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIZES = {"desk": (1280, 900), "tablet": (820, 1180)}
BLOCKED = {"cookie_controls_mode": 1, "block_third_party_cookies": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.browser)


@dataclass
class Clinic:
    ehr: Server
    app_url: str

    def chart(self, patient: str) -> str:
        return f"{self.ehr.url}/patients/{patient}"

    def stored(self, kind: str, patient: str) -> list[dict[str, Any]]:
        """What ketplan has put into the pretend EHR for a patient, asked over its API."""
        from ketplan import compose

        client = compose.chart(f"{self.ehr.url}/fhir", "operator")
        found = client.search(kind, [("patient", patient), ("_count", "200")]).resources
        return [r for r in found if any("plan-step" in i.get("system", "") for i in r.get("identifier", []))]


@contextmanager
def at_work(settings: Settings) -> Iterator[None]:
    """A worker as in the demo. Its engine will not be started in Playwright's thread, where a loop runs."""
    worker = worker_of(settings)
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(worker.__enter__).result()
        yield
        elsewhere.submit(worker.__exit__, None, None, None).result()


@contextmanager
def at_work_apart(settings: Settings) -> Iterator[None]:
    """A worker in a process of its own, for a second app: a process has one engine and no more."""
    spawning = multiprocessing.get_context("spawn")
    stop = spawning.Event()
    process = spawning.Process(target=_work, args=(settings, stop))
    process.start()
    yield
    stop.set()
    process.join()


def _work(settings: Settings, stop: Any) -> None:
    with worker_of(settings):
        stop.wait()


@contextmanager
def open_clinic(home: Path) -> Iterator[Clinic]:
    today = datetime.now(UTC).date()
    tokens = {"operator": "user/*.cruds"}
    with serve("127.0.0.1", 0, today=today, static_tokens=tokens) as ehr:
        app = AppServer("localhost", 0, lambda url: demo_settings(home, url, ehr.url))
        with app, at_work(app.settings):
            ehr.harbor.register(f"{app.url}/launch")
            yield Clinic(ehr, app.url)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One for each file: what the tests of one have signed is not in the way of another's."""
    with open_clinic(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def profile(folder: Path, preferences: dict[str, Any]) -> str:
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps({"profile": preferences}))
    return str(folder)


@pytest.fixture(scope="module", params=SIZES)
def size(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def chart(browser: Any, size: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A window of the EHR in a browser that gives frames of other sites no cookie back."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    width, height = SIZES[size]
    context = browser.browser_type.launch_persistent_context(
        profile(tmp_path_factory.mktemp("user"), BLOCKED),
        executable_path=CHROMIUM,
        args=QUIET,
        viewport={"width": width, "height": height},
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()
