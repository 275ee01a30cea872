"""One refresh token that may be used once, wanted by many threads of many processes at the same moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import IO
from urllib.parse import parse_qs, urlsplit

import pytest

from ketplan.ehr.launch import Grant, challenge
from ketplan.ehr.refresh import Tokens
from ketplan.ehr.transport import Http
from ketplan.errors import SignInEnded
from ketplan.sandbox.server import Server, serve
from ketplan.store.database import Database
from ketplan.store.grants import Grants
from ketplan.store.launches import LiveSessions
from tests.store.refreshing import Wanting

THREADS, PROCESSES, EXPIRIES = 20, 3, 3
START = datetime(2026, 2, 25, 15, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
CALLBACK = "http://localhost:8400/callback"


@pytest.fixture
def ehr() -> Iterator[Server]:
    with serve(
        "127.0.0.1", 0, today=START.date(), launch_url="http://localhost:8400/launch", clock=START.timestamp
    ) as server:
        yield server


def signed_in(ehr: Server, database: Database, lid: str) -> Grant:
    """A launch that holds a token and a refresh token of the EHR, kept for session `lid`."""
    verifier = "v" * 43
    asked = {
        "response_type": "code",
        "client_id": "ketplan",
        "redirect_uri": CALLBACK,
        "scope": "launch/patient online_access patient/*.rs",
        "state": "state-1",
        "aud": f"{ehr.url}/fhir",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "user": "halvorsen",
        "patient": "gad-ready",
    }
    http = Http()
    back = http.send("POST", f"{ehr.url}/auth/authorize", {}, body=asked).headers["Location"]
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": CALLBACK,
        "client_id": "ketplan",
        "code_verifier": verifier,
    }
    body = http.send("POST", f"{ehr.url}/auth/token", {}, body=form).json()
    grant = Grant(
        iss=f"{ehr.url}/fhir",
        ehr="harbor",
        patient="gad-ready",
        encounter=None,
        access_token=body["access_token"],
        expires_at=START + HOUR,
        scope=body["scope"],
        refresh_token=body["refresh_token"],
    )
    LiveSessions(database).create(lid, "browser-1", {}, START, START + 12 * HOUR)
    Grants(database).create(lid, Tokens.of(grant, START).payload())
    return grant


class Process:
    def __init__(self, ehr: Server, url: str, lid: str, *more: str) -> None:
        command = [sys.executable, "-m", "tests.store.refreshing", ehr.url, url, lid, str(THREADS), *more]
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        assert self.out.readline() == "ready\n"

    @property
    def out(self) -> IO[str]:
        assert self.popen.stdout
        return self.popen.stdout

    def ask(self, now: datetime) -> None:
        assert self.popen.stdin
        self.popen.stdin.write(f"{now.isoformat()}\n")
        self.popen.stdin.flush()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.popen.communicate(timeout=30)


def test_of_sixty_callers_in_three_processes_one_refreshes_at_each_expiry(
    ehr: Server, database: Database, url: str
) -> None:
    first = signed_in(ehr, database, "lid-1").access_token
    other = signed_in(ehr, database, "lid-2").access_token
    grants, seen = ehr.harbor.grants, [first]
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(ehr, url, "lid-1")) for _ in range(PROCESSES)]
        for expiry in range(1, EXPIRIES + 1):
            for process in processes:
                process.ask(START + expiry * HOUR)
            got = [token for process in processes for token in json.loads(process.out.readline())]
            assert len(got) == THREADS * PROCESSES
            assert len(set(got)) == 1
            assert got[0] not in seen
            assert grants.access(got[0])
            assert (grants.refreshed, grants.reused) == (expiry, 0)
            seen.append(got[0])
    held = Grants(database).load("lid-1")
    assert held is not None
    assert (held.generation, held.payload["access"]) == (EXPIRIES, seen[-1])
    untouched = Grants(database).load("lid-2")
    assert untouched is not None
    assert (untouched.generation, untouched.payload["access"]) == (0, other)


def test_a_process_killed_before_it_stored_the_answer_holds_nobody_up(
    ehr: Server, database: Database, url: str
) -> None:
    """The EHR has rotated and nobody knows to what: it sees the old token again, ends the sign-in, and that
    is said; the session itself, with all that was saved, stays."""
    signed_in(ehr, database, "lid-1")
    signed_in(ehr, database, "lid-2")
    with Process(ehr, url, "lid-1", "die") as process:
        process.ask(START + HOUR)
        assert process.out.readline() == ""
    assert process.popen.returncode != 0
    wanting = Wanting(ehr.url, url)
    wanting.now = START + HOUR
    with pytest.raises(SignInEnded, match="launch ketplan again"):
        wanting.renewals.current("lid-1")
    assert wanting.renewals.current("lid-2")
    wanting.database.close()
    LiveSessions(database).get("lid-1", "browser-1", START)


def test_launches_renewed_side_by_side_do_not_mix(ehr: Server, database: Database, url: str) -> None:
    lids = [f"lid-{number}" for number in range(5)]
    before = {lid: signed_in(ehr, database, lid).access_token for lid in lids}
    wanting = Wanting(ehr.url, url)
    after = {lid: set(wanting.at_once(lid, 4, START + HOUR)) for lid in lids}
    wanting.database.close()
    assert all(len(tokens) == 1 for tokens in after.values())
    assert len(set.union(*after.values(), set(before.values()))) == 10
    assert (ehr.harbor.grants.refreshed, ehr.harbor.grants.reused) == (5, 0)
