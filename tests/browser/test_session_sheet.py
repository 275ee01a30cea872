"""The day of a dose in a real browser: a raised pressure holds it, then dose, vital signs, leaving, close."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab, sign

PATIENT, NAME = "age-70", ""
NO = ("cssrs_change", "alcohol_24h", "cannabis_24h", "new_medication", "febrile", "new_urinary_symptoms")
NO += ("nausea_before", "antihypertensive_prescribed")
YES = ("escort", "consent_reaffirmed", "contraindications_attested")


def ago(page: Any, minutes: int) -> str:
    """So long ago at the site, as the page's own clock has it."""
    zone = ZoneInfo("America/New_York")
    return f"{datetime.now(zone) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M}"


def fill(page: Any, **typed: str) -> None:
    for name, value in typed.items():
        page.locator(f"[name={name}]").fill(value)


def choose(page: Any, **chosen: str) -> None:
    for name, value in chosen.items():
        page.locator(f"input[name={name}][value='{value}']").check()


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


def to_step(page: Any, name: str) -> None:
    page.get_by_role("navigation", name="Steps of the session").get_by_role("link", name=name).click()


def signed_plan(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, PATIENT, NAME)
    for finding in page.locator("details.finding:has(textarea[name=reason])").all():
        finding.evaluate("f => f.open = true")
    while page.locator("textarea[name=reason]").count():
        box = page.locator("textarea[name=reason]").first
        box.evaluate("b => b.closest('details').open = true")
        box.fill("Seen and accepted.")
        box.locator("xpath=ancestor::form").get_by_role("button", name="Resolve").click()
        page.locator("h2", has_text="Ready?").wait_for()
    sign(page)


def test_given_a_raised_pressure_when_it_has_fallen_then_the_dose_is_given_closed_and_in_the_ehr(
    page: Any, clinic: Any
) -> None:
    signed_plan(page, clinic)
    page.get_by_role("link", name="Back to the plan").click()
    page.get_by_role("link", name="Dosing visits: the day of a dose").click()
    page.get_by_role("link", name="Open").first.click()
    fill(page, p1_at=ago(page, 40), p1_systolic="172", p1_diastolic="104", heart_rate="72", spo2="98")
    fill(page, cadss6_before="0", last_food=ago(page, 600), last_fluid=ago(page, 200))
    choose(page, **dict.fromkeys(NO, "no"), **dict.fromkeys(YES, "yes"))
    press(page, "Save and judge")
    assert page.get_by_text("is at or above 160/100: hold, treat, book again.").is_visible()
    weight = page.locator("#line-WEIGHT_CHANGE").inner_text()
    assert "Weigh today." in weight
    fill(page, weight_kg="70", p2_at=ago(page, 20), p2_systolic="128", p2_diastolic="80")
    press(page, "Save and judge")
    held = page.locator(".flat-line.hold, .flat-line.open").all_inner_texts()
    if held:
        assert all("WEIGHT_CHANGE" in line for line in held), held
        fill(page, **{"reason-WEIGHT_CHANGE": "Weighed on the clinic's own scale; the dose is recomputed."})
        press(page, "Save and judge")
    page.get_by_text("Go. Every line is met").wait_for()
    planned = page.get_by_text("Planned:").inner_text().split()[1]

    to_step(page, "2 During")
    fill(page, started=ago(page, 15), s_at=ago(page, 15), s_systolic="130", s_diastolic="82", s_spo2="98")
    fill(page, s_heart_rate="74", s_moaas="5")
    choose(page, s_symptoms="none")
    press(page, "Save")
    page.get_by_text("no warning symptom.").wait_for()
    fill(page, s_at=ago(page, 5), s_systolic="186", s_diastolic="100", s_spo2="96", s_heart_rate="88")
    fill(page, s_moaas="4")
    choose(page, s_symptoms="none")
    press(page, "Save")
    assert (
        page.get_by_role("alert").get_by_text("Pause: blood pressure 186/100. Physician review.").is_visible()
    )
    fill(page, ended=ago(page, 2), mg=planned, why="Stopped at a pressure of 186/100.")
    choose(page, outcome="stopped", distressing="no", nausea="no", vomiting="no")
    press(page, "Save")

    to_step(page, "3 Leaving")
    fill(page, cadss6_leaving="0", padss="10", left_why="Stays on the ward under observation.")
    choose(page, cssrs_new_risk="no", on_air="yes", walks_unaided="yes", escort_present="yes")
    choose(page, uncontrolled_vomiting="no", instructed="yes")
    press(page, "Save and judge")
    assert page.get_by_text("Not yet.").is_visible()

    to_step(page, "4 Close")
    page.get_by_role("button", name="Close and write").click()
    page.get_by_text("Closed: all").wait_for(timeout=60_000)
    [procedure] = clinic.stored("Procedure", PATIENT)
    [dose] = clinic.stored("MedicationAdministration", PATIENT)
    assert procedure["status"] == dose["status"] == "stopped"
    assert f"{dose['dosage']['dose']['value']}" == planned
    pressures = [
        p["valueQuantity"]["value"]
        for o in clinic.stored("Observation", PATIENT)
        for p in o.get("component", ())
        if p["code"].get("coding", [{}])[0].get("code") == "8480-6"
    ]
    assert sorted(pressures) == [128, 130, 172, 186]
    page.get_by_role("link", name="All dosing visits").click()
    page.get_by_text("closed").first.wait_for()


@pytest.mark.parametrize("width", [1280, 320])
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    launch_in_tab(page, clinic, "gad-ready", "")
    home = page.url
    page.goto(f"{home}sessions")
    if page.get_by_text("No plan has been signed").is_visible():
        page.goto(f"{home}preview")
        page.get_by_role("button", name="Sign and write").click()
        page.get_by_role("heading", level=1, name="Written for").wait_for(timeout=60_000)
    page.goto(f"{home}sessions/infusion-1/before")
    if page.get_by_role("button", name="Save and judge").is_enabled():
        fill(page, heart_rate="many", p1_systolic="172", p1_diastolic="104")
        choose(page, cssrs_change="yes")
        press(page, "Save and judge")
    parts = ("before", "during", "leaving", "close")
    for address in ("sessions", *(f"sessions/infusion-1/{part}" for part in parts), "adverse-events"):
        page.goto(f"{home}{address}")
        require_accessible(page, address)
