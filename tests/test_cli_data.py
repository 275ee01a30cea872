"""Taking everything along, backing it up, letting it go: from the command line."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ketplan import compose
from ketplan.cli import main
from ketplan.compose import Services
from ketplan.config import load
from ketplan.fhir.render import render
from ketplan.kept import plan_payload
from ketplan.store.journal import Planned
from ketplan.store.plans import PlanState
from tests.fhir.plan_builders import a_plan, a_timetable

SECRET = "Zk3x-9QpT7_vWn5LrB8yHs2JdFg4MaCe6Ub1"
ISS = "https://ehr.example.org/fhir"
PLAN = a_plan()
STEPS = render(PLAN, a_timetable(PLAN.draft))
TODAY = datetime(2026, 3, 7, 21, 30, tzinfo=UTC)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"KETPLAN_HOME": str(tmp_path), "KETPLAN_SECRET_KEY": SECRET}


@pytest.fixture
def services(environment: dict[str, str]) -> Services:
    """A plan of which the first two steps stand in the EHR, and a draft of somebody else."""
    found = compose.open_services(load(environment))
    found.plans.save(PLAN.id, ISS, "jane", 1, plan_payload(PLAN, STEPS), TODAY)
    found.plans.move(PLAN.id, PlanState.WRITING, TODAY)
    found.journal.plan(PLAN.id, [Planned(s.key, s.type, s.verb, s.resource) for s in STEPS], TODAY)
    for ordinal, step in enumerate(STEPS[:2]):
        found.journal.sending(PLAN.id, step.key, step.resource, TODAY)
        found.journal.done(PLAN.id, step.key, f"e{ordinal}", None, 201, TODAY)
    found.drafts.save(ISS, "joan", {"start": "2026-03-09"}, 0, TODAY - timedelta(days=400))
    return found


def ketplan(environment: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(main, words, env=environment)


def exported(environment: dict[str, str]) -> dict[str, dict]:
    result = ketplan(environment, "export")
    assert result.exit_code == 0
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {bundle["identifier"]["value"].rpartition("/")[2]: bundle for bundle in found}


def test_everything_leaves_as_fhir(environment: dict[str, str], services: Services) -> None:
    bundles = exported(environment)
    assert list(bundles) == ["joan", "jane"]
    resources = [entry["resource"] for entry in bundles["jane"]["entry"]]
    plan = next(r for r in resources if r["resourceType"] == "CarePlan")
    assert (plan["id"], plan["status"]) == ("e1", "active")
    assert plan["goal"] == [{"reference": "Goal/e0"}]
    made = sum(not step.updates for step in STEPS)
    assert len([r for r in resources if r["resourceType"] != "DocumentReference"]) == made
    urls = {entry["fullUrl"] for entry in bundles["jane"]["entry"]}
    appointment = next(r for r in resources if r["resourceType"] == "Appointment")
    assert {r["reference"] for r in appointment["basedOn"]} <= urls if "basedOn" in appointment else True
    assert "step:" not in json.dumps(bundles)


def test_what_has_no_fhir_form_comes_as_a_document(environment: dict[str, str], services: Services) -> None:
    (entry,) = exported(environment)["joan"]["entry"]
    document = entry["resource"]
    assert (document["resourceType"], document["subject"]) == (
        "DocumentReference",
        {"reference": "Patient/joan"},
    )
    data = base64.b64decode(document["content"][0]["attachment"]["data"])
    assert json.loads(data) == {"start": "2026-03-09"}


def test_a_backup_is_whole_sealed_and_for_its_owner_alone(
    environment: dict[str, str], services: Services, tmp_path: Path
) -> None:
    copy = tmp_path / "backup.db"
    assert ketplan(environment, "backup", str(copy)).exit_code == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert b"2026-03-09" not in copy.read_bytes()
    restored = compose.open_services(load({**environment, "KETPLAN_DATABASE_URL": f"sqlite:///{copy}"}))
    assert restored.plans.load(PLAN.id).payload == services.plans.load(PLAN.id).payload
    again = ketplan(environment, "backup", str(copy))
    assert (again.exit_code, "overwrite" in again.stderr) == (2, True)


def test_purge_says_first_and_spares_what_is_unfinished(
    environment: dict[str, str], services: Services
) -> None:
    assert "1 patients" in ketplan(environment, "purge", "--days", "30").stdout
    assert len(services.retention.patients()) == 2
    assert ketplan(environment, "purge", "--days", "30", "--yes").exit_code == 0
    assert [kept.patient_id for kept in services.retention.patients()] == ["jane"]


def test_purge_needs_to_know_for_how_long(environment: dict[str, str]) -> None:
    result = ketplan(environment, "purge")
    assert (result.exit_code, "keep_days" in result.stderr) == (2, True)
