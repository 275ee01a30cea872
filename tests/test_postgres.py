"""The store and the race for a refreshed token once more, on a PostgreSQL of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import cluster

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parent.parent
STORE, RACE = "tests/store", "tests/store/test_refresh_race.py"
LONGEST_SECONDS = 900


@pytest.mark.parametrize(
    ("room", "at_least"),
    [((STORE, f"--ignore={RACE}"), 30), ((RACE,), 3)],
    ids=["store", "refresh race"],
)
def test_what_holds_on_sqlite_holds_on_postgresql(room: tuple[str, ...], at_least: int) -> None:
    with cluster() as url:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "0", "-k", "postgresql", *room],
            env=os.environ | {"KETPLAN_TEST_POSTGRES": url},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
        )
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= at_least, "the tests ran, and ran on PostgreSQL"
