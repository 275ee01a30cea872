"""Canaries in record, tokens and answers; then everything goes wrong. None may sing where it must not.

Pages show the launched patient. No log record at any level, no address, cookie, audit row, error page or
exception's words holds a patient's data; nothing at all holds a token, code, verifier or cookie.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug.test import TestResponse

from ketplan import compose
from ketplan.compose import Services
from ketplan.ehr.client import FhirClient
from ketplan.ehr.patience import Patience
from ketplan.ehr.transport import Answer, Http
from ketplan.errors import (
    Conflict,
    EhrError,
    Fatal,
    Forbidden,
    NotFound,
    NotSupported,
    Temporary,
    Unreachable,
)
from ketplan.sandbox.app import create_app as create_ehr
from tests.security.canaries import (
    NEIGHBOUR,
    PATIENT,
    PHI,
    SAID,
    TellingHttp,
    Trouble,
    an_outcome,
    answered,
    everything_logged,
    plant,
    query_of,
)
from tests.web.conftest import RemembersCalendars
from tests.web.support import APP, EHR, NOW, Browser, Page

LOGGERS = (
    *("", "urllib3", "urllib3.connectionpool", "requests", "werkzeug", "flask.app", "ketplan", "gunicorn"),
    *("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.Engine", "sqlalchemy.pool", "joserfc"),
)
STATUSES = (
    301,
    400,
    401,
    403,
    404,
    405,
    409,
    410,
    412,
    413,
    418,
    422,
    423,
    428,
    429,
    500,
    501,
    502,
    503,
    504,
)
RAISED = (Temporary, Unreachable, Fatal, Forbidden, NotSupported, NotFound, Conflict)
MOVED = {"Location": f"https://evil.example/{PATIENT}?name={PHI['family name']}", "Retry_After": "0"}

ANSWERS: dict[str, Answer | BaseException] = {
    **{f"status {n}": answered(n, an_outcome(), **MOVED) for n in STATUSES},
    "200 with an error": answered(200, an_outcome("fatal")),
    "a page": answered(200, f"<html>{SAID}</html>", "text/html"),
    "half an answer": answered(200, f'{{"resourceType": "{SAID}'),
    "not an object": answered(200, [SAID]),
    "another type": answered(200, {"resourceType": "Basic", "id": PATIENT, "note": SAID}),
    "an endless number": answered(200, '{"a": 1e999999999, "b": "' + SAID + '"}'),
    "very deep": answered(200, "[" * 100_000 + f'"{SAID}"' + "]" * 100_000),
    **{f"raised {e.__name__}": e("The EHR said no.", 500, SAID) for e in RAISED},
    **{
        f"crashed {e.__name__}": e(SAID)
        for e in (RuntimeError, KeyError, ValueError, OSError, RecursionError)
    },
}
STRIKES = {
    "discovery": lambda method, path: path.endswith("smart-configuration"),
    "keys": lambda method, path: "jwks" in path or path.endswith("/keys"),
    "token": lambda method, path: path.endswith("/token"),
    "who signs": lambda method, path: "/Practitioner" in path,
    "the patient": lambda method, path: "/Patient" in path,
    "a section": lambda method, path: "/Observation" in path,
    "abilities": lambda method, path: path.endswith("/metadata"),
    "slots": lambda method, path: "/Slot" in path,
    "writing": lambda method, path: method != "GET" and "/fhir/" in path,
    "everything": lambda method, path: "/fhir/" in path,
}


@pytest.fixture
def ehr() -> Flask:
    made = create_ehr(EHR, today=NOW.date(), launch_url=f"{APP}/launch", clock=NOW.timestamp)
    plant(made)
    return made


@pytest.fixture
def http(ehr: Flask) -> TellingHttp:
    return TellingHttp(ehr)


class Hasty(RemembersCalendars):
    """Asks again at once."""

    def chart(self, *how: Any) -> FhirClient:
        made = compose.chart(*how)
        made.patience = Patience(sleep=lambda _: None)
        return made


@pytest.fixture
def glue(shared_calendars: Any) -> Hasty:
    return Hasty(shared_calendars)


@pytest.fixture
def watched(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    for name in LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name or None)
    yield caplog


class Visit:
    """One visit, from the chart to what was written, whatever goes wrong on the way; keeps every answer."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.answers, self.secrets, self.lid = browser, list[TestResponse](), set[str](), ""

    def go(self) -> None:
        browser = self.browser
        hop = self.keep(browser.get(browser.harbor.launch(PATIENT, embedded=False).removeprefix(APP)))
        if hop.location and hop.location.startswith("/launch"):
            hop = self.keep(browser.get(hop.location))
        if not (hop.location or "").startswith(EHR):
            return
        back = browser.sign_in(str(hop.location))
        self.secrets.add(query_of(back)["code"])
        landed = self.keep(browser.get(back))
        if landed.status_code == 303:
            self.inside(str(landed.location))

    def inside(self, path: str) -> None:
        browser, self.lid = self.browser, path.split("/")[2]
        for where in ("", "preview", "intake", "instruments", "instruments/phq9", "written", "nowhere"):
            page = self.keep(browser.get(path + where))
            for form in Page(page.text).forms:
                if form.action.endswith(("/sign", "/resume", "/refresh", "/phq9", "/change")):
                    self.keep(browser.post(form.action, {**form.fields, "start": "2026-13-40", **ALL_ZERO}))
        self.keep(browser.get(f"{path}written"))

    def keep(self, answer: TestResponse) -> TestResponse:
        self.answers.append(answer)
        return answer

    @property
    def cookie(self) -> str:
        found = self.browser.client.get_cookie("__Host-ketplan", domain="localhost")
        return found.value if found else "no cookie yet"


