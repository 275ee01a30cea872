"""The safety case: every control names a test that exists, every risk is the matrix's, no field is empty."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG = (ROOT / "docs" / "hazard-log.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
NO_TEST = "(no test)"

SEVERITIES = ("Minor", "Significant", "Considerable", "Major", "Catastrophic")
LIKELIHOODS = ("Very high", "High", "Medium", "Low", "Very low")
# DCB0129's matrix, likelihood down, severity across.
RISK = ((3, 4, 4, 5, 5), (2, 3, 3, 4, 5), (2, 2, 3, 3, 4), (1, 2, 2, 3, 4), (1, 1, 2, 2, 3))
# Residual risk 3 with nothing open: the likelihood is the lowest there is, the severity cannot be lowered.
ACCEPTED = {"H06"}
FIELDS = ("Hazard", "Cause", "Effect", "Initial", "Residual")
MUST_BE_COVERED = (
    "Wrong patient",
    "Wrong dose: a unit",
    "Wrong dose: stale",
    "Wrong dose: rounding",
    "excluded patient",
    "Suicide risk missed",
    "visit is lost",
    "is doubled",
    "read as absence",
    "Hostile",
    "Confidential data",
    "Unsigned, unauthorised or wrongly attributed",
    "Time zone, clock change",
    "partial write",
    "Evidence overstated",
    "house default taken for evidence",
)


def sections() -> dict[str, str]:
    """Hazard heading → its text."""
    parts = re.split(r"^#{2,3} ", LOG, flags=re.M)
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts if re.match(r"H\d\d ", part)}


HAZARDS = sections()


def field(text: str, name: str) -> str:
    found = re.search(rf"^\| {name} \| (.+) \|$", text, re.M)
    assert found, name
    return found[1]


def risk(text: str, name: str) -> int:
    """The stated number, which must be the matrix's for the stated severity and likelihood."""
    severity, likelihood, stated = re.split(r" × | = ", field(text, name))
    assert int(stated) == RISK[LIKELIHOODS.index(likelihood)][SEVERITIES.index(severity)]
    return int(stated)


def controls(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("- ")]


@cache
def known_in(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.exists():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED.findall(LOG)}))
def test_every_test_a_control_names_exists(path: str) -> None:
    assert {name for file, name in NAMED.findall(LOG) if file == path} <= known_in(path)


def test_nothing_that_looks_like_a_test_is_written_another_way() -> None:
    assert len(re.findall(r"::", LOG)) == len(NAMED.findall(LOG)) > 150


@pytest.mark.parametrize("name", HAZARDS)
def test_every_control_has_a_test_or_says_that_it_has_none(name: str) -> None:
    found = controls(HAZARDS[name])
    assert len(found) >= 3
    for control in found:
        assert bool(NAMED.search(control)) is not (NO_TEST in control), control


def test_a_control_without_a_test_is_residual_work() -> None:
    residual = LOG.partition("## Residual work")[2]
    for name, text in HAZARDS.items():
        if NO_TEST in text:
            assert f"({name[:3]})" in residual


@pytest.mark.parametrize("name", HAZARDS)
def test_every_hazard_is_filled_in_and_its_risks_are_the_matrixs(name: str) -> None:
    text = HAZARDS[name]
    assert all(field(text, column) for column in FIELDS)
    assert risk(text, "Residual") <= risk(text, "Initial")


@pytest.mark.parametrize("name", HAZARDS)
def test_a_residual_risk_of_three_or_more_says_what_is_open(name: str) -> None:
    assert risk(HAZARDS[name], "Residual") < 3 or "Still open" in HAZARDS[name] or name[:3] in ACCEPTED


def test_the_printed_matrix_is_the_one_that_counts() -> None:
    printed = re.findall(r"^\| ((?:Very )?(?:[Hh]igh|Medium|[Ll]ow)) \| ([\d |]+) \|$", LOG, re.M)
    assert tuple(words for words, _ in printed) == LIKELIHOODS
    assert tuple(tuple(map(int, row.split(" | "))) for _, row in printed) == RISK


def test_hazards_are_numbered_and_the_summary_is_theirs() -> None:
    assert [name[:3] for name in HAZARDS] == [f"H{n:02}" for n in range(1, len(HAZARDS) + 1)]
    summary = re.findall(r"^\| (H\d\d .+) \| (\d) \| (\d) \|$", LOG, re.M)
    assert summary == [
        (name, str(risk(text, "Initial")), str(risk(text, "Residual"))) for name, text in HAZARDS.items()
    ]


@pytest.mark.parametrize("words", MUST_BE_COVERED)
def test_what_must_be_covered_is(words: str) -> None:
    assert [name for name in HAZARDS if words in name]


def test_the_four_criteria_are_answered_one_by_one_with_what_shows_them() -> None:
    chapter = LOG.partition("## The four criteria")[2].partition("\n## ")[0]
    answers = re.split(r"^\d\. ", chapter, flags=re.M)[1:]
    assert len(answers) == 4
    assert all(NAMED.search(answer) for answer in answers)
