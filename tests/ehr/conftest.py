"""Loopback servers that answer several requests at a time, and a client whose waiting costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.patience import Patience
from ketplan.ehr.transport import Http
from tests.ehr.builders import NOW, TOKEN
from tests.ehr.oauth import FakeServer


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture(autouse=True)
def every_request_was_expected(httpserver: HTTPServer) -> Iterator[None]:
    yield
    httpserver.check()


@pytest.fixture(scope="session")
def other_server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def stranger(other_server: HTTPServer) -> HTTPServer:
    """Another host, which nobody has a reason to ask: whatever reaches it stands in its `log`."""
    other_server.clear()
    return other_server


@pytest.fixture
def http() -> Http:
    return Http(timeouts=(2, 2))


@pytest.fixture
def waits() -> list[float]:
    """The waits a client asked for, in seconds."""
    return []


@pytest.fixture
def client(httpserver: HTTPServer, http: Http, waits: list[float]) -> FhirClient:
    patience = Patience(now=lambda: NOW, sleep=waits.append, jitter=lambda: 0.0)
    return FhirClient(httpserver.url_for("/fhir"), lambda: TOKEN, http, patience=patience)


@pytest.fixture
def discovery(http: Http) -> Discovery:
    return Discovery(http, clock=lambda: 0.0)


@pytest.fixture
def server(httpserver: HTTPServer) -> FakeServer:
    return FakeServer(httpserver)
