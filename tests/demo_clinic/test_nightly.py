"""The sync that no user starts, on the worker's schedule and on the command line."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ketplan import config
from ketplan.cli import main
from ketplan.config import Site, load
from ketplan.errors import ConfigError, LaunchError
from ketplan.nightly import Nightly
from ketplan.runs import sync_schedules
from ketplan.syncing import Tally


def schedules(site: Site) -> Any:
    services: Any = SimpleNamespace(settings=SimpleNamespace(site=site, ehrs=()))
    nothing: Any = None
    return sync_schedules(Nightly(services, nothing, nothing, nothing, nothing))


def test_nothing_runs_by_night_unless_the_site_says_when() -> None:
    assert schedules(Site()) == ()
    [one] = schedules(Site(sync_at=time(3, 5), timezone="Europe/London"))
    assert (one.name, one.cron, one.zone) == ("sync-visits", "5 3 * * *", "Europe/London")
    one.job()


@pytest.mark.parametrize("wrong", ["25:00", "soon", "3"])
def test_the_hour_is_a_time_of_day(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text('[site]\nsync_at = "03:30"\n')
    assert load({"KETPLAN_CONFIG": str(file)}).site.sync_at == time(3, 30)
    file.write_text(f'[site]\nsync_at = "{wrong}"\n')
    with pytest.raises(ConfigError, match="sync_at"):
        load({"KETPLAN_CONFIG": str(file)})


def test_one_ehr_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    ehrs = [
        SimpleNamespace(name=name, backend=None if name == "without" else "set up")
        for name in ("one", "without", "two")
    ]
    services: Any = SimpleNamespace(settings=SimpleNamespace(ehrs=ehrs))
    nothing: Any = None

    class Asked(Nightly):
        def sync(self, ehr: Any) -> Tally:
            if ehr.name == "one":
                raise LaunchError("The EHR refuses this client.")
            return Tally(plans=3)

    found = list(Asked(services, nothing, nothing, nothing, nothing).through())
    assert [(ehr.name, type(result)) for ehr, result in found] == [("one", LaunchError), ("two", Tally)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "site.toml"
    file.write_text('[[ehr]]\nname = "harbor"\niss = "http://127.0.0.1:1/fhir"\nclient_id = "ketplan"\n')
    for name, value in {"KETPLAN_CONFIG": str(file), "KETPLAN_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--all", "--server", "harbor"], ["--server", "x"], ["--plan", "x"]])
def test_what_is_wanted_must_be_said(here: Path, words: list[str]) -> None:
    result = CliRunner().invoke(main, ["sync", *words])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)


def test_without_a_client_of_its_own_nothing_runs_by_itself(here: Path) -> None:
    result = CliRunner().invoke(main, ["sync", "--server", "harbor"])
    assert (result.exit_code, "backend_client_id" in result.stderr) == (2, True)
    nothing = CliRunner().invoke(main, ["sync", "--all", "--json"])
    assert (nothing.exit_code, json.loads(nothing.stdout)) == (0, [])


def test_with_a_token_the_counts_are_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken")
    result = CliRunner().invoke(main, ["sync", "--server", "harbor", "--token-env", "TOKEN"])
    assert result.exit_code == 0, result.output
    assert result.stdout == "harbor  plans 0, visits 0, changed 0, to decide 0, not read 0, left 0\n"
    assert config.from_environment().site.sync_at is None
