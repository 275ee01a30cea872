"""The patient holds the clinician's device: one scale, nothing else of the record, and one way back."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from ketplan.web.plan.in_the_room import MOST_TRIES
from tests.web.support import Browser, Page

pytestmark = pytest.mark.writes
PATIENT, NUMBER = "gad-ready", "2580"
QUESTIONS = tuple(f"gad7-{n}" for n in range(1, 8))


@pytest.fixture
def path(browser: Browser) -> str:
    """A launch whose device the patient holds."""
    path = browser.launch(PATIENT)
    answer = hand_over(browser, path, NUMBER)
    assert answer.location == f"{path}patient"
    return path


def hand_over(browser: Browser, path: str, number: str, scale: str = "GAD-7") -> TestResponse:
    return browser.submit(browser.get(f"{path}instruments/{scale}"), "/hand-over", number=number)


def send(browser: Browser, path: str, **answers: str) -> TestResponse:
    return browser.submit(browser.get(f"{path}patient"), "/patient", **answers)


def back(browser: Browser, path: str, number: str) -> TestResponse:
    return browser.submit(browser.get(f"{path}patient"), "/patient/back", number=number)


def answered(points: int = 1) -> dict[str, str]:
    return dict.fromkeys(QUESTIONS, str(points))


def test_every_other_address_leads_to_the_questions(browser: Browser, path: str) -> None:
    for address in ("", "instruments", "preview", "intake", "written", "unsent.json", "words"):
        assert browser.get(path + address).location == f"{path}patient", address


def test_the_page_shows_nothing_else_of_the_record(browser: Browser, path: str) -> None:
    page = browser.get(f"{path}patient").text
    assert "Questions for Jane Samplewood" in page
    for known in ("000101", "born", "34 mg", "Halvorsen", "idle.js", "Back to"):
        assert known not in page, known


def test_a_page_left_open_elsewhere_is_told_that_it_is_over(browser: Browser, path: str) -> None:
    assert browser.get(f"{path}left").status_code == 404


def test_what_is_left_open_is_asked_again_and_may_stay_open(browser: Browser, path: str) -> None:
    page = send(browser, path, **{QUESTIONS[0]: "2"})
    assert page.status_code == 400
    assert "6 questions left open" in page.text
    assert browser.submit(page, "/patient", incomplete="1", **{QUESTIONS[0]: "2"}).status_code == 303


def test_what_was_sent_cannot_be_seen_or_sent_again(browser: Browser, path: str) -> None:
    before = browser.get(f"{path}patient")
    send(browser, path, **answered())
    page = browser.get(f"{path}patient").text
    assert "Please give the device back now" in page
    assert QUESTIONS[0] not in page
    assert browser.submit(before, "/patient", **answered(3)).location == f"{path}patient"
    found = back(browser, path, NUMBER)
    assert "<b>mild</b>" in browser.get(str(found.location)).text, "seven points, as sent first"


def test_the_number_brings_the_clinician_back_to_the_result(browser: Browser, path: str) -> None:
    send(browser, path, **answered())
    page = browser.get(str(back(browser, path, NUMBER).location)).text
    assert "answered by the patient" in page
    assert browser.get(path).status_code == 200


def test_the_device_goes_back_without_answers_too(browser: Browser, path: str) -> None:
    assert back(browser, path, NUMBER).location == f"{path}instruments"
    assert browser.get(f"{path}patient").location == path


def test_wrong_numbers_end_the_session(browser: Browser, path: str) -> None:
    for left in range(MOST_TRIES - 1, 0, -1):
        page = back(browser, path, "0000")
        assert page.status_code == 403
        assert f"{left} more" in page.text
    assert "The session has ended" in back(browser, path, "0000").text
    assert browser.get(f"{path}patient").status_code == 404


@pytest.mark.parametrize("number", ["", "123", "12345678901", "abcd"])
def test_a_number_that_is_none_hands_nothing_over(browser: Browser, number: str) -> None:
    path = browser.launch(PATIENT)
    page = hand_over(browser, path, number)
    assert page.status_code == 400
    assert "Choose 4 to 8 digits" in page.text
    assert browser.get(path).status_code == 200


def test_an_answer_about_suicide_is_met_at_once(browser: Browser) -> None:
    path = browser.launch(PATIENT)
    hand_over(browser, path, NUMBER, "PHQ-9")
    asked = {f"phq9-{n}": "0" for n in range(1, 11)} | {"phq9-9": "1"}
    send(browser, path, **asked)
    page = browser.get(f"{path}patient").text
    assert "Please tell the clinician with you now" in page
    assert "988" in page


def test_only_what_patients_fill_in_alone_is_handed_over(browser: Browser) -> None:
    path = browser.launch(PATIENT)
    for scale in ("C-SSRS", "Y-BOCS", "MOAAS"):
        page = browser.get(f"{path}instruments/{scale}")
        assert not [f for f in Page(page.text).forms if f.action.endswith("/hand-over")], scale
