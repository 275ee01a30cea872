"""Canaries on the command line: whatever an EHR answers, stderr has one sentence and none of them sings."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ketplan.cli import main
from ketplan.ehr.client import FhirClient
from ketplan.ehr.patience import Patience
from ketplan.ehr.transport import Answer, Http
from ketplan.sandbox.app import create_app as create_ehr
from tests.security.canaries import (
    NEIGHBOUR,
    PATIENT,
    PHI,
    SAID,
    TellingHttp,
    an_outcome,
    answered,
    everything_logged,
    plant,
)
from tests.web.support import EHR, ISS, NOW

TOKEN, VARIABLE = "canarytoken.of.the-command_line", "CANARY_EHR_TOKEN"
SILENT = (*PHI.values(), PATIENT, NEIGHBOUR, TOKEN)
DAY, START = "2026-02-25", "2026-03-02"
ANSWERS: dict[str, Answer | BaseException] = {
    **{
        f"status {n}": answered(n, an_outcome(), Retry_After="0") for n in (400, 401, 403, 404, 422, 500, 503)
    },
    "200 with an error": answered(200, an_outcome("fatal")),
    "a page": answered(200, f"<html>{SAID}</html>", "text/html"),
    "half an answer": answered(200, f'{{"resourceType": "{SAID}'),
    "not an object": answered(200, [SAID]),
    "another type": answered(200, {"resourceType": "Basic", "id": PATIENT, "note": SAID}),
    "crashed": RuntimeError(SAID),
}
AT_SERVER = ("--fhir", ISS, "--patient", PATIENT, "--token-env", VARIABLE, "--as-of", DAY, "--start", START)
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "plan": ("plan", *AT_SERVER),
    "preview": ("submit", *AT_SERVER, "--clinician", "Practitioner/outside-1"),
    "submit": ("submit", *AT_SERVER, "--clinician", "Practitioner/outside-1", "--yes"),
    "doctor": ("doctor", ISS, "--token-env", VARIABLE, "--patient", PATIENT),
}
PLACES: Mapping[str, Callable[[str, str], bool]] = {
    "everything": lambda method, path: True,
    "the patient": lambda method, path: "/Patient" in path,
    "writing": lambda method, path: method in ("POST", "PUT") and "/fhir/" in path,
}


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TellingHttp:
    """All that the commands send goes to a pretend EHR of this process; nobody waits between two tries."""
    ehr = create_ehr(EHR, today=NOW.date(), open_access=True, clock=NOW.timestamp)
    plant(ehr)
    telling = TellingHttp(ehr)
    monkeypatch.setattr(Http, "send", lambda self, *how, **more: telling.send(*how, **more))
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    made = FhirClient.__init__

    def hasty(self: FhirClient, *how: Any, **more: Any) -> None:
        made(self, *how, **more)
        self.patience = Patience(sleep=lambda seconds: None)

    monkeypatch.setattr(FhirClient, "__init__", hasty)
    for name in ("KETPLAN_CONFIG", "KETPLAN_DATABASE_URL", "KETPLAN_SECRET_KEY", "KETPLAN_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path))
    monkeypatch.setenv(VARIABLE, TOKEN)
    return telling


def ketplan(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def sings(text: str) -> list[str]:
    return [canary for canary in SILENT if canary in text]


CASES = [
    *((command, what, "everything") for command in COMMANDS for what in ANSWERS),
    *((command, what, "the patient") for command in ("plan", "doctor") for what in ("status 403", "crashed")),
    *(("submit", what, "writing") for what in ("status 401", "status 422", "half an answer", "crashed")),
]


@pytest.mark.parametrize(("command", "what", "where"), CASES)
def test_no_canary_sings_on_stderr(
    command: str, what: str, where: str, http: TellingHttp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    struck: list[str] = []

    def trouble(method: str, path: str) -> Answer | BaseException | None:
        if not PLACES[where](method, path):
            return None
        struck.append(path)
        return ANSWERS[what]

    http.trouble = trouble
    result = ketplan(*COMMANDS[command])
    assert isinstance(result.exception, SystemExit | None), "a traceback"
    assert result.exit_code in (0, 1, 2, 3, 75)
    assert sings(result.stderr) == []
    assert "Traceback" not in result.output
    assert TOKEN not in result.output
    assert len(result.stderr.splitlines()) <= 1
    ours = (record for record in caplog.records if "sandbox" not in record.pathname)
    assert sings(everything_logged(ours)) == []
    assert struck, "the trouble was met"


def test_the_list_of_runs_and_the_trail_tell_nobodys_data(http: TellingHttp) -> None:
    refusal = answered(422, an_outcome())
    http.trouble = lambda method, path: refusal if PLACES["writing"](method, path) else None
    assert ketplan(*COMMANDS["submit"]).exit_code != 0
    rows = [json.loads(line) for line in ketplan("audit", "export").stdout.splitlines()]
    assert rows[0]["subtype"][0]["code"] == "plan-signed"
    plan = rows[0]["entity"][1]["what"]["identifier"]["value"]
    for words in (("runs",), ("runs", "show", plan)):
        told = ketplan(*words)
        assert told.exit_code == 0, told.output
        assert sings(told.output) == []
    for row in rows:
        assert [c for c in sings(json.dumps(row)) if c != PATIENT] == []


def test_without_trouble_the_canaries_are_really_there(http: TellingHttp) -> None:
    """Or the tests above would show nothing."""
    result = ketplan(*COMMANDS["plan"])
    assert result.exit_code == 0
    assert PHI["family name"] in result.stdout
    assert sings(result.stderr) == []
