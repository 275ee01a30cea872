"""The address map walked: what stands open says why, everything else asks for this browser's live session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from ketplan.compose import Services
from tests.web.support import APP, EHR, Browser, Clock, EhrHttp, Page

# Open to everybody, and why that does no harm. A new address is refused here until somebody has thought so.
OPEN = {
    "static": "style and script of the pages",
    "health": "says that the process answers",
    "ready": "says that the database answers, and how many workers there are",
    "launch.home": "names the configured EHRs",
    "launch.start": "only ever leads to a configured EHR's sign-in",
    "launch.start_across": "the same, for work across patients",
    "launch.callback": "does nothing without the state of this browser's own launch",
    "keys.published": "public keys, which are there to be read",
    "hooks.knock": "takes nobody's word: with the EHR's own secret it marks that somebody should look again",
    "doctor.show": "only where the site opens it, only about EHRs of the settings, one at a time",
}
BY_SECRET = {"hooks.knock"}
"""Open to whoever shows a secret of its own; what it changes is a mark without content: see test_hooks.py."""
ACROSS = "/c/<lid>/"
"""Below this lie the pages across patients: see test_across.py."""
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "LINK")
ASKED = {"filename": "ketplan.css", "name": "PHQ-9"}
PATIENT, OTHER = "gad-ready", "ocd-erp"
SAMPLES = ("Samplewood", "mg/kg", "Placeholm")


def filled(rule: Rule, lid: str) -> str:
    """An address of this rule, with ids that nothing has."""
    known = ASKED | {"lid": lid}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda part: known.get(part[1], "00000000"), rule.rule)


def guarded(app: Flask) -> list[Rule]:
    """What lies below a launch for one patient, or nowhere."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in OPEN]
    return [rule for rule in rules if not rule.rule.startswith(ACROSS)]


def ask(browser: Browser, method: str, address: str, form: dict[str, str] | None = None) -> TestResponse:
    return browser.client.open(address, method=method, data=form, base_url=APP)


def lid_of(path: str) -> str:
    return path.split("/")[2]


def token_on(browser: Browser, path: str) -> str:
    return next(f.fields["csrf"] for f in Page(browser.get(path).text).forms if "csrf" in f.fields)


def test_whatever_is_not_listed_as_open_lies_below_a_launch(app: Flask) -> None:
    assert [r.rule for r in guarded(app) if not r.rule.startswith("/l/<lid>/")] == []
    assert len(guarded(app)) >= 14


