"""Start the servers: the app, the pretend EHR, or both for the demo. One sentence when they cannot start."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from ketplan import compose, config
from ketplan.config import Ehr, Settings, Site
from ketplan.errors import ConfigError, InputError

DEMO_CLIENT = "ketplan"
DEMO_SITE = Site(name="Harbor demo clinic", doctor_page=True)


def run_demo(port: int, open_browser: bool) -> None:
    """The app on localhost and the pretend EHR on 127.0.0.1: two sites, as in a real EHR's iframe.

    The demo keeps nothing: its database lives and dies with it, like the pretend EHR's memory.
    """
    from ketplan.sandbox.server import serve as serve_ehr

    app_url, ehr_port = f"http://localhost:{port}", port + 1
    looking = secrets.token_urlsafe(32)  # for the one sync with which the demo's clinic begins
    with tempfile.TemporaryDirectory(prefix="ketplan-demo-") as home:
        ehr = _bound(
            ehr_port,
            lambda: serve_ehr(
                "127.0.0.1",
                ehr_port,
                today=_today(DEMO_SITE),
                launch_url=f"{app_url}/launch",
                static_tokens={looking: "system/*.rs"},
            ),
        )
        app = _bound(
            port, lambda: AppServer("localhost", port, lambda url: demo_settings(Path(home), url, ehr.url))
        )
        with ehr, app, worker_of(app.settings), _clinic_of(app.settings, ehr.harbor, looking):
            click.echo(f"The pretend EHR is at {ehr.url} — open a patient and launch ketplan. Ctrl-C stops.")
            if open_browser:
                webbrowser.open(ehr.url)
            _until_stopped()
    click.echo("Stopped.")


def run_sandbox(port: int, app_url: str, open_access: bool, faults: Any, like: str = "harbor") -> None:
    """The pretend EHR alone. InputError when `like` names no EHR it can be like."""
    from ketplan.sandbox.likes import like as like_named
    from ketplan.sandbox.server import serve as serve_ehr

    try:
        behaviour = like_named(like)
    except ValueError as error:
        raise InputError(f"T{str(error)[1:]}.") from None
    ehr = _bound(
        port,
        lambda: serve_ehr(
            "127.0.0.1",
            port,
            today=_today(Site()),
            launch_url=f"{app_url.rstrip('/')}/launch",
            faults=faults,
            open_access=open_access,
            like=behaviour,
        ),
    )
    with ehr:
        what = f"The pretend EHR ({behaviour.title})"
        click.echo(f"{what} is at {ehr.url}, its FHIR API at {ehr.url}/fhir. Ctrl-C stops.")
        _until_stopped()
    click.echo("Stopped.")


def sandbox_faults(refuse_care_plan: bool, slow: int, drop_every: int, more: Sequence[str]) -> Any:
    """The faults of the command line. InputError in one sentence for one that makes no sense."""
    from ketplan.sandbox.faults import Faults, fault

    try:
        return Faults(refuse_care_plan, slow, drop_every, tuple(map(fault, more)))
    except ValueError as error:
        raise InputError(f"This is no fault: {error}.") from None


def sandbox_list() -> Iterator[str]:
    """The EHRs that the pretend one can be like, then the faults it can have, a line each."""
    from ketplan.sandbox import likes
    from ketplan.sandbox.faults import DOES

    for name in likes.names():
        yield f"--like {name:15} {likes.like(name).title}"
    for name, (_, what) in DOES.items():
        yield f"--fault {name:14} {what}"


def guard_host(host: str, public_url: str) -> None:
    """ConfigError when other machines could reach the app under an address that is for this one alone."""
    if not config.is_loopback(host) and not public_url.startswith("https:"):
        raise ConfigError(
            "With this --host other machines can reach ketplan: KETPLAN_PUBLIC_URL must be an https address."
        )


def discreet(entry: logging.LogRecord) -> bool:
    """gunicorn's complaints repeat request lines, and launch ids stand in those: only the kind is kept."""
    for kind in ("Invalid request", "Error handling request"):
        if str(entry.msg).startswith(kind):
            entry.msg, entry.args, entry.exc_info = f"{kind}.", (), None
    return True


