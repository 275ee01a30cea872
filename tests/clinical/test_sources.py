"""Whatever the clinical tables say carries its source, and every source key is explained once."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

import ketplan.clinical as room
from ketplan.clinical.protocols import cbt, evidence, ketamine, seed, wider_evidence
from ketplan.clinical.protocols.evidence import Result
from ketplan.clinical.rule_words import FIRES
from ketplan.clinical.rules import RULES
from ketplan.clinical.screens.interactions import INTERACTIONS

FOLDER = Path(str(room.__file__)).parent
SOURCES = tomllib.loads(files("ketplan.clinical").joinpath("sources.toml").read_text("utf-8"))["source"]
KNOWN = {(row["read"], row["key"]) for row in SOURCES}
TAG = re.compile(r"\[([FM]):([^\]\\]+)\]")


def tags(text: str) -> set[tuple[bool, str]]:
    """(read or from memory, key) of every tag; what follows a comma or "intro" is a remark, not the key."""
    return {(kind == "F", re.split(r",| intro", key)[0]) for kind, key in TAG.findall(text)}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda p: str(p.relative_to(FOLDER)))
def test_every_tag_is_explained_in_the_list_of_sources(path: Path) -> None:
    assert tags(path.read_text("utf-8")) <= KNOWN


def test_sources_are_listed_once_and_say_where_they_were_read() -> None:
    assert len(KNOWN) == len(SOURCES)
    assert all(row["what"] and (row["where"] or not row["read"]) for row in SOURCES)


def test_no_rule_is_without_a_source_and_words_for_what_makes_and_what_resolves_it() -> None:
    assert FIRES.keys() == RULES.keys()
    for rule in RULES.values():
        assert rule.source and rule.fires.endswith((".", "?"))
        assert rule.resolves or rule.cls.value == "INFO"


def test_no_protocol_course_or_product_is_without_a_source() -> None:
    rows = [*ketamine.PROTOCOLS, *ketamine.NOT_OFFERED, *cbt.COURSES]
    assert all(row.source for row in rows)
    assert {i.id for i in INTERACTIONS} <= RULES.keys()


def test_every_trial_says_how_it_came_out_and_where_that_stands() -> None:
    groups = [*evidence.TRIALS.values(), wider_evidence.ANY_ANXIETY, *wider_evidence.BY_ROUTE.values()]
    for trial in (t for group in groups for t in group):
        assert trial.words and trial.source and isinstance(trial.result, Result)
    assert all(c.source and c.outcome for c in wider_evidence.COMBINATIONS)


@pytest.mark.parametrize(
    ("disorder", "name"),
    [
        ("OCD", "Bloch 2012"),
        ("PTSD", "Abdallah 2022"),
        ("PTSD", "Pain and PTSD trial"),
        ("PTSD", "Duek 2023"),
    ],
)
def test_the_trials_that_found_nothing_are_there(disorder: str, name: str) -> None:
    (trial,) = (t for t in evidence.TRIALS[disorder] if t.name == name)
    assert trial.result is Result.NULL


def test_the_articles_thirteen_statements_are_answered() -> None:
    assert [c.id for c in seed.CLAIMS] == [f"S{n}" for n in range(1, 14)]
    assert all(c.says and c.true and c.so for c in seed.CLAIMS)
    assert {c.id for c in seed.CLAIMS if c.holds == seed.NO} >= {"S2", "S3", "S8", "S9", "S12"}
