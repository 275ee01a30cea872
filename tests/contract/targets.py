"""The servers of the contract: the pretend EHR as itself and like the others, and one nobody here wrote."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ketplan.config import Ehr
from ketplan.ehr import launch
from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.launch import Grant
from ketplan.ehr.patience import Patience
from ketplan.ehr.profiles.choose import chosen
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.transport import Http
from ketplan.sandbox import likes
from ketplan.sandbox.faults import Faults, FaultSwitch
from ketplan.sandbox.harbor import CLIENT_ID, Harbor
from ketplan.sandbox.likes import Like
from ketplan.sandbox.server import Server, serve
from ketplan.sandbox.store import Snapshot
from tests.ehr.builders import NOW

Json = dict[str, Any]

LAUNCH_URL, CALLBACK = "http://localhost:8400/launch", "http://localhost:8400/callback"
OPERATOR = "operator-token"
CLINICIAN, PATIENT = "halvorsen", "gad-ready"
WRITTEN = (
    *("Goal", "CarePlan", "ServiceRequest", "Appointment", "Provenance"),
    *("DocumentReference", "QuestionnaireResponse", "Communication", "Task"),
)

MOCKS = ("harbor", *likes.names())
OUTSIDE = "npm: fhir-router"
# Those that say nothing of themselves by which they could be recognised are named in the settings.
NAMED = {"canvas": "canvas", "wso2": "wso2", "smart-launcher": "smart-launcher"}


class Fresh:
    """A mock as it was when it started, to go back to between two checks."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._start = target.harbor.store.snapshot()

    def again(self) -> Target:
        harbor, start = self._target.harbor, self._start
        harbor.faults = FaultSwitch(Faults())
        harbor.store.restore(
            Snapshot({kind: dict(all_) for kind, all_ in start.kinds.items()}, dict(start.past))
        )
        return self._target


@dataclass
class Target:
    """One server to hold to the contract. ``mock`` is None for one that is not ours."""

    name: str
    base: str
    patient: str = PATIENT
    mock: Server | None = None
    http: Http = field(default_factory=lambda: Http(timeouts=(5, 20)))

    @property
    def harbor(self) -> Harbor:
        assert self.mock
        return self.mock.harbor

    @property
    def like(self) -> Like | None:
        return self.mock.harbor.like if self.mock else None

    def client(self, token: str | None = None) -> FhirClient:
        """A client as the app has it: knows the kind of EHR, and waits without taking time."""
        patience = Patience(now=lambda: NOW, sleep=lambda seconds: None, jitter=lambda: 0.0)
        found = FhirClient(self.base, (lambda: token) if token else None, self.http, patience=patience)
        found.profile = chosen(shipped(), self.base, NAMED.get(self.name, ""), self.statement(found))
        return found

    def statement(self, client: FhirClient) -> Capabilities:
        return client.capabilities()

    def signed_in(self, *, in_ehr: bool = False) -> tuple[Grant, FhirClient]:
        """A launch, standalone or from the chart, through the sign-in page."""
        assert self.mock
        ehr = Ehr(self.name, self.base, CLIENT_ID, profile=NAMED.get(self.name, ""))
        ehr = Ehr(**{**vars(ehr), "nonce_optional": not self.mock.harbor.like.access.nonce})
        discovery = Discovery(self.http)
        endpoints = discovery.endpoints(ehr.iss)
        opened = self.mock.harbor.launch(self.patient, embedded=False) if in_ehr else ""
        handle = parameters(opened)["launch"] if in_ehr else None
        pending, url = launch.begin(ehr, ehr.iss, handle, endpoints, CALLBACK, secrets.token_urlsafe, NOW)
        chosen_patient = {} if in_ehr else {"patient": self.patient}
        form = {**parameters(url), "user": CLINICIAN, **chosen_patient}
        sent_back = self.http.send("POST", url.split("?")[0], {}, body=form).headers["Location"]
        grant = launch.complete(pending, ehr, parameters(sent_back), discovery, NOW)
        return grant, self.client(grant.access_token)

    def operator(self) -> FhirClient:
        """A client that may do whatever the server does at all."""
        return self.client(OPERATOR if self.mock else None)

    def ready(self) -> FhirClient:
        """A client with whatever this server asks for."""
        return self.signed_in()[1] if self.mock else self.client()

    def stored(self, kind: str) -> dict[str, Json]:
        """Every resource of a type that is there, by id, past any quirk."""
        if self.mock:
            return {one["id"]: one for one in self.mock.harbor.store.all(kind)}
        return _stored_by_search(self.base, kind)

    def put(self, resource: Json) -> str:
        """The id of a resource that is there now, past any quirk."""
        if self.mock:
            return str(self.mock.harbor.store.create(resource)["id"])
        return self.client().create(resource).id


def _stored_by_search(base: str, kind: str) -> dict[str, Json]:
    with urllib.request.urlopen(f"{base}/{kind}?_count=1000") as answer:
        return {one["resource"]["id"]: one["resource"] for one in json.load(answer).get("entry", [])}


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def mock(name: str) -> Iterator[Target]:
    """The pretend EHR like another, on a port of its own; its clock stands still."""
    with serve(
        "127.0.0.1",
        0,
        today=NOW.date(),
        launch_url=LAUNCH_URL,
        clock=NOW.timestamp,
        like=name,
        static_tokens={OPERATOR: "system/*.cruds"},
    ) as server:
        yield Target(name, f"{server.url}/fhir", mock=server)
