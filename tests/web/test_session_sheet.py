"""The day of a dose: go or no-go, calls at once, nothing typed is lost, written once when it is closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.compose import Services
from ketplan.fhir.session_codes import PLAN_VISIT_SYSTEM
from ketplan.store.plans import PlanState
from tests.web.support import COORDINATOR, ISS, SIGNER, Browser, Clock, EhrHttp, Page, words

pytestmark = pytest.mark.writes

PATIENT, NURSE = "gad-ready", "okonjo"
# Monday, nine in the morning in New York: the day of the first dose.
DAY = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
KINDS = ("Procedure", "MedicationAdministration", "Observation")


class Room:
    """The address of one visit's sheet, for the launch that is open now."""

    def __init__(self, browser: Browser, clock: Clock, user: str = SIGNER) -> None:
        self._browser, self._clock, self._user = browser, clock, user
        self.home = browser.launch(PATIENT, user=user)

    def __str__(self) -> str:
        return f"{self.listed}/infusion-1"

    @property
    def listed(self) -> str:
        return f"{self.home}sessions"

    def later(self, minutes: int) -> None:
        """Time passes; a launch left alone so long has ended, and the next one finds the sheet."""
        self._clock.pass_(minutes=minutes)
        self.home = self._browser.launch(PATIENT, user=self._user)

    def of(self, user: str) -> Room:
        return Room(self._browser, self._clock, user)


@pytest.fixture
def visit(browser: Browser, clock: Clock) -> Room:
    """A plan signed on 25 February, and the browser launched again on the day of the first dose."""
    browser.submit(browser.get(f"{browser.launch(PATIENT)}preview"), "/sign")
    clock.at = DAY
    return Room(browser, clock)


def local(minute: int) -> str:
    return f"{DAY - timedelta(hours=5) + timedelta(minutes=minute):%Y-%m-%dT%H:%M}"


def all_well(**changes: str) -> dict[str, str]:
    """Every question before the dose answered so that it may be given."""
    no = ("cssrs_change", "alcohol_24h", "cannabis_24h", "new_medication", "febrile", "new_urinary_symptoms")
    yes = ("escort", "consent_reaffirmed", "contraindications_attested")
    said = {
        **dict.fromkeys(no, "no"),
        **dict.fromkeys(yes, "yes"),
        "p1_at": local(-20),
        "p1_systolic": "124",
        "p1_diastolic": "78",
        "heart_rate": "72",
        "spo2": "98",
        "weight_kg": "70",
        "cadss6_before": "0",
        "last_food": local(-9 * 60),
        "last_fluid": local(-3 * 60),
        "hcg_on": "2026-03-01",
        "hcg_result": "negative",
        "antihypertensive_prescribed": "no",
    }
    return said | changes


def save(browser: Browser, visit: Room, stage: str, **typed: str) -> TestResponse:
    return browser.submit(browser.get(f"{visit}/{stage}"), f"/{stage}", **typed)


def a_set(minute: int, systolic: str = "128", diastolic: str = "80", **changes: str) -> dict[str, str]:
    return {
        "s_at": local(minute),
        "s_systolic": systolic,
        "s_diastolic": diastolic,
        "s_heart_rate": "74",
        "s_spo2": "97",
        "s_moaas": "5",
        "s_symptoms": "none",
    } | changes


def mg(browser: Browser, visit: Room) -> str:
    """The planned dose, as the page says it."""
    return words(browser.get(f"{visit}/before")).partition("Planned: ")[2].split()[0]


