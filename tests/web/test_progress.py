"""Progress review: nothing acts unanswered, every answer is kept and written once, what is agreed acts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.clinical.plan import Clinician, ConfirmedPlan
from ketplan.compose import Services
from ketplan.fhir.review_form import REVIEW
from ketplan.kept import plan_payload
from ketplan.store.audit import AuditRow
from tests.clinical.builders import a_ready_record, drafted
from tests.web.charting import Chart
from tests.web.support import COORDINATOR, ISS, NOW, Browser, Clock, EhrHttp, Page, stored

pytestmark = pytest.mark.writes

PATIENT, PLAN, NURSE = "gad-ready", "plan-1", "okonjo"
# 70 kg, so 0.5 mg/kg is 35 mg. Day 0 is Monday 2 March.
DRAFT = drafted(a_ready_record("GAD"))
STARTED, SECOND, RATED = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 6)
RISE = "Raise the dose"
FIELDSET = re.compile(r'<fieldset class="ask[^"]*" id="p-(\w+)"><legend>(.*?)</fieldset>', re.S)
CELL = re.compile(r"</(?:td|th|dt|dd|li|p|span|label|h2|small)>")


@pytest.fixture
def signed(services: Services) -> None:
    """A plan signed on 25 February; what it wrote is not looked at here."""
    plan = ConfirmedPlan(PLAN, DRAFT, Clinician("Practitioner/halvorsen", "Dr Ingrid Halvorsen, MD"), NOW)
    services.plans.save(PLAN, ISS, PATIENT, 1, plan_payload(plan, ()), NOW)


@pytest.fixture
def chart(ehr: Flask, signed: None, clock: Clock) -> Chart:
    """Two doses and little gained: a rise is due on Saturday 7 March."""
    written = Chart(ehr, PATIENT)
    written.rating(date(2026, 2, 20), 16)
    written.dose(PLAN, "infusion-1", STARTED, 35, 0.5)
    written.dose(PLAN, "infusion-2", SECOND, 35, 0.5)
    written.rating(RATED, 15)
    clock.pass_(days=10)
    return written


def words(page: TestResponse) -> str:
    """The page's text, cells and lines apart."""
    return " ".join(Page(CELL.sub(" ", page.text)).text.split())


def open_review(browser: Browser, user: str = "halvorsen") -> TestResponse:
    page = browser.get(f"{browser.launch(PATIENT, user)}review")
    assert page.status_code == 200
    return page


def key_of(page: TestResponse, title: str, text: str = "") -> str:
    """The key of the proposal of this title on the page."""
    for found in re.finditer(
        r'<fieldset class="ask[^"]*" id="p-(\w+)"><legend>(.*?)</fieldset>', page.text, re.S
    ):
        if found[2].startswith(title) and text in found[2]:
            return found[1]
    raise AssertionError(f"{title} is not proposed")


def filled(page: TestResponse, title: str, verdict: str, text: str = "", **more: str) -> dict[str, str]:
    key = key_of(page, title, text)
    return {f"answer.{key}": verdict} | {
        f"{name.replace('_', ' ')}.{key}": said for name, said in more.items()
    }


def edited(page: TestResponse, title: str, field: str, value: str, reason: str) -> dict[str, str]:
    key = key_of(page, title)
    return {f"answer.{key}": "edited", f"{field}.{key}": value, f"reason.{key}": reason}


def not_frail(browser: Browser, page: TestResponse) -> TestResponse:
    """State what the rise needs; gives the review again."""
    shown = browser.submit(page, "/review", **{"stated.frail": "no", "stated.lifetime": "0"})
    assert confirm(browser, shown).status_code == 303
    return browser.get(page.request.path)


def confirm(browser: Browser, shown: TestResponse) -> TestResponse:
    assert shown.status_code == 200, words(shown)
    return browser.submit(shown, "/review")


def answered(browser: Browser, page: TestResponse, said: Mapping[str, str]) -> TestResponse:
    """Preview and confirm; gives the page of the result."""
    answer = confirm(browser, browser.submit(page, "/review", **said))
    assert answer.status_code == 303, words(answer)
    return browser.get(str(answer.location))


def sheets_beside(page: TestResponse) -> str:
    return page.request.path.replace("/review", "/sessions")


def records(ehr: Flask) -> list[dict[str, Any]]:
    found = ehr.extensions["harbor"].store.all("QuestionnaireResponse")
    return [r for r in found if r.get("questionnaire") == REVIEW]


