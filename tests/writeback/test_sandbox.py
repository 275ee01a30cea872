"""The real client, journal and lock against an EHR over HTTP, and processes killed with SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ketplan.fhir.render import PLAN_STEP_SYSTEM
from ketplan.sandbox.faults import Faults
from ketplan.sandbox.server import Server, serve
from ketplan.store.database import open_database
from ketplan.store.journal import Journal, StepState
from ketplan.writeback.steps import Receipt
from tests.fhir.plan_builders import PLAN_ID
from tests.writeback import killed_run
from tests.writeback.builders import outcomes

TODAY = date(2026, 2, 25)
EXPECTED = {"Goal": 1, "CarePlan": 1, "ServiceRequest": 3, "Appointment": 4, "Provenance": 1}


@pytest.fixture
def ehr() -> Iterator[Server]:
    with serve("127.0.0.1", 0, today=TODAY, open_access=True) as server:
        yield server


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ketplan.db'}"


def patient_of(ehr: Server) -> str:
    return str(next(ehr.harbor.store.all("Patient"))["id"])


def write(ehr: Server, database_url: str) -> Receipt:
    return killed_run.write(f"{ehr.url}/fhir", database_url, patient_of(ehr), 0, "run-1")


def ours(ehr: Server) -> Counter[str]:
    """How many resources of this plan stand in the EHR, by type."""
    found: Counter[str] = Counter()
    for kind in EXPECTED:
        for raw in ehr.harbor.store.all(kind):
            names = [i for i in raw.get("identifier", []) if i.get("system") == PLAN_STEP_SYSTEM]
            found[kind] += bool(names) or PLAN_ID in str(raw.get("entity"))
    return found


def assert_journal_agrees(ehr: Server, database_url: str) -> None:
    database = open_database(database_url, [killed_run.KEY])
    entries = Journal(database).entries(PLAN_ID)
    database.close()
    assert {entry.state for entry in entries} == {StepState.DONE}
    assert all(ehr.harbor.store.find(entry.resource_type, entry.resource_id) for entry in entries)


def test_a_rendered_plan_goes_in_and_a_second_run_changes_nothing(ehr: Server, database_url: str) -> None:
    receipt = write(ehr, database_url)
    assert ours(ehr) == EXPECTED
    assert receipt.exit_code == 0
    assert not any(row.detail for row in receipt.rows)
    again = write(ehr, database_url)
    assert set(outcomes(again).values()) == {"already_there"}
    assert [row.reference for row in again.rows] == [row.reference for row in receipt.rows]
    assert_journal_agrees(ehr, database_url)


def test_dropped_answers_are_recovered_within_the_run(ehr: Server, database_url: str) -> None:
    ehr.harbor.faults.set(Faults(drop_every_nth_create=2))
    receipt = write(ehr, database_url)
    assert ours(ehr) == EXPECTED
    assert receipt.exit_code == 0
    assert sum("answer was lost" in row.detail for row in receipt.rows) == 5


def test_refused_care_plans_are_said_and_nothing_hangs_in_the_air(ehr: Server, database_url: str) -> None:
    ehr.harbor.faults.set(Faults(refuse_care_plan_writes=True))
    receipt = write(ehr, database_url)
    assert +ours(ehr) == {"Goal": 1}
    assert receipt.exit_code == 1


@pytest.mark.parametrize("moment", [4, 25])
def test_killed_for_real_and_run_again(ehr: Server, database_url: str, moment: int) -> None:
    base, patient = f"{ehr.url}/fhir", patient_of(ehr)
    command = [sys.executable, "-m", "tests.writeback.killed_run", base, database_url, patient, str(moment)]
    root = Path(__file__).parents[2]
    search = os.pathsep.join([str(root / "src"), str(root)])
    died = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": search}, check=False)
    assert died.returncode == -signal.SIGKILL
    receipt = write(ehr, database_url)
    assert ours(ehr) == EXPECTED
    assert receipt.exit_code == 0
    assert_journal_agrees(ehr, database_url)