def given(browser: Browser, visit: Room) -> str:
    """The whole session up to its closing; gives the milligrams."""
    planned = mg(browser, visit)
    assert save(browser, visit, "before", **all_well()).status_code == 303
    save(browser, visit, "during", started=local(0), **a_set(0))
    visit.later(40)
    dose = {"outcome": "given", "ended": local(40), "mg": planned, "distressing": "no", "vomiting": "no"}
    save(browser, visit, "during", **dose, **a_set(40, "150", "92", s_moaas="4"))
    visit.later(85)
    save(browser, visit, "during", **a_set(120))
    leaving = {
        "cssrs_new_risk": "no",
        "cadss6_leaving": "1",
        "padss": "10",
        "on_air": "yes",
        "walks_unaided": "yes",
        "uncontrolled_vomiting": "no",
        "escort_present": "yes",
        "instructed": "yes",
        "left": local(125),
    }
    assert save(browser, visit, "leaving", **leaving).status_code == 303
    return planned


def ours(ehr: Flask, kind: str) -> list[dict[str, Any]]:
    """What was written for a dosing visit."""
    return [
        raw
        for raw in ehr.extensions["harbor"].store.all(kind)
        if any(i.get("system") == PLAN_VISIT_SYSTEM for i in raw.get("identifier", []))
    ]


def close(browser: Browser, visit: Room) -> TestResponse:
    return browser.submit(browser.get(f"{visit}/close"), "/close")


# --- which visits ------------------------------------------------------------------------------------------


def test_without_a_signed_plan_there_is_no_visit(browser: Browser) -> None:
    path = browser.launch(PATIENT)
    assert "No plan has been signed" in words(browser.get(f"{path}sessions"))
    assert browser.get(f"{path}sessions/infusion-1/before").status_code == 400


def test_the_visits_of_the_signed_plan_are_listed_with_how_they_stand(browser: Browser, visit: Room) -> None:
    listed = visit.listed
    page = words(browser.get(listed))
    assert page.count("planned") >= 6 and "in progress" not in page
    assert "2 Mar 2026" in page
    save(browser, visit, "before", heart_rate="70")
    assert "in progress" in words(browser.get(listed))
    assert browser.get(f"{listed}/infusion-99/before").status_code == 400
    assert browser.get(f"{listed}/cbt-1/before").status_code == 400


# --- before ------------------------------------------------------------------------------------------------


def test_nothing_asked_is_no_go_and_never_no(browser: Browser, visit: Room) -> None:
    page = words(browser.get(f"{visit}/before"))
    assert "No dose now." in page
    assert "C-SSRS since last contact is not answered." in page
    assert 'Not known is not "no"' in page


def test_everything_met_is_go(browser: Browser, visit: Room) -> None:
    answer = save(browser, visit, "before", **all_well())
    assert answer.status_code == 303
    assert "Go. Every line is met" in words(browser.get(f"{visit}/before"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"p1_systolic": "172", "p1_diastolic": "104"}, "at or above 160/100"),
        ({"spo2": "91"}, "Oxygen saturation 91"),
        ({"escort": "no"}, "No companion"),
        ({"last_food": local(-60)}, "Not fasted"),
        ({"weight_kg": "90"}, "recompute the dose"),
        ({"alcohol_24h": "yes"}, "In the last 24 hours: alcohol"),
    ],
)
def test_each_line_holds_with_its_reason_and_its_source(
    browser: Browser, visit: Room, changes: dict[str, str], told: str
) -> None:
    save(browser, visit, "before", **all_well(**changes))
    page = words(browser.get(f"{visit}/before"))
    assert told in page and "No dose now. 1 line stands in the way." in page


def test_suicide_risk_stands_first_and_needs_its_five_parts(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well(cssrs_change="yes"))
    page = browser.get(f"{visit}/before")
    said = words(page)
    assert "Suicide risk comes first" in said and "988" in said
    assert page.text.index('id="crisis-title"') < page.text.index('id="lines-title"')
    some = {f"reason-CSSRS_CHANGE.{n}": "assessed" for n in (1, 2, 3, 4)}
    back = browser.get(str(browser.submit(page, "/before", **some).location))
    assert "missing: means counselling" in words(back) and "No dose now." in words(back)
    whole = some | {"reason-CSSRS_CHANGE.5": "done"}
    assert browser.submit(back, "/before", **whole).status_code == 303
    assert "Go. Every line is met, 1 line by a clinician's reason" in words(browser.get(f"{visit}/before"))


