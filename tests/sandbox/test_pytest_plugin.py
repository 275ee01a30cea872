"""The pytest plugin in a pytest of its own, as another project would use it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "ketplan.sandbox.pytest_plugin"
MANUAL = ROOT / "docs" / "mock-ehr.md"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """Run a test file in a fresh pytest that finds the plugin as an installed one.

    It is named in a conftest as well, and must be taken once.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    entries = [f"{name} = {where}" for name, where in project["entry-points"]["pytest11"].items()]
    installed = pytester.mkdir("mock_ehr_site") / "mock_ehr-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mock-ehr\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *entries]))
    monkeypatch.setenv("PYTHONPATH", f"{installed.parent}{os.pathsep}{ROOT / 'src'}")

    def run(source: str, *options: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        pytester.makeconftest(f"pytest_plugins = [{PLUGIN!r}]")
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error", *options)

    return run


def test_the_example_of_the_manual_runs(run) -> None:
    text = MANUAL.read_text("utf-8")
    example = text.split("```python\n", 1)[1].split("```", 1)[0]
    run(example).assert_outcomes(passed=example.count("def test_"))


def test_reads_writes_faults_and_own_expectations(run) -> None:
    run(
        """
        import json
        import requests

        PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Canary"}]}

        def test_a_quirk_and_a_fault(mock_ehr):
            ehr = mock_ehr("epic", faults=["429 on=read times=1 retry_after=2"])
            asked = {"Authorization": f"Bearer {ehr.token('patient/*.rs')}"}
            first = requests.get(f"{ehr.fhir_url}/Patient/gad-ready", headers=asked, timeout=5)
            again = requests.get(f"{ehr.fhir_url}/Patient/gad-ready", headers=asked, timeout=5)
            found = requests.get(f"{ehr.fhir_url}/Observation?patient=gad-ready", headers=asked, timeout=5)
            assert (first.status_code, first.headers["Retry-After"]) == (429, "2")
            assert (again.status_code, found.status_code) == (200, 400)
            assert [r.status for r in ehr.asked("GET", "/fhir/Patient")] == [429, 200]

        def test_patients_of_ones_own(mock_ehr):
            ehr = mock_ehr(patients=[PATIENT], open_access=True)
            found = requests.get(f"{ehr.fhir_url}/Patient", timeout=5).json()
            assert [one["resource"]["id"] for one in found["entry"]] == ["p1"]
            assert [one["id"] for one in ehr.stored("Patient")] == ["p1"]

        def test_two_at_once_and_an_answer_of_ones_own(mock_ehr):
            one, other = mock_ehr(open_access=True), mock_ehr(open_access=True)
            one.server.clear()
            one.server.expect_request("/fhir/metadata").respond_with_data("down", status=503)
            one.serve()
            assert requests.get(f"{one.fhir_url}/metadata", timeout=5).status_code == 503
            assert requests.get(f"{other.fhir_url}/metadata", timeout=5).status_code == 200

        def test_a_lost_answer_is_a_cut_connection(mock_ehr):
            ehr = mock_ehr(open_access=True, faults=["lost on=create"])
            body = json.dumps({"resourceType": "Communication", "status": "completed"})
            try:
                requests.post(f"{ehr.fhir_url}/Communication", body, timeout=5,
                              headers={"Content-Type": "application/fhir+json"})
                raise SystemExit("an answer came")
            except requests.ConnectionError:
                assert len(ehr.stored("Communication")) == 1
        """
    ).assert_outcomes(passed=4)


def test_without_httpserver_pytest_starts_and_only_the_fixture_fails(run) -> None:
    result = run(
        """
        import sys

        sys.modules["pytest_httpserver"] = None

        def test_of_something_else():
            assert True

        def test_that_needs_it(mock_ehr):
            pass
        """,
        "-p",
        "no:pytest_httpserver",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*needs pytest-httpserver*"])
