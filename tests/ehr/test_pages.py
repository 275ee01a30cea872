"""docs/ehr holds a page for each profile, and each page says what the profile says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from ketplan import config
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.pages import page

DOCS = Path(__file__).parents[2] / "docs" / "ehr"


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_page_is_made_of_the_profile(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text("utf-8") == page(shipped()[name])


def test_no_page_is_left_of_a_profile_that_went() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == set(shipped())


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_witness_is_named(name: str) -> None:
    profile = shipped()[name]
    facts = (*profile.signs, *profile.writes, *profile.limits, *profile.quirks)
    assert all(fact.witness in page(profile) for fact in facts)


@pytest.mark.parametrize("name", sorted(shipped()))
def test_its_settings_are_accepted_once_the_dots_are_filled_in(name: str, tmp_path: Path) -> None:
    block = page(shipped()[name]).split("```toml\n")[1].split("```")[0]
    filled = block.replace('iss = "https://…"', 'iss = "https://ehr.example.org/r4"').replace(
        "…", "ehr.example"
    )
    assert tomllib.loads(filled)
    file = tmp_path / "settings.toml"
    file.write_text(filled, "utf-8")
    (ehr,) = config.load({"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)}).ehrs
    assert (ehr.name, ehr.profile) == (name, name)
