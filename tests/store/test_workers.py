"""Who lives, who is silent, and that one alone takes over."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ketplan.errors import ConfigError
from ketplan.store.database import Database
from ketplan.store.processes import Process, is_running
from ketplan.store.workers import SILENCE, Workers
from tests.store.conftest import MINUTE, NOW


def workers(database: Database, host: str = "one", pid: int = 1, dead: tuple[int, ...] = ()) -> Workers:
    return Workers(database, Process(host, pid, lambda other: other not in dead))


def test_a_name_belongs_to_one_living_process(database: Database) -> None:
    workers(database).begin("w", NOW)
    with pytest.raises(ConfigError, match="under the name w"):
        workers(database, "two").begin("w", NOW)
    workers(database, "two").begin("w", NOW + SILENCE)
    assert workers(database).living(NOW + SILENCE) == ("w",)


def test_a_process_that_died_here_leaves_its_name_at_once(database: Database) -> None:
    workers(database, pid=1).begin("w", NOW)
    workers(database, pid=2, dead=(1,)).begin("w", NOW)


def test_who_beats_lives_and_who_is_silent_is_taken_over_once(database: Database) -> None:
    workers(database).begin("silent", NOW)
    workers(database, "two").begin("beating", NOW)
    later = NOW + SILENCE
    workers(database, "two").beat("beating", later - MINUTE / 60)
    assert workers(database, "two").living(later) == ("beating",)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: workers(database, f"host {n}").claim_dead(later), range(8)))
    assert sorted(filter(None, claims)) == ["silent"]
    workers(database, "two").end("silent")
    assert workers(database).claim_dead(later) is None


def test_a_claim_by_one_who_died_over_it_lapses(database: Database) -> None:
    workers(database).begin("silent", NOW)
    assert workers(database, "two").claim_dead(NOW + SILENCE) == "silent"
    assert workers(database, "three").claim_dead(NOW + SILENCE + timedelta(seconds=1)) is None
    assert workers(database, "three").claim_dead(NOW + 2 * SILENCE) == "silent"


def test_one_that_died_on_this_machine_is_taken_over_at_once(database: Database) -> None:
    workers(database, pid=1).begin("killed", NOW)
    assert workers(database, pid=2).claim_dead(NOW) is None
    assert workers(database, "elsewhere", pid=2, dead=(1,)).claim_dead(NOW) is None
    assert workers(database, pid=2, dead=(1,)).claim_dead(NOW) == "killed"


def test_nobody_takes_over_itself(database: Database) -> None:
    mine = workers(database, pid=7, dead=(7,))
    mine.begin("me", NOW)
    assert mine.claim_dead(NOW) is None


def test_a_dead_process_nobody_has_asked_for_does_not_run() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.read()  # ends with the process
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(process.pid)
    process.wait()
    process.stdout.close()
    assert is_running(os.getpid())
