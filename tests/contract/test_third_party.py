"""The whole job against a FHIR server nobody here wrote (npm parts, started on loopback).

What it taught: ServiceRequest and Provenance are missing from its CapabilityStatement and work all the same,
`Location` ends in `/_history/…`, ETags are uuids, and a search may take a second.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.contract.checks import CHECKS
from tests.contract.conftest import Holds
from tests.contract.third_party import SHARED, Outside, available

AS_OF, START = "2026-02-16", "2026-03-02"

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(not available(), reason="no third-party server at hand"),
]


@pytest.fixture(scope="module")
def server(outside: Outside) -> str:
    return outside.base


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check: str, outside: Outside, holds: Holds) -> None:
    outside.reset()
    holds(outside.target, check)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KETPLAN_")}
    return {**kept, "KETPLAN_HOME": str(tmp_path / "home")}


def ketplan(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ketplan", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def where(server: str, case: str) -> list[str]:
    return ["--fhir", server, "--patient", case, "--as-of", AS_OF, "--start", START]


def stored(server: str, kind: str, patient: str) -> list[dict]:
    with urllib.request.urlopen(f"{server}/{kind}?patient={patient}&_count=200") as answer:
        return [e["resource"] for e in json.load(answer).get("entry", [])]


def test_every_case_comes_out_as_from_its_file(server: str, environment: dict[str, str]) -> None:
    for case in json.loads((SHARED / "clinical" / "cases.json").read_text())["cases"]:
        result = ketplan("plan", *where(server, case["id"].lower()), "--json", environment=environment)
        assert result.returncode == 0, result.stderr
        said, expected = json.loads(result.stdout), case["expected"]
        assert said["decision"] == expected["decision"]
        assert said["ketamine"]["dose_mg"] == expected["ketamine"]["dose_mg"]


def test_killed_half_way_and_run_again_it_stands_once(server: str, environment: dict[str, str]) -> None:
    words = ["submit", *where(server, "a02"), "--clinician", "Practitioner/outside-1", "--yes"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ketplan", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while len(stored(server, "Appointment", "a02")) < 3 and time.monotonic() < deadline:
        assert process.poll() is None
    process.kill()
    process.wait()
    for _ in range(2):
        again = ketplan(*words, environment=environment)
        assert again.returncode == 0, again.stderr
        assert len(stored(server, "Appointment", "a02")) == 27
        assert [c["status"] for c in stored(server, "CarePlan", "a02")] == ["active"]
        assert len(stored(server, "ServiceRequest", "a02")) == 3


def test_a_blocked_case_writes_nothing(server: str, environment: dict[str, str]) -> None:
    words = ["submit", *where(server, "a06"), "--clinician", "Practitioner/outside-1", "--yes"]
    assert ketplan(*words, environment=environment).returncode == 3
    assert stored(server, "CarePlan", "a06") == []