def test_a_positive_pregnancy_test_is_passed_by_nobody(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well(hcg_result="positive"))
    page = browser.get(f"{visit}/before")
    assert "No reason passes this line." in words(page)
    forced = {"reason-PREGNANCY_TEST": "wants it", "about-PREGNANCY_TEST": "x"}
    browser.submit(page, "/before", **forced)
    save(browser, visit, "during", started=local(0), **a_set(0))
    assert "cannot be recorded as started" in words(browser.get(f"{visit}/during"))
    assert "may not be recorded as started" in words(
        browser.get(f"{visit}/close")
    ) or "What became of the dose" in words(browser.get(f"{visit}/close"))


def test_a_hold_is_passed_by_a_named_prescriber_s_reason_for_what_it_says_now(
    browser: Browser, visit: Room
) -> None:
    held = all_well(p1_systolic="172", p1_diastolic="104")
    save(browser, visit, "before", **held)
    reason = {"reason-BLOOD_PRESSURE": "Known white-coat rise, seen by cardiology."}
    assert save(browser, visit, "before", **reason).status_code == 303
    page = words(browser.get(f"{visit}/before"))
    assert "Passed by Dr Ingrid Halvorsen, MD" in page and "Known white-coat rise" in page
    visit.later(10)
    worse = {"p2_at": local(5), "p2_systolic": "178", "p2_diastolic": "108"}
    save(browser, visit, "before", **worse)
    assert "No dose now." in words(browser.get(f"{visit}/before"))


def test_who_may_not_sign_passes_nothing(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well(escort="no"))
    as_nurse = visit.of(NURSE)
    page = browser.get(f"{as_nurse}/before")
    assert 'name="reason-NO_ESCORT"' not in page.text
    back = browser.get(str(browser.submit(page, "/before", **{"reason-NO_ESCORT": "a taxi"}).location))
    assert "role may sign here" in words(back)
    assert "No dose now." in words(browser.get(f"{as_nurse}/before"))


# --- nothing typed is lost ----------------------------------------------------------------------------------


def test_wrong_input_is_kept_and_comes_back_marked_also_after_a_new_launch(
    browser: Browser, visit: Room
) -> None:
    answer = save(browser, visit, "before", heart_rate="seventy", spo2="98", escort_name="Ana 555")
    back = browser.get(str(answer.location))
    for page in (back, browser.get(f"{browser.launch(PATIENT)}sessions/infusion-1/before")):
        form = next(f for f in Page(page.text).forms if f.action.endswith("/before"))
        assert form.fields["heart_rate"] == "seventy" and form.fields["spo2"] == "98"
        assert form.fields["escort_name"] == "Ana 555"
        assert "Give a whole number from 20 to 250." in page.text
    assert "Heart rate is not measured." in words(back)


def test_of_two_windows_neither_overwrites_the_other_and_nothing_is_lost(
    browser: Browser, visit: Room
) -> None:
    first, second = browser.get(f"{visit}/before"), browser.get(f"{visit}/before")
    assert browser.submit(first, "/before", heart_rate="71").status_code == 303
    stale = browser.submit(second, "/before", heart_rate="99", spo2="95")
    assert stale.status_code == 409 and "changed in another window" in words(stale)
    form = next(f for f in Page(stale.text).forms if f.action.endswith("/before"))
    assert (form.fields["heart_rate"], form.fields["spo2"]) == ("99", "95")
    assert 'value="71"' in browser.get(f"{visit}/before").text
    assert browser.submit(stale, "/before").status_code == 303
    assert 'value="99"' in browser.get(f"{visit}/before").text


