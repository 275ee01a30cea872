"""Work across patients: its addresses open for its own launch alone, and no page of a patient by it."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule

from ketplan.compose import Services
from ketplan.ehr.ability import granted
from ketplan.ehr.scopes import CLINIC_SCOPES, for_clinic
from tests.security.test_routes import ACROSS, METHODS, ask, filled, guarded, lid_of
from tests.web.support import COORDINATOR, PATIENT_USER, Browser, Clock, EhrHttp, Page
from tests.web.test_coordinator import across

PATIENT = "gad-ready"


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(ACROSS)]


def token_of(browser: Browser, path: str) -> str:
    return next(f.fields["csrf"] for f in Page(browser.get(path).text).forms if "csrf" in f.fields)


def test_no_page_of_a_patient_opens_with_a_launch_across_patients(app: Flask, browser: Browser) -> None:
    path = across(browser)
    token = token_of(browser, path)
    for rule in guarded(app):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            answer = ask(browser, method, filled(rule, lid_of(path)), {"csrf": token, "patient": PATIENT})
            assert answer.status_code == 404, (rule, method)


def test_no_page_across_patients_opens_with_a_patients_launch(app: Flask, browser: Browser) -> None:
    lid = lid_of(browser.launch(PATIENT))
    assert len(rules(app)) >= 12
    for rule in rules(app):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            assert ask(browser, method, filled(rule, lid)).status_code == 404, (rule, method)


def test_another_browser_sees_nothing_of_it(app: Flask, ehr: Flask, browser: Browser) -> None:
    lid = lid_of(across(browser))
    stranger = Browser(app, ehr)
    across(stranger)
    for rule in rules(app):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            for address in (filled(rule, lid), filled(rule, "x" * 43)):
                assert ask(stranger, method, address).status_code == 404, (rule, method)


def test_it_ends(app: Flask, browser: Browser, clock: Clock) -> None:
    lid = lid_of(across(browser))
    clock.pass_(minutes=16)
    for rule in rules(app):
        for method in sorted((rule.methods or set()) & set(METHODS)):
            assert ask(browser, method, filled(rule, lid)).status_code == 404, (rule, method)


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
def test_every_form_asks_for_its_own_token(app: Flask, browser: Browser, http: EhrHttp, csrf: str) -> None:
    path = across(browser)
    http.sent.clear()
    for rule in rules(app):
        if "POST" in (rule.methods or set()):
            answer = ask(browser, "POST", filled(rule, lid_of(path)), {"csrf": csrf, "do": "task"})
            assert answer.status_code == 403, rule
    assert http.sent == []


def test_what_shows_writes_nothing(app: Flask, browser: Browser, http: EhrHttp) -> None:
    path = across(browser)
    http.sent.clear()
    for rule in rules(app):
        if "GET" in (rule.methods or set()):
            ask(browser, "GET", filled(rule, lid_of(path)))
    assert {method for method, _ in http.sent} <= {"GET"}


def test_a_patient_who_signs_in_is_shown_no_list(app: Flask, browser: Browser) -> None:
    path = across(browser, PATIENT_USER)
    for rule in rules(app):
        if "GET" in (rule.methods or set()):
            assert ask(browser, "GET", filled(rule, lid_of(path))).status_code == 403, rule


def test_the_permission_writes_nothing_clinical(browser: Browser, services: Services) -> None:
    asked = for_clinic(frozenset({"permission-v2"}))
    written = {scope.kind for scope in CLINIC_SCOPES if granted(scope.kind, "create", asked)}
    changed = {scope.kind for scope in CLINIC_SCOPES if granted(scope.kind, "update", asked)}
    assert written == {"Task"}
    assert changed == set()
    assert "launch" not in asked
    assert "patient/" not in asked


def test_a_launch_begun_for_one_kind_of_work_is_not_finished_as_the_other(browser: Browser) -> None:
    """The state says what was begun: a picker that names a patient all the same opens no chart."""
    path = across(browser, COORDINATOR)
    assert path.startswith("/c/")
    assert browser.get(path.replace("/c/", "/l/")).status_code == 404
