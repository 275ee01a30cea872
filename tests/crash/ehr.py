"""A small FHIR server that misbehaves on purpose, and can call back at every boundary of a request.

It knows what write-back asks of a server and nothing more: create, read, update, search by identifier,
patient, target or slot. It runs in a thread of the test, so that the test sees what was stored.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Boundary = Callable[[str, str], None]
Answered = tuple[int, dict[str, str], Json | None]
TERMS = frozenset({"identifier", "patient", "target", "slot"})


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
        self._index: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
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

    def forget(self) -> None:
        """Nothing stored."""
        with self._lock:
            self.stored.clear()
            self._index.clear()

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
            self._found_by(kept)
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
            self._found_by(self.stored[key])
            return 200, _tag(self.stored[key]), self.stored[key]

    def _found_by(self, resource: Json) -> None:
        """Which searches find it, noted: a long run asks too often to look at all of them each time."""
        for name, value in _terms(resource):
            self._index[resource["resourceType"], name, value][resource["id"]] = None

    def _search(self, kind: str, query: dict[str, list[str]]) -> Json:
        """By identifier, patient, target and slot; whatever else is asked for counts for nothing."""
        with self._lock:
            ids = [id for k, id in self.stored if k == kind] if not TERMS & query.keys() else None
            for name in TERMS & query.keys():
                values = [one for value in query[name] for one in value.replace("\\", "").split(",")]
                hits = dict.fromkeys(id for one in values for id in self._index.get((kind, name, one), ()))
                ids = list(hits) if ids is None else [id for id in ids if id in hits]
            found = [self.stored[kind, id] for id in ids or ()]
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": r, "search": {"mode": "match"}} for r in found],
        }


def _terms(resource: Json) -> Iterator[tuple[str, str]]:
    """What a resource is found by."""
    listed = resource.get("identifier") or []
    for given in listed if isinstance(listed, list) else [listed]:
        yield "identifier", f"{given.get('system')}|{given.get('value')}"
    people = [resource.get("subject"), *(p.get("actor") for p in resource.get("participant", []))]
    for name in {p["reference"] for p in people if p}:
        yield "patient", name.removeprefix("Patient/")
    for target in resource.get("target", []):
        yield "target", target["reference"]
    for slot in resource.get("slot", []):
        yield "slot", slot["reference"]


def _tag(resource: Json) -> dict[str, str]:
    return {"ETag": f'W/"{resource["meta"]["versionId"]}"'}


def _about(resource: Json, patient: str) -> bool:
    people = [resource.get("subject"), *(p.get("actor") for p in resource.get("participant", []))]
    return any(p and p.get("reference") == f"Patient/{patient}" for p in people)