def audited(services: Services) -> list[str]:
    rows: list[AuditRow] = list(services.audit.rows())
    return [row.event.action for row in rows]


# --- the page -----------------------------------------------------------------------------------------------


def test_without_a_signed_plan_there_is_nothing_to_review(browser: Browser) -> None:
    assert "No plan has been signed for this patient" in words(open_review(browser))
    assert "Progress review" not in words(browser.get(browser.launch(PATIENT)))


def test_what_happened_stands_beside_what_follows(browser: Browser, chart: Chart) -> None:
    page = open_review(browser)
    said = words(page)
    assert "2 doses in this course, 70 mg in 2 doses; how many before it is not recorded." in said
    assert "highest pressure 142/88, lowest saturation 97 %" in said
    assert "6.3 % better than 16 on 20 Feb 2026" in said
    assert "response: no, remission: no and reliable change: no" in said
    assert "35 mg dose 3 0.5 mg/kg × 70.00 kg = 35 mg, rounded to 35 mg" in said
    assert "Whether to raise the dose cannot be judged without frailty." in said
    assert "house default" in said and "7 [H]" in said
    assert f'href="{ISS}/Procedure/' in page.text


def test_a_plan_kept_without_its_terms_is_not_guessed_at(browser: Browser, services: Services) -> None:
    plan = ConfirmedPlan(PLAN, DRAFT, Clinician("Practitioner/halvorsen"), NOW)
    services.plans.save(PLAN, ISS, PATIENT, 1, plan_payload(plan, ()) | {"terms": None}, NOW)
    assert "review the course by hand" in words(open_review(browser))


# --- answers ------------------------------------------------------------------------------------------------


def test_what_is_stated_opens_the_way_to_a_rise(browser: Browser, chart: Chart) -> None:
    page = not_frail(browser, open_review(browser))
    said = words(page)
    assert "Raise from 0.5 to 0.75 mg/kg (53 mg)." in said
    assert "2 doses in this course, 70 mg in 2 doses; 0 before it, 2 in all." in said
    assert "Frail: no. Doses before this course: 0." in said


def test_an_accepted_rise_is_previewed_confirmed_written_once_and_acts(
    browser: Browser, chart: Chart, ehr: Flask, services: Services
) -> None:
    page = not_frail(browser, open_review(browser))
    shown = browser.submit(page, "/review", **filled(page, RISE, "accepted"))
    said = words(shown)
    assert "Next dose 0.5 mg/kg, 35 mg 0.75 mg/kg, 53 mg" in said
    assert "The request for ketamine still says the dose that was signed" in said
    assert "I, Dr Ingrid Halvorsen, MD, answer this for Jane Samplewood, female, born 28 Sep 1991" in said
    assert len(records(ehr)) == 1  # so far only what was stated
    done = browser.get(str(confirm(browser, shown).location))
    assert "ACCEPTED Raise the dose" in words(done)
    assert "WRITTEN" in done.text
    again = words(browser.get(page.request.path))
    assert "53 mg dose 3 0.75 mg/kg × 70.00 kg = 52.5 mg, rounded to 53 mg" in again
    sheet = browser.get(f"{sheets_beside(page)}/infusion-3/before")
    assert "0.75 mg/kg × 70.00 kg = 52.5 mg, rounded to 53 mg" in words(sheet)
    assert "as agreed in the review" in again
    assert again.count("ACCEPTED Raise the dose") == 1
    written = [r for r in records(ehr) if len(r["item"][0].get("item", [])) > 1]
    answers = {i["linkId"]: i["answer"][0] for i in written[0]["item"][0]["item"]}
    assert answers["proposal.answer"]["valueCoding"]["code"] == "accepted"
    assert answers["proposal.effect"] == {"valueString": "The next doses are 0.75 mg/kg instead of 0.5."}
    assert written[0]["author"]["reference"] == "Practitioner/halvorsen"
    assert audited(services).count("course-reviewed") == 2
    assert audited(services).count("review-written") == 2


def test_sent_in_twice_it_is_kept_and_written_once(
    browser: Browser, chart: Chart, ehr: Flask, services: Services
) -> None:
    page = not_frail(browser, open_review(browser))
    shown = browser.submit(page, "/review", **filled(page, RISE, "accepted"))
    first, second = confirm(browser, shown), confirm(browser, shown)
    assert first.location == second.location
    assert len(records(ehr)) == 2
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 2