def run_app(host: str, port: int, workers: int, threads: int, with_worker: bool) -> None:
    """The app under gunicorn, for the EHRs that the settings list, and a worker in a process beside it."""
    settings = config.from_environment()
    guard_host(host, settings.public_url)
    if not settings.ehrs:
        raise ConfigError(
            "No EHR is configured: name a settings file in KETPLAN_CONFIG (see ketplan settings)."
        )
    compose.open_services(settings)
    _bound(port, lambda: _probe(host, port))
    try:
        from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
    except ImportError:
        raise ConfigError("ketplan serve needs gunicorn, which does not run on this system.") from None

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            return _app(settings)

    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        # Request lines hold launch ids and queries: nothing of them is logged.
        "accesslog": None,
        "timeout": 120,
    }
    logging.getLogger("gunicorn.error").addFilter(discreet)
    with _worker_beside() if with_worker else nullcontext():
        Gunicorn().run()


@contextmanager
def _worker_beside() -> Iterator[None]:
    """`ketplan worker` as a child that goes when we go."""
    us = os.getpid()
    worker = subprocess.Popen([sys.executable, "-m", "ketplan", "worker"])
    try:
        yield
    finally:
        if os.getpid() == us:  # gunicorn's own children come by here too when they end
            worker.terminate()
            worker.wait(60)


def run_worker(name: str | None, at_once: int) -> None:
    """Carry confirmed plans on until Ctrl-C or a polite kill."""
    from ketplan.runs import make_worker

    worker = make_worker(config.from_environment(), name, at_once)
    worker.start()
    click.echo(f"Worker {worker.name} is at work. Ctrl-C stops.")
    _until_stopped()
    worker.stop()
    click.echo("Stopped.")


class AppServer:
    """The app on a port of this machine (0: any free one), in a thread of its own.

    `settings_for` is told the app's address. Raises OSError when the port cannot be had.
    """

    def __init__(self, host: str, port: int, settings_for: Callable[[str], Settings]) -> None:
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log(self, type: str, message: str, *args: Any) -> None:
                """No request log: addresses hold launch ids."""

        self._socket = socket.create_server((host, port))
        port = self._socket.getsockname()[1]
        self.url = f"http://{host}:{port}"
        self.settings = settings_for(self.url)
        self._server = make_server(
            host,
            port,
            _app(self.settings),
            threaded=True,
            request_handler=Quiet,
            fd=self._socket.fileno(),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> AppServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()


def _app(settings: Settings) -> Any:
    from ketplan.runs import hand_over
    from ketplan.web import create_app
    from ketplan.writeback.engine import Runs, engine_url, prepare

    services, url = compose.open_services(settings), engine_url(settings.database_url)
    prepare(url)
    return create_app(
        services,
        now=compose.utc_now,
        token=lambda: secrets.token_urlsafe(32),
        carry=hand_over(services, Runs(url), compose.utc_now),
    )


@contextmanager
def worker_of(settings: Settings) -> Iterator[None]:
    """A worker in this very process: for the demo, which is one process and no more."""
    from ketplan.runs import make_worker

    worker = make_worker(settings)
    worker.start()
    try:
        yield
    finally:
        worker.stop(patience_seconds=2)


def _clinic_of(settings: Settings, harbor: Any, token: str) -> AbstractContextManager[None]:
    """Thirty patients in treatment, who come in while the demo answers already."""
    from ketplan.demo_clinic.seeding import beside

    return beside(compose.open_services(settings), harbor, _today(settings.site), token)


def demo_settings(home: Path, app_url: str, ehr_url: str) -> Settings:
    """Settings of a demo: one pretend EHR, everything kept in `home`, a key for this run only."""
    ehr = Ehr("Harbor EHR (pretend)", f"{ehr_url}/fhir", DEMO_CLIENT, frame_ancestors=(ehr_url,))
    return Settings(
        home=home,
        database_url=f"sqlite:///{home / 'demo.db'}",
        public_url=app_url,
        secret_key=secrets.token_urlsafe(48),
        site=DEMO_SITE,
        ehrs=(ehr,),
        guided=True,
    )


def _today(site: Site) -> Any:
    return datetime.now(ZoneInfo(site.timezone)).date()


def _bound(port: int, start: Any) -> Any:
    try:
        return start()
    except OSError:
        raise InputError(f"Port {port} is taken: stop what uses it, or choose another with --port.") from None


def _probe(host: str, port: int) -> None:
    """gunicorn tries a taken port again and again: find out first."""
    with socket.create_server((host, port)):
        pass


def _until_stopped() -> None:
    """Wait for Ctrl-C or a polite kill."""
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    stop.wait()
