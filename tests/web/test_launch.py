"""From the chart into ketplan and nowhere else."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from ketplan.compose import Services
from tests.web.support import APP, COORDINATOR, ISS, LID, Browser, Clock, EhrHttp, words


@pytest.mark.parametrize(
    "query",
    [
        "",
        "iss=",
        "iss=https://ehr.example.org",
        "iss=http://127.0.0.1:8401/fhir.evil.tld",
        "iss=http://127.0.0.1:8401/fhir@evil.tld",
        "iss=http://127.0.0.1:8401",
        "iss=file:///etc/passwd",
        f"iss={ISS}&iss={ISS}",
        f"iss={ISS}&launch=a&launch=b",
    ],
)
def test_a_launch_from_elsewhere_is_refused_without_asking_anybody(
    browser: Browser, http: EhrHttp, query: str
) -> None:
    answer = browser.get(f"/launch?{query}")
    assert answer.status_code == 400
    assert "open ketplan again from there" in words(answer)
    assert http.sent == []


def test_the_cookie_is_for_this_host_alone_and_for_frames(browser: Browser) -> None:
    answer = browser.get(f"/launch?iss={ISS}&launch=x")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ketplan=")
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_a_frame_without_cookies_is_offered_a_window_of_its_own(app: Flask, http: EhrHttp) -> None:
    client = app.test_client(use_cookies=False)
    hop = client.get(f"/launch?iss={ISS}&launch=handle-1", base_url=APP)
    page = client.get(hop.location, base_url=APP)
    assert page.status_code == 200
    assert 'target="_blank"' in page.text
    assert "launch=handle-1" in page.text
    assert http.sent == []


def test_a_window_of_its_own_without_cookies_is_told_to_allow_them(app: Flask, http: EhrHttp) -> None:
    client = app.test_client(use_cookies=False)
    own = {"Sec-Fetch-Dest": "document"}
    hop = client.get(f"/launch?iss={ISS}&launch=handle-1", base_url=APP, headers=own)
    page = client.get(hop.location, base_url=APP, headers=own)
    assert "Allow cookies for this site" in words(page)
    assert 'target="_blank"' not in page.text
    assert http.sent == []


def test_the_authorization_request_carries_what_smart_asks_for(browser: Browser) -> None:
    address = browser.to_sign_in("gad-ready")
    assert address.startswith("http://127.0.0.1:8401/auth/authorize?")
    for part in ("response_type=code", "code_challenge_method=S256", "nonce=", "launch=", "state="):
        assert part in address


def test_a_launch_leads_into_the_workspace_and_leaves_no_code_behind(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert LID.fullmatch(path)
    page = browser.get(path)
    assert page.status_code == 200
    assert "Jane Samplewood" in words(page)


def test_a_standalone_launch_asks_the_ehr_for_the_patient(browser: Browser) -> None:
    browser.get(f"/launch?iss={ISS}")
    address = str(browser.get(f"/launch?iss={ISS}").location)
    assert "launch%2Fpatient" in address
    path = str(browser.get(browser.sign_in(address, patient="ocd-erp")).location)
    assert "Daniel Placeholm" in words(browser.get(path))


def test_a_state_counts_once(browser: Browser) -> None:
    back = browser.sign_in(browser.to_sign_in("gad-ready"))
    assert browser.get(back).status_code == 303
    again = browser.get(back)
    assert again.status_code == 400
    assert "from the chart" in words(again)


def test_a_state_of_another_browser_is_refused_and_left_to_its_own(
    browser: Browser, app: Flask, ehr: Flask
) -> None:
    back = browser.sign_in(browser.to_sign_in("gad-ready"))
    stranger = Browser(app, ehr)
    stranger.to_sign_in("gad-ready")
    assert stranger.get(back).status_code == 400
    assert browser.get(back).status_code == 303


@pytest.mark.parametrize("answer", ["", "code=x", "code=x&state=y", "state=a&state=b&code=x"])
def test_an_answer_to_no_launch_is_refused(browser: Browser, http: EhrHttp, answer: str) -> None:
    browser.to_sign_in("gad-ready")
    http.sent.clear()
    assert browser.get(f"/callback?{answer}").status_code == 400
    assert http.sent == []


def test_refused_access_is_said_in_words(browser: Browser) -> None:
    answer = browser.get(browser.sign_in(browser.to_sign_in("gad-ready"), choice="deny"))
    assert answer.status_code == 400
    assert "Access was not granted" in words(answer)


def test_a_launch_that_waited_too_long_is_refused(browser: Browser, clock: Clock) -> None:
    back = browser.sign_in(browser.to_sign_in("gad-ready"))
    clock.pass_(minutes=11)
    assert browser.get(back).status_code == 400


def test_two_charts_in_two_tabs_never_mix(browser: Browser) -> None:
    first, second = browser.to_sign_in("gad-ready"), browser.to_sign_in("ocd-erp")
    jane = str(browser.get(browser.sign_in(first)).location)
    daniel = str(browser.get(browser.sign_in(second)).location)
    for _ in range(2):
        assert "Jane Samplewood" in words(browser.get(jane))
        assert "Daniel Placeholm" in words(browser.get(daniel))


def test_a_session_is_nothing_to_another_browser(browser: Browser, app: Flask, ehr: Flask) -> None:
    path = browser.launch("gad-ready")
    stranger = Browser(app, ehr)
    stranger.launch("ocd-erp")
    answer = stranger.get(path)
    assert answer.status_code == 404
    assert "Samplewood" not in answer.text


def test_a_session_ends_when_nobody_uses_it_and_says_how_to_go_on(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    clock.pass_(minutes=14)
    assert browser.get(path).status_code == 200
    clock.pass_(minutes=16)
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "open ketplan again from there" in words(answer)
    assert "kept on this server" in words(answer)


def test_a_session_ends_on_request(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert "has ended" in words(browser.submit(browser.get(path), "/end"))
    assert browser.get(path).status_code == 404


def test_the_frame_may_be_the_launching_ehrs_and_no_other(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    assert "frame-ancestors http://127.0.0.1:8401" in browser.get(path).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in browser.get("/").headers["Content-Security-Policy"]


def test_an_ended_session_can_still_be_read_about_inside_the_chart(browser: Browser) -> None:
    gone = browser.get(f"/l/{'x' * 43}/")
    assert gone.status_code == 404
    assert "frame-ancestors http://127.0.0.1:8401" in gone.headers["Content-Security-Policy"]


def test_no_token_code_or_patient_reaches_pages_cookies_or_the_log(
    browser: Browser, ehr: Flask, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    back = browser.sign_in(browser.to_sign_in("gad-ready"))
    landed = browser.get(back)
    path = str(landed.location)
    pages = [landed, browser.get(path), browser.get(f"{path}preview"), browser.get(f"{path}intake")]
    tokens = list(ehr.extensions["harbor"].grants._tokens)
    secrets = [*tokens, back.partition("code=")[2].partition("&")[0]]
    assert tokens
    for page in pages:
        said = page.text + str(page.headers)
        assert not [s for s in secrets if s in said]
    logged = caplog.text
    lid = path.split("/")[2]
    assert not [s for s in (*secrets, lid, "gad-ready", "Samplewood", "iss=") if s in logged]
    assert "/l/<lid>/" in logged


def test_the_ehr_being_away_is_said_and_can_be_tried_again(browser: Browser, http: EhrHttp) -> None:
    path = browser.launch("gad-ready")
    http.down = True
    answer = browser.get(path)
    assert answer.status_code == 502
    assert "Reference" in words(answer)
    http.down = False
    assert browser.get(path).status_code == 502, "what went wrong is kept until somebody asks again"
    browser.submit(answer, "/refresh")
    assert browser.get(path).status_code == 200


def test_patients_are_told_that_these_pages_are_for_the_clinic(browser: Browser) -> None:
    path = browser.launch("gad-ready", user="gad-ready")
    answer = browser.get(path)
    assert answer.status_code == 403
    assert "for the clinic" in words(answer)
    assert "988" in words(answer)
    assert "34 mg" not in words(answer)


def test_a_coordinator_reads_and_is_told_so(browser: Browser) -> None:
    page = browser.get(browser.launch("gad-ready", user=COORDINATOR))
    assert "For reading only." in words(page)
    assert "34 mg" in words(page)


def test_home_lists_the_ehrs_and_says_what_this_is(browser: Browser) -> None:
    page = browser.get("/")
    assert "a clinician makes it" in words(page)
    assert "Harbor" in words(page)


def test_health(browser: Browser) -> None:
    assert browser.get("/healthz").json == {"status": "ok"}
