"""Scales filled in here: written once, read again, missing stays missing, and risk is said at once."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ketplan.clinical.instruments.filling import COLUMBIA_ITEMS
from ketplan.clinical.instruments.table import INSTRUMENTS, instrument
from ketplan.compose import Services
from ketplan.store.plans import PlanState
from tests.web.support import COORDINATOR, ISS, Browser, Clock, EhrHttp, Page, stored, words

pytestmark = pytest.mark.writes

NURSE = "okonjo"
LINE = "988"


def all_at(name: str, points: int) -> dict[str, str]:
    return {item.id: str(points) for item in instrument(name).items}


def sent_in(browser: Browser, path: str, name: str, **said: str) -> TestResponse:
    return browser.submit(browser.get(f"{path}instruments/{name}"), f"/instruments/{name}", **said)


def withdraw(ehr: Flask, patient: str, loinc: str) -> None:
    """Somebody takes a result back in the EHR."""
    store = ehr.extensions["harbor"].store
    theirs = [r for r in store.all("Observation") if r.get("subject") == {"reference": f"Patient/{patient}"}]
    for raw in theirs:
        if loinc in [c.get("code") for c in raw["code"].get("coding", [])]:
            store.replace({**raw, "status": "entered-in-error"}, raw["id"])


def test_a_full_form_becomes_answers_and_a_total_and_the_record_has_them(
    browser: Browser, ehr: Flask, services: Services
) -> None:
    path = browser.launch("gad-ready")
    answer = sent_in(browser, path, "GAD-7", **all_at("GAD-7", 2))
    assert answer.status_code == 303
    said = words(browser.get(str(answer.location)))
    assert "14 of 21 · moderate" in said
    assert "The instrument's cut is reached." in said
    assert "2 of 2" in said
    assert "The record has been read again and contains it." in said
    (response,) = stored(ehr, "QuestionnaireResponse")
    (total,) = stored(ehr, "Observation")
    assert total["valueQuantity"]["value"] == 14
    assert total["derivedFrom"] == [{"reference": f"QuestionnaireResponse/{response['id']}"}]
    assert response["source"]["reference"] == "Patient/gad-ready" == total["subject"]["reference"]
    assert response["author"]["reference"] == "Practitioner/halvorsen"
    assert f"{ISS}/Observation/{total['id']}" in browser.get(str(answer.location)).text
    (kept,) = services.plans.find(ISS, "gad-ready", "instrument")
    assert kept.state is PlanState.WRITTEN
    assert services.plans.find(ISS, "gad-ready") == ()


def test_the_workspace_judges_by_the_new_score(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    sent_in(browser, path, "GAD-7", **all_at("GAD-7", 3))
    row = next(r for r in browser.get(path).text.split("<tr>") if "<td>GAD-7" in r)
    assert "21" in row and "25 Feb 2026" in row
    assert "21 · severe, 25 Feb 2026" in words(browser.get(f"{path}instruments"))


def test_it_is_compared_with_the_last_one_where_that_may_be_done(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    said = words(browser.get(str(sent_in(browser, path, "GAD-7", **all_at("GAD-7", 0)).location)))
    assert "not compared: GAD-7:" in said
    assert "14 days or more" in said


def test_sent_in_twice_it_is_written_once_and_other_answers_are_refused(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}instruments/GAD-7")
    first = browser.submit(page, "/instruments/GAD-7", **all_at("GAD-7", 1))
    second = browser.submit(page, "/instruments/GAD-7", **all_at("GAD-7", 1))
    assert first.location == second.location
    other = browser.submit(page, "/instruments/GAD-7", **all_at("GAD-7", 2))
    assert other.status_code == 403
    assert len(stored(ehr, "Observation")) == len(stored(ehr, "QuestionnaireResponse")) == 1


def test_a_lost_answer_leaves_no_double(browser: Browser, ehr: Flask, http: EhrHttp) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}instruments/GAD-7")
    http.stop_after = 1
    first = browser.submit(page, "/instruments/GAD-7", **all_at("GAD-7", 1))
    http.stop_after, http.down = None, True
    shown = browser.get(str(first.location))
    assert shown.status_code == 200
    assert "PENDING" in shown.text
    http.down = False
    again = browser.submit(shown, str(first.location))
    assert "WRITTEN" in browser.get(str(again.location)).text
    assert len(stored(ehr, "Observation")) == len(stored(ehr, "QuestionnaireResponse")) == 1


def test_what_is_missing_is_marked_and_can_be_kept_without_a_total(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    some = dict(list(all_at("GAD-7", 2).items())[:3])
    back = sent_in(browser, path, "GAD-7", **some)
    assert back.status_code == 400
    assert "3 answered, 4 missing" in words(back)
    assert back.text.count("not answered</span>") == 4
    assert stored(ehr, "QuestionnaireResponse") == []
    assert [f.fields["gad7-1"] for f in Page(back.text).forms if "gad7-1" in f.fields] == ["2"]
    kept = browser.submit(back, "/instruments/GAD-7", incomplete="1")
    said = words(browser.get(str(kept.location)))
    assert "No total: 4 answers missing." in said
    assert [r["status"] for r in stored(ehr, "QuestionnaireResponse")] == ["stopped"]
    assert stored(ehr, "Observation") == []


def test_an_empty_form_is_never_saved(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    assert sent_in(browser, path, "GAD-7", incomplete="1").status_code == 400
    assert stored(ehr, "QuestionnaireResponse") == []


def test_a_sign_of_suicidal_thoughts_is_said_at_once_and_afterwards(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}instruments/PHQ-9").text
    ninth = page[page.index('id="q-phq9-9"') : page.index('id="q-phq9-difficulty"')]
    assert LINE in ninth
    assert ninth.count('class="counts alarm"') == 3
    assert page.count("at-once") == 1
    answer = sent_in(browser, path, "PHQ-9", **all_at("PHQ-9", 0) | {"phq9-9": "1"})
    said = words(browser.get(str(answer.location)))
    assert "Suicide risk comes first" in said and LINE in said
    assert "PHQ9_ITEM9_POSITIVE" in words(browser.get(path))


def test_without_such_a_sign_no_panel_is_shown(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    answer = sent_in(browser, path, "PHQ-9", **all_at("PHQ-9", 0))
    assert "Suicide risk comes first" not in words(browser.get(str(answer.location)))


def test_the_columbia_scale_is_taken_by_number_and_holds_the_plan(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}instruments/C-SSRS")
    assert "https://cssrs.columbia.edu/" in page.text
    yes = {item.id: "1" for item in COLUMBIA_ITEMS}
    answer = sent_in(browser, path, "C-SSRS", **yes)
    assert "Suicide risk comes first" in words(browser.get(str(answer.location)))
    assert "SI_HIGH" in words(browser.get(path))
    assert stored(ehr, "Observation") == []


def test_a_closed_instrument_takes_a_total_within_its_range(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("ocd-erp")
    for wrong, why in (("41", "a total lies in 0 to 40"), ("many", "give a whole number"), ("", "Enter the")):
        back = sent_in(browser, path, "Y-BOCS", total=wrong)
        assert back.status_code == 400
        assert why in words(back)
    answer = sent_in(browser, path, "Y-BOCS", total="25", by="clinician")
    assert "25 of 40 · severe" in words(browser.get(str(answer.location)))
    (total,) = stored(ehr, "Observation")
    assert total["code"]["text"] == "Y-BOCS total score"
    assert stored(ehr, "QuestionnaireResponse") == []
    assert "25 · severe, 25 Feb 2026" in words(browser.get(f"{path}instruments"))


def test_every_instrument_has_a_form(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    listed = browser.get(f"{path}instruments")
    for row in INSTRUMENTS:
        assert f"{path}instruments/{row.id}" in listed.text
        assert browser.get(f"{path}instruments/{row.id}").status_code == 200, row.id
    assert browser.get(f"{path}instruments/none").status_code == 400


def test_what_the_course_asks_for_at_baseline_is_due_until_it_is_done(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    before = browser.get(f"{path}instruments").text
    due = [r for r in before.split("<tr>") if "DUE" in r]
    assert any("SLUMS" in r and "baseline, until Sun 1 Mar" in r for r in due)
    sent_in(browser, path, "SLUMS", total="29", by="clinician")
    after = browser.get(f"{path}instruments").text
    assert not any("SLUMS" in r for r in after.split("<tr>") if "DUE" in r)


def test_once_signed_the_list_counts_from_the_signed_day_0(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    browser.submit(browser.get(f"{path}preview"), "/sign")
    clock.pass_(days=12)
    path = browser.launch("gad-ready")
    due = [r for r in browser.get(f"{path}instruments").text.split("<tr>") if "DUE" in r]
    assert any("PHQ-9" in r and "weekly, until Mon 9 Mar" in r for r in due)
    assert not any("baseline" in r for r in due)


def test_what_may_be_used_instead_counts_as_done(browser: Browser) -> None:
    path = browser.launch("gad-ready")

    def due() -> str:
        return "".join(r for r in browser.get(f"{path}instruments").text.split("<tr>") if "DUE" in r)

    assert "WHODAS" in due()
    sent_in(browser, path, "WSAS", total="12")
    assert "WHODAS" not in due()


def test_a_missing_scale_of_the_gate_leads_to_its_form(browser: Browser, ehr: Flask) -> None:
    withdraw(ehr, "gad-ready", "44261-6")
    path = browser.launch("gad-ready")
    page = browser.get(path).text
    assert "PHQ-9 total (none)" in page
    assert f'href="{path}instruments/PHQ-9"' in page
    sent_in(browser, path, "PHQ-9", **all_at("PHQ-9", 0))
    assert f'href="{path}instruments/PHQ-9"' not in browser.get(path).text


def test_a_clinician_who_may_not_sign_may_take_one_down_and_is_its_author(
    browser: Browser, ehr: Flask
) -> None:
    path = browser.launch("gad-ready", user=NURSE)
    assert "For reading only." in words(browser.get(path))
    assert sent_in(browser, path, "GAD-7", **all_at("GAD-7", 1)).status_code == 303
    assert stored(ehr, "Observation")[0]["performer"][0]["reference"] == f"Practitioner/{NURSE}"


def test_a_coordinator_reads_the_list_and_writes_nothing(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready", user=COORDINATOR)
    assert "instruments/GAD-7" not in browser.get(f"{path}instruments").text
    assert sent_in(browser, path, "GAD-7", **all_at("GAD-7", 1)).status_code == 403
    assert stored(ehr, "Observation") == []


def test_a_form_of_another_patient_is_stopped(browser: Browser, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    stopped = sent_in(browser, path, "GAD-7", **all_at("GAD-7", 1), patient="ocd-erp")
    assert stopped.status_code == 409
    assert stored(ehr, "Observation") == []


def test_a_result_is_nothing_under_another_patient(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    result = str(sent_in(browser, path, "GAD-7", **all_at("GAD-7", 1)).location)
    other = browser.launch("ocd-erp")
    assert browser.get(result.replace(path, other)).status_code == 400
    assert browser.get(result.replace("GAD-7", "PHQ-9")).status_code == 400


def test_what_the_ehr_refuses_is_said_and_the_total_stands_alone(
    browser: Browser, ehr: Flask, http: EhrHttp
) -> None:
    path = browser.launch("gad-ready")
    page = browser.get(f"{path}instruments/GAD-7")
    http.refused = ("POST", "QuestionnaireResponse")
    answer = browser.submit(page, "/instruments/GAD-7", **all_at("GAD-7", 1))
    assert "REFUSED" in browser.get(str(answer.location)).text
    (total,) = stored(ehr, "Observation")
    assert "derivedFrom" not in total
