"""The acceptance cases beside the repository, and a proposal in the command line's JSON for a Bundle."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ketplan.cli import report
from ketplan.clinical.assessment import assess
from ketplan.clinical.draft import draft
from ketplan.fhir.bundle import sections_of
from ketplan.fhir.r4 import to_json
from ketplan.fhir.render import Step
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.timetable import Timetable
from ketplan.workflow import Practice, Proposal, open_record, propose

Json = dict[str, Any]

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
CASES = SHARED / "clinical" / "cases.json"
PATIENTS = sorted(path for path in (SHARED / "patients").glob("*/*.json") if path.name != "INDEX.json")
beside = pytest.mark.skipif(not CASES.is_file(), reason="no shared folder beside the repository")

PRACTICE = Practice(Clinic("America/New_York"))
NOW = datetime(2026, 2, 16, 14, 0, tzinfo=UTC)


@cache
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("case_to_bundle", SHARED / "tools" / "case_to_bundle.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def book() -> Json:
    """{"std_workup": …, "cases": [...]}; empty where the folder is absent."""
    loaded: Json = json.loads(CASES.read_text()) if CASES.is_file() else {"std_workup": {}, "cases": []}
    return loaded


def planned(bundle: Json, as_of: str, start: str) -> Json:
    """What `ketplan plan BUNDLE --as-of … --start … --json` prints."""
    return _printed(
        propose(
            open_record(sections_of(bundle), None, PRACTICE.zone),
            server="",
            as_of=date.fromisoformat(as_of),
            start=date.fromisoformat(start),
            practice=PRACTICE,
            now=NOW,
        )
    )


class Undated(Proposal):
    """A proposal before its visits are placed and its resources rendered, which is most of the work."""

    def steps(self) -> tuple[Step, ...]:
        return ()


def decided(bundle: Json, as_of: str, start: str) -> Json:
    """The same without `schedule` and `resources`: what the clinical room alone decides."""
    record = open_record(sections_of(bundle), None, PRACTICE.zone)
    verdict = assess(record, date.fromisoformat(as_of), date.fromisoformat(start), PRACTICE.house)
    return _printed(Undated("", record, verdict, draft(verdict), Timetable(PRACTICE.clinic.zone), NOW))


def _printed(proposal: Proposal) -> Json:
    printed: Json = json.loads(to_json(report.as_json(proposal)))
    return printed


def ids(plan: Json, *classes: str) -> set[str]:
    return {f["id"] for f in plan["findings"] if f["class"] in classes}


def reasons(plan: Json) -> set[str]:
    """The findings a case lists: all that need review or, when blocked, those that block."""
    return ids(plan, "BLOCK") if plan["decision"] == "blocked" else ids(plan, "BLOCK", "HOLD", "REVIEW")


def differences(expected: Any, told: Any, where: str = "") -> list[str]:
    """Where `told` does not hold what is expected; keys nobody expects are passed over."""
    if isinstance(expected, dict) and isinstance(told, dict):
        return [
            line
            for key, value in expected.items()
            for line in differences(value, told.get(key, "(absent)"), f"{where}.{key}")
        ]
    return [] if expected == told else [f"{where or '.'}: expected {expected!r}, told {told!r}"]