def test_an_edited_dose_stays_within_its_bounds(browser: Browser, chart: Chart, services: Services) -> None:
    page = not_frail(browser, open_review(browser))
    for value, problem in (
        ("0.80", "within 0.25 to 0.75 mg/kg only"),
        ("0.2", "within 0.25 to 0.75 mg/kg only"),
        ("1e1", "is a number of mg/kg"),
        ("NaN", "is a number of mg/kg"),
        ("0.75", "The edit changes nothing"),
    ):
        back = browser.submit(page, "/review", **edited(page, RISE, "mg_per_kg", value, "small steps"))
        assert (back.status_code, problem in words(back)) == (400, True), value
        assert f'value="{value}"' in back.text
    bare = browser.submit(page, "/review", **edited(page, RISE, "mg_per_kg", "0.6", " "))
    assert "only with a reason" in words(bare)
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 1
    answered(browser, page, edited(page, RISE, "mg_per_kg", "0.6", "small steps"))
    said = words(browser.get(page.request.path))
    assert "42 mg dose 3" in said
    assert "ACCEPTED WITH CHANGES Raise the dose: 0.6 mg/kg" in said
    assert "Reason: small steps" in said


def test_a_bound_is_held_also_against_a_form_made_by_hand(
    browser: Browser, chart: Chart, services: Services
) -> None:
    page = not_frail(browser, open_review(browser))
    form = next(f for f in Page(page.text).forms if f.action.endswith("/review"))
    said = edited(page, RISE, "mg_per_kg", "3", "more")
    back = browser.post(form.action, form.fields | said | {"confirmed": "yes"})
    assert back.status_code == 400
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 1


def test_a_second_answer_stands_beside_the_first(browser: Browser, chart: Chart) -> None:
    page = not_frail(browser, open_review(browser))
    answered(browser, page, filled(page, RISE, "accepted"))
    page = browser.get(page.request.path)
    answered(browser, page, filled(page, RISE, "rejected", reason="on reflection"))
    said = words(browser.get(page.request.path))
    assert "35 mg dose 3" in said
    assert "ACCEPTED Raise the dose a later answer stands" in said
    assert "REJECTED Raise the dose" in said and "Reason: on reflection" in said


def test_of_two_clinicians_the_second_sees_what_the_first_said(
    browser: Browser, chart: Chart, app: Flask, ehr: Flask, services: Services
) -> None:
    first = not_frail(browser, open_review(browser))
    other = Browser(app, ehr)
    theirs = open_review(other)
    answered(browser, first, filled(first, RISE, "rejected", reason="wait one more dose"))
    back = other.submit(theirs, "/review", **filled(theirs, RISE, "accepted"))
    assert back.status_code == 409
    assert "Dr Ingrid Halvorsen, MD answered “Raise the dose” on 7 Mar 2026, 10:30: rejected." in words(back)
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 2
    done = confirm(other, other.submit(back, "/review"))
    assert done.status_code == 303
    said = words(browser.get(first.request.path))
    assert "REJECTED Raise the dose a later answer stands" in said
    assert "53 mg dose 3" in said


def test_an_answer_that_comes_between_preview_and_confirmation_is_seen(
    browser: Browser, chart: Chart, app: Flask, ehr: Flask, services: Services
) -> None:
    page = not_frail(browser, open_review(browser))
    mine = browser.submit(page, "/review", **filled(page, RISE, "accepted"))
    other = Browser(app, ehr)
    theirs = open_review(other)
    answered(other, theirs, filled(theirs, RISE, "rejected", reason="wait"))
    back = browser.submit(mine, "/review")
    assert back.status_code == 409
    assert "answered “Raise the dose”" in words(back)
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 2


def test_answers_to_different_proposals_do_not_get_in_each_others_way(
    browser: Browser, chart: Chart, app: Flask, ehr: Flask, services: Services
) -> None:
    page = not_frail(browser, open_review(browser))
    mine = browser.submit(page, "/review", **filled(page, RISE, "accepted"))
    other = Browser(app, ehr)
    theirs = open_review(other)
    answered(other, theirs, filled(theirs, "Cognition check due", "accepted"))
    assert confirm(browser, mine).status_code == 303
    assert len(services.reviews.of(ISS, PATIENT, PLAN)) == 3