def test_what_is_open_changes_nothing(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN and rule.endpoint not in BY_SECRET:
            assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS"}, rule


@pytest.mark.parametrize("method", METHODS)
def test_no_method_gets_past_the_session(app: Flask, ehr: Flask, browser: Browser, method: str) -> None:
    """Not with another browser's cookie, not without one, not with a made-up id: HEAD and OPTIONS too."""
    lid = lid_of(browser.launch(PATIENT))
    stranger = Browser(app, ehr)
    token = token_on(stranger, stranger.launch(OTHER))
    bare = app.test_client(use_cookies=False)
    for rule in guarded(app):
        allowed = method in (rule.methods or set())
        for address in (filled(rule, lid), filled(rule, "x" * 43), filled(rule, "..")):
            answers = (
                ask(stranger, method, address, {"csrf": token, "patient": PATIENT}),
                bare.open(address, method=method, base_url=APP),
            )
            for answer in answers:
                assert answer.status_code == 404 if allowed else answer.status_code in (404, 405), rule
                assert not [s for s in SAMPLES if s in answer.text]


def test_a_session_that_has_ended_opens_nothing(app: Flask, browser: Browser, clock: Clock) -> None:
    lid = lid_of(browser.launch(PATIENT))
    clock.pass_(minutes=16)
    for rule in guarded(app):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            assert ask(browser, method, filled(rule, lid)).status_code == 404, (rule, method)


def test_every_change_asks_for_the_forms_own_token(app: Flask, browser: Browser, http: EhrHttp) -> None:
    first, second = browser.launch(PATIENT), browser.launch(OTHER)
    of_other = token_on(browser, second)
    http.sent.clear()
    for rule, csrf in product(guarded(app), ("", "x", "0" * 64, of_other)):
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            answer = ask(browser, method, filled(rule, lid_of(first)), {"csrf": csrf, "patient": PATIENT})
            assert answer.status_code == 403, (rule, method)
    assert http.sent == []


def test_nothing_that_only_shows_changes_anything(app: Flask, browser: Browser, http: EhrHttp) -> None:
    lid = lid_of(browser.launch(PATIENT))
    http.sent.clear()
    for rule in guarded(app):
        for method in ("GET", "HEAD", "OPTIONS"):
            if method in (rule.methods or set()):
                ask(browser, method, filled(rule, lid))
    # To the FHIR base itself goes the batch of searches that reads a record.
    assert {sent for sent in http.sent if sent[0] != "GET"} <= {("POST", "/fhir")}


# --- one patient's things are nobody else's -----------------------------------------------------------------


def signing_form(browser: Browser, path: str) -> dict[str, str]:
    return next(f.fields for f in Page(browser.get(f"{path}preview").text).forms if "shown" in f.fields)


def test_a_form_that_names_another_patient_is_stopped_and_noted(
    app: Flask, browser: Browser, http: EhrHttp, services: Services
) -> None:
    path = browser.launch(PATIENT)
    form = signing_form(browser, path)
    http.sent.clear()
    stopped = 0
    for rule in guarded(app):
        if "POST" not in (rule.methods or set()) or rule.endpoint == "workspace.end":
            continue
        answer = ask(browser, "POST", filled(rule, lid_of(path)), form | {"patient": OTHER})
        stopped += answer.status_code == 409
        assert "Placeholm" not in answer.text
    assert stopped >= 3, "signing, resuming and taking down carry the patient"
    assert http.written == []
    assert {r.event.action for r in services.audit.rows() if r.event.outcome == "stopped"} == {
        "patient-guard"
    }


@pytest.mark.parametrize("shown", ["", "{}", "a:b", "\x00", "a" * 100_000])
def test_a_plan_of_another_patient_cannot_be_carried_on(
    browser: Browser, services: Services, shown: str
) -> None:
    """The id is right, the form's token is right, the patient of the form is this one's: the plan is not."""
    services.plans.save("plan-of-other", f"{EHR}/fhir", OTHER, 1, {"steps": []}, Clock()())
    path = browser.launch(PATIENT)
    form = {"csrf": token_on(browser, path), "patient": PATIENT, "plan": "plan-of-other", "shown": shown}
    answer = browser.post(f"{path}resume", form)
    assert answer.status_code == 400
    assert services.plans.load("plan-of-other").state.value == "confirmed"


@pytest.mark.parametrize("iss", [f"{EHR}/fhir", "https://other.example.org/fhir"])
def test_a_record_of_another_patient_or_ehr_is_not_there(
    browser: Browser, services: Services, iss: str
) -> None:
    patient = OTHER if iss.startswith(EHR) else PATIENT
    payload = {
        "kind": "instrument",
        "instrument": "phq9",
        "answers": [["q1", 3]],
        "total": 27,
        "by_patient": True,
        "clinician": "Practitioner/x",
        "clinician_name": "Dr Canary",
        "confirmed_at": "2026-02-25T10:00:00+00:00",
        "steps": [],
    }
    services.plans.save("record-1", iss, patient, 1, payload, Clock()())
    path = browser.launch(PATIENT)
    form = {"csrf": token_on(browser, path), "patient": PATIENT}
    for answer in (
        browser.get(f"{path}instruments/phq9/record-1"),
        browser.post(f"{path}instruments/phq9/record-1", form),
    ):
        assert answer.status_code == 400
        assert "Canary" not in answer.text


# --- headers ------------------------------------------------------------------------------------------------


def pages(app: Flask, browser: Browser, http: EhrHttp) -> Iterator[tuple[str, TestResponse]]:
    """Every page and every kind of error, by name."""
    yield "hop", browser.get(f"/launch?iss={EHR}/fhir&launch=x")
    path = browser.launch(PATIENT)
    lid = lid_of(path)
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"GET", "HEAD", "OPTIONS", "POST"}):
            yield f"{method} {rule.rule}", ask(browser, method, filled(rule, lid))
    yield "unknown", browser.get("/nowhere")
    yield "not allowed", ask(browser, "DELETE", path)
    yield "too large", browser.post(f"{path}intake", {"csrf": "x" * 300_000})
    yield "static missing", browser.get("/static/nothing.css")
    yield "static outside", browser.get("/static/../app.py")
    http.down = True
    browser.submit(browser.get(path), "/refresh")
    yield "ehr away", browser.get(path)


def test_the_headers_of_every_answer(app: Flask, browser: Browser, http: EhrHttp) -> None:
    seen = 0
    for name, answer in pages(app, browser, http):
        seen += 1
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'", name
        assert policy["base-uri"] == "'none'", name
        assert policy["form-action"] == "'self'", name
        assert policy["frame-ancestors"] in ("'none'", EHR), name
        others = set(policy) - {"default-src", "base-uri", "form-action", "frame-ancestors"}
        assert {policy[o] for o in others} == {"'self'"}, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["Referrer-Policy"] == "no-referrer", name
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert "X-Frame-Options" not in answer.headers, name
        assert "Access-Control-Allow-Origin" not in answer.headers, name
        kept = ("GET /static/<path:filename>", "HEAD /static/<path:filename>", "GET /.well-known/jwks.json")
        may_be_kept = name in (*kept, "OPTIONS /static/<path:filename>", "HEAD /.well-known/jwks.json")
        is_static = may_be_kept and answer.status_code == 200
        assert answer.headers["Cache-Control"] == ("public, max-age=3600" if is_static else "no-store"), name
        for cookie in answer.headers.getlist("Set-Cookie"):
            assert cookie.startswith("__Host-ketplan=")
            parts = {part.strip() for part in cookie.split(";")[1:]}
            assert parts == {"Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned"}, name
        answer.close()
    assert seen > 30


def test_over_tls_the_browser_is_told_to_stay_there(app: Flask, browser: Browser, services: Services) -> None:
    assert "Strict-Transport-Security" not in browser.get("/").headers
    object.__setattr__(services.settings, "public_url", "https://ketplan.example.org")
    assert browser.get("/").headers["Strict-Transport-Security"] == "max-age=31536000"
