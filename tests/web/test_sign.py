"""Preview, sign, write, and what became of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.compose import Services
from ketplan.store.plans import PlanState
from tests.web.support import APP, ISS, NOW, Browser, EhrHttp, Page, faults, stored, words

pytestmark = pytest.mark.writes


def preview(browser: Browser, patient: str) -> tuple[str, TestResponse]:
    path = browser.launch(patient)
    return path, browser.get(f"{path}preview")


def ours(ehr: Flask) -> Counter[str]:
    """What ketplan has written into the EHR, by type."""
    kinds = ("Goal", "CarePlan", "ServiceRequest", "Appointment")
    found = Counter({kind: len(stored(ehr, kind)) for kind in kinds})
    found["Provenance"] = len(list(ehr.extensions["harbor"].store.all("Provenance")))
    return +found


WHOLE = Counter({"Goal": 1, "CarePlan": 1, "ServiceRequest": 3, "Appointment": 27, "Provenance": 1})


def test_the_preview_names_each_resource_and_the_patient_beside_the_button(browser: Browser) -> None:
    _, page = preview(browser, "gad-ready")
    said = words(page)
    assert page.text.count("<td>appointment</td>") == 27
    assert "Harbor says that it takes all 34" in said
    assert "I, Dr Ingrid Halvorsen, MD, sign this plan for Jane Samplewood, female, born 28 Sep 1991" in said
    assert "Sign and write 34 for Jane Samplewood" in said


def test_an_embedded_launch_hides_the_banner_and_still_names_the_patient_to_sign_for(
    browser: Browser,
) -> None:
    answer = browser.get(browser.harbor.launch("gad-ready", embedded=True).removeprefix(APP))
    address = str(browser.get(str(answer.location)).location)
    path = str(browser.get(browser.sign_in(address)).location)
    assert "born 28 Sep 1991 · MR" not in words(browser.get(path))
    assert "sign this plan for Jane Samplewood" in words(browser.get(f"{path}preview"))


def test_signing_writes_everything_once(browser: Browser, ehr: Flask) -> None:
    path, page = preview(browser, "gad-ready")
    answer = browser.submit(page, "/sign")
    assert answer.location == f"{path}written"
    said = words(browser.get(answer.location))
    assert "All 34 stand in Harbor." in said
    assert "Signed by Dr Ingrid Halvorsen, MD, 25 Feb 2026, 10:30" in said
    assert ours(ehr) == WHOLE


def test_the_result_links_into_the_ehr(browser: Browser) -> None:
    _, page = preview(browser, "gad-ready")
    written = browser.get(str(browser.submit(page, "/sign").location))
    links = re.findall(rf'href="{re.escape(ISS)}/(\w+)/[\w-]+" target="_blank"', written.text)
    assert Counter(links) == WHOLE + Counter({"CarePlan": 1})


def test_a_second_click_and_a_second_tab_write_nothing_more(
    browser: Browser, ehr: Flask, http: EhrHttp
) -> None:
    _, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign")
    http.sent.clear()
    again = browser.submit(page, "/sign")
    other = preview(browser, "gad-ready")[1]
    assert http.written.count("CarePlan") == 0
    assert "All 34 stand" in words(browser.get(str(again.location)))
    assert "This plan is signed already" in words(other)
    assert ours(ehr) == WHOLE


def test_the_bar_says_afterwards_what_stands_and_where_the_truth_is(browser: Browser) -> None:
    path, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign")
    said = words(browser.get(path))
    assert "Written: all 34 stand in Harbor. The appointments there hold the times that count." in said
    assert "34 of 34 written" in said


@pytest.mark.parametrize("patient", ["", "ocd-erp", "Patient/gad-ready"])
def test_a_form_about_another_patient_is_stopped(
    browser: Browser, http: EhrHttp, services: Services, patient: str
) -> None:
    _, page = preview(browser, "gad-ready")
    http.sent.clear()
    answer = browser.submit(page, "/sign", patient=patient)
    assert answer.status_code == 409
    assert "Nothing was sent" in words(answer)
    assert http.sent == []
    assert services.audit.rows()[0].event.action == "patient-guard"


def test_a_record_that_changed_since_the_preview_stops_the_writing(
    browser: Browser, ehr: Flask, http: EhrHttp
) -> None:
    path, page = preview(browser, "gad-ready")
    _weigh(ehr, "gad-ready", 72)
    http.sent.clear()
    answer = browser.get(str(browser.submit(page, "/sign").location))
    assert answer.location == f"{path}preview"
    said = words(browser.get(answer.location))
    assert "Nothing was written: something changed since you looked." in said
    assert "Changed: care plan" in said
    assert http.written == []
    assert "Nothing was written" not in words(browser.get(f"{path}preview")), "told once"
    browser.submit(browser.get(f"{path}preview"), "/sign")
    assert ours(ehr)["CarePlan"] == 1


def test_a_finding_that_came_up_since_the_preview_stops_the_writing(
    browser: Browser, ehr: Flask, http: EhrHttp
) -> None:
    path, page = preview(browser, "gad-ready")
    _weigh(ehr, "gad-ready", 130)
    http.sent.clear()
    browser.submit(page, "/sign")
    said = words(browser.get(f"{path}preview"))
    assert "Nothing is written until these are resolved: " in said
    assert http.written == []


def test_time_passing_alone_is_no_change(browser: Browser, ehr: Flask, clock: object) -> None:
    _, page = preview(browser, "gad-ready")
    clock.pass_(minutes=5)  # type: ignore[attr-defined]
    browser.submit(page, "/sign")
    assert ours(ehr) == WHOLE


def test_with_a_finding_open_nothing_is_signed(browser: Browser, http: EhrHttp, services: Services) -> None:
    path, page = preview(browser, "old-weight")
    assert "Nothing is written until these are resolved: WEIGHT_STALE_91_365D." in words(page)
    http.sent.clear()
    browser.submit(page, "/sign")
    assert http.written == []
    assert services.plans.list() == ()
    assert "cannot be signed yet" in words(browser.get(f"{path}preview"))


def test_a_blocked_patient_is_never_written_for(browser: Browser, http: EhrHttp, services: Services) -> None:
    _, page = preview(browser, "pregnant")
    http.sent.clear()
    browser.submit(page, "/sign", shown="care-plan:0")
    assert http.written == []
    assert services.plans.list() == ()


def test_a_form_that_does_not_say_what_was_shown_is_refused(browser: Browser, http: EhrHttp) -> None:
    _, page = preview(browser, "gad-ready")
    http.sent.clear()
    assert browser.submit(page, "/sign", shown="").status_code == 400
    assert http.sent == []


def test_the_resolution_stands_in_the_plan_with_its_clinician(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("old-weight")
    browser.submit(
        browser.get(path), "/resolve", finding="WEIGHT_STALE_91_365D", reason="Weighed at home: 74 kg."
    )
    page = browser.get(f"{path}preview")
    assert "Weighed at home: 74 kg." in words(page)
    browser.submit(page, "/sign")
    plan = next(p for p in ehr.extensions["harbor"].store.all("CarePlan"))
    assert plan["note"][0]["authorReference"]["reference"] == "Practitioner/halvorsen"
    assert "Weighed at home: 74 kg." in plan["note"][0]["text"]


def test_therapy_alone_is_written_for_a_patient_ketamine_is_refused_to(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("ketamine-allergy")
    browser.submit(browser.get(path), "/change", cbt_only="1")
    browser.submit(browser.get(f"{path}preview"), "/sign")
    assert ours(ehr)["Appointment"] == 18
    requests = ehr.extensions["harbor"].store.all("ServiceRequest")
    assert not [r for r in requests if "ketamine" in str(r.get("code"))]


def test_what_the_ehr_refuses_is_shown_and_can_be_tried_again(
    browser: Browser, ehr: Flask, services: Services
) -> None:
    repair = faults(ehr, refuse_care_plan_writes=True)
    path, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign", below="never")
    refused = browser.get(f"{path}written")
    said = words(refused)
    assert "REFUSED" in said
    assert "This organisation does not accept care plans from apps." in said
    assert "Try again" in said
    assert services.plans.list()[0].state is PlanState.REFUSED
    repair()
    browser.submit(refused, "/resume")
    assert "All 34 stand in Harbor." in words(browser.get(f"{path}written"))
    assert ours(ehr) == WHOLE


def test_lost_answers_are_looked_up_not_repeated(browser: Browser, ehr: Flask) -> None:
    faults(ehr, drop_every_nth_create=4)
    path, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign")
    while "Try again" in words(browser.get(f"{path}written")):
        browser.submit(browser.get(f"{path}written"), "/resume")
    assert ours(ehr) == WHOLE


def test_a_plan_left_half_written_is_found_by_the_next_launch_and_carried_on(
    browser: Browser, ehr: Flask, http: EhrHttp
) -> None:
    _, page = preview(browser, "gad-ready")
    http.stop_after = 9  # the EHR goes away in the middle
    browser.submit(page, "/sign")
    http.stop_after, http.down = None, False
    assert 0 < ours(ehr).total() < WHOLE.total()
    path = browser.launch("gad-ready")
    assert "of 34 stand in Harbor" in words(browser.get(path))
    browser.submit(browser.get(f"{path}written"), "/resume")
    assert ours(ehr) == WHOLE


def test_a_run_that_was_killed_is_said_and_can_be_carried_on(
    browser: Browser, ehr: Flask, http: EhrHttp, services: Services
) -> None:
    path, page = preview(browser, "gad-ready")
    http.stop_after = 9
    browser.submit(page, "/sign")
    http.stop_after, http.down = None, False
    plan = services.plans.list()[0]
    services.plans.move(plan.plan_id, PlanState.WRITING, NOW)  # as a killed process leaves it
    left = browser.get(f"{path}written")
    assert "It is being written, or waits for its turn." in words(left)
    browser.submit(left, "/resume")
    assert "waits for its turn" not in words(browser.get(f"{path}written"))
    assert ours(ehr) == WHOLE


@pytest.mark.parametrize("plan", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_only_a_plan_of_this_patient_can_be_carried_on(browser: Browser, plan: str) -> None:
    path, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign")
    token = Page(page.text).forms[0].fields["csrf"]
    form = {"csrf": token, "patient": "gad-ready", "plan": plan}
    assert browser.post(f"{path}resume", form).status_code == 400


def test_another_patients_plan_is_not_shown(browser: Browser) -> None:
    _, page = preview(browser, "gad-ready")
    browser.submit(page, "/sign")
    other = browser.launch("ocd-erp")
    answer = browser.get(f"{other}written")
    assert answer.location == other
    assert "Nothing of this proposal has been written." in words(browser.get(other))


def test_nothing_signed_leads_back_to_the_workspace(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert browser.get(f"{path}written").location == path


class TestBeside:
    """While the writing goes on beside the request."""

    @pytest.fixture
    def later(self) -> list[Callable[[], None]]:
        return []

    @pytest.fixture
    def run(self, later: list[Callable[[], None]]) -> Iterator[Callable[[Callable[[], None]], None]]:
        def now_or_later(job: Callable[[], None]) -> None:
            later.append(job) if self.hold else job()

        self.hold = False
        yield now_or_later

    def test_progress_is_shown_and_a_second_click_starts_nothing(
        self, browser: Browser, ehr: Flask, later: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ketplan.web.plan.sign.WAIT_FOR_A_QUICK_EHR", 0)
        path, page = preview(browser, "gad-ready")
        self.hold = True
        browser.submit(page, "/sign")
        browser.submit(page, "/sign")
        assert len(later) == 1
        shown = browser.get(f"{path}written")
        assert 'http-equiv="refresh"' in shown.text
        assert "Reading the record once more before anything is written." in words(shown)
        assert "Nothing has been written yet." in words(shown)
        later.pop()()
        shown = browser.get(f"{path}written")
        assert 'http-equiv="refresh"' not in shown.text
        assert "All 34 stand" in words(shown)
        assert ours(ehr) == WHOLE


class TestNotTaken:
    """An EHR that grants less than was asked for."""

    @pytest.fixture(autouse=True)
    def no_appointments(self, ehr: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        from ketplan.sandbox import smart

        asked_for = smart.grantable
        monkeypatch.setattr(
            smart, "grantable", lambda text: [s for s in asked_for(text) if "user/Appointment" not in s]
        )

    def test_it_is_said_before_anything_is_signed(self, browser: Browser) -> None:
        path, page = preview(browser, "gad-ready")
        said = words(page)
        assert "27 resources will not be taken by Harbor" in said
        assert "The EHR did not grant ketplan the right to create appointments." in said
        assert "27 not taken here" in words(browser.get(path))


def _weigh(ehr: Flask, patient: str, kg: int) -> None:
    """Somebody enters a new weight in the EHR."""
    ehr.extensions["harbor"].store.create(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [{"coding": [{"code": "vital-signs"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": "Body weight"},
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": "2026-02-25",
            "valueQuantity": {"value": kg, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
        }
    )
