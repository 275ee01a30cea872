"""The acceptance cases, key by key, and every record beside the repository planned without a crash."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.golden.shared import PATIENTS, beside, book, differences, ids, planned, reasons, tool

Json = dict[str, Any]
CASES = {case["id"]: case for case in book()["cases"]}


@cache
def plan_of(id: str) -> Json:
    case = CASES[id]
    return planned(tool().build(case, book()["std_workup"]), case["as_of"], case["day0"])


@beside
def test_all_twelve_are_there() -> None:
    assert len(CASES) == 12


@beside
@pytest.mark.parametrize("id", [*CASES])
def test_case(id: str) -> None:
    plan, expected = plan_of(id), dict(CASES[id]["expected"])
    assert reasons(plan) == set(expected.pop("findings"))
    assert ids(plan, "INFO") >= set(expected.pop("info_includes"))
    assert differences(expected, plan) == []


@beside
@pytest.mark.parametrize("id", [*CASES])
def test_what_would_be_written(id: str) -> None:
    """A blocked patient gets nothing; anybody else a plan and one appointment for each visit."""
    plan = plan_of(id)
    kinds = [resource["resourceType"] for resource in plan["resources"]]
    if plan["decision"] == "blocked":
        assert kinds == []
        return
    visits = plan["ketamine"]["infusions"] + plan["cbt"]["sessions"] + len(plan["followups"])
    assert kinds.count("CarePlan") == 1
    assert kinds.count("Appointment") == len(plan["schedule"]) == visits
    assert all(visit["start"] for visit in plan["schedule"])


@beside
@pytest.mark.parametrize("path", PATIENTS, ids=lambda path: path.stem[:24])
def test_every_record_plans(path: Path) -> None:
    plan = planned(json.loads(path.read_text()), "2026-02-16", "2026-03-02")
    assert plan["decision"] in ("eligible", "needs_review", "blocked")
    assert plan["findings"]
    if plan["decision"] == "blocked" or not plan["disorders"]:
        assert plan["ketamine"]["infusions"] == 0
        assert plan["resources"] == []
