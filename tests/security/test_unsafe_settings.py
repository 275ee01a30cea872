"""What ketplan does not start with, each refused with one sentence before anything is opened or sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from ketplan import config
from ketplan.cli import main
from ketplan.errors import ConfigError
from ketplan.servers import discreet, guard_host
from ketplan.store.database import open_database
from tests.store.conftest import KEY

EHR = '[[ehr]]\nname = "general"\nclient_id = "ketplan"\niss = "https://ehr.example.org/fhir"\n'
UNSAFE = {
    "debugging": ({"FLASK_DEBUG": "1"}, EHR, "development"),
    "debugging, spelt out": ({"FLASK_DEBUG": "True"}, EHR, "development"),
    "a debugger's pin": ({"WERKZEUG_DEBUG_PIN": "123"}, EHR, "development"),
    "a short key": ({"KETPLAN_SECRET_KEY": "short"}, EHR, "32 random"),
    "an even key": ({"KETPLAN_SECRET_KEY": "ab" * 40}, EHR, "32 random"),
    "a key out of a manual": ({"KETPLAN_SECRET_KEY": f"secret-key-{KEY}"}, EHR, "32 random"),
    "plain http in public": ({"KETPLAN_PUBLIC_URL": "http://ketplan.example.org"}, EHR, "https"),
    "a name in the address": ({"KETPLAN_PUBLIC_URL": "https://a:b@ketplan.example.org"}, EHR, "https"),
    "an EHR by plain http": ({}, EHR.replace("https", "http"), "https"),
    "any EHR": ({}, EHR.replace("ehr.example.org", "*.example.org"), "wildcard"),
    "any frame": ({}, EHR + 'frame_ancestors = ["*"]\n', "origins"),
    "any frame of a scheme": ({}, EHR + 'frame_ancestors = ["https:"]\n', "origins"),
    "any frame below a name": ({}, EHR + 'frame_ancestors = ["https://*.example.org"]\n', "origins"),
    "more than a frame": ({}, EHR + 'frame_ancestors = ["https://a.example; script-src *"]\n', "origins"),
    "a frame by plain http": ({}, EHR + 'frame_ancestors = ["http://ehr.example.org"]\n', "origins"),
    "a secret in the file": ({}, EHR + 'client_secret = "x"\n', "environment"),
    "a password in the file": ({}, '[site]\npassword = "x"\n', "environment"),
    "a secret that is not there": ({}, EHR + 'client_secret_env = "NOT_SET"\n', "not set"),
    "another database": ({"KETPLAN_DATABASE_URL": "mysql://u:p@db/x"}, EHR, "sqlite"),
}


@pytest.mark.parametrize("what", UNSAFE)
def test_it_is_refused_in_one_sentence_that_says_what(tmp_path: Path, what: str) -> None:
    environ, toml, words = UNSAFE[what]
    file = tmp_path / "ketplan.toml"
    file.write_text(toml, "utf-8")
    known = {"KETPLAN_HOME": str(tmp_path / "home"), "KETPLAN_CONFIG": str(file)}
    with pytest.raises(ConfigError, match=words) as caught:
        config.load(known | environ, "linux")
    assert "\n" not in str(caught.value)
    assert not any(value in str(caught.value) for value in environ.values() if len(value) > 8)
    assert not (tmp_path / "home").exists()


def test_what_is_safe_starts(tmp_path: Path) -> None:
    file = tmp_path / "ketplan.toml"
    file.write_text(EHR + 'frame_ancestors = ["https://ehr.example.org"]\n', "utf-8")
    known = {"KETPLAN_HOME": str(tmp_path), "KETPLAN_CONFIG": str(file), "FLASK_DEBUG": "0"}
    known |= {"KETPLAN_PUBLIC_URL": "https://ketplan.example.org", "KETPLAN_SECRET_KEY": KEY}
    assert len(config.load(known, "linux").ehrs) == 1


@pytest.mark.skipif(os.name != "posix", reason="file modes")
@pytest.mark.parametrize("mode", [0o604, 0o606, 0o644])
def test_a_database_that_everybody_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ketplan.db"
    open_database(f"sqlite:///{path}", [KEY]).close()
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod"):
        open_database(f"sqlite:///{path}", [KEY])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "ketplan.example.org"])
def test_other_machines_come_by_https_only(host: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        guard_host(host, "http://localhost:8400")
    guard_host(host, "https://ketplan.example.org")
    guard_host("127.0.0.1", "http://localhost:8400")


def test_serve_asks_before_it_opens_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KETPLAN_CONFIG", "KETPLAN_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path / "home"))
    answer = CliRunner().invoke(main, ["serve", "--host", "0.0.0.0"])
    assert answer.exit_code == 2
    assert "https" in answer.stderr
    assert not (tmp_path / "home").exists()


def test_the_demo_has_no_way_to_other_machines() -> None:
    assert "--host" not in {option for p in main.commands["demo"].params for option in p.opts}


def test_gunicorn_repeats_no_address(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    log = logging.getLogger("gunicorn.error.test")
    log.addFilter(discreet)
    try:
        raise RuntimeError("Canarysurname")
    except RuntimeError:
        log.exception("Error handling request %s", "/l/canary-launch/")
    log.warning("Invalid request from ip=1.2.3.4: GET /l/canary-launch/")
    assert "canary" not in caplog.text.lower()
    assert "Error handling request." in caplog.text
