"""What leaves a plan on paper, as a file, into a calendar."""

from __future__ import annotations

import json
import re
from datetime import datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest
from flask import Flask
from icalendar import Calendar

from ketplan import paper
from ketplan.fhir.document import faults
from tests.web.support import Browser, Clock, sign_plan, stored
from tests.web.test_revision import ask, carry_out, change, moved_by, visits

pytestmark = pytest.mark.writes

PATIENT, FAMILY = "gad-ready", "Samplewood"
SHEETS = ("plan", "patient/en", "patient/es")
FILES = ("plan.pdf", "patient/en.pdf", "patient/es.pdf", "document.json")


@pytest.fixture
def extra() -> None:
    if not paper.available():
        pytest.skip("the extra [pdf] is not installed")


def signed(browser: Browser) -> str:
    return sign_plan(browser, PATIENT)


def handed_out(browser: Browser) -> list[str]:
    trail = browser.client.application.extensions["ketplan"].services.audit
    return [row.event.note for row in trail.all_rows() if row.event.action == "plan-handed-out"]


def test_the_signed_visits_leave_for_the_patients_own_calendar(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert browser.get(f"{path}visits.ics").status_code == 400
    browser.submit(browser.get(f"{path}preview"), "/sign")
    answer = browser.get(f"{path}visits.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert len(events) == 27
    assert "take-away" in browser.get(path).text
    assert "visits.ics" in browser.get(f"{path}take-away").text


def events(browser: Browser, path: str) -> dict[str, Any]:
    found = Calendar.from_ical(browser.get(f"{path}visits.ics").data).walk("VEVENT")
    return {str(e["uid"]).partition("/appointment-")[2].partition("@")[0]: e for e in found}


def test_what_was_changed_since_leaves_as_it_is_now(browser: Browser, ehr: Flask, clock: Clock) -> None:
    """A dose that was missed and placed again, a session moved, one added, a review dropped."""
    before = events(browser, signed(browser))
    (missed,) = visits(ehr, "infusion-2")
    clock.pass_(days=9)
    change(ehr, missed, status="noshow")
    path = browser.launch(PATIENT)
    carry_out(browser, ask(browser, path, "replan", visit="infusion-2", scope="this and following"))
    path = browser.launch(PATIENT)
    typed = {"at-cbt-14": moved_by(ehr, "cbt-14", 2), "drop": "review_12_months"}
    more = {"add_number": "1", "add_kind": "cbt", "add_from": "2026-06-15"}
    carry_out(browser, ask(browser, path, "revise", **typed, **more))
    path = browser.launch(PATIENT)
    now = events(browser, path)
    old, again = visits(ehr, "infusion-2")
    assert (old["id"], old["status"]) == (missed["id"], "noshow")
    assert now["infusion-2"]["dtstart"].dt == datetime.fromisoformat(again["start"])
    assert now["infusion-2"]["status"] == "CONFIRMED"
    assert now["cbt-14"]["dtstart"].dt == datetime.fromisoformat(visits(ehr, "cbt-14")[0]["start"])
    assert now["review_12_months"]["status"] == "CANCELLED"
    assert set(now) - set(before) == {"cbt-15"}
    assert set(before) <= set(now)
    assert all(now[key]["sequence"] > before[key]["sequence"] for key in before)
    day = datetime.fromisoformat(again["start"])
    sheet = browser.get(f"{path}take-away/signed/patient/en").text
    said = " ".join(re.sub("<[^>]+>", " ", sheet).split())
    assert f"{day:%A}, March {day.day} {day.hour}:00 a.m." in said.partition("Medicine, visit 2 of 6")[0]
    assert said.count("Medicine, visit 2 of 6") == 1
    assert "Talk therapy, visit 15" in said
    assert "Mon 9 Mar" in browser.get(f"{path}take-away/signed/plan").text
    document = json.loads(browser.get(f"{path}take-away/signed/document.json").text)
    assert list(faults(document)) == []
    told = {e["resource"].get("id"): e["resource"] for e in document["entry"]}
    for raw in stored(ehr, "Appointment"):
        if raw["id"] != missed["id"]:
            assert (told[raw["id"]]["start"], told[raw["id"]]["status"]) == (raw["start"], raw["status"])
    assert missed["id"] not in told


def test_a_signed_plan_is_offered_in_every_form_and_each_link_leads_there(browser: Browser) -> None:
    page = browser.get(f"{signed(browser)}take-away").text
    assert "DRAFT" not in page and "signed by" in page
    main = page.partition("<main")[2].partition("</main>")[0]
    links = [link for link in re.findall(r'href="([^"#]+)"', main) if "." in link or "/take-away/" in link]
    assert len(links) >= 7
    for link in links:
        answer = browser.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["Cache-Control"] == "no-store"
        name = answer.headers.get("Content-Disposition", "")
        assert FAMILY not in name and "gad-ready" not in name


def test_the_sheets_say_what_was_signed_and_where_it_stands(browser: Browser) -> None:
    path = signed(browser)
    told = browser.get(f"{path}take-away/signed/plan").text
    for words in (FAMILY, "Where it was written", "CarePlan/", "Arithmetic:", "Signed by", "Emergency plan"):
        assert words in told
    assert "DRAFT" not in told
    english, spanish = (browser.get(f"{path}take-away/signed/patient/{code}").text for code in ("en", "es"))
    assert "Do not eat for 6 hours" in english and "No coma durante 6 horas" in spanish
    assert '<html lang="es">' in spanish
    assert "This is a draft" not in english


def test_a_proposal_leaves_as_a_draft_only(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}take-away").text
    assert "DRAFT, not signed." in page
    assert "visits.ics" not in page
    assert "DRAFT, not signed" in browser.get(f"{path}take-away/draft/plan").text
    assert "This is a draft." in browser.get(f"{path}take-away/draft/patient/en").text
    document = json.loads(browser.get(f"{path}take-away/draft/document.json").text)
    assert document["entry"][0]["resource"]["status"] == "preliminary"
    for form in (*SHEETS, *FILES):
        assert browser.get(f"{path}take-away/signed/{form}").status_code == 400


def test_nothing_leaves_for_a_patient_for_whom_nothing_is_proposed(browser: Browser) -> None:
    path = browser.launch("ketamine-allergy")
    assert "nothing to take away" in browser.get(f"{path}take-away").text
    assert browser.get(f"{path}take-away/draft/plan").status_code == 400


def test_the_fhir_document_holds_by_its_own_rules(browser: Browser) -> None:
    answer = browser.get(f"{signed(browser)}take-away/signed/document.json")
    assert answer.mimetype == "application/fhir+json"
    document = json.loads(answer.text)
    assert list(faults(document)) == []
    kinds = [entry["resource"]["resourceType"] for entry in document["entry"]]
    assert kinds[:3] == ["Composition", "Patient", "Practitioner"]
    assert kinds.count("Appointment") == 27
    assert document["entry"][0]["resource"]["attester"][0]["mode"] == "legal"


@pytest.mark.usefixtures("extra")
def test_the_pdfs_hold_the_words_of_their_pages(browser: Browser) -> None:
    path = signed(browser)
    words = {"plan.pdf": "Arithmetic", "patient/en.pdf": "Your visits", "patient/es.pdf": "Sus citas"}
    for form, said in words.items():
        answer = browser.get(f"{path}take-away/signed/{form}")
        assert answer.mimetype == "application/pdf"
        text = "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(answer.data)).pages)
        assert said in text and FAMILY in text


def test_each_thing_handed_out_is_noted_once(browser: Browser) -> None:
    path = signed(browser)
    browser.get(f"{path}take-away")
    assert handed_out(browser) == []
    for form in ("plan", "patient/es", "document.json"):
        browser.get(f"{path}take-away/signed/{form}")
    browser.get(f"{path}visits.ics")
    assert handed_out(browser) == ["print-out", "patient-es", "document", "calendar"]


def test_a_language_there_is_no_catalogue_for_is_not_found(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    for code in ("fr", "..", "en.html"):
        assert browser.get(f"{path}take-away/draft/patient/{code}").status_code == 404


def test_the_sheets_come_with_their_own_style_and_no_script(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    sheet = browser.get(f"{path}take-away/draft/patient/en").text
    assert "<script" not in sheet and "<style" not in sheet and " style=" not in sheet
    style = browser.get(f"{path}take-away/paper.css")
    assert style.mimetype == "text/css" and "@page" in style.text
