"""What others did to a written plan in the EHR: said on opening it, shown in three versions, decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.compose import Services
from ketplan.fhir.rendering.resolution import KIND
from tests.web.support import COORDINATOR, ISS, Browser, Clock, EhrHttp, Page, words

pytestmark = pytest.mark.writes

PATIENT = "gad-ready"
VISIT = "appointment-infusion-3"
REASON = "Agreed with the patient by telephone."


@dataclass
class Written:
    """A signed and written plan, opened by its clinician."""

    browser: Browser
    services: Services
    path: str
    plan: str

    @property
    def store(self) -> Any:
        return self.browser.harbor.store

    def held(self, key: str = VISIT) -> dict[str, Any]:
        entry = next(e for e in self.services.journal.entries(self.plan) if e.key == key)
        return dict(self.store.find(entry.resource_type, entry.resource_id))

    def change(self, key: str = VISIT, **changes: Any) -> None:
        raw = self.held(key)
        self.store.replace({**raw, **changes}, raw["id"])

    def move(self, minutes: str = "30") -> str:
        """Somebody gives the visit another minute of the same hour."""
        raw = self.held()
        start, end = (raw[n][:14] + minutes + raw[n][16:] for n in ("start", "end"))
        self.change(start=start, end=end)
        return start

    def page(self) -> TestResponse:
        return self.browser.get(f"{self.path}differences")

    def decide(self, choice: str, **typed: str) -> TestResponse:
        """Weigh it and carry it out; gives the page shown then."""
        weighed = self.browser.submit(self.page(), "/weigh", choice=choice, reason=REASON, **typed)
        assert weighed.status_code == 200, words(weighed)
        return self.browser.get(str(self.browser.submit(weighed, "/settle").location))


@pytest.fixture
def written(browser: Browser, services: Services) -> Written:
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    [plan] = services.plans.find(ISS, PATIENT)
    return Written(browser, services, path, plan.plan_id)


def test_opening_the_plan_says_how_it_stands(written: Written, clock: Clock) -> None:
    assert "As written, checked 0 s ago." in words(written.browser.get(written.path))
    written.move()
    clock.pass_(minutes=2)
    assert "As written, checked 2 min ago." in words(written.browser.get(written.path))
    clock.pass_(minutes=2)
    shown = written.browser.get(written.path)
    assert "1 thing differs in the EHR" in words(shown)
    assert f"{written.path}differences" in [tag.get("href") for tag in Page(shown.text).named("a")]


def test_an_ehr_that_is_away_does_not_keep_the_page_from_being_shown(
    written: Written, clock: Clock, http: EhrHttp
) -> None:
    clock.pass_(minutes=5)
    written.browser.get(written.path)
    clock.pass_(minutes=5)
    http.down = True
    shown = written.browser.get(written.path)
    assert shown.status_code == 200
    assert "As written, checked 5 min ago" in words(shown)


def test_nothing_differs(written: Written) -> None:
    assert "Nothing differs. 33 of 33" in words(written.page())


def test_three_versions_side_by_side(written: Written) -> None:
    before, after = written.held()["start"], written.move()
    said = words(written.page())
    assert "changed there" in said
    assert said.count(f", {before[11:16]}") >= 2
    assert f", {after[11:16]}" in said


def test_mine_is_written_back_once_with_what_they_added_left_alone(written: Written, http: EhrHttp) -> None:
    before = written.held()["start"]
    written.move()
    written.change(comment="They will bring the daughter.")
    http.sent.clear()
    shown = written.decide("mine")
    assert "It was written, and the EHR has it." in words(shown)
    assert "Nothing differs" in words(shown)
    assert (written.held()["start"], written.held()["comment"]) == (before, "They will bring the daughter.")
    assert http.written == ["Appointment"]
    [kept] = written.services.plans.find(ISS, PATIENT, KIND)
    assert (kept.payload["clinician_name"], kept.payload["reason"]) == ("Dr Ingrid Halvorsen, MD", REASON)
    actions = [row.event.action for row in written.services.audit.rows()]
    assert {"difference-settled", "difference-written"} <= set(actions)


def test_theirs_is_taken_and_every_later_page_goes_by_it(written: Written, http: EhrHttp) -> None:
    after = written.move()
    http.sent.clear()
    shown = written.decide("theirs")
    assert "Nothing was written" in words(shown)
    assert "Nothing differs" in words(shown)
    assert http.written == []
    assert after[11:16] in words(written.browser.get(f"{written.path}sessions"))
    assert after[11:16] in words(written.browser.get(written.path))


def test_another_time_is_checked_and_written(written: Written) -> None:
    written.move()
    day = written.held()["start"][:10]
    typed = {"choice": "edit", "reason": REASON}
    refused = written.browser.submit(written.page(), "/weigh", **typed, start=f"{day}T05:00")
    assert refused.status_code == 400
    assert "outside the clinic's hours" in words(refused)
    assert REASON in refused.text
    passed = written.browser.submit(written.page(), "/weigh", **typed, start="2026-02-20T10:00")
    assert "That time has passed" in words(passed)
    shown = written.decide("edit", start=f"{day}T10:45")
    assert "It was written" in words(shown)
    assert written.held()["start"][:16] == f"{day}T10:45"
    assert "Nothing differs" in words(shown)


def test_what_changes_again_before_it_is_written_is_shown_again(written: Written) -> None:
    written.move("30")
    weighed = written.browser.submit(written.page(), "/weigh", choice="mine", reason=REASON)
    newer = written.move("40")
    answer = written.browser.submit(weighed, "/settle")
    assert answer.status_code == 409
    assert "changed again" in words(answer)
    assert newer[11:16] in words(answer)
    assert written.held()["start"] == newer


def test_a_cancelled_visit_can_be_let_go(written: Written) -> None:
    written.change(status="cancelled")
    assert "cancelled there" in words(written.page())
    assert "Nothing differs" in words(written.decide("theirs"))


def test_what_was_deleted_can_be_written_again(written: Written) -> None:
    written.store.delete("Goal", written.held("goal-1")["id"])
    assert "does not have it any more" in words(written.page())
    assert "Nothing differs" in words(written.decide("mine"))


def test_a_deleted_visit_whose_slot_is_taken_stays_to_be_decided(written: Written) -> None:
    written.store.delete("Appointment", written.held()["id"])
    shown = words(written.decide("mine"))
    assert "The time was taken meanwhile." in shown
    assert "does not have it any more" in shown


def test_a_revoked_care_plan_is_the_signers_to_decide(written: Written) -> None:
    written.change("care-plan", status="revoked")
    assert "Nothing differs" in words(written.decide("theirs"))


def test_another_patients_visit_is_closed_and_stays_so(written: Written) -> None:
    actor = {"actor": {"reference": "Patient/ocd-erp"}, "status": "accepted"}
    written.change(participant=[actor], description="A secret of somebody else")
    shown = written.page()
    assert "now about another patient" in words(shown)
    assert "secret" not in shown.text
    assert [f.action for f in Page(shown.text).forms if f.action.endswith("/weigh")] == []


def test_a_merged_patient_stops_every_decision(written: Written) -> None:
    written.move()
    weighed = written.browser.submit(written.page(), "/weigh", choice="mine", reason=REASON)
    raw = dict(written.store.find("Patient", PATIENT))
    link = {"other": {"reference": "Patient/another"}, "type": "replaced-by"}
    written.store.replace({**raw, "link": [link]}, PATIENT)
    answer = written.browser.submit(weighed, "/settle")
    assert answer.status_code == 409
    assert "has merged this patient" in words(answer)
    assert (
        Page(answer.text).forms[0].action.endswith(("/refresh", "/end", "/stay"))
        or "weigh" not in answer.text
    )


def test_no_reason_no_decision(written: Written) -> None:
    written.move()
    answer = written.browser.submit(written.page(), "/weigh", choice="mine", reason="  ")
    assert (answer.status_code, "Say why" in words(answer)) == (400, True)


def test_a_form_about_another_patient_is_stopped(written: Written, http: EhrHttp) -> None:
    written.move()
    page = written.page()
    http.sent.clear()
    answer = written.browser.submit(page, "/weigh", choice="mine", reason=REASON, patient="ocd-erp")
    assert answer.status_code == 409
    assert http.written == []


def test_a_coordinator_may_look_and_not_decide(written: Written, app: Flask, ehr: Flask) -> None:
    written.move()
    other = Browser(app, ehr)
    shown = other.get(f"{other.launch(PATIENT, COORDINATOR)}differences")
    assert "for reading" in words(shown)
    assert [f for f in Page(shown.text).forms if f.action.endswith("/weigh")] == []


def test_a_second_click_decides_nothing_twice(written: Written, http: EhrHttp) -> None:
    written.move()
    weighed = written.browser.submit(written.page(), "/weigh", choice="mine", reason=REASON)
    written.browser.submit(weighed, "/settle")
    http.sent.clear()
    assert written.browser.submit(weighed, "/settle").status_code == 303
    assert http.written == []
    assert len(written.services.plans.find(ISS, PATIENT, KIND)) == 1


def test_before_a_signature_there_is_nothing_to_compare(browser: Browser) -> None:
    path = browser.launch(PATIENT)
    assert browser.get(f"{path}differences").status_code == 400
    assert "checked" not in words(browser.get(path))


def test_a_visit_without_our_identifier_is_known_by_its_id(written: Written) -> None:
    """Some EHRs keep none: a time taken there still is this plan's."""
    raw = {name: value for name, value in written.held().items() if name != "identifier"}
    written.store.replace(raw, raw["id"])
    after = written.move()
    written.browser.submit(written.browser.get(written.path), "/refresh")
    assert after[11:16] in words(written.browser.get(f"{written.path}sessions"))
