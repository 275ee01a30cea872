"""An EHR in which one thing goes wrong at one moment of a run, once or for good."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from ketplan.ehr.transport import Answer, Http
from ketplan.errors import SignInEnded
from tests.crash.ehr import Answered, CrashEhr, Manners

Misdeed = Callable[["FaultyEhr", BaseHTTPRequestHandler, Answered], None]
MOMENTS = ("search", "create CarePlan", "create Appointment", "read back", "update")
CLOSED_PORT = 1


class Clock:
    """Moves when somebody sleeps or waits for a round."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 7, 16, 30, tzinfo=ZoneInfo("America/New_York"))

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Permission:
    """The token of one launch, and whether it can be renewed when it has run out."""

    def __init__(self, renewable: bool) -> None:
        self.renewable, self.ended, self.number = renewable, False, 1
        self.valid = "Bearer token-number-1"

    def __call__(self) -> str:
        if self.ended:
            raise SignInEnded("The sign-in has ended.")
        return f"token-number-{self.number}"

    def renew(self, refused: str) -> str | None:
        if not self.renewable:
            self.ended = True
            raise SignInEnded("The sign-in has ended.")
        self.number += 1
        self.valid = f"Bearer {self()}"
        return self()

    def expire(self) -> None:
        self.valid = ""

    def launch(self) -> None:
        self.ended, self.renewable = False, True
        self.renew("")


class FaultyEhr(CrashEhr):
    """`misdeed` is done to the answer at `moment`; `times` how often it still is, None for always.

    Whoever asks before `not_before` is counted in `too_soon`.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(Manners("as told", conditional=False))
        self.clock = clock
        self.calm()

    def calm(self) -> None:
        """Nothing stored, nothing wrong."""
        self.forget()
        self.permission = Permission(renewable=False)
        self.moment, self.misdeed, self.times, self.stores = "", None, 0, False  # type: ignore[assignment]
        self.not_before = self.clock.now()
        self.too_soon = self.requests = 0

    def go_wrong(self, moment: str, misdeed: Misdeed, stores: bool, stays: bool) -> None:
        self.moment, self.misdeed, self.stores = moment, misdeed, stores
        self.times = 10**6 if stays else 1

    def heal(self) -> None:
        self.times = 0

    def due(self, method: str, path: str) -> bool:
        """Whether the fault falls on this request; asking uses it up."""
        due = self.times > 0 and moment_of(method, path) == self.moment
        self.times -= due
        return due

    def answer(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        sent = json.loads(handler.rfile.read(size)) if size else None
        self.requests += 1
        self.too_soon += self.clock.now() < self.not_before
        if handler.headers.get("Authorization") != self.permission.valid:
            reply(handler, 401, {}, None)
            return
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/fhir/").split("/")
        due = self.due(method, handler.path)
        if due and not self.stores:
            self.misdeed(self, handler, (200 if method == "GET" else 201, {}, None))
            return
        good = self._handled(method, path, parse_qs(parts.query), sent, handler.headers)
        if due:
            self.misdeed(self, handler, good)
            return
        reply(handler, *good)


class FaultyHttp(Http):
    """Where the fault is that nobody listens, the request goes to a port where nobody does."""

    def __init__(self, ehr: FaultyEhr) -> None:
        super().__init__(timeouts=(1, 0.15))
        self._ehr, self.refuses = ehr, False

    def send(self, method: str, url: str, headers: Mapping[str, str], **more: Any) -> Answer:
        parts = urlsplit(url)
        query = "&identifier" if "identifier" in str(more.get("query")) else ""
        if self.refuses and self._ehr.due(method, f"{parts.path}?{query}"):
            url = f"http://127.0.0.1:{CLOSED_PORT}{parts.path}"
        return super().send(method, url, headers, **more)


def moment_of(method: str, path: str) -> str:
    parts = urlsplit(path)
    kind, _, id = parts.path.removeprefix("/fhir/").partition("/")
    if method == "POST":
        return f"create {kind}"
    if method == "PUT":
        return "update"
    if kind == "CarePlan":
        return "read back" if id else "search"
    return ""


# --- what can be wrong with an answer --------------------------------------------------------------------


def reply(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: Any) -> None:
    text = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response_only(status)
    named = {"Content-Type": "application/fhir+json", **headers, "Content-Length": str(len(text))}
    for name, value in named.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(text)


def status(code: int, retry_after: Callable[[Clock], dict[str, str]] = lambda clock: {}) -> Misdeed:
    """That status and nothing more, perhaps with the headers of a server that wants a pause."""

    def do(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
        reply(handler, code, retry_after(ehr.clock), None)

    return do


def wanting_pause(code: int, text: str, seconds: float) -> Misdeed:
    """`text` as Retry-After; who asks sooner than in `seconds` is counted."""

    def do(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
        ehr.not_before = ehr.clock.now() + timedelta(seconds=seconds)
        reply(handler, code, {"Retry-After": text}, None)

    return do


def wanting_pause_until(code: int, seconds: float, ahead: timedelta) -> Misdeed:
    """A date as Retry-After, by a clock that is `ahead` of ours."""

    def do(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
        ehr.not_before = ehr.clock.now() + timedelta(seconds=seconds - 1)  # a date has whole seconds
        theirs = ehr.clock.now().astimezone(ZoneInfo("UTC")) + ahead
        wording = "%a, %d %b %Y %H:%M:%S GMT"
        until = (theirs + timedelta(seconds=seconds)).strftime(wording)
        reply(handler, code, {"Retry-After": until, "Date": theirs.strftime(wording)}, None)

    return do


def silence(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    threading.Event().wait(0.25)
    handler.close_connection = True


def reset_mid_body(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    handler.send_response_only(good[0])
    handler.send_header("Content-Type", "application/fhir+json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType": "Care')
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def truncated(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    reply(handler, good[0], {}, b'{"resourceType": "Care')


def a_page(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    reply(handler, 200, {"Content-Type": "text/html"}, b"<html>Please sign in</html>")


def outcome(code: str) -> Misdeed:
    """Success by its status, and an OperationOutcome that says otherwise."""

    def do(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
        issue = {"severity": "error", "code": code, "diagnostics": "Not today."}
        reply(handler, 200, {}, {"resourceType": "OperationOutcome", "issue": [issue]})

    return do


def nothing_said(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    reply(handler, good[0], {}, None)


def another_host(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    code, headers, _ = good
    elsewhere = headers.get("Location", "").replace(ehr.url, "https://elsewhere.example.org/fhir")
    reply(handler, code, {**headers, "Location": elsewhere}, None)


def token_runs_out(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
    ehr.permission.expire()
    reply(handler, 401, {}, None)


def clock_jumps(by: timedelta) -> Misdeed:
    """Ours, while the EHR answers as it should."""

    def do(ehr: FaultyEhr, handler: BaseHTTPRequestHandler, good: Answered) -> None:
        ehr.clock.time += by
        ehr.not_before = min(ehr.not_before, ehr.clock.time)
        reply(handler, *good)

    return do
