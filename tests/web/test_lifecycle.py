"""The life of a signed course on its page: each decision previewed, confirmed, written once, and told."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.clinical.course_states import Action
from ketplan.compose import Services
from ketplan.store.plans import PlanState
from ketplan.writeback.lifecycle import KIND
from tests.web.charting import Chart
from tests.web.support import COORDINATOR, ISS, Browser, Clock, EhrHttp, Page, sign_plan, stored, words

pytestmark = pytest.mark.writes

PATIENT, OTHER = "gad-ready", "ocd-erp"
REASON = "Blood pressure out of control."
Json = dict[str, Any]


@pytest.fixture
def path(browser: Browser) -> str:
    return sign_plan(browser, PATIENT)


def statuses(ehr: Flask, kind: str) -> Counter[str]:
    return Counter(raw.get("lifecycleStatus") or raw["status"] for raw in stored(ehr, kind))


def count(ehr: Flask) -> int:
    kinds = ("Goal", "CarePlan", "ServiceRequest", "Appointment")
    return sum(statuses(ehr, kind).total() for kind in kinds)


def show(browser: Browser, path: str, action: str, reason: str = REASON, **more: str) -> TestResponse:
    """The preview of a decision."""
    return browser.submit(browser.get(f"{path}course"), "/course", decision=action, reason=reason, **more)


def decide(browser: Browser, path: str, action: str, reason: str = REASON, **more: str) -> TestResponse:
    answer = browser.submit(show(browser, path, action, reason, **more), "/course")
    assert answer.status_code == 303, words(answer)
    return browser.get(str(answer.location).partition("#")[0])


def offered(page: TestResponse) -> set[str]:
    return {a["value"] for a in Page(page.text).named("input") if a.get("name") == "decision"}


def test_before_anything_is_signed_there_is_no_course(browser: Browser) -> None:
    page = browser.get(f"{browser.launch(PATIENT)}course")
    assert "No plan has been signed" in words(page)


def test_the_preview_changes_nothing(browser: Browser, path: str, http: EhrHttp, services: Services) -> None:
    http.sent.clear()
    page = show(browser, path, "suspend", visits="cancel")
    said = words(page)
    assert "Active → Suspended" in said
    assert page.text.count("<td>appointment</td>") == 27
    assert "decide this for Jane Samplewood, female, born 28 Sep 1991" in said
    assert http.written == []
    assert services.plans.find(ISS, PATIENT, KIND) == ()


def test_a_course_is_suspended_and_resumed(browser: Browser, path: str, ehr: Flask) -> None:
    page = decide(browser, path, "suspend", visits="keep")
    assert statuses(ehr, "CarePlan") == {"on-hold": 1}
    assert statuses(ehr, "ServiceRequest") == {"on-hold": 3}
    assert statuses(ehr, "Goal") == {"on-hold": 1}
    assert set(statuses(ehr, "Appointment")) <= {"booked", "proposed"}
    said = words(page)
    assert "Suspended. The course is suspended. No dose is given." in said
    assert f"Suspend by Dr Ingrid Halvorsen, MD, 25 Feb 2026, 10:30: {REASON}" in said
    assert offered(page) == {"resume", "complete", "revoke", "void"}
    page = decide(browser, path, "resume", "Settled under treatment.")
    assert statuses(ehr, "CarePlan") == {"active": 1}
    assert statuses(ehr, "ServiceRequest") == {"active": 3}
    assert "Active. Signed" in words(page)


def test_while_it_is_suspended_no_dose_is_offered(browser: Browser, path: str) -> None:
    assert "The course is" not in words(browser.get(f"{path}review"))
    decide(browser, path, "suspend", visits="keep")
    review, plan = browser.get(f"{path}review"), browser.get(path)
    sheet = browser.get(f"{path}sessions/infusion-1/before")
    assert "The course is suspended." in words(review)
    assert "The course is suspended." in words(sheet)
    assert "Suspended: the course signed" in words(plan)


def test_suspending_may_cancel_the_visits_to_come(browser: Browser, path: str, ehr: Flask) -> None:
    decide(browser, path, "suspend", visits="cancel")
    visits = stored(ehr, "Appointment")
    assert statuses(ehr, "Appointment") == {"cancelled": 27}
    assert {visit["cancelationReason"]["text"] for visit in visits} == {REASON}
    assert all(visit["comment"].endswith(f"Cancelled: {REASON}") for visit in visits)


def test_what_is_over_is_never_touched(browser: Browser, path: str, ehr: Flask, clock: Clock) -> None:
    store = ehr.extensions["harbor"].store
    first, second, *_ = sorted(stored(ehr, "Appointment"), key=lambda raw: raw["start"])
    store.replace({**first, "status": "fulfilled"}, first["id"])
    store.replace({**second, "status": "arrived"}, second["id"])
    again = browser.launch(PATIENT)
    page = decide(browser, again, "revoke")
    assert statuses(ehr, "Appointment") == {"cancelled": 25, "fulfilled": 1, "arrived": 1}
    assert "Revoked" in words(page)


def test_a_revoked_course_is_over_and_another_one_can_be_signed(
    browser: Browser, path: str, ehr: Flask, services: Services
) -> None:
    page = decide(browser, path, "revoke")
    assert offered(page) == {"void"}
    assert statuses(ehr, "CarePlan") == {"revoked": 1}
    assert statuses(ehr, "Goal") == {"cancelled": 1}
    (old,) = services.plans.find(ISS, PATIENT)
    assert old.state is PlanState.ENDED
    browser.submit(browser.get(f"{path}preview"), "/sign")
    assert "All 34 stand in Harbor." in words(browser.get(f"{path}written"))
    assert statuses(ehr, "CarePlan") == {"revoked": 1, "active": 1}
    assert "Active" in words(browser.get(f"{path}course"))


def test_a_completed_course_is_over(browser: Browser, path: str, ehr: Flask) -> None:
    page = decide(browser, path, "complete", "Remission.", visits="keep")
    assert statuses(ehr, "CarePlan") == {"completed": 1}
    assert set(statuses(ehr, "Appointment")) <= {"booked", "proposed"}
    assert "The course is completed. No dose is given." in words(page)
    assert "The course is completed." in words(browser.get(f"{path}review"))


def test_a_plan_signed_for_the_wrong_patient_is_marked_so(browser: Browser, path: str, ehr: Flask) -> None:
    page = decide(browser, path, "void", "Signed in the wrong chart.")
    assert statuses(ehr, "CarePlan") == {"entered-in-error": 1}
    assert statuses(ehr, "Appointment") == {"cancelled": 27}
    assert "Entered in error" in words(page)
    assert offered(page) == set()


def test_a_course_with_a_dose_was_no_error(
    browser: Browser, path: str, ehr: Flask, services: Services, clock: Clock
) -> None:
    (plan,) = services.plans.find(ISS, PATIENT)
    Chart(ehr, PATIENT).dose(plan.plan_id, "infusion-1", date(2026, 3, 2), 35, 0.5)
    clock.pass_(days=6)
    again = browser.launch(PATIENT)
    assert "void" not in offered(browser.get(f"{again}course"))
    refused = show(browser, again, "void")
    assert refused.status_code == 403
    assert "A dose was given in this course" in words(refused)


def test_an_unfinished_writing_is_taken_back(
    browser: Browser, ehr: Flask, http: EhrHttp, services: Services
) -> None:
    path = browser.launch(PATIENT)
    page = browser.get(f"{path}preview")
    http.stop_after = 12
    browser.submit(page, "/sign")
    http.stop_after, http.down = None, False
    standing = sum(
        statuses(ehr, kind).total() for kind in ("Goal", "CarePlan", "ServiceRequest", "Appointment")
    )
    assert 5 < standing < 32
    course = browser.get(f"{path}course")
    assert offered(course) == {"revoke", "void"}
    decide(browser, path, "revoke", "Taken back: the EHR went away.")
    assert statuses(ehr, "CarePlan") == {"revoked": 1}
    assert set(statuses(ehr, "Appointment")) <= {"cancelled"}
    (plan,) = services.plans.find(ISS, PATIENT)
    assert plan.state is PlanState.ENDED
    assert count(ehr) == standing
    again = browser.submit(browser.get(f"{path}written"), "/resume")
    assert count(ehr) == standing
    assert again.status_code in (303, 409)


def test_sent_in_twice_it_counts_once(browser: Browser, path: str, ehr: Flask, services: Services) -> None:
    page = show(browser, path, "revoke")
    first, second = browser.submit(page, "/course"), browser.submit(page, "/course")
    assert (first.status_code, first.location) == (303, second.location)
    assert len(services.plans.find(ISS, PATIENT, KIND)) == 1
    assert len(stored(ehr, "CarePlan")[0]["note"]) == 1


def test_of_two_decisions_at_once_only_one_counts(
    app: Flask, browser: Browser, ehr: Flask, path: str, services: Services
) -> None:
    other = Browser(app, ehr)
    theirs = show(other, other.launch(PATIENT), "complete", visits="keep")
    decide(browser, path, "suspend", visits="keep")
    late = other.submit(theirs, "/course")
    assert late.status_code == 409
    assert "Meanwhile somebody decided" in words(late)
    assert statuses(ehr, "CarePlan") == {"on-hold": 1}
    assert len(services.plans.find(ISS, PATIENT, KIND)) == 1


def test_what_others_decided_in_the_ehr_counts(browser: Browser, path: str, ehr: Flask) -> None:
    store = ehr.extensions["harbor"].store
    plan = stored(ehr, "CarePlan")[0]
    store.replace({**plan, "status": "on-hold"}, plan["id"])
    again = browser.launch(PATIENT)
    page = browser.get(f"{again}course")
    assert "Suspended" in words(page)
    assert offered(page) == {"resume", "complete", "revoke", "void"}


def test_what_the_ehr_refuses_counts_here_and_is_said(
    browser: Browser, path: str, ehr: Flask, http: EhrHttp
) -> None:
    http.refused = ("PUT", "CarePlan")
    page = decide(browser, path, "suspend", visits="keep")
    said = words(page)
    assert statuses(ehr, "CarePlan") == {"active": 1}
    assert "Suspended. The course is suspended." in said
    assert "In Harbor the care plan has the status “active”" in said
    assert "Care plan: refused" in said
    assert "The course is suspended." in words(browser.get(f"{path}review"))
    http.refused = ("", "")
    browser.submit(page, "/course/1")
    assert statuses(ehr, "CarePlan") == {"on-hold": 1}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"decision": "suspend", "reason": " ", "visits": "keep"}, "A reason is needed."),
        ({"decision": "suspend", "reason": REASON}, "Say what becomes of the visits to come."),
        ({"decision": "", "reason": REASON}, "Choose what is to become of the course."),
        ({"decision": "delete", "reason": REASON}, "Choose what is to become of the course."),
    ],
)
def test_what_is_missing_is_asked_for(browser: Browser, path: str, form: dict[str, str], said: str) -> None:
    answer = browser.submit(browser.get(f"{path}course"), "/course", **form)
    assert answer.status_code == 400
    assert said in words(answer)


@pytest.mark.parametrize("action", [Action.RESUME, Action.REVISE], ids=lambda a: a.value)
def test_what_the_state_does_not_allow_is_refused(browser: Browser, path: str, action: Action) -> None:
    assert show(browser, path, action.value).status_code == 403


def test_another_patients_form_stops(browser: Browser, path: str, http: EhrHttp) -> None:
    page = show(browser, path, "revoke")
    http.sent.clear()
    assert browser.submit(page, "/course", patient=OTHER).status_code == 409
    assert http.written == []


def test_a_coordinator_reads_only(browser: Browser, path: str, ehr: Flask, app: Flask) -> None:
    desk = Browser(app, ehr)
    page = desk.get(f"{desk.launch(PATIENT, user=COORDINATOR)}course")
    assert offered(page) == set()
    assert "For reading only." in words(page)


def test_a_decision_about_another_patients_course_is_out_of_reach(
    browser: Browser, path: str, app: Flask, ehr: Flask
) -> None:
    decide(browser, path, "suspend", visits="keep")
    other = browser.launch(OTHER)
    token = next(f.fields["csrf"] for f in Page(browser.get(other).text).forms if "csrf" in f.fields)
    answer = browser.post(f"{other}course/1", {"csrf": token, "patient": OTHER})
    assert answer.status_code in (400, 404)
    assert statuses(ehr, "CarePlan") == {"on-hold": 1}


def test_each_decision_is_on_the_audit_trail(browser: Browser, path: str, services: Services) -> None:
    decide(browser, path, "revoke")
    noted = [row.event.action for row in services.audit.rows()]
    assert {"course-revoke", "decision-written"} <= set(noted)


def test_what_a_preview_did_not_show_is_not_done(browser: Browser, path: str, http: EhrHttp) -> None:
    page = show(browser, path, "suspend", visits="keep")
    http.sent.clear()
    other = browser.submit(page, "/course", reason="Another reason.")
    assert other.status_code == 409
    assert "look again" in words(other)
    assert http.written == []


def test_a_preview_may_be_confirmed_later(browser: Browser, path: str, ehr: Flask, clock: Clock) -> None:
    page = show(browser, path, "suspend", visits="keep")
    clock.pass_(minutes=3)
    assert browser.submit(page, "/course").status_code == 303
    assert statuses(ehr, "CarePlan") == {"on-hold": 1}


def test_a_plan_marked_as_an_error_in_the_ehr_is_over_here(
    browser: Browser, path: str, ehr: Flask, services: Services
) -> None:
    decide(browser, path, "suspend", visits="keep")
    plan = stored(ehr, "CarePlan")[0]
    ehr.extensions["harbor"].store.replace({**plan, "status": "entered-in-error"}, plan["id"])
    page = browser.get(f"{browser.launch(PATIENT)}course")
    assert "Entered in error" in words(page)
    assert offered(page) == set()
    (kept,) = services.plans.find(ISS, PATIENT)
    assert kept.state is PlanState.ENDED


def test_what_was_decided_here_is_no_difference(browser: Browser, path: str, ehr: Flask) -> None:
    decide(browser, path, "suspend", visits="cancel")
    decide(browser, path, "resume", "Settled under treatment.")
    assert "Nothing differs." in words(browser.get(f"{path}differences"))
    plan = stored(ehr, "CarePlan")[0]
    ehr.extensions["harbor"].store.replace({**plan, "note": plan["note"][:1]}, plan["id"])
    assert "Nothing differs." not in words(browser.get(f"{path}differences"))