# --- during ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"s_systolic": "184"}, "Pause: blood pressure 184/80. Physician review."),
        ({"s_diastolic": "121", "s_systolic": "190"}, "Stop: blood pressure 190/121. Emergency care."),
        ({"s_symptoms": "chest_pain"}, "Stop: chest pain. Emergency care."),
        ({"s_symptoms": "chest_pain", "s_heart_rate": "many"}, "Stop: chest pain. Emergency care."),
        ({"s_symptoms": ""}, "Not recorded: symptoms."),
    ],
)
def test_a_set_calls_at_once_for_what_is_to_be_done(
    browser: Browser, visit: Room, changes: dict[str, str], told: str
) -> None:
    save(browser, visit, "before", **all_well())
    save(browser, visit, "during", started=local(0), **a_set(0))
    visit.later(10)
    save(browser, visit, "during", **a_set(10, **changes))
    assert told in words(browser.get(f"{visit}/during"))


def test_what_is_due_next_goes_by_the_clock_of_the_dose(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well())
    save(browser, visit, "during", started=local(0), **a_set(0))
    assert "Next set at minute 10." in words(browser.get(f"{visit}/during"))
    visit.later(23)
    page = words(browser.get(f"{visit}/during"))
    assert "Due now: the set of minute 20, 3 minutes late." in page and "Missed: minute 10." in page


def test_a_set_can_be_corrected_and_keeps_its_place(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well())
    save(browser, visit, "during", started=local(0), **a_set(0, "1280"))
    assert "not understood" in words(browser.get(f"{visit}/during"))
    page = browser.get(f"{visit}/during?set=1")
    browser.submit(page, "/during", s_systolic="128")
    said = words(browser.get(f"{visit}/during"))
    assert "128/80 mmHg" in said and "not understood" not in said
    assert browser.get(f"{visit}/during").text.count("Correct<") == 1


def test_a_dose_above_the_ceiling_is_not_recorded(browser: Browser, visit: Room) -> None:
    save(browser, visit, "before", **all_well())
    back = browser.get(str(save(browser, visit, "during", started=local(0), mg="200").location))
    assert "above the ceiling" in words(back)


def test_what_is_found_out_after_the_start_does_not_undo_it_and_is_said(
    browser: Browser, visit: Room
) -> None:
    given(browser, visit)
    save(browser, visit, "before", alcohol_24h="yes")
    assert "cannot be recorded as started" not in words(browser.get(f"{visit}/during"))
    assert "At the start, as recorded now: In the last 24 hours: alcohol." in words(
        browser.get(f"{visit}/close")
    )


# --- leaving and closing ------------------------------------------------------------------------------------


def test_leaving_needs_every_line(browser: Browser, visit: Room) -> None:
    given(browser, visit)
    assert "May leave. Every line is met." in words(browser.get(f"{visit}/leaving"))
    save(browser, visit, "leaving", walks_unaided="no")
    assert "Not yet." in words(browser.get(f"{visit}/leaving"))
    assert "The discharge list is not met" in words(browser.get(f"{visit}/close"))
    save(browser, visit, "leaving", left_why="Against advice, with her mother.")
    assert "At discharge: Does not walk unaided." in words(browser.get(f"{visit}/close"))


def test_the_preview_names_the_patient_and_each_resource_and_writes_nothing(
    browser: Browser, visit: Room, ehr: Flask
) -> None:
    planned = given(browser, visit)
    page = words(browser.get(f"{visit}/close"))
    assert "close this sheet for Jane Samplewood" in page
    assert "dose given" in page and f"{planned} mg" in page
    assert [ours(ehr, kind) for kind in KINDS] == [[], [], []]


