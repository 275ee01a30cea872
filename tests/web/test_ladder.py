"""An EHR that does not take all: what is said before signing, what is chosen, where it stands afterwards."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest
from flask import Flask

from ketplan.compose import Services
from ketplan.store.plans import PlanState
from tests.web.support import Browser, faults, words

pytestmark = pytest.mark.writes


def notes(ehr: Flask) -> list[dict[str, Any]]:
    return list(ehr.extensions["harbor"].store.all("DocumentReference"))


def test_a_refused_care_plan_becomes_a_note_and_its_visits_stand_by_themselves(
    browser: Browser, ehr: Flask, services: Services
) -> None:
    faults(ehr, refuse_care_plan_writes=True)
    before = len(notes(ehr))
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}preview")
    assert "Only where something is not taken otherwise" in words(page)
    browser.submit(page, "/sign")
    page = browser.get(f"{path}written")
    said = words(page)
    assert "The whole plan can be read in Harbor." in said
    assert "STANDS ELSEWHERE" in said
    (note,) = notes(ehr)[before:]
    assert note["subject"]["reference"] == "Patient/gad-ready"
    text = b64decode(note["content"][0]["attachment"]["data"]).decode()
    assert "Schedule" in text and "infusion 6" in text.lower() and "mg/kg" in text
    visits = [a for a in ehr.extensions["harbor"].store.all("Appointment") if "ketplan" in str(a)]
    assert len(visits) == 27
    assert not any("supportingInformation" in visit for visit in visits)
    assert services.plans.list()[0].state is PlanState.WRITTEN


@pytest.mark.parametrize(("wish", "more"), [("if-needed", 0), ("also", 1), ("never", 0)])
def test_an_ehr_that_takes_all_gets_a_note_only_if_it_is_wished(
    browser: Browser, ehr: Flask, wish: str, more: int
) -> None:
    before = len(notes(ehr))
    path = browser.launch("gad-ready")
    browser.submit(browser.get(f"{path}preview"), "/sign", below=wish)
    assert f"All {34 + more} stand in Harbor." in words(browser.get(f"{path}written"))
    assert len(notes(ehr)) == before + more


def test_an_unknown_wish_is_refused(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert browser.submit(browser.get(f"{path}preview"), "/sign", below="all").status_code == 400


def test_the_signed_plan_can_be_taken_away_and_no_other_patients(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert browser.get(f"{path}plan.txt").status_code == 400
    browser.submit(browser.get(f"{path}preview"), "/sign")
    text = browser.get(f"{path}plan.txt")
    assert text.headers["Cache-Control"] == "no-store"
    assert text.mimetype == "text/plain"
    assert "Schedule" in text.text and "Where the truth is" in text.text
    whole = browser.get(f"{path}plan.json")
    assert whole.mimetype == "application/fhir+json"
    entries = whole.get_json(force=True)["entry"]
    assert {e["resource"]["resourceType"] for e in entries} >= {"CarePlan", "Appointment", "Provenance"}
    assert all(e["fullUrl"].endswith(f"/{e['resource']['id']}") for e in entries)
    assert "step:" not in whole.text
    other = browser.launch("ocd-erp")
    assert browser.get(f"{other}plan.txt").status_code == 400
    assert browser.get(f"{other}plan.json").status_code == 400