def test_what_is_not_proposed_any_more_cannot_be_answered(browser: Browser, chart: Chart) -> None:
    page = not_frail(browser, open_review(browser))
    chart.dose(PLAN, "infusion-3", date(2026, 3, 7), 35, 0.5, pressure=(182, 96))
    fresh = open_review(browser)
    assert "Lower from 0.5 to 0.25 mg/kg" in words(fresh)
    form = next(f for f in Page(fresh.text).forms if f.action.endswith("/review"))
    back = browser.post(form.action, form.fields | filled(page, RISE, "accepted"))
    assert back.status_code == 400
    assert "is not proposed in that form any more" in words(back)


def test_a_step_down_waits_for_its_answer_and_then_acts(browser: Browser, chart: Chart) -> None:
    chart.dose(PLAN, "infusion-3", date(2026, 3, 7), 35, 0.5, pressure=(182, 96))
    page = open_review(browser)
    assert "No dose now." in words(page)
    answered(browser, page, filled(page, "Lower the dose", "accepted"))
    said = words(browser.get(page.request.path))
    assert "18 mg dose 4 0.25 mg/kg × 70.00 kg = 17.5 mg, rounded to 18 mg" in said


def test_a_stop_ends_dosing_until_it_is_taken_back(browser: Browser, chart: Chart) -> None:
    chart.event(date(2026, 3, 6), "psychosis")
    page = open_review(browser)
    assert "Raise" not in words(page)
    shown = browser.submit(page, "/review", **filled(page, "Stop at once", "accepted"))
    assert "The care plan stays active, and open appointments stand" in words(shown)
    browser.get(str(confirm(browser, shown).location))
    page = browser.get(page.request.path)
    assert "Dosing ended on 2026-03-07." in words(page)
    assert "Cognition check due" not in words(page).partition("History")[0]
    answered(browser, page, filled(page, "Stop at once", "rejected", reason="second opinion: not psychotic"))
    assert "35 mg dose 3" in words(browser.get(page.request.path))


def test_the_suicide_pathway_comes_first_and_is_released_only_in_every_part(
    browser: Browser, chart: Chart
) -> None:
    chart.event(date(2026, 3, 6), "suicidal-ideation")
    page = open_review(browser)
    said = words(page)
    assert said.index("Suicide risk comes first") < said.index("Where it stands")
    assert "988" in said
    title = "Suicide risk: act today"
    key = key_of(page, title)
    assert key == re.findall(r'id="p-(\w+)"', page.text)[0]
    half = filled(page, title, "rejected", time_of_assessment="10:00", risk_level="low")
    back = browser.submit(page, "/review", **half)
    assert back.status_code == 400
    assert "disposition, safety plan, means counselling" in words(back)
    whole = filled(
        page,
        title,
        "rejected",
        time_of_assessment="10:00",
        risk_level="low",
        disposition="home",
        safety_plan="made",
        means_counselling="done",
    )
    assert "No dose now." in said
    answered(browser, page, whole)
    after = words(browser.get(page.request.path))
    assert "35 mg dose 3" in after
    assert "risk level: low; disposition: home" in after


def test_added_infusions_and_maintenance_act(browser: Browser, chart: Chart, clock: Clock) -> None:
    page = not_frail(browser, open_review(browser))
    for number, on in enumerate((9, 12, 16, 19), 3):
        chart.dose(PLAN, f"infusion-{number}", date(2026, 3, on), 35, 0.5)
    chart.rating(date(2026, 3, 26), 11)
    clock.pass_(days=20)
    page = open_review(browser)
    assert "All 6 planned doses have been given." in words(page)
    answered(browser, page, edited(page, "Add infusions", "doses_added", "1", "one is enough"))
    assert "6 of 7 given" in words(browser.get(page.request.path))
    assert "Dose 7" in words(browser.get(sheets_beside(page)))
    chart.dose(PLAN, "infusion-7", date(2026, 3, 27), 35, 0.5)
    chart.rating(date(2026, 4, 3), 5)
    clock.pass_(days=8)
    page = open_review(browser)
    shown = browser.submit(page, "/review", **filled(page, "Start maintenance", "accepted"))
    assert "Next maintenance dose – 3 Apr 2026" in words(shown)
    browser.get(str(confirm(browser, shown).location))
    page = browser.get(page.request.path)
    assert "every 7 days" in words(page)
    assert "Maintenance dose 1" in words(browser.get(sheets_beside(page)))
    answered(browser, page, filled(page, "Start maintenance", "rejected", reason="patient prefers to wait"))
    assert "not started" in words(browser.get(page.request.path))


