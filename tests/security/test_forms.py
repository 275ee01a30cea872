"""Every form below a launch, from the address map: without its token, naming another patient, with another
patient's record, it is refused, nothing goes to the EHR. A new form is covered, or named here with why not.
"""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from ketplan.compose import Services
from tests.security.test_routes import ask, guarded, lid_of, token_on
from tests.web.support import ISS, Browser, Clock, EhrHttp

PATIENT, OTHER = "gad-ready", "ocd-erp"
RECORD = "record-of-the-other-patient"
# Forms that name no patient, each with why that harms nobody: none of them sends anything to the EHR, and all
# that they change belongs to the launch in their address, whose form token they carry.
NAME_NO_PATIENT = {
    "workspace.refresh": "reads the launched patient's record again",
    "workspace.end": "ends this launch",
    "workspace.resolve": "the answer goes into this launch's draft; signing it names the patient",
    "workspace.reopen": "takes an answer back in this launch's draft",
    "workspace.change": "changes this launch's draft",
    "intake.save": "the answers go into this launch's draft",
    "in_the_room.take_back": "gives this launch's device back to whoever knows its number",
    "guide.hide_guide": "remembers in this browser that the demo's guide is not wanted",
    "idle.stay": "begins this launch's idle time anew",
    "unsent.keep": "keeps what was typed in this launch, sealed, and never sends it",
    "unsent.discard": "forgets what was typed in this launch",
}
FILLED = {"name": "PHQ-9", "number": "1", "visit": "ketamine-1", "record": RECORD}
FOREIGN = {"plan": RECORD, "record": RECORD, "shown": "{}", "number": "1", "form": "x" * 43}
KINDS = ("", "instrument", "adverse-event", "session", "decision", "difference", "review")


def posts(app: Flask) -> list[Rule]:
    return [rule for rule in guarded(app) if "POST" in (rule.methods or set())]


def address(rule: Rule, path: str) -> str:
    return rule.build({"lid": lid_of(path)} | {n: FILLED[n] for n in rule.arguments - {"lid"}})[1]  # type: ignore[index]


def naming(app: Flask) -> list[Rule]:
    return [rule for rule in posts(app) if rule.endpoint not in NAME_NO_PATIENT]


def test_the_list_of_what_names_no_patient_holds_only_forms_there_are(app: Flask) -> None:
    assert set(NAME_NO_PATIENT) <= {rule.endpoint for rule in posts(app)}
    assert len(naming(app)) >= 16


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64, "of another launch"])
def test_without_its_token_no_form_does_anything(
    app: Flask, browser: Browser, http: EhrHttp, services: Services, csrf: str
) -> None:
    path = browser.launch(PATIENT)
    token = token_on(browser, browser.launch(OTHER)) if csrf.startswith("of") else csrf
    rows = len(list(services.audit.all_rows()))
    http.sent.clear()
    for rule in posts(app):
        answer = ask(browser, "POST", address(rule, path), FOREIGN | {"csrf": token, "patient": PATIENT})
        assert answer.status_code == 403, rule
    assert http.sent == []
    assert len(list(services.audit.all_rows())) == rows


@pytest.mark.parametrize("named", [OTHER, "", f"Patient/{PATIENT}", PATIENT.upper()])
def test_a_form_that_names_another_patient_sends_nothing(
    app: Flask, browser: Browser, http: EhrHttp, services: Services, named: str
) -> None:
    path = browser.launch(PATIENT)
    form = FOREIGN | {"csrf": token_on(browser, path), "patient": named}
    for rule in naming(app):
        http.sent.clear()
        before = _stopped(services)
        answer = ask(browser, "POST", address(rule, path), form)
        assert answer.status_code == 409, rule
        assert http.written == [], rule
        assert _stopped(services) == before + 1, rule


def test_what_names_no_patient_writes_nothing(app: Flask, browser: Browser, http: EhrHttp) -> None:
    path = browser.launch(PATIENT)
    form = FOREIGN | {"csrf": token_on(browser, path), "patient": OTHER}
    rules = [rule for rule in posts(app) if rule.endpoint in NAME_NO_PATIENT]
    http.sent.clear()
    for rule in sorted(rules, key=lambda r: r.endpoint == "workspace.end"):
        assert ask(browser, "POST", address(rule, path), form).status_code < 500, rule
    # To the FHIR base itself goes the batch of searches that reads a record; the end revokes the token.
    assert {sent for sent in http.sent if sent[0] != "GET"} <= {("POST", "/fhir"), ("POST", "/auth/revoke")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_another_patient_is_never_carried_on(
    app: Flask, browser: Browser, http: EhrHttp, services: Services, kind: str
) -> None:
    """The form has its token and its own patient; the id is the other's: of whatever kind, refused."""
    payload = {"kind": kind, "steps": [], "instrument": "PHQ-9", "number": 1, "clinician_name": "Dr Canary"}
    services.plans.save(RECORD, ISS, OTHER, 1, payload, Clock()())
    path = browser.launch(PATIENT)
    form = FOREIGN | {"csrf": token_on(browser, path), "patient": PATIENT}
    for rule in naming(app):
        http.sent.clear()
        answer = ask(browser, "POST", address(rule, path), form)
        assert 400 <= answer.status_code < 500, (rule, answer.status_code)
        assert "Canary" not in answer.text
        assert http.written == [], rule
    assert services.plans.load(RECORD).state.value == "confirmed"


def _stopped(services: Services) -> int:
    return sum(r.event.action == "patient-guard" for r in services.audit.all_rows())
