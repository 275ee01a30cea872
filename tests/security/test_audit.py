"""The audit trail: nobody changes it unseen, nobody's name gets into it, and it leaves as AuditEvents."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fhir.resources.R4B.auditevent import AuditEvent as R4AuditEvent
from flask import Flask
from sqlalchemy import delete, insert, select, update

from ketplan.cli import main
from ketplan.compose import Services
from ketplan.errors import InputError
from ketplan.fhir.audit_event import KINDS
from ketplan.store.audit import AuditEvent, AuditTrail
from ketplan.store.database import open_database
from tests.store.conftest import KEY, NOW
from tests.web.support import Browser

ISS = "https://ehr.example.org/fhir"
APPENDER = """
import sys
from datetime import UTC, datetime
from ketplan.store.audit import AuditEvent, AuditTrail
from ketplan.store.database import open_database
trail = AuditTrail(open_database(sys.argv[1], [sys.argv[2]]))
for number in range(10):
    trail.append(AuditEvent("Practitioner/7", "launch", note=f"{sys.argv[3]}-{number}"), datetime.now(UTC))
"""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"sqlite:///{tmp_path / 'ketplan.db'}"
    monkeypatch.setenv("KETPLAN_HOME", str(tmp_path))
    monkeypatch.setenv("KETPLAN_DATABASE_URL", address)
    monkeypatch.setenv("KETPLAN_SECRET_KEY", KEY)
    monkeypatch.delenv("KETPLAN_CONFIG", raising=False)
    return address


def a_trail(url: str, rows: int = 3) -> AuditTrail:
    trail = AuditTrail(open_database(url, [KEY]))
    for number in range(rows):
        event = AuditEvent("Practitioner/7", "plan-written", ISS, "Patient/p1", "a1b2c3d4-plan", "written")
        trail.append(event, NOW.replace(minute=number))
    return trail


def ketplan(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_whole_trail_is_said_to_be_whole(url: str) -> None:
    a_trail(url)
    answer = ketplan("audit", "verify")
    assert (answer.exit_code, answer.output) == (0, "The audit trail is whole: 3 rows.\n")


def test_the_row_from_which_it_is_broken_is_named(url: str) -> None:
    trail = a_trail(url)
    audit = trail._database.schema.audit
    with trail._database.writing() as connection:
        connection.execute(update(audit).where(audit.c.number == 2).values(patient="Patient/p2"))
    answer = ketplan("audit", "verify")
    assert answer.exit_code == 1
    assert answer.stderr == "The audit trail is not as it was written, from row 2 on.\n"
    exported = ketplan("audit", "export")
    assert exported.exit_code == 1
    assert len(exported.stdout.splitlines()) == 3


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_trail_made_anew_without_the_key_is_found(url: str, kept: int) -> None:
    """Whoever owns the database but not the site's key cannot drop rows and close the chain again."""
    trail = a_trail(url)
    schema = trail._database.schema
    with trail._database.writing() as connection:
        connection.execute(delete(schema.audit).where(schema.audit.c.number > kept))
        last = connection.execute(select(schema.audit.c.hash).where(schema.audit.c.number == kept)).scalar()
        is_head = schema.meta.c.name == "audit_head"
        connection.execute(update(schema.meta).where(is_head).values(value=f"{kept}:{last or ''}"))
    assert trail.broken_at() == kept + 1


