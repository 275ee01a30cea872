"""The whole job in a real browser: launch, read, resolve, sign, find it in the EHR."""

from typing import Any

from tests.browser.journeys import COORDINATOR, launch_in_chart, launch_in_tab, sign


def test_given_a_ready_patient_when_signed_in_a_tab_then_all_of_it_stands_in_the_ehr(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, "gad-ready", "Samplewood")
    page.get_by_role("link", name="Preview and sign").click()
    assert page.get_by_text("says that it takes all").is_visible()
    page.go_back()
    sign(page)
    [care_plan] = clinic.stored("CarePlan", "gad-ready")
    assert care_plan["status"] == "active"
    assert "halvorsen" in care_plan["author"]["reference"]
    assert len(clinic.stored("Appointment", "gad-ready")) == 27
    page.goto(clinic.chart("gad-ready"))
    assert page.get_by_text("Infusion 6 of 6").first.is_visible()


def test_given_an_open_finding_when_launched_in_the_chart_then_it_must_be_resolved_before_signing(
    page: Any, clinic: Any
) -> None:
    frame = launch_in_chart(page, clinic, "lorazepam", "")
    assert frame.get_by_role("button", name="Sign", exact=True).is_disabled()
    frame.locator("textarea[name=reason]").first.fill(
        "Dose spaced by twelve hours, discussed with the patient."
    )
    frame.get_by_role("button", name="Resolve").first.click()
    sign(frame)
    [care_plan] = clinic.stored("CarePlan", "lorazepam")
    assert "spaced by twelve hours" in care_plan["text"]["div"]


def test_given_an_allergy_when_launched_then_nothing_can_be_signed_and_therapy_alone_is_offered(
    page: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, "ketamine-allergy", "Synthwaite")
    assert page.get_by_text("An allergy to ketamine is recorded").first.is_visible()
    assert page.get_by_role("link", name="Preview and sign").count() == 0
    page.get_by_role("button", name="Start a plan of therapy alone").click()
    page.get_by_role("link", name="Preview and sign").wait_for()
    assert page.get_by_text("Infusion 1 of").count() == 0


def test_given_two_tabs_with_two_patients_then_they_never_mix(page: Any, clinic: Any) -> None:
    other = page.context.new_page()
    launch_in_tab(page, clinic, "sad-pounds", "")
    launch_in_tab(other, clinic, "ptsd-pe", "")
    first, second = page.locator("header").inner_text(), other.locator("header").inner_text()
    assert first != second
    page.reload()
    assert page.locator("header").inner_text() == first
    sign(page)
    assert clinic.stored("CarePlan", "sad-pounds")
    assert not clinic.stored("CarePlan", "ptsd-pe")


def test_given_a_coordinator_then_the_plan_can_be_read_and_not_signed(page: Any, clinic: Any) -> None:
    launch_in_tab(page, clinic, "old-weight", "", user=COORDINATOR)
    assert page.get_by_role("link", name="Preview and sign").count() == 0
    assert page.locator("textarea[name=reason]").count() == 0


def test_given_another_browser_then_a_copied_address_opens_nothing(
    page: Any, browser: Any, clinic: Any
) -> None:
    launch_in_tab(page, clinic, "high-bmi", "")
    stranger = browser.new_context().new_page()
    answer = stranger.goto(page.url)
    assert answer.status == 404
    stranger.context.close()


def test_without_javascript_the_job_is_done_all_the_same(browser: Any, clinic: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    launch_in_tab(page, clinic, "ocd-erp", "")
    sign(page)
    assert clinic.stored("CarePlan", "ocd-erp")
    context.close()
