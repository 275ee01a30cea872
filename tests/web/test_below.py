"""What is asked before a rung below is stood on: the visit of a note, what is marked as restricted, a PDF."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.ehr.profiles.load import shipped
from ketplan.sandbox.store import Store
from tests.web.support import Browser, faults, words

pytestmark = pytest.mark.writes
PATIENT = "gad-ready"
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


def store(ehr: Flask) -> Store:
    found: Store = ehr.extensions["harbor"].store
    return found


def notes(ehr: Flask) -> list[dict[str, Any]]:
    found = store(ehr).all("DocumentReference")
    return [d for d in found if "Treatment plan" in d["content"][0]["attachment"].get("title", "")]


@pytest.fixture
def strict_about_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An EHR that takes no note without a visit."""
    oracle, generic = shipped()["oracle-health"], shipped()["generic"]
    note = next(w for w in oracle.writes if w.type == "DocumentReference")
    monkeypatch.setitem(generic.__dict__, "writes", (note,))


def without_visit(browser: Browser, ehr: Flask) -> str:
    """A launch that names no visit."""
    ehr.extensions["harbor"].faults.add("drop on=token field=encounter")
    return browser.launch(PATIENT)


def test_the_visit_of_a_note_is_chosen_where_the_launch_names_none(
    browser: Browser, ehr: Flask, strict_about_notes: None
) -> None:
    theirs = store(ehr).create(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB", "display": "ambulatory"},
            "period": {"start": "2026-02-20T09:00:00-05:00"},
            "subject": {"reference": f"Patient/{PATIENT}"},
        }
    )
    path = without_visit(browser, ehr)
    faults(ehr, refuse_care_plan_writes=True)
    page = browser.get(f"{path}preview")
    assert "The visit the note belongs to" in words(page)
    assert theirs["id"] in page.text
    page = browser.get(f"{path}preview?visit={theirs['id']}")
    assert re.search(rf'value="{theirs["id"]}" checked', page.text)
    browser.submit(page, "/sign")
    (note,) = notes(ehr)
    assert note["context"]["encounter"] == [{"reference": f"Encounter/{theirs['id']}"}]


def test_nobody_elses_visit_is_taken(browser: Browser, ehr: Flask) -> None:
    other = store(ehr).create(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/ocd-erp"},
        }
    )
    path = without_visit(browser, ehr)
    assert browser.get(f"{path}preview?visit={other['id']}").status_code == 400
    browser.submit(browser.get(f"{path}preview"), "/sign", visit=other["id"])
    assert not [a for a in store(ehr).all("Appointment") if "ketplan" in str(a)]


@pytest.mark.parametrize(("tick", "written"), [({}, 0), ({"restricted": "yes"}, 1)])
def test_what_is_restricted_stands_in_a_note_only_with_an_explicit_tick(
    browser: Browser, ehr: Flask, tick: dict[str, str], written: int
) -> None:
    faults(ehr, refuse_care_plan_writes=True)
    for held in list(store(ehr).all("Condition")):
        if held["subject"]["reference"] == f"Patient/{PATIENT}":
            store(ehr).replace({**held, "meta": {**held["meta"], "security": [LABEL]}}, held["id"])
    path = browser.launch(PATIENT)
    page = browser.get(f"{path}preview")
    assert "What the record marks as restricted" in words(page)
    browser.submit(page, "/sign", **tick)
    assert len(notes(ehr)) == written
    for note in notes(ehr):
        assert note["meta"]["security"] == [LABEL]
    marked = [g for g in store(ehr).all("Goal") if "ketplan" in str(g.get("identifier"))]
    assert marked and all(goal["meta"]["security"] == [LABEL] for goal in marked)


def test_where_nothing_is_marked_nothing_is_asked(browser: Browser) -> None:
    page = browser.get(f"{browser.launch(PATIENT)}preview")
    assert "marks as restricted" not in words(page)


def test_the_note_holds_the_plan_as_text_and_as_the_pdf_made_at_signing(
    browser: Browser, ehr: Flask, services: Services
) -> None:
    faults(ehr, refuse_care_plan_writes=True)
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    (note,) = notes(ehr)
    first, _, last = (content["attachment"] for content in note["content"])
    assert first["contentType"].startswith("text/plain")
    assert (last["contentType"], b64decode(last["data"])) == ("application/pdf", b"%PDF-1.7 of a plan")
    kept = next(s for s in services.plans.list()[0].payload["steps"] if s["key"] == "note")
    assert kept["resource"]["content"] == note["content"]
