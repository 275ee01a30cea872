"""Work without a user: a client of its own, a token kept in memory, fetched by one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest

from ketplan.config import Backend, Client, Ehr, Proof
from ketplan.ehr import keys
from ketplan.ehr.backend import BackendTokens, check, tokens_for
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.transport import Http
from ketplan.errors import ConfigError, Forbidden, LaunchError
from ketplan.sandbox.clients import Registered
from ketplan.sandbox.server import Server, serve

START = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
SCOPES = ("system/Slot.rs", "system/Schedule.rs")
PRIVATE = keys.generate("ES384")


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[Server]:
    with serve("127.0.0.1", 0, today=START.date(), clock=lambda: clock.at.timestamp()) as made:
        known = Registered("sync", keys=lambda: keys.public_set([PRIVATE]), scopes=SCOPES[:1])
        made.harbor.grants.clients.add(known)
        yield made


def an_ehr(server: Server, scopes: tuple[str, ...] = SCOPES[:1]) -> Ehr:
    return Ehr("harbor", f"{server.url}/fhir", "web", backend=Backend(Client("sync", Proof.KEY), scopes))


class Signing:
    def __init__(self, clock: Clock) -> None:
        self._clock, self._numbers = clock, count()
        self.asked: list[tuple[str, str]] = []

    def __call__(self, client_id: str, audience: str, algorithm: str) -> str:
        self.asked.append((client_id, audience))
        return keys.assertion(PRIVATE, client_id, audience, f"jti-{next(self._numbers)}", self._clock())


def a_supply(server: Server, clock: Clock, sign: Any) -> BackendTokens:
    return tokens_for(an_ehr(server), Discovery(Http()), sign, clock)


def test_the_token_reads_what_the_registration_allows_and_no_more(server: Server, clock: Clock) -> None:
    tokens = a_supply(server, clock, Signing(clock))
    client = FhirClient(f"{server.url}/fhir", tokens, Http(), renew=tokens.renew)
    assert client.search("Slot", [("_count", "1")], max_pages=1).resources
    with pytest.raises(Forbidden):
        client.read("Patient", "gad-ready")


def test_it_is_fetched_anew_shortly_before_its_end(server: Server, clock: Clock) -> None:
    sign = Signing(clock)
    tokens = a_supply(server, clock, sign)
    first = tokens()
    clock.at += timedelta(minutes=59, seconds=29)
    assert tokens() == first
    clock.at += timedelta(seconds=1)
    assert tokens() != first
    assert sign.asked == [("sync", f"{server.url}/auth/token")] * 2


def test_many_threads_fetch_it_once(server: Server, clock: Clock) -> None:
    sign, together = Signing(clock), Barrier(12)
    tokens = a_supply(server, clock, sign)

    def want(_: int) -> str:
        together.wait()
        return tokens()

    with ThreadPoolExecutor(12) as pool:
        assert len(set(pool.map(want, range(12)))) == 1
    assert len(sign.asked) == 1


def test_a_refused_token_is_replaced_once(server: Server, clock: Clock) -> None:
    sign = Signing(clock)
    tokens = a_supply(server, clock, sign)
    refused = tokens()
    assert tokens.renew(refused) == tokens.renew(refused) == tokens() != refused
    assert len(sign.asked) == 2


def test_a_check_tells_what_is_allowed_and_what_is_left_out(server: Server, clock: Clock) -> None:
    found = check(an_ehr(server, SCOPES), Discovery(Http()), Signing(clock), clock)
    assert (found.scopes, found.left_out) == ({"system/Slot.rs"}, {"system/Schedule.rs"})
    assert found.expires_at == START + timedelta(hours=1)


def test_a_client_the_ehr_does_not_know_is_refused_in_a_sentence(server: Server, clock: Clock) -> None:
    stranger = replace(an_ehr(server), backend=Backend(Client("nobody", Proof.KEY), SCOPES))
    with pytest.raises(LaunchError, match="invalid_client"):
        check(stranger, Discovery(Http()), Signing(clock), clock)


def test_it_is_off_where_the_site_has_not_set_it_up(server: Server, clock: Clock) -> None:
    with pytest.raises(ConfigError, match="backend_client_id"):
        check(replace(an_ehr(server), backend=None), Discovery(Http()), Signing(clock), clock)
