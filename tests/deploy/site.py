"""A whole site as deploy/ describes it, natively: apps behind one address, workers, a database, an EHR."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from ketplan.sandbox.server import Server, serve
from tests.web.support import SIGNER, Page

PATIENCE_SECONDS = 90.0
ALONE = {"Connection", "Transfer-Encoding", "Keep-Alive", "Content-Length"}


class OneAddress:
    """Hands each request to the next of its apps; one that is down is passed over."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.answered: dict[int, int] = {}
        turn = itertools.count()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy._pass_on(self, next(turn))

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _pass_on(self, handler: BaseHTTPRequestHandler, turn: int) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(size) if size else None
        for step in range(len(self.ports)):
            port = self.ports[(turn + step) % len(self.ports)]
            app = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                app.request(handler.command, handler.path, body, dict(handler.headers.items()))
                answer = app.getresponse()
                text = answer.read()
            except OSError:
                continue
            finally:
                app.close()
            self.answered[port] = self.answered.get(port, 0) + 1
            handler.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.title() not in ALONE:
                    # Browsers send a Secure cookie to localhost, the tests' own does not.
                    handler.send_header(name, value.replace("; Secure", ""))
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
            return
        handler.send_error(502)


class Site:
    def __init__(self, home: Path, database_url: str, address: OneAddress, ehr: Server) -> None:
        self.home, self.address, self.ehr = home, address, ehr
        self._log = (home / "processes.log").open("w")
        config = home / "settings.toml"
        config.write_text(
            f'[[ehr]]\nname = "harbor"\niss = "{ehr.url}/fhir"\nclient_id = "ketplan"\n', "utf-8"
        )
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KETPLAN_")},
            "KETPLAN_HOME": str(home),
            "KETPLAN_DATABASE_URL": database_url,
            "KETPLAN_CONFIG": str(config),
            "KETPLAN_PUBLIC_URL": address.url,
            "KETPLAN_SECRET_KEY": "deploy-tests-only-3f9Qx7Lm2Vb8Zt5R",
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def app(self) -> subprocess.Popen[bytes]:
        port = _free_port()
        app = self.run("serve", "--port", str(port), "--threads", "4", "--no-worker")
        until(lambda: _ready(f"http://127.0.0.1:{port}/readyz"), f"the app on {port}: {self.said()}")
        self.address.ports.append(port)
        return app

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        worker = self.run("worker", "--name", name)
        until(lambda: name in self.ask("runs").partition("Workers:")[2], f"worker {name}: {self.said()}")
        return worker

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "ketplan", *command], env=self._environ, stdout=self._log, stderr=self._log
        )
        self.processes.append(process)
        return process

    def ask(self, *command: str) -> str:
        """What a command of ours prints."""
        whole = [sys.executable, "-m", "ketplan", *command]
        return subprocess.run(whole, env=self._environ, capture_output=True, text=True, timeout=60).stdout

    def said(self) -> str:
        return (self.home / "processes.log").read_text("utf-8")[-2000:]

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._log.close()


class Visitor:
    """A browser without a screen: cookies, redirects, forms."""

    def __init__(self, site: Site) -> None:
        self._site, self._session = site, requests.Session()

    def launch(self, patient: str) -> str:
        """From the chart into the workspace; its address."""
        begun = self._site.ehr.harbor.launch(patient, embedded=False)
        sign_in = self._session.get(begun, timeout=60)
        form = dict(parse_qsl(urlsplit(sign_in.url).query)) | {"user": SIGNER, "choice": "allow"}
        arrived = self._session.post(f"{self._site.ehr.url}/auth/authorize", data=form, timeout=60)
        assert arrived.ok and "/l/" in arrived.url, (arrived.status_code, arrived.url)
        return arrived.url

    def get(self, url: str) -> requests.Response:
        return self._session.get(url, timeout=60)

    def submit(self, page: requests.Response, action: str) -> requests.Response:
        form = next(f for f in Page(page.text).forms if f.action.endswith(action))
        return self._session.post(urljoin(page.url, form.action), data=form.fields, timeout=60)


@contextmanager
def a_site(home: Path, database_url: str, **ehr: object) -> Iterator[Site]:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    with ExitStack() as stack:
        address = OneAddress()
        stack.callback(address.close)
        today = datetime.now(ZoneInfo("America/New_York")).date()
        server = serve("127.0.0.1", 0, today=today, launch_url=f"{address.url}/launch", **ehr)
        stack.enter_context(server)
        site = Site(home, database_url, address, server)
        stack.callback(site.close)
        yield site


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.3)


def _ready(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
