"""The table of SMART's requirements for clients cannot rot: every number once, every named test there."""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "smart-conformance.md").read_text("utf-8")
REQUIRED = dict(
    line.split(" ", 1)
    for line in (Path(__file__).parent / "smart_requirements.txt").read_text("utf-8").splitlines()
)
LISTED = ROOT.parent / "shared" / "reference" / "inferno-smart-client-requirements.tsv"
ROW = re.compile(r"^\| (\d+) \| ([A-Z ]+) \| (✓?) ?\| (.+?) \| (.+) \|$", re.M)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROWS = ROW.findall(TABLE)
NUMBERS = [row[0] for row in ROWS]


@cache
def named_in(path: str) -> frozenset[str]:
    """Every test function of a file, those in classes too."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8")) if file.exists() else ast.Module([], [])
    found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in found if name.startswith("test_"))


def test_every_requirement_stands_there_exactly_once() -> None:
    assert len(REQUIRED) == 164
    assert list(REQUIRED) == NUMBERS
    assert {number: level for number, level, *_ in ROWS} == REQUIRED


@pytest.mark.parametrize("row", ROWS, ids=NUMBERS)
def test_a_row_is_tested_by_tests_that_exist_or_says_why_not(row: tuple[str, ...]) -> None:
    *_, words, status = row
    assert 5 <= len(words) <= 120
    if status.startswith("not applicable: "):
        assert len(status.split()) >= 7, "a reason takes some words"
        assert not TEST.search(status)
        return
    assert status.startswith("tested by `")
    named = TEST.findall(status)
    assert ", ".join(f"`{path}::{name}`" for path, name in named) == status.removeprefix("tested by ")
    assert [f"{path}::{name}" for path, name in named if name not in named_in(path)] == []


def test_nothing_inferno_itself_checks_is_waved_away() -> None:
    assert [n for n, _, checked, _, status in ROWS if checked and status.startswith("not")] == []


def test_the_sum_below_the_table_is_right() -> None:
    tested = sum(status.startswith("tested") for *_, status in ROWS)
    assert f"{len(ROWS)} requirements: {tested} tested, {len(ROWS) - tested} not applicable." in TABLE


@pytest.mark.skipif(not LISTED.exists(), reason="the list itself is not part of the repository")
def test_the_numbers_are_those_of_the_list() -> None:
    with LISTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {row["id"]: row["conformance"] for row in rows} == REQUIRED
    assert {row["id"] for row in rows if row["checked_by"]} == {n for n, _, checked, *_ in ROWS if checked}
