"""A course two doses in: the clinician reviews it and raises the dose; chart, plan and history say so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ketplan import compose
from ketplan.clinical.record import LOINC
from ketplan.fhir import session_codes as codes
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM
from ketplan.fhir.review_form import REVIEW
from tests.browser.accessibility import require_accessible
from tests.browser.journeys import launch_in_tab, sign

PATIENT, FAMILY_NAME = "gad-ready", "Samplewood"
WIDTHS = [1280, 320]


def ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


def chart(clinic: Any) -> Any:
    return compose.chart(f"{clinic.ehr.url}/fhir", "operator")


def ours(clinic: Any, kind: str) -> list[dict[str, Any]]:
    return list(chart(clinic).search(kind, [("patient", PATIENT), ("_count", "200")]).resources)


def plan_id(clinic: Any) -> str:
    named = [
        i
        for p in ours(clinic, "CarePlan")
        for i in p.get("identifier", [])
        if i["system"] == PLAN_STEP_SYSTEM
    ]
    return str(named[0]["value"].partition("/")[0])


def chart_a_course(clinic: Any) -> None:
    """What the day of a dose would have recorded: two doses that were tolerated, and little gained."""
    put, plan, subject = chart(clinic), plan_id(clinic), {"reference": f"Patient/{PATIENT}"}
    seen: dict[str, Any] = {"resourceType": "Observation", "status": "final", "subject": subject}
    for days, total in ((17, 16), (1, 15)):
        total_of = {
            "code": {"coding": [{"system": LOINC, "code": "70274-6"}]},
            "valueQuantity": {"value": total},
        }
        put.create(seen | total_of | {"effectiveDateTime": ago(days).isoformat()})
    for visit, days in (("infusion-1", 4), ("infusion-2", 2)):
        named = {"identifier": [{"system": codes.PLAN_VISIT_SYSTEM, "value": f"{plan}/{visit}"}]}
        at = f"{ago(days)}T15:00:00Z"
        given = {"resourceType": "Procedure", "status": "completed", "code": {"text": "Ketamine infusion"}}
        put.create(given | named | {"subject": subject, "performedDateTime": at})
        parts: list[tuple[str, str, Any]] = [
            (codes.SESSION_MEASURE, codes.DOSE_MG, {"value": 34}),
            (codes.SESSION_MEASURE, codes.DOSE_MG_PER_KG, {"value": 0.5}),
            (LOINC, "8480-6", {"value": 138, "code": "mm[Hg]"}),
            (LOINC, "8462-4", {"value": 86, "code": "mm[Hg]"}),
            (LOINC, "59408-5", {"value": 97, "code": "%"}),
        ]
        answers = (codes.DISTRESSING, codes.VOMITING, codes.VOMITING_DESPITE, codes.NEW_IDEATION)
        parts += [(codes.SESSION_MEASURE, code, False) for code in answers]
        for system, code, value in parts:
            kind = "valueBoolean" if isinstance(value, bool) else "valueQuantity"
            told = {"code": {"coding": [{"system": system, "code": code}]}, kind: value}
            put.create(seen | named | told | {"effectiveDateTime": at})


@pytest.fixture(scope="module")
def under_way(browser: Any, clinic: Any) -> None:
    """A signed plan whose first two doses are on file."""
    page = browser.new_page()
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    if page.get_by_role("link", name="Preview and sign").count():
        sign(page)
    page.close()
    chart_a_course(clinic)


def to_review(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, PATIENT, FAMILY_NAME)
    page.get_by_role("link", name="Progress review").click()
    page.get_by_role("heading", level=1, name="Progress review for").wait_for()


def answer_group(page: Any, title: str) -> Any:
    """The proposal of this title, unfolded where it was answered before."""
    group = page.get_by_role("group", name=title).first
    again = group.get_by_text("Answer it again")
    if again.count():
        again.click()
    return group


def confirm(page: Any) -> None:
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("button", name="Confirm and write").click()
    page.get_by_text("WRITTEN", exact=True).wait_for()
    page.get_by_role("link", name="Back to the review").click()
    page.get_by_role("heading", level=1, name="Progress review for").wait_for()


def test_given_two_doses_and_little_gained_when_the_rise_is_accepted_then_chart_and_next_dose_say_so(
    page: Any, clinic: Any, under_way: None
) -> None:
    to_review(page, clinic)
    page.get_by_text("cannot be judged without frailty").wait_for()
    page.get_by_label("Not frail").check()
    page.get_by_label("Doses of ketamine or esketamine before this course").fill("0")
    confirm(page)
    rise = answer_group(page, "Raise the dose")
    rise.get_by_label("Accept with changes").check()
    rise.get_by_label("Dose, mg/kg").fill("0.9")
    rise.get_by_label("Reason").fill("a smaller step first")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("The dose may be edited within 0.25 to 0.75 mg/kg only.").wait_for()
    answer_group(page, "Raise the dose").get_by_label("Dose, mg/kg").fill("0.6")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("The request for ketamine still says the dose that was signed").wait_for()
    page.get_by_role("button", name="Confirm and write").click()
    page.get_by_text("WRITTEN", exact=True).wait_for()
    page.get_by_role("link", name="Back to the review").click()
    page.get_by_text("0.6 mg/kg × 68.00 kg = 40.8 mg, rounded to 41 mg").wait_for()
    history = page.get_by_role("region", name="History")
    assert history.get_by_text("a smaller step first").is_visible()
    written = [r for r in ours(clinic, "QuestionnaireResponse") if r.get("questionnaire") == REVIEW]
    assert len(written) == 2
    [plan] = [p for p in ours(clinic, "CarePlan") if p.get("identifier")]
    assert {r["basedOn"][0]["reference"] for r in written} == {f"CarePlan/{plan['id']}"}


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_accessible_and_fit(page: Any, clinic: Any, under_way: None, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    to_review(page, clinic)
    require_accessible(page, "review")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("Nothing has been answered yet.").wait_for()
    require_accessible(page, "nothing answered")
    answer_group(page, "Cognition check due").get_by_label("Accept", exact=True).check()
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("button", name="Confirm and write").wait_for()
    require_accessible(page, "preview")
    page.get_by_role("button", name="Confirm and write").click()
    page.get_by_text("WRITTEN", exact=True).wait_for()
    require_accessible(page, "result")


def test_without_javascript_a_review_is_answered(browser: Any, clinic: Any, under_way: None) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    to_review(page, clinic)
    answer_group(page, "Bladder check due").get_by_label("Reject").check()
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_text("only with a reason").wait_for()
    answer_group(page, "Bladder check due").get_by_label("Reason").fill("done on paper today")
    confirm(page)
    assert page.get_by_role("region", name="History").get_by_text("done on paper today").is_visible()
    context.close()
