"""A sample of kills: whatever dies when, each resource stands exactly once and the journal agrees.

Run with -m crash. `python -m tests.crash --kills 200` is the long form.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.crash.ehr import MANNERS, Manners
from tests.crash.harness import torment
from tests.postgres import cluster

pytestmark = pytest.mark.crash

SEED = int(os.environ.get("KETPLAN_CRASH_SEED") or secrets.randbelow(10**6))


@pytest.fixture(autouse=True)
def seed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f" KETPLAN_CRASH_SEED={SEED} ", end="")


@pytest.mark.parametrize("manners", MANNERS, ids=lambda m: m.name)
def test_one_worker_killed_on_sqlite(manners: Manners, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ketplan.db'}"
    done = torment(manners, url, tmp_path, workers=1, plans=4, kills=7, seed=SEED)
    assert done.clean, (SEED, done.complaints)
    assert done.kills >= 3


@pytest.mark.parametrize("manners", MANNERS[1:5], ids=lambda m: m.name)
def test_three_workers_killed_on_postgresql(manners: Manners, tmp_path: Path) -> None:
    with cluster() as url:
        done = torment(manners, url, tmp_path, workers=3, plans=6, kills=10, seed=SEED)
    assert done.clean, (SEED, done.complaints)
    assert done.kills >= 5