# --- who may, and what if -----------------------------------------------------------------------------------


def test_only_who_may_sign_answers(browser: Browser, chart: Chart, services: Services) -> None:
    mine = open_review(browser)
    said = filled(mine, "Cognition check due", "accepted")
    for user in (COORDINATOR, NURSE):
        page = open_review(browser, user)
        assert "For reading only." in words(page)
        assert not [f for f in Page(page.text).forms if "/review" in f.action]
        path = page.request.path
        form = next(f.fields for f in Page(page.text).forms if "csrf" in f.fields)
        fields = {"csrf": form["csrf"], "patient": PATIENT, "form": "x", "shown": "0"} | said
        for confirmed in ("", "yes"):
            assert browser.post(path, fields | {"confirmed": confirmed}).status_code == 403
    assert services.reviews.of(ISS, PATIENT, PLAN) == ()


@pytest.mark.parametrize("confirmed", ["", "yes"])
def test_a_form_of_another_patient_or_without_its_token_is_stopped(
    browser: Browser, chart: Chart, services: Services, confirmed: str
) -> None:
    page = open_review(browser)
    form = next(f for f in Page(page.text).forms if f.action.endswith("/review"))
    said = form.fields | filled(page, "Cognition check due", "accepted")
    said["confirmed"] = confirmed
    assert browser.post(form.action, said | {"patient": "sad-ready"}).status_code == 409
    assert browser.post(form.action, said | {"csrf": "x"}).status_code in (400, 403)
    assert services.reviews.of(ISS, PATIENT, PLAN) == ()
    assert "patient-guard" in audited(services)


def test_nothing_answered_keeps_nothing(browser: Browser, chart: Chart) -> None:
    back = browser.submit(open_review(browser), "/review")
    assert back.status_code == 400
    assert "Nothing has been answered yet." in words(back)


@pytest.mark.parametrize("number", ["-1", "1.5", "many", "99999"])
def test_a_count_of_doses_is_a_whole_number(browser: Browser, chart: Chart, number: str) -> None:
    back = browser.submit(open_review(browser), "/review", **{"stated.lifetime": number})
    assert back.status_code == 400
    assert "is a whole number" in words(back)


def test_what_the_ehr_does_not_take_is_kept_and_can_be_tried_again(
    browser: Browser, chart: Chart, http: EhrHttp, ehr: Flask
) -> None:
    page = open_review(browser)
    http.refused = ("POST", "QuestionnaireResponse")
    done = answered(browser, page, filled(page, "Cognition check due", "accepted"))
    assert "REFUSED" in done.text
    again = browser.get(page.request.path)
    assert "An answered review is not in Harbor yet." in words(again)
    assert "ACCEPTED Cognition check due" in words(again)
    http.refused = ("", "")
    browser.submit(done, done.request.path)
    assert len(records(ehr)) == 1
    assert "not in Harbor yet" not in words(browser.get(page.request.path))


def test_a_lost_answer_leaves_no_double(browser: Browser, chart: Chart, http: EhrHttp, ehr: Flask) -> None:
    page = open_review(browser)
    shown = browser.submit(page, "/review", **filled(page, "Cognition check due", "accepted"))
    http.stop_after = 0
    gone = confirm(browser, shown)
    http.stop_after, http.down = None, True
    away = browser.get(str(gone.location))
    assert away.status_code == 200
    assert "Cognition check due" in words(away)
    http.down = False
    browser.submit(away, away.request.path)
    assert len(records(ehr)) == 1


def test_a_review_of_another_patient_is_not_found(browser: Browser, chart: Chart) -> None:
    done = answered(browser, page := open_review(browser), filled(page, "Cognition check due", "accepted"))
    other = browser.launch("sad-ready")
    assert browser.get(f"{other}review/{done.request.path.rpartition('/')[2]}").status_code == 400


def test_the_record_refers_to_the_care_plan_where_it_stands(
    browser: Browser, ehr: Flask, clock: Clock
) -> None:
    """The whole way once: signed and written here, reviewed later, one resource on the plan."""
    path = browser.launch(PATIENT)
    browser.submit(browser.get(f"{path}preview"), "/sign")
    clock.pass_(days=1)
    page = open_review(browser)
    answered(browser, page, {"stated.frail": "no"})
    (record,) = records(ehr)
    (plan,) = stored(ehr, "CarePlan")
    assert record["basedOn"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert plan["status"] == "active"
