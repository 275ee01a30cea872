"""Reading a record over the network: ketplan beside other clients, on a server that takes 50 ms a request.

    pip install -e '.[bench]' && python -m benchmarks.reading

The searches of a record, Observation in four pages, as round trips of the same run. Whoever asks can be no
faster than the longest chain of `next` links plus one. Clients that are not installed are left out.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from multiprocessing.connection import Connection
from urllib.parse import parse_qs, urlsplit

import requests

from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import read_record
from ketplan.ehr.profiles.load import generic
from ketplan.ehr.profiles.model import Batch, Confidence, Profile
from ketplan.ehr.sections import SECTIONS
from ketplan.ehr.transport import Http

LATENCY, PAGE, ROUNDS = 0.05, 100, 5
SIZES = {"Observation": 351, "Encounter": 120, "Procedure": 90, "MedicationRequest": 80, "Condition": 40}
KINDS = tuple(dict.fromkeys(section.kind for section in SECTIONS))
BATCHING = replace(generic(), batches=(Batch(takes=True, witness="this server", confidence=Confidence.HIGH),))
LONGEST = max(-(-size // PAGE) for size in SIZES.values())


def resource(kind: str, number: int) -> dict[str, object]:
    """As much as a typical entry weighs."""
    about = {"reference": "Patient/p"}
    return {
        "resourceType": kind,
        "id": f"{kind.lower()}-{number}",
        "status": "active" if kind == "MedicationRequest" else "final",
        "subject": about,
        "patient": about,
        "participant": [{"actor": about, "status": "accepted"}],
        "code": {"coding": [{"system": "http://loinc.org", "code": f"{number}-1"}], "text": "x" * 300},
        "effectiveDateTime": "2026-01-05T09:00:00-05:00",
    }


class Server(BaseHTTPRequestHandler):
    """Searches with paging and nothing else; each answer leaves LATENCY after its request came."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        due = time.perf_counter() + LATENCY
        parts = urlsplit(self.path)
        kind, _, id = parts.path.strip("/").partition("/")
        asked = parse_qs(parts.query)
        body = self.page(kind, int(asked.get("page", ["0"])[0])) if not id else self.one(kind, id)
        time.sleep(max(0.0, due - time.perf_counter()))
        self.answer(body)

    def do_POST(self) -> None:
        """A batch of searches: all of them within the one LATENCY."""
        due = time.perf_counter() + LATENCY
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        pages = [self.page(entry["request"]["url"].partition("?")[0], 0).decode() for entry in asked["entry"]]
        entries = ",".join(f'{{"response":{{"status":"200"}},"resource":{page}}}' for page in pages)
        body = f'{{"resourceType":"Bundle","type":"batch-response","entry":[{entries}]}}'.encode()
        time.sleep(max(0.0, due - time.perf_counter()))
        self.answer(body)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def one(self, kind: str, id: str) -> bytes:
        return json.dumps({"resourceType": kind, "id": id}).encode()

    def page(self, kind: str, number: int) -> bytes:
        total = SIZES.get(kind, 3)
        rows = range(number * PAGE, min(total, (number + 1) * PAGE))
        base = f"http://{self.headers['Host']}"
        more = (number + 1) * PAGE < total
        following = [{"relation": "next", "url": f"{base}/{kind}?patient=p&page={number + 1}"}]
        return json.dumps(
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "total": total,
                "link": following if more else [],
                "entry": [{"resource": resource(kind, n), "search": {"mode": "match"}} for n in rows],
            }
        ).encode()

    def log_message(self, *_: object) -> None:
        """Says nothing: printing would be measured as well."""


def serve(port: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    port.send(server.server_port)
    server.serve_forever()


# --- who reads ----------------------------------------------------------------------------------------------


def ketplan(parallel: int, profile: Profile | None = None) -> Callable[[str], None]:
    def read(base: str) -> None:
        client = FhirClient(base, None, Http(), parallel)
        client.profile = profile or client.profile
        read_record(client, "p")

    return read


def sequential(base: str) -> None:
    with requests.Session() as session:
        session.get(f"{base}/Patient/p").json()
        for kind in KINDS:
            address = f"{base}/{kind}?patient=p&_count=200"
            while address:
                page = session.get(address).json()
                address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")


def by_fhirclient(base: str) -> None:
    from fhirclient.client import FHIRClient
    from fhirclient.models.bundle import Bundle

    server = FHIRClient(settings={"app_id": "benchmark", "api_base": base}).server
    server.request_json("Patient/p")
    for kind in KINDS:
        address: str | None = f"{kind}?patient=p&_count=200"
        while address:
            # Its models refuse much of what real servers send, so only its transport and Bundle are measured.
            page = server.request_json(address)
            page = page | {"entry": []} if page.get("entry") else page
            links = Bundle(page, strict=False).link or []
            address = next((link.url for link in links if link.relation == "next"), None)


def by_fhirpy(base: str) -> None:
    """Its asynchronous client, every search at once."""
    from fhirpy import AsyncFHIRClient

    async def read() -> None:
        client = AsyncFHIRClient(base)
        searches = (client.resources(kind).search(patient="p").limit(200).fetch_all() for kind in KINDS)
        await asyncio.gather(client.reference("Patient", "p").to_resource(), *searches)

    asyncio.run(read())


READERS: dict[str, Callable[[str], None]] = {
    "ketplan, 12 at once": ketplan(12),
    "ketplan, 4 at once (default)": ketplan(4),
    "ketplan, 4 at once, in a batch": ketplan(4, BATCHING),
    "requests, one after the other": sequential,
    "fhirclient": by_fhirclient,
    "fhirpy, asynchronous": by_fhirpy,
}


def best(read: Callable[[str], None], base: str) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        read(base)
        times.append(time.perf_counter() - begun)
    return min(times)


def main() -> None:
    mine, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    base = f"http://127.0.0.1:{mine.recv()}"
    one = best(lambda at: requests.get(f"{at}/Patient/p", timeout=9).json(), base)
    print(f"{len(KINDS)} searches; one round trip {1000 * one:.1f} ms; bound {LONGEST} round trips")
    print(f"{'':32}{'ms':>8}{'round trips':>13}{'x bound':>9}")
    for name, read in READERS.items():
        if name.startswith("fhir") and not find_spec(name.split(",")[0]):
            print(f"{name:32}  not installed")
            continue
        took = best(read, base)
        print(f"{name:32}{1000 * took:8.0f}{took / one:13.1f}{took / one / LONGEST:9.2f}")
    server.terminate()


if __name__ == "__main__":
    main()
