"""A patient fills in a scale on the clinician's device; then it stands in the EHR and in the plan."""

from typing import Any

from tests.browser.journeys import launch_in_chart, launch_in_tab, workspace


def to_scale(where: Any, name: str) -> None:
    where.get_by_role("link", name="Scales: due, last scores, fill in").click()
    where.get_by_role("link", name=f"Fill in {name}", exact=True).click()
    where.get_by_role("heading", level=1, name=name).wait_for()


def test_given_a_launch_in_the_chart_when_a_gad7_is_filled_in_then_the_score_is_in_ehr_and_plan(
    page: Any, clinic: Any
) -> None:
    frame = launch_in_chart(page, clinic, "two-diagnoses", "")
    to_scale(frame, "GAD-7")
    for group in frame.get_by_role("group").all()[:3]:
        group.get_by_label("More than half the days").check()
    frame.get_by_role("button", name="Save", exact=True).click()
    frame.get_by_text("3 answered, 4 missing").wait_for()
    for group in frame.locator("fieldset.missing").all():
        group.get_by_label("Several days").check()
    frame.get_by_role("button", name="Save", exact=True).click()
    frame.get_by_text("The record has been read again and contains it.").wait_for()
    assert frame.get_by_text("10 of 21").is_visible()
    [total] = clinic.stored("Observation", "two-diagnoses")
    assert total["valueQuantity"]["value"] == 10
    frame.get_by_role("link", name="All scales").click()
    frame.get_by_text("10 · moderate").wait_for()
    frame.get_by_role("link", name="Back to the plan").click()
    workspace(frame, "Ditherington")
    assert total["id"] in frame.locator("#ready").inner_html()


def test_without_javascript_answers_are_counted_and_a_warning_sign_is_said_at_once(
    browser: Any, clinic: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    launch_in_tab(page, clinic, "age-70", "")
    to_scale(page, "PHQ-9")
    warning = page.get_by_text("Please tell the clinician with you now.")
    ninth = page.locator("#q-phq9-9")
    ninth.get_by_label("Not at all").check()
    assert not warning.is_visible()
    ninth.get_by_label("Several days").check()
    assert warning.is_visible()
    context.close()