ALL_ZERO = {f"q{n}": "0" for n in range(1, 10)} | {"by": "patient"}


def striking(where: str, what: str) -> Trouble:
    return lambda method, path: ANSWERS[what] if STRIKES[where](method, path) else None


# Every answer once, and every place with what differs most; KETPLAN_LONG=1 drives each answer at each place.
SHORT = [
    *((what, "everything") for what in ANSWERS),
    *((what, where) for where in STRIKES for what in ("status 403", "crashed RuntimeError")),
]
LONG = [(what, where) for where in STRIKES for what in ANSWERS]


@pytest.mark.parametrize(("what", "where"), LONG if os.environ.get("KETPLAN_LONG") else SHORT)
def test_no_canary_sings(
    what: str,
    where: str,
    browser: Browser,
    http: TellingHttp,
    services: Services,
    watched: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    http.trouble = striking(where, what)
    visit = Visit(browser)
    visit.go()
    secrets = visit.secrets | http.secrets
    assert visit.answers
    logged = everything_logged(r for r in watched.records if "sandbox" not in r.pathname)
    silent = {*PHI.values(), PATIENT, NEIGHBOUR, *secrets, visit.cookie, visit.lid or "no launch"}
    assert [c for c in silent if c in logged] == []
    printed = "".join(capsys.readouterr())
    assert [c for c in silent if c in printed] == []
    _pages_keep_still(visit, secrets)
    trail = str(list(services.audit.all_rows()))
    assert [
        c for c in (*PHI.values(), NEIGHBOUR, *secrets, visit.cookie, visit.lid or "none") if c in trail
    ] == []
    assert services.audit.verify()


def _pages_keep_still(visit: Visit, secrets: set[str]) -> None:
    for answer in visit.answers:
        said = answer.text + str([(n, v) for n, v in answer.headers if n != "Set-Cookie"])
        assert [s for s in (*secrets, visit.cookie) if s in said] == [], answer.request.path
        address = f"{answer.location or ''} {answer.request.path}"
        assert [c for c in (*PHI.values(), PATIENT, NEIGHBOUR) if c in address] == []
        of_the_patient = answer.request.path.startswith("/l/") and answer.status_code in (200, 400)
        if not of_the_patient:
            assert [c for c in (*PHI.values(), NEIGHBOUR) if c in answer.text] == [], answer.request.path
        for cookie in answer.headers.getlist("Set-Cookie"):
            assert [c for c in (*PHI.values(), PATIENT, *secrets) if c in cookie] == []


def test_without_trouble_the_canaries_are_really_there(browser: Browser, http: TellingHttp) -> None:
    """Or the tests above would show nothing."""
    visit = Visit(browser)
    visit.go()
    assert len(visit.answers) > 9
    assert len(http.secrets) >= 3, "code, verifier, tokens"
    workspace = next(a for a in visit.answers if a.request.path.endswith(f"{visit.lid}/"))
    for shown in ("family name", "number"):
        assert PHI[shown] in workspace.text
    assert "POST" in {verb for verb, path in http.sent if "/fhir/" in path}, "the plan was written"


@pytest.mark.parametrize("error", [RuntimeError(SAID), KeyError(SAID), EhrError(f"x {SAID}"[:1], 500, SAID)])
def test_a_crash_anywhere_in_a_view_tells_nothing(
    app: Flask, browser: Browser, watched: pytest.LogCaptureFixture, error: Exception, monkeypatch: Any
) -> None:
    path = browser.launch(PATIENT)
    watched.clear()

    def broken(*_: object, **__: object) -> None:
        raise error

    for endpoint in list(app.view_functions):
        monkeypatch.setitem(app.view_functions, endpoint, broken)
    for where in ("", "preview", "intake", "written"):
        answer = browser.get(path + where)
        assert answer.status_code in (500, 502)
        assert [c for c in (*PHI.values(), PATIENT) if c in answer.text] == []
    logged = everything_logged(watched.records)
    assert [c for c in (*PHI.values(), PATIENT, path.split("/")[2]) if c in logged] == []


def test_even_when_the_error_page_breaks_nothing_is_told(
    app: Flask, browser: Browser, watched: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = browser.launch(PATIENT)
    watched.clear()

    def broken(*_: object, **__: object) -> str:
        raise RuntimeError(SAID)

    monkeypatch.setitem(app.view_functions, "workspace.show", broken)
    monkeypatch.setattr("ketplan.web.errors.render_template", broken)
    answer = browser.get(path)
    assert answer.status_code == 500
    assert SAID not in answer.text
    logged = everything_logged(watched.records)
    assert [c for c in (*PHI.values(), PATIENT, path.split("/")[2]) if c in logged] == []
    assert "RuntimeError" in logged


def test_a_neighbours_data_among_the_answers_is_never_shown(browser: Browser, http: TellingHttp) -> None:
    stray = {
        "resourceType": "Condition",
        "id": "x",
        "subject": {"reference": "Patient/somebody-else"},
        "code": {"text": NEIGHBOUR},
        "clinicalStatus": {"coding": [{"code": "active"}]},
    }
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": stray}]}
    http.trouble = lambda method, path: answered(200, bundle) if path.endswith("/Condition") else None
    path = browser.launch(PATIENT)
    for where in ("", "preview", "intake", "instruments"):
        assert NEIGHBOUR not in browser.get(path + where).text


# --- the real way out ---------------------------------------------------------------------------------------


REPEATED = {"severity": "error", "diagnostics": "jwt expired: TOKEN"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [REPEATED]}
REMARK = {"resourceType": "OperationOutcome", "issue": [REPEATED | {"severity": "warning"}]}


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, OUTCOME), (401, OUTCOME), (200, {"resourceType": "Bundle", "entry": [{"resource": REMARK}]})],
)
def test_an_ehr_that_repeats_the_token_does_not_get_it_onto_a_screen(
    httpserver: HTTPServer, status: int, body: dict[str, Any]
) -> None:
    token = "canary-access-token-1f3a"
    httpserver.expect_request("/fhir/Condition").respond_with_data(
        json.dumps(body).replace("TOKEN", token), status, content_type="application/fhir+json"
    )
    client = FhirClient(httpserver.url_for("/fhir"), lambda: token, Http())
    try:
        told = str(client.search("Condition", []))
    except EhrError as error:
        told = f"{error} {error.server_said}"
    assert "jwt expired" in told
    assert token not in told


def test_an_answer_whose_headers_cannot_be_read_gets_no_address_into_the_log(
    httpserver: HTTPServer, watched: pytest.LogCaptureFixture
) -> None:
    from tests.security.test_addresses import dripping

    with dripping(b"no colon here\r\n: nameless\r\nContent-Length: 2\r\n", b"{}") as port:
        url = f"http://127.0.0.1:{port}/fhir/Patient/{PATIENT}?name={PHI['family name']}"
        try:
            Http(timeouts=(1, 1), total=0.1).send("GET", url, {}, authorization="Bearer canary-token-123")
        except EhrError as error:
            assert PATIENT not in str(error)
    logged = everything_logged(watched.records)
    assert [c for c in (PATIENT, PHI["family name"], "canary-token-123") if c in logged] == []