def test_processes_at_the_same_moment_keep_one_chain(url: str) -> None:
    trail = a_trail(url, 0)
    writers = [subprocess.Popen([sys.executable, "-c", APPENDER, url, KEY, name]) for name in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert trail.verify()
    assert [row.number for row in trail.all_rows()] == list(range(1, 31))


@pytest.mark.parametrize(
    "event",
    [
        AuditEvent("Practitioner/7", "launch", note="Jane Samplewood"),
        AuditEvent("Practitioner/7", "launch", note="x" * 61),
        AuditEvent("Dr Jane", "launch"),
        AuditEvent("Practitioner/7", "launch", target="Jane Samplewood"),
        AuditEvent("Practitioner/7", "launch", patient="Jane\u00a0Samplewood"),
        AuditEvent("Practitioner/7", "Launch <b>"),
        AuditEvent("Practitioner/7", "launch", outcome="Error: Jane"),
    ],
)
def test_the_trail_takes_no_sentences(url: str, event: AuditEvent) -> None:
    trail = a_trail(url, 0)
    with pytest.raises(InputError):
        trail.append(event, NOW)
    assert trail.rows() == ()


def test_each_row_leaves_as_an_audit_event_of_r4(url: str) -> None:
    trail = a_trail(url, 1)
    trail.append(AuditEvent("unknown user", "launch", ISS, "Patient/p1"), NOW)
    trail.append(AuditEvent("Practitioner/7", "finding-resolved", ISS, "Patient/p1", note="NO_ESCORT"), NOW)
    trail.append(AuditEvent("Practitioner/7", "patient-guard", ISS, "Patient/p1", outcome="stopped"), NOW)
    answer = ketplan("audit", "export")
    assert answer.exit_code == 0
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    for event in events:
        R4AuditEvent.model_validate(event)
        assert {"type", "recorded", "agent", "source"} <= event.keys(), "what R4 requires"
        assert all(agent["requestor"] is True for agent in event["agent"])
        assert event["outcome"] in ("0", "4", "8", "12")
        assert event["action"] in "CRUDE"
    written, launch, resolved, stopped = events
    assert written["agent"][0]["who"] == {"reference": f"{ISS}/Practitioner/7"}
    assert written["entity"][0]["what"] == {"reference": f"{ISS}/Patient/p1"}
    assert written["entity"][1]["what"]["identifier"]["value"] == "a1b2c3d4-plan"
    assert written["recorded"] == "2026-03-07T21:00:00.000+00:00"
    assert launch["agent"][0]["who"] == {"display": "unknown user"}
    assert resolved["entity"][1]["detail"][0]["valueString"] == "NO_ESCORT"
    assert (launch["outcome"], stopped["outcome"]) == ("0", "8")


def test_export_can_go_on_from_a_row_and_into_a_file(url: str, tmp_path: Path) -> None:
    a_trail(url)
    into = tmp_path / "audit.ndjson"
    assert ketplan("audit", "export", "--from", "3", "--to", str(into)).exit_code == 0
    (line,) = into.read_text("utf-8").splitlines()
    assert json.loads(line)["id"] == "ketplan-3"


def test_what_a_visit_leaves_in_the_trail(app: Flask, browser: Browser, services: Services) -> None:
    """Reading, preview and leaving too; each row with a kind of its own, none with a name."""
    path = browser.launch("gad-ready")
    page = browser.get(path)
    browser.get(f"{path}preview")
    browser.submit(page, "/end")
    rows = list(services.audit.all_rows())
    assert [r.event.action for r in rows] == ["launch", "record-read", "plan-previewed", "session-ended"]
    assert {r.event.action for r in rows} <= KINDS.keys()
    assert {r.event.patient for r in rows} == {"Patient/gad-ready"}
    assert {r.event.actor for r in rows} == {"Practitioner/halvorsen"}
    assert "Samplewood" not in str(rows)
    assert services.audit.verify()


def test_what_is_typed_never_gets_into_the_trail(browser: Browser, services: Services) -> None:
    path = browser.launch("old-weight")
    form = next(f for f in browser_forms(browser, path) if f.get("csrf"))
    sent = {"csrf": form["csrf"], "finding": "Jane Samplewood was here"}
    for action in ("reopen", "resolve"):
        assert browser.post(f"{path}{action}", sent).status_code in (303, 400)
    assert "Jane" not in str(list(services.audit.all_rows()))


def browser_forms(browser: Browser, path: str) -> list[dict[str, str]]:
    from tests.web.support import Page

    return [f.fields for f in Page(browser.get(path).text).forms]


def test_inserting_before_the_first_row_is_found(url: str) -> None:
    trail = a_trail(url)
    audit = trail._database.schema.audit
    with trail._database.writing() as connection:
        first = dict(connection.execute(select(audit).where(audit.c.number == 1)).one()._mapping)
        connection.execute(insert(audit).values(**{**first, "number": 0, "previous": "x"}))
    assert trail.broken_at() == 1
