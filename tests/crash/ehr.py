"""A small FHIR server that misbehaves on purpose, and can call back at every boundary of a request.

It knows what write-back asks of a server and nothing more: create, read, update, search by identifier,
patient or target. It runs in a thread of the test, so that the test sees what was stored.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Boundary = Callable[[str, str], None]
Answered = tuple[int, dict[str, str], Json | None]


@dataclass(frozen=True)
class Manners:
    """How a server differs from a good one. `loses` N: the answer to every Nth write never arrives."""

    name: str
    conditional: bool = True
    atomic: bool = True
    keeps_identifiers: bool = True
    loses: int = 0
    says_where: bool = True
    location_host: str = ""


MANNERS = (
    Manners("good"),
    Manners("ignores If-None-Exist", conditional=False),
    Manners("races on If-None-Exist", atomic=False),
    Manners("drops identifiers", conditional=False, keeps_identifiers=False),
    Manners("loses answers", conditional=False, loses=5),
    Manners("says 201 and nothing else", conditional=False, says_where=False),
    Manners("names another host", location_host="https://elsewhere.example.org/fhir"),
)


class CrashEhr:
    """`boundary(moment, what)` is called with "before" and "after" around each request's effect."""

    def __init__(self, manners: Manners, boundary: Boundary | None = None, latency: float = 0.0) -> None:
        self.manners, self.latency = manners, latency
        self.boundary: Boundary = boundary or (lambda moment, what: None)
        self.stored: dict[tuple[str, str], Json] = {}
        self.requests = 0
        self._writes = 0
        self._lock = threading.Lock()
        ehr = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                ehr.answer(self, "GET")

            def do_POST(self) -> None:
                ehr.answer(self, "POST")

            def do_PUT(self) -> None:
                ehr.answer(self, "PUT")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that was killed is what this is for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/fhir"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, kind: str, patient: str = "") -> list[Json]:
        with self._lock:
            return [
                r for (k, _), r in self.stored.items() if k == kind and (not patient or _about(r, patient))
            ]

    # --- one request ----------------------------------------------------------------------------------------

    def answer(self, handler: BaseHTTPRequestHandler, method: str) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        sent = json.loads(handler.rfile.read(size)) if size else None
        parts = urlsplit(handler.path)
        path = parts.path.removeprefix("/fhir/").split("/")
        self.requests += 1
        if self.latency:
            time.sleep(self.latency)
        what = f"{method} {path[0]}"
        self.boundary("before", what)
        status, headers, body = self._handled(method, path, parse_qs(parts.query), sent, handler.headers)
        self.boundary("after", what)
        if method != "GET" and self._is_lost():
            handler.close_connection = True
            return
        text = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            handler.send_header(name, value)
        if text:
            handler.send_header("Content-Type", "application/fhir+json")
        handler.end_headers()
        handler.wfile.write(text)

    def _is_lost(self) -> bool:
        with self._lock:
            self._writes += 1
            return bool(self.manners.loses) and self._writes % self.manners.loses == 0

    def _handled(
        self, method: str, path: list[str], query: dict[str, list[str]], sent: Any, headers: Any
    ) -> Answered:
        if path == ["metadata"]:
            return 200, {}, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": []}
        if method == "POST":
            return self._create(sent, headers.get("If-None-Exist"))
        if method == "PUT":
            return self._update(path, sent, headers.get("If-Match"))
        if len(path) == 2:
            found = self.stored.get((path[0], path[1]))
            return (200, _tag(found), found) if found else (404, {}, None)
        return 200, {}, self._search(path[0], query)

    def _create(self, sent: Json, condition: str | None) -> Answered:
        kind = sent["resourceType"]
        if condition and self.manners.conditional:
            hits = self._search(kind, parse_qs(condition))["entry"]
            if hits:
                return 200, _tag(hits[0]["resource"]), hits[0]["resource"]
            if not self.manners.atomic:
                time.sleep(0.003)
        with self._lock:
            id = f"{kind.lower()}-{len(self.stored) + 1}"
            kept = {**sent, "id": id, "meta": {"versionId": "1", "lastUpdated": "2026-03-02T09:00:00Z"}}
            if not self.manners.keeps_identifiers:
                kept.pop("identifier", None)
                kept.pop("entity", None)
            self.stored[kind, id] = kept
        if not self.manners.says_where:
            return 201, {}, None
        base = self.manners.location_host or self.url
        return 201, {"Location": f"{base}/{kind}/{id}/_history/1", **_tag(kept)}, kept

    def _update(self, path: list[str], sent: Json, etag: str | None) -> Answered:
        key = path[0], path[1]
        with self._lock:
            held = self.stored.get(key)
            if held is None:
                return 404, {}, None
            if etag and etag != _tag(held)["ETag"]:
                return 412, {}, None
            version = str(int(held["meta"]["versionId"]) + 1)
            self.stored[key] = {**sent, "meta": {**held["meta"], "versionId": version}}
            return 200, _tag(self.stored[key]), self.stored[key]

    def _search(self, kind: str, query: dict[str, list[str]]) -> Json:
        with self._lock:
            found = [r for (k, _), r in self.stored.items() if k == kind]
        for value in query.get("identifier", []):
            system, _, code = value.replace("\\", "").partition("|")
            found = [r for r in found if _named(r, system, code)]
        for patient in query.get("patient", []):
            found = [r for r in found if _about(r, patient)]
        for target in query.get("target", []):
            found = [r for r in found if any(t.get("reference") == target for t in r.get("target", []))]
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": r, "search": {"mode": "match"}} for r in found],
        }


def _tag(resource: Json) -> dict[str, str]:
    return {"ETag": f'W/"{resource["meta"]["versionId"]}"'}


def _named(resource: Json, system: str, value: str) -> bool:
    listed = resource.get("identifier") or []
    listed = listed if isinstance(listed, list) else [listed]
    return any((i.get("system"), i.get("value")) == (system, value) for i in listed)


def _about(resource: Json, patient: str) -> bool:
    people = [resource.get("subject"), *(p.get("actor") for p in resource.get("participant", []))]
    return any(p and p.get("reference") == f"Patient/{patient}" for p in people)
