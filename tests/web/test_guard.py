"""Every address the app answers, walked: who is let in, who may change something, which headers go out."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.web.support import APP, COORDINATOR, Browser, EhrHttp, Page

FOR_READERS = {"workspace.refresh", "workspace.end", "idle.stay", "guide.hide_guide"}
OF_ARRANGERS = {"replan.place_again", "unsent.keep", "unsent.discard"}
PATIENT = "gad-ready"


def rules(app: Flask, *, of_a_launch: bool) -> list[Rule]:
    return [r for r in app.url_map.iter_rules() if r.rule.startswith("/l/") is of_a_launch]


def address(rule: Rule, lid: str) -> str:
    return rule.rule.replace("<lid>", lid).replace("<path:filename>", "ketplan.css")


def lid_of(path: str) -> str:
    return path.split("/")[2]


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"GET", "POST"})


def ask(browser: Browser, method: str, url: str, form: dict[str, str] | None = None) -> TestResponse:
    return browser.client.open(url, method=method, data=form, base_url=APP)


def token_on(browser: Browser, path: str) -> str:
    return next(f.fields["csrf"] for f in Page(browser.get(path).text).forms if "csrf" in f.fields)


def test_there_are_pages_of_a_launch_to_walk(app: Flask) -> None:
    found = {r.endpoint for r in rules(app, of_a_launch=True)}
    assert {"workspace.show", "workspace.resolve", "intake.save", "sign.sign", "sign.written"} <= found


def test_every_page_of_a_launch_is_nothing_to_another_browser(
    app: Flask, ehr: Flask, browser: Browser
) -> None:
    path = browser.launch(PATIENT)
    stranger = Browser(app, ehr)
    own = stranger.launch("ocd-erp")
    token = token_on(stranger, own)
    for rule in rules(app, of_a_launch=True):
        for method in methods(rule):
            answer = ask(stranger, method, address(rule, lid_of(path)), {"csrf": token})
            assert answer.status_code == 404, rule
            assert "Samplewood" not in answer.text


def test_without_a_cookie_there_is_nothing_at_all(app: Flask, browser: Browser) -> None:
    lid = lid_of(browser.launch(PATIENT))
    bare = app.test_client(use_cookies=False)
    for rule in rules(app, of_a_launch=True):
        for method in methods(rule):
            assert bare.open(address(rule, lid), method=method, base_url=APP).status_code == 404, rule


@pytest.mark.parametrize("form", [{}, {"csrf": "x"}, {"csrf": "0" * 64}])
def test_every_form_needs_its_token(
    app: Flask, browser: Browser, http: EhrHttp, form: dict[str, str]
) -> None:
    lid = lid_of(browser.launch(PATIENT))
    for rule in rules(app, of_a_launch=True):
        if "POST" in methods(rule):
            assert ask(browser, "POST", address(rule, lid), form).status_code == 403, rule
    assert not http.written[1:], "after the token request nothing was sent"


def test_a_form_of_one_launch_is_none_of_another(app: Flask, browser: Browser) -> None:
    first, second = browser.launch(PATIENT), browser.launch("ocd-erp")
    token = token_on(browser, first)
    for rule in rules(app, of_a_launch=True):
        if "POST" in methods(rule):
            assert ask(browser, "POST", address(rule, lid_of(second)), {"csrf": token}).status_code == 403, (
                rule
            )


def test_no_address_outside_a_launch_takes_forms(app: Flask) -> None:
    """Those across patients are walked in `test_across`; a hint is known by its secret."""
    taking = {r.rule for r in rules(app, of_a_launch=False) if "POST" in methods(r)}
    assert {rule for rule in taking if not rule.startswith("/c/<lid>/")} == {"/hooks/<name>"}


def test_a_coordinator_changes_nothing(app: Flask, browser: Browser, http: EhrHttp) -> None:
    path = browser.launch(PATIENT, user=COORDINATOR)
    form = {"csrf": token_on(browser, path), "patient": PATIENT, "shown": "a:b", "finding": "NO_ESCORT"}
    http.sent.clear()
    for rule in rules(app, of_a_launch=True):
        if "POST" in methods(rule) and rule.endpoint not in FOR_READERS:
            wanted = 400 if rule.endpoint in OF_ARRANGERS else 403
            assert ask(browser, "POST", address(rule, lid_of(path)), form).status_code == wanted, rule
    assert http.sent == []


def test_a_patient_sees_and_changes_nothing(app: Flask, browser: Browser) -> None:
    path = browser.launch(PATIENT, user=PATIENT)
    for rule in rules(app, of_a_launch=True):
        for method in methods(rule):
            answer = ask(browser, method, address(rule, lid_of(path)))
            assert answer.status_code == 403, rule
            assert "mg/kg" not in answer.text


def test_a_coordinators_pages_offer_no_way_to_change(browser: Browser) -> None:
    path = browser.launch("old-weight", user=COORDINATOR)
    for page in (path, f"{path}preview"):
        offered = {f.action.rpartition("/")[2] for f in Page(browser.get(page).text).forms}
        assert not offered & {"resolve", "reopen"}
    preview = browser.get(f"{path}preview").text
    assert "It cannot be signed yet" in preview


def test_every_answer_carries_the_headers(app: Flask, browser: Browser) -> None:
    lid = lid_of(browser.launch(PATIENT))
    answers = [
        ask(browser, method, address(rule, lid))
        for rule in app.url_map.iter_rules()
        for method in methods(rule)
    ]
    answers += [browser.get("/nowhere"), browser.get(f"/l/{lid}/sign"), browser.get("/static/nothing.css")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "X-Frame-Options" not in answer.headers
        is_public = answer.request.path in ("/static/ketplan.css", "/.well-known/jwks.json")
        assert (answer.headers["Cache-Control"] == "no-store") is not is_public
        answer.close()


def test_a_fault_of_ours_tells_nothing(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = browser.launch(PATIENT)

    def broken(**_: str) -> str:
        raise RuntimeError("Jane Samplewood, born 1992")

    monkeypatch.setitem(app.view_functions, "workspace.show", broken)
    answer = browser.get(path)
    assert answer.status_code == 500
    assert "Reference" in answer.text
    assert "Samplewood" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