def test_closing_writes_everything_once_and_the_course_knows_the_dose(
    browser: Browser, visit: Room, ehr: Flask, services: Services
) -> None:
    planned = given(browser, visit)
    page = browser.get(f"{visit}/close")
    answer = browser.submit(page, "/close")
    assert str(answer.location).endswith("/closed")
    assert "stand in Harbor." in words(browser.get(str(answer.location)))
    (procedure,), (dose,) = ours(ehr, "Procedure"), ours(ehr, "MedicationAdministration")
    assert procedure["status"] == dose["status"] == "completed"
    assert dose["partOf"] == [{"reference": f"Procedure/{procedure['id']}"}]
    assert dose["dosage"]["dose"]["value"] == int(planned)
    assert {r["reference"].partition("/")[0] for r in procedure["basedOn"]} == {"ServiceRequest", "CarePlan"}
    assert dose["supportingInformation"][0]["reference"].startswith("Appointment/")
    assert procedure["performer"][0]["actor"]["reference"] == "Practitioner/halvorsen"
    count = len(ours(ehr, "Observation"))
    assert browser.submit(page, "/close").status_code == 303
    assert [len(ours(ehr, kind)) for kind in KINDS] == [1, 1, count]
    (kept,) = services.plans.find(ISS, PATIENT, "session")
    assert kept.state is PlanState.WRITTEN
    listed = words(browser.get(visit.listed))
    assert "closed" in listed


def test_a_closed_sheet_says_that_it_cannot_be_changed(browser: Browser, visit: Room) -> None:
    given(browser, visit)
    before = browser.get(f"{visit}/before")
    close(browser, visit)
    refused = browser.submit(before, "/before", heart_rate="50")
    assert refused.status_code == 403 and "an adverse event can still be added" in words(refused)
    assert str(browser.get(str(visit)).location).endswith("/closed")
    assert "A closed sheet cannot be changed here." in words(browser.get(f"{visit}/closed"))


def test_what_changed_since_the_preview_is_shown_again_and_not_written(
    browser: Browser, visit: Room, ehr: Flask
) -> None:
    given(browser, visit)
    page = browser.get(f"{visit}/close")
    save(browser, visit, "leaving", padss="9")
    again = browser.submit(page, "/close")
    assert again.status_code == 409 and "the sheet changed since you looked" in words(again)
    assert ours(ehr, "Procedure") == []


def test_a_lost_answer_leaves_no_double(browser: Browser, visit: Room, ehr: Flask, http: EhrHttp) -> None:
    given(browser, visit)
    page = browser.get(f"{visit}/close")
    http.stop_after = 3
    answer = browser.submit(page, "/close")
    http.stop_after, http.down = None, False
    shown = browser.get(str(answer.location))
    assert "Closed:" in words(shown) and "not written yet" in words(shown)
    browser.submit(shown, "/closed")
    assert "Closed: all" in words(browser.get(str(answer.location)))
    names = [i["value"] for kind in KINDS for r in ours(ehr, kind) for i in r["identifier"][:1]]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("refused", ["Procedure", "MedicationAdministration"])
def test_what_the_ehr_refuses_is_said_and_the_rest_stands(
    browser: Browser, visit: Room, ehr: Flask, http: EhrHttp, refused: str
) -> None:
    given(browser, visit)
    http.refused = ("POST", refused)
    answer = close(browser, visit)
    assert "1 refused" in words(browser.get(str(answer.location)))
    assert len(ours(ehr, "Observation")) > 10 and ours(ehr, refused) == []


def test_a_dose_that_is_not_given_is_written_as_not_done_with_its_reason(
    browser: Browser, visit: Room, ehr: Flask
) -> None:
    save(browser, visit, "before", **all_well(p1_systolic="172", p1_diastolic="104"))
    assert "not said" in words(browser.get(f"{visit}/close"))
    save(browser, visit, "during", outcome="not-given", why="Blood pressure 172/104: booked again.")
    assert close(browser, visit).status_code == 303
    (procedure,) = ours(ehr, "Procedure")
    assert procedure["status"] == "not-done"
    assert procedure["statusReason"]["text"] == "Blood pressure 172/104: booked again."
    assert len([o for o in ours(ehr, "Observation") if "component" in o]) == 1
    assert "closed, no dose" in words(browser.get(visit.listed))


