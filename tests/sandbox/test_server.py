"""The sandbox over a real socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
import requests

from ketplan.sandbox.faults import Faults, FaultSwitch
from ketplan.sandbox.server import Server, serve
from tests.sandbox.support import a_care_plan, an_appointment

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve("127.0.0.1", 0, today=date(2026, 2, 16), open_access=True) as running:
        yield running


def test_it_serves_under_its_own_address_without_a_log(server: Server, capfd: pytest.CaptureFixture) -> None:
    bundle = requests.get(f"{server.url}/fhir/Condition?patient=gad-ready", timeout=5).json()
    assert bundle["link"][0]["url"].startswith(f"{server.url}/fhir/Condition?")
    assert capfd.readouterr() == ("", "")


def test_a_taken_port_is_an_error_of_the_callers_to_tell() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError):
        serve("127.0.0.1", taken.getsockname()[1], today=date(2026, 2, 16))


def test_stopping_lets_go_of_the_port() -> None:
    server = serve("127.0.0.1", 0, today=date(2026, 2, 16)).start()
    port = int(server.url.rpartition(":")[2])
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_server_that_never_started_can_be_stopped() -> None:
    serve("127.0.0.1", 0, today=date(2026, 2, 16)).stop()


def test_a_lost_answer_is_a_cut_connection_and_a_stored_resource(server: Server) -> None:
    requests.post(f"{server.url}/_faults", json={"drop_every_nth_create": 1}, timeout=5)
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{server.url}/fhir/CarePlan", json.dumps(a_care_plan()), headers=FHIR, timeout=5)
    assert requests.get(f"{server.url}/fhir/CarePlan", timeout=5).json()["total"] == 1


def test_of_many_who_book_one_slot_at_once_one_gets_it(server: Server) -> None:
    body = json.dumps(an_appointment("chair-2-20260302-0900"))

    def book(_: int) -> int:
        return requests.post(f"{server.url}/fhir/Appointment", body, headers=FHIR, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(book, range(8))) == [201] + [409] * 7


def test_of_many_conditional_creates_at_once_one_stores(server: Server) -> None:
    body = json.dumps(a_care_plan(identifier=[{"system": "urn:ids", "value": "one"}]))
    headers = {**FHIR, "If-None-Exist": "identifier=urn:ids|one"}

    def create(_: int) -> int:
        return requests.post(f"{server.url}/fhir/CarePlan", body, headers=headers, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(8))) == [200] * 7 + [201]


def test_an_app_can_be_registered_once_both_addresses_are_known(server: Server) -> None:
    server.harbor.register("http://localhost:9/launch")
    page = requests.get(f"{server.url}/patients/gad-ready", timeout=5).text
    assert "Launch ketplan" in page


@pytest.mark.parametrize("words", ["short on=read", "cut on=read", "hang seconds=0.01 on=read"])
def test_connections_that_end_too_early(server: Server, words: str) -> None:
    server.harbor.faults.add(words)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(f"{server.url}/fhir/Patient/gad-ready", timeout=5)


def test_of_many_conditional_creates_a_racing_server_stores_several() -> None:
    body = json.dumps(a_care_plan(identifier=[{"system": "urn:ids", "value": "one"}]))
    headers = {**FHIR, "If-None-Exist": "identifier=urn:ids|one"}
    all_have_looked = Barrier(4)
    with serve("127.0.0.1", 0, today=date(2026, 2, 16), open_access=True, like="wso2") as server:
        server.harbor.faults = FaultSwitch(Faults(), sleep=lambda seconds: all_have_looked.wait(10) and None)

        def create(_: int) -> int:
            return requests.post(f"{server.url}/fhir/CarePlan", body, headers=headers, timeout=20).status_code

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(create, range(4))) == [201] * 4
        again = requests.post(f"{server.url}/fhir/CarePlan", body, headers=headers, timeout=5)
        assert again.status_code == 412
