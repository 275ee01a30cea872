"""Typed and not sent: kept for the one who typed it, about this patient, until it is sent or thrown away."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.web.support import COORDINATOR, Browser, Clock, Page, words

pytestmark = pytest.mark.writes

SAID = "Seizure threshold discussed with neurology, words typed and not sent"
INTAKE = "intake|"


def token(browser: Browser, path: str) -> str:
    return next(a["data-csrf"] for a in Page(browser.get(path).text).named("dialog"))


def keep(browser: Browser, path: str, key: str, *fields: tuple[str, str]) -> int:
    form = {"csrf": token(browser, path), "key": key, "fields": json.dumps(fields)}
    return browser.post(f"{path}unsent", form).status_code


def kept(browser: Browser, path: str) -> dict[str, object]:
    found = browser.get(f"{path}unsent.json").json
    assert found is not None
    return {key: form["fields"] for key, form in found.items()}


def test_what_was_typed_is_found_by_the_next_launch(browser: Browser, clock: Clock) -> None:
    path = browser.launch("gad-ready")
    assert keep(browser, path, "resolve|NO_ESCORT", ("reason", SAID), ("csrf", "x"), ("patient", "y")) == 200
    clock.pass_(hours=2)
    assert browser.get(path).status_code == 404
    again = browser.launch("gad-ready")
    assert kept(browser, again) == {"resolve|NO_ESCORT": [["reason", SAID]]}
    assert SAID in words(browser.get(f"{again}unsent"))


def test_it_belongs_to_one_patient_and_one_user(browser: Browser) -> None:
    keep(browser, browser.launch("gad-ready"), INTAKE, ("notes", SAID))
    assert kept(browser, browser.launch("ocd-erp")) == {}
    assert kept(browser, browser.launch("gad-ready", user="nandakumar")) == {}
    assert kept(browser, browser.launch("gad-ready")) == {INTAKE: [["notes", SAID]]}


def test_who_keeps_the_calendar_has_their_typing_kept_too(browser: Browser) -> None:
    path = browser.launch("gad-ready", user=COORDINATOR)
    assert keep(browser, path, "replan|", ("reason", SAID)) == 200
    again = browser.launch("gad-ready", user=COORDINATOR)
    assert kept(browser, again) == {"replan|": [["reason", SAID]]}
    assert kept(browser, browser.launch("gad-ready")) == {}, "theirs, nobody else's"
    again = browser.launch("gad-ready", user=COORDINATOR)
    assert browser.submit(browser.get(f"{again}unsent"), "/discard").status_code == 303
    assert kept(browser, again) == {}


def test_it_is_sealed_on_disk(browser: Browser, app: Flask) -> None:
    keep(browser, browser.launch("gad-ready"), INTAKE, ("notes", SAID))
    home = app.extensions["ketplan"].services.settings.home
    assert not [f for f in home.iterdir() if SAID.encode() in f.read_bytes()]


def test_the_intake_shows_it_again_also_rows_that_were_added(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    keep(browser, path, INTAKE, ("medication-trial.rows", "2"), ("medication-trial.1.ingredient", "lithium"))
    page = Page(browser.get(f"{path}intake").text)
    form = next(f for f in page.forms if f.action.endswith("/intake"))
    assert form.fields["medication-trial.1.ingredient"] == "lithium"


def test_sending_the_form_makes_it_sent(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    keep(browser, path, INTAKE, ("escort-confirmed", "yes"))
    assert browser.submit(browser.get(f"{path}intake"), "/intake").status_code == 303
    assert kept(browser, path) == {}


def test_a_form_that_comes_back_with_problems_is_still_unsent(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    keep(browser, path, INTAKE, ("medication-trial.0.start", "soon"))
    page = browser.get(f"{path}intake")
    assert browser.submit(page, "/intake", **{"medication-trial.0.start": "soon"}).status_code == 400
    assert INTAKE in kept(browser, path)


def test_one_finding_being_resolved_leaves_the_typing_about_another(browser: Browser) -> None:
    path = browser.launch("old-weight")
    page = browser.get(path)
    form = next(f for f in Page(page.text).forms if f.action.endswith("/resolve"))
    finding = form.fields["finding"]
    assert form.fields["unsent"] == finding
    for key in (f"resolve|{finding}", "resolve|ANOTHER"):
        keep(browser, path, key, ("reason", SAID))
    assert browser.submit(page, "/resolve", finding=finding, reason=SAID).status_code == 303
    assert list(kept(browser, path)) == ["resolve|ANOTHER"]


def test_it_can_be_discarded(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    keep(browser, path, INTAKE, ("notes", SAID))
    answer = browser.submit(browser.get(f"{path}unsent"), "/discard")
    assert answer.status_code == 303
    assert kept(browser, path) == {}
    assert "Nothing is kept here" in words(browser.get(f"{path}unsent"))


def test_it_is_forgotten_after_a_week(browser: Browser, clock: Clock) -> None:
    keep(browser, browser.launch("gad-ready"), INTAKE, ("notes", SAID))
    clock.pass_(days=7)
    assert kept(browser, browser.launch("gad-ready")) == {}


class TestSentTooLate:
    """Without scripts nothing is kept while typing; the form itself brings it, after the session's end."""

    def late(self, browser: Browser, clock: Clock) -> str:
        page = browser.get(f"{browser.launch('gad-ready')}intake")
        clock.pass_(minutes=20)
        answer = browser.submit(page, "/intake", notes=SAID)
        assert answer.status_code == 404
        return words(answer)

    def test_it_is_said_and_stands_in_the_form_again(self, browser: Browser, clock: Clock) -> None:
        said = self.late(browser, clock)
        assert "what you typed is kept" in said
        assert "open ketplan again from there" in said
        path = browser.launch("gad-ready")
        assert ["notes", SAID] in kept(browser, path)[INTAKE]
        assert "Something you typed was not sent." in browser.get(path).text

    def test_also_when_other_launches_have_swept_the_ended_session_away(
        self, browser: Browser, app: Flask, ehr: Flask, clock: Clock
    ) -> None:
        page = browser.get(f"{browser.launch('gad-ready')}intake")
        clock.pass_(minutes=20)
        Browser(app, ehr).launch("ocd-erp")
        assert "what you typed is kept" in words(browser.submit(page, "/intake", notes=SAID))

    @pytest.mark.parametrize("ticket", ["", "x", "gAAAAA" + "A" * 80])
    def test_a_ticket_that_is_none_keeps_nothing(self, browser: Browser, clock: Clock, ticket: str) -> None:
        page = browser.get(f"{browser.launch('gad-ready')}intake")
        clock.pass_(minutes=20)
        answer = browser.submit(page, "/intake", notes=SAID, keep=ticket)
        assert "what you typed is kept" not in words(answer)
        assert kept(browser, browser.launch("gad-ready")) == {}

    def test_the_ticket_of_another_browser_keeps_nothing(
        self, browser: Browser, app: Flask, ehr: Flask
    ) -> None:
        page = browser.get(f"{browser.launch('gad-ready')}intake")
        stranger = Browser(app, ehr)
        stranger.launch("ocd-erp")
        stranger.submit(page, "/intake", notes=SAID)
        assert kept(browser, browser.launch("gad-ready")) == {}

    def test_a_ticket_is_good_for_a_day(self, browser: Browser, clock: Clock) -> None:
        page = browser.get(f"{browser.launch('gad-ready')}intake")
        clock.pass_(hours=25)
        browser.submit(page, "/intake", notes=SAID)
        assert kept(browser, browser.launch("gad-ready")) == {}


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("", "[]"),
        ("intake", "[]"),
        ("../x|" + "y" * 200, "[]"),
        (INTAKE, "{"),
        (INTAKE, "7"),
        (INTAKE, '["ab", "abc"]'),
        (INTAKE, json.dumps([["a", "b"]] * 401)),
        (INTAKE, json.dumps([["a", "b" * 70_000]])),
    ],
)
def test_what_is_no_form_is_refused(browser: Browser, key: str, fields: str) -> None:
    path = browser.launch("gad-ready")
    form = {"csrf": token(browser, path), "key": key, "fields": fields}
    assert browser.post(f"{path}unsent", form).status_code == 400
    assert kept(browser, path) == {}


def test_there_is_an_end_to_how_many_forms(browser: Browser) -> None:
    path = browser.launch("gad-ready")
    sent = [keep(browser, path, f"resolve|F{number}", ("reason", "x")) for number in range(41)]
    assert sent == [200] * 40 + [400]