# --- who --------------------------------------------------------------------------------------------------


def test_a_nurse_fills_in_and_closes_and_is_the_performer(browser: Browser, visit: Room, ehr: Flask) -> None:
    as_nurse = visit.of(NURSE)
    given(browser, as_nurse)
    close(browser, as_nurse)
    assert ours(ehr, "Procedure")[0]["performer"][0]["actor"]["reference"] == f"Practitioner/{NURSE}"


def test_a_coordinator_saves_and_closes_nothing(browser: Browser, visit: Room) -> None:
    given(browser, visit)
    theirs = visit.of(COORDINATOR)
    assert save(browser, theirs, "before", heart_rate="50").status_code == 403
    assert "<button disabled>Close and write" in browser.get(f"{theirs}/close").text


def test_a_form_of_another_patient_is_stopped(browser: Browser, visit: Room) -> None:
    assert save(browser, visit, "before", heart_rate="50", patient="ocd-erp").status_code == 409
    assert 'value="50"' not in browser.get(f"{visit}/before").text


# --- adverse events ---------------------------------------------------------------------------------------


def an_event(**changes: str) -> dict[str, str]:
    return {
        "kind": "hypertension",
        "words": "204/122 with headache",
        "onset": local(-5),
        "seriousness": "Serious",
        "action_taken": "infusion stopped",
        "outcome": "resolved",
    } | changes


def events(ehr: Flask) -> list[dict[str, Any]]:
    return list(ehr.extensions["harbor"].store.all("AdverseEvent"))


def test_an_adverse_event_is_written_at_once_and_once_with_its_session(
    browser: Browser, visit: Room, ehr: Flask
) -> None:
    page = browser.get(f"{visit.home}adverse-events?visit=infusion-1")
    answer = browser.submit(page, "/adverse-events", **an_event())
    assert browser.submit(page, "/adverse-events", **an_event()).status_code == 303
    (event,) = events(ehr)
    assert event["event"]["text"].endswith("204/122 with headache. Action taken: infusion stopped")
    assert event["suspectEntity"][0]["instance"]["identifier"]["value"].endswith("/administration")
    said = words(browser.get(str(answer.location)))
    assert "WRITTEN" in said and "204/122 with headache" in said
    assert browser.submit(page, "/adverse-events", **an_event(words="other")).status_code == 403


def test_an_event_outside_a_session_names_none_and_what_is_missing_is_marked(
    browser: Browser, ehr: Flask
) -> None:
    path = browser.launch(PATIENT)
    page = browser.get(f"{path}adverse-events")
    back = browser.submit(page, "/adverse-events", kind="other", words="a rash")
    assert back.status_code == 400 and "3 answers are missing" in words(back)
    assert "a rash" in back.text and events(ehr) == []
    told = an_event(kind="other", onset="2026-02-24T20:00", words="a rash")
    assert browser.submit(back, "/adverse-events", **told).status_code == 303
    (event,) = events(ehr)
    assert "suspectEntity" not in event and event["date"] == "2026-02-24T20:00:00-05:00"


def test_a_lost_answer_leaves_no_double_of_an_event(browser: Browser, ehr: Flask, http: EhrHttp) -> None:
    path = browser.launch(PATIENT)
    page = browser.get(f"{path}adverse-events")
    http.stop_after = 0
    browser.submit(page, "/adverse-events", **an_event(onset="2026-02-24T20:00"))
    http.stop_after, http.down = None, False
    shown = browser.get(f"{path}adverse-events")
    form = next(f for f in Page(shown.text).forms if "/adverse-events/" in f.action)
    browser.post(form.action, form.fields)
    assert len(events(ehr)) == 1
    assert "WRITTEN" in browser.get(f"{path}adverse-events").text
