"""A course under way, from the chart: in the frame of an EHR on another site, third-party cookies blocked, on
a desk and on a tablet; each size has a clinic of its own, since what is done to a course is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from ketplan.fhir.review_form import REVIEW
from tests.browser.charted import chart as charted
from tests.browser.charted import chart_a_course, found, put, visit
from tests.browser.conftest import Clinic, open_clinic
from tests.browser.journeys import (
    COORDINATOR,
    NO,
    YES,
    accept_findings,
    ago,
    answer_group,
    choose,
    confirm,
    fill,
    launch_in_chart,
    press,
    sign,
    to_course,
    to_review,
    to_step,
    workspace,
)


@pytest.fixture(scope="module")
def clinic(size: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with open_clinic(tmp_path_factory.mktemp("home")) as made:
        yield made


def signed(chart: Any, clinic: Clinic, patient: str) -> Any:
    """The workspace in the frame, with a plan signed and written."""
    frame = launch_in_chart(chart, clinic, patient, "")
    accept_findings(frame)
    sign(frame)
    frame.get_by_role("link", name="Back to the plan").click()
    workspace(frame, "")
    return frame


def test_given_a_raised_pressure_when_it_has_fallen_then_the_dose_is_given_closed_and_in_the_ehr(
    chart: Any, clinic: Clinic
) -> None:
    patient = "age-70"
    frame = signed(chart, clinic, patient)
    frame.get_by_role("link", name="Dosing visits: the day of a dose").click()
    frame.get_by_role("link", name="Open").first.click()
    fill(frame, p1_at=ago(40), p1_systolic="172", p1_diastolic="104", heart_rate="72", spo2="98")
    fill(frame, cadss6_before="0", last_food=ago(600), last_fluid=ago(200))
    choose(frame, **dict.fromkeys(NO, "no"), **dict.fromkeys(YES, "yes"))
    press(frame, "Save and judge")
    frame.get_by_text("is at or above 160/100: hold, treat, book again.").wait_for()
    weight = frame.locator("#line-WEIGHT_CHANGE").inner_text()
    assert "Weigh today." in weight
    fill(frame, weight_kg="70", p2_at=ago(20), p2_systolic="128", p2_diastolic="80")
    press(frame, "Save and judge")
    held = frame.locator(".flat-line.hold, .flat-line.open").all_inner_texts()
    if held:
        assert all("WEIGHT_CHANGE" in line for line in held), held
        fill(frame, **{"reason-WEIGHT_CHANGE": "Weighed on the clinic's own scale; the dose is recomputed."})
        press(frame, "Save and judge")
    frame.get_by_text("Go. Every line is met").wait_for()
    planned = frame.get_by_text("Planned:").inner_text().split()[1]

    to_step(frame, "2 During")
    fill(frame, started=ago(15), s_at=ago(15), s_systolic="130", s_diastolic="82", s_spo2="98")
    fill(frame, s_heart_rate="74", s_moaas="5")
    choose(frame, s_symptoms="none")
    press(frame, "Save")
    frame.get_by_text("no warning symptom.").wait_for()
    fill(frame, s_at=ago(5), s_systolic="186", s_diastolic="100", s_spo2="96", s_heart_rate="88")
    fill(frame, s_moaas="4")
    choose(frame, s_symptoms="none")
    press(frame, "Save")
    frame.get_by_role("alert").get_by_text("Pause: blood pressure 186/100. Physician review.").wait_for()
    fill(frame, ended=ago(2), mg=planned, why="Stopped at a pressure of 186/100.")
    choose(frame, outcome="stopped", distressing="no", nausea="no", vomiting="no")
    press(frame, "Save")

    to_step(frame, "3 Leaving")
    fill(frame, cadss6_leaving="0", padss="10", left_why="Stays on the ward under observation.")
    choose(frame, cssrs_new_risk="no", on_air="yes", walks_unaided="yes", escort_present="yes")
    choose(frame, uncontrolled_vomiting="no", instructed="yes")
    press(frame, "Save and judge")
    frame.get_by_text("Not yet.").wait_for()

    to_step(frame, "4 Close")
    frame.get_by_role("button", name="Close and write").click()
    frame.get_by_text("Closed: all").wait_for(timeout=60_000)
    [procedure] = clinic.stored("Procedure", patient)
    [dose] = clinic.stored("MedicationAdministration", patient)
    assert procedure["status"] == dose["status"] == "stopped"
    assert f"{dose['dosage']['dose']['value']}" == planned
    pressures = [
        p["valueQuantity"]["value"]
        for o in clinic.stored("Observation", patient)
        for p in o.get("component", ())
        if p["code"].get("coding", [{}])[0].get("code") == "8480-6"
    ]
    assert sorted(pressures) == [128, 130, 172, 186]
    frame.get_by_role("link", name="All dosing visits").click()
    frame.get_by_text("closed").first.wait_for()


def test_given_two_doses_and_little_gained_when_the_rise_is_accepted_then_chart_and_next_dose_say_so(
    chart: Any, clinic: Clinic
) -> None:
    patient = "gad-ready"
    frame = signed(chart, clinic, patient)
    chart_a_course(clinic, patient)
    frame.get_by_role("button", name="Read the record again").click()
    to_review(frame)
    frame.get_by_text("cannot be judged without frailty").wait_for()
    frame.get_by_label("Not frail").check()
    frame.get_by_label("Doses of ketamine or esketamine before this course").fill("0")
    confirm(frame)
    rise = answer_group(frame, "Raise the dose")
    rise.get_by_label("Accept with changes").check()
    rise.get_by_label("Dose, mg/kg").fill("0.9")
    rise.get_by_label("Reason").fill("a smaller step first")
    frame.get_by_role("button", name="See what this changes").click()
    frame.get_by_text("The dose may be edited within 0.25 to 0.75 mg/kg only.").wait_for()
    answer_group(frame, "Raise the dose").get_by_label("Dose, mg/kg").fill("0.6")
    frame.get_by_role("button", name="See what this changes").click()
    frame.get_by_text("The request for ketamine still says the dose that was signed").wait_for()
    frame.get_by_role("button", name="Confirm and write").click()
    frame.get_by_text("WRITTEN", exact=True).wait_for()
    frame.get_by_role("link", name="Back to the review").click()
    frame.get_by_text("0.6 mg/kg × 68.00 kg = 40.8 mg, rounded to 41 mg").wait_for()
    history = frame.get_by_role("region", name="History")
    assert history.get_by_text("a smaller step first").is_visible()
    written = [r for r in found(clinic, "QuestionnaireResponse", patient) if r.get("questionnaire") == REVIEW]
    assert len(written) == 2
    [plan] = clinic.stored("CarePlan", patient)
    assert {r["basedOn"][0]["reference"] for r in written} == {f"CarePlan/{plan['id']}"}


def test_given_a_missed_infusion_when_a_coordinator_places_it_again_then_it_stands_once_more(
    chart: Any, clinic: Clinic
) -> None:
    patient = "sad-pounds"
    signed(chart, clinic, patient)
    missed = visit(clinic, patient, "infusion-6")
    put(clinic, missed, status="noshow")
    frame = launch_in_chart(chart, clinic, patient, "", COORDINATOR)
    to_course(frame)
    frame.get_by_role("link", name="Place visits again").click()
    frame.get_by_label("Infusion 6 of 6").check()
    frame.get_by_label("Not before").fill(missed["start"][:10])
    frame.get_by_label("Reason").fill("The bus did not come.")
    frame.get_by_role("button", name="Look for times").click()
    frame.get_by_role("heading", name="Whom to call").wait_for()
    frame.get_by_text("PLACED AGAIN", exact=True).wait_for()
    frame.get_by_role("button", name="Place the visits of").click()
    frame.get_by_role("heading", level=1, name="Visits placed again").wait_for()
    frame.get_by_text("WRITTEN", exact=True).first.wait_for()
    again = visit(clinic, patient, "infusion-6")
    assert again["id"] != missed["id"]
    assert again["status"] in ("booked", "proposed")
    assert charted(clinic).read("Appointment", missed["id"]).raw["status"] == "noshow"


def test_given_a_visit_moved_in_the_ehr_when_the_plan_is_revised_then_it_is_decided_first(
    chart: Any, clinic: Clinic
) -> None:
    patient = "high-bmi"
    frame = signed(chart, clinic, patient)
    last = visit(clinic, patient, "cbt-14")
    start, end = (datetime.fromisoformat(last[name]) for name in ("start", "end"))
    to_course(frame)
    frame.get_by_role("link", name="Revise the plan").click()
    wanted = (start + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M")
    frame.get_by_label("Time of CBT 14").fill(wanted)
    frame.get_by_label("Reason", exact=True).fill("She is on a course that week.")
    frame.get_by_role("button", name="See what this changes").click()
    frame.get_by_role("heading", name="Before and after").wait_for()
    later = timedelta(days=1)
    put(
        clinic,
        visit(clinic, patient, "cbt-14"),
        start=(start + later).isoformat(),
        end=(end + later).isoformat(),
    )
    frame.get_by_role("button", name="Revise the plan of").click()
    frame.get_by_text("meanwhile").first.wait_for()
    frame.get_by_role("link", name="See what differs and decide").click()
    moved = frame.locator("section", has=frame.get_by_role("heading", name="CBT 14"))
    moved.get_by_label("Take theirs").check()
    moved.get_by_label("Your reason").fill("Agreed on the telephone.")
    moved.get_by_role("button", name="See what will happen").click()
    frame.locator("form[aria-label=Decide] button").click()
    frame.get_by_text("Nothing differs.").wait_for()
    frame = launch_in_chart(chart, clinic, patient, "")
    to_course(frame)
    frame.get_by_role("link", name="Revise the plan").click()
    frame.get_by_label("Time of CBT 14").fill(wanted)
    frame.get_by_label("Reason", exact=True).fill("She is on a course that week.")
    frame.get_by_role("button", name="See what this changes").click()
    frame.get_by_role("button", name="Revise the plan of").click()
    frame.get_by_role("heading", level=1, name="Plan revised").wait_for()
    frame.get_by_text("Written to the EHR").wait_for()
    assert visit(clinic, patient, "cbt-14")["start"][:16] == wanted
    [plan] = clinic.stored("CarePlan", patient)
    assert "She is on a course that week." in plan["note"][-1]["text"]
