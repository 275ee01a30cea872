"""What a session may use at its EHR: renewed while it lasts, its own alone, given back at the end."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from joserfc.jwk import KeySet

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Proof, Refreshing
from ketplan.ehr import keys
from ketplan.ehr.transport import Answer
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.sandbox.clients import Registered
from ketplan.sandbox.grants import Launch
from ketplan.web import create_app
from tests.web.support import APP, EHR, ISS, NOW, Browser, Clock, EhrHttp, Page, words

JANE, DANIEL = "Jane Samplewood", "Daniel Placeholm"


@pytest.fixture
def ehr(clock: Clock) -> Flask:
    """An EHR of each test's own, on the test's clock: tokens run out there as they do here."""
    today = NOW.astimezone(compose.practice_of(compose.Site()).zone).date()
    return create_ehr(EHR, today=today, launch_url=f"{APP}/launch", clock=lambda: clock.at.timestamp())


class Tampered(EhrHttp):
    """An EHR whose discovery document says more than it does."""

    more: Mapping[str, Any] = {}

    def send(self, method: str, url: str, headers: Mapping[str, str], **how: Any) -> Answer:
        answer = super().send(method, url, headers, **how)
        if not url.endswith("smart-configuration"):
            return answer
        return Answer(answer.status, answer.headers, json.dumps({**answer.json(), **self.more}).encode())


@pytest.fixture
def http(ehr: Flask) -> Tampered:
    return Tampered(ehr)


def refreshes(ehr: Flask) -> int:
    found: int = ehr.extensions["harbor"].grants.refreshed
    return found


def use(browser: Browser, clock: Clock, path: str, minutes: int) -> None:
    """Keep the session in use for so long."""
    for _ in range(minutes // 10):
        clock.pass_(minutes=10)
        assert browser.get(path).status_code == 200


class TestRenewal:
    def test_a_session_outlives_its_first_token_and_reads_on(
        self, browser: Browser, clock: Clock, ehr: Flask
    ) -> None:
        path = browser.launch("gad-ready")
        use(browser, clock, path, 120)
        page = browser.get(path)
        again = browser.submit(page, "/refresh")
        assert JANE in words(browser.get(again.location))
        assert refreshes(ehr) == 1

    def test_a_token_taken_back_early_is_replaced_once(
        self, browser: Browser, clock: Clock, ehr: Flask
    ) -> None:
        path = browser.launch("gad-ready")
        browser.get(path)
        clock.pass_(minutes=1)
        harbor = ehr.extensions["harbor"]
        for token in harbor.grants._tokens:
            harbor.end_token(token)
        again = browser.submit(browser.get(path), "/refresh")
        assert JANE in words(browser.get(again.location))
        assert refreshes(ehr) == 1

    def test_a_sign_in_that_the_ehr_ended_says_launch_again(
        self, browser: Browser, clock: Clock, ehr: Flask
    ) -> None:
        path = browser.launch("gad-ready")
        page = browser.get(path)
        grants = ehr.extensions["harbor"].grants
        for token in list(grants._tokens):
            grants.revoke(token)
        clock.pass_(minutes=1)
        answer = browser.get(browser.submit(page, "/refresh").location)
        assert "This sign-in has ended" in words(answer)
        assert "open ketplan again" in words(answer)
        assert "will be there again" in words(answer)

    def test_without_a_refresh_token_the_session_ends_with_the_token(
        self, services: Services, http: Tampered, clock: Clock, ehr: Flask, glue: Any
    ) -> None:
        ehrs = tuple(replace(e, refreshing=Refreshing.NONE) for e in services.settings.ehrs)
        app = create_app(
            replace(services, settings=replace(services.settings, ehrs=ehrs)),
            now=clock,
            http=http,  # type: ignore[arg-type]
            glue=glue,
            run=lambda job: job(),
        )
        browser = Browser(app, ehr)
        path = browser.launch("gad-ready")
        use(browser, clock, path, 50)
        clock.pass_(minutes=10)
        assert browser.get(path).status_code == 404

    def test_scopes_that_a_renewal_leaves_out_are_missed_in_the_preview(
        self, browser: Browser, services: Services
    ) -> None:
        path = browser.launch("gad-ready")
        lid = path.split("/")[2]
        whole = words(browser.get(f"{path}preview"))
        held = services.grants.load(lid)
        assert held is not None
        kept = [s for s in held.payload["scope"].split() if not s.startswith("user/Appointment")]
        assert len(kept) < len(held.payload["scope"].split())
        assert services.grants.replace(lid, 0, {**held.payload, "scope": " ".join(kept)})
        told = "did not grant ketplan the right to create"
        assert told not in whole
        assert told in words(browser.get(f"{path}preview"))


class TestApart:
    def test_renewing_one_launch_never_touches_another(
        self, browser: Browser, clock: Clock, ehr: Flask, services: Services
    ) -> None:
        jane, daniel = browser.launch("gad-ready"), browser.launch("ocd-erp")

        def held(path: str) -> Any:
            return services.grants.load(path.split("/")[2])

        for path in (jane, daniel):
            browser.get(path)
        before = held(daniel)
        for _ in range(6):
            clock.pass_(minutes=10)
            for path in (jane, daniel):
                browser.get(f"{path}intake")
        browser.submit(browser.get(jane), "/refresh")
        browser.get(jane)
        assert held(jane).generation == 1
        assert held(daniel) == before

    def test_each_request_carries_its_own_launchs_token(
        self, browser: Browser, app: Flask, ehr: Flask, http: Tampered, services: Services
    ) -> None:
        first, second = browser.to_sign_in("gad-ready"), browser.to_sign_in("ocd-erp")
        stranger = Browser(app, ehr)
        third = stranger.to_sign_in("gad-ready")
        paths = {
            "ocd-erp": str(browser.get(browser.sign_in(second)).location),
            "gad-ready": str(browser.get(browser.sign_in(first)).location),
        }
        other = str(stranger.get(stranger.sign_in(third)).location)
        seen: list[tuple[str, str | None]] = []
        send = http.send

        def noting(method: str, url: str, headers: Mapping[str, str], **how: Any) -> Answer:
            seen.append((url, how.get("authorization")))
            return send(method, url, headers, **how)

        http.send = noting  # type: ignore[method-assign]
        tokens = set()
        for whose, (patient, path) in [(browser, item) for item in paths.items()] + [
            (stranger, ("gad-ready", other))
        ]:
            seen.clear()
            assert whose.get(path).status_code == 200
            carried = {header for url, header in seen if "/fhir/" in url}
            assert len(carried) == 1
            held = services.grants.load(path.split("/")[2])
            assert held is not None
            assert carried == {f"Bearer {held.payload['access']}"}
            assert held.payload["patient"] == patient
            tokens |= carried
        assert len(tokens) == 3

    def test_states_swapped_between_browsers_open_nothing_and_spoil_nothing(
        self, browser: Browser, app: Flask, ehr: Flask, http: Tampered
    ) -> None:
        stranger = Browser(app, ehr)
        mine = browser.sign_in(browser.to_sign_in("gad-ready"))
        theirs = stranger.sign_in(stranger.to_sign_in("ocd-erp"))
        http.sent.clear()
        assert browser.get(theirs).status_code == 400
        assert stranger.get(mine).status_code == 400
        assert http.sent == []
        assert JANE in words(browser.get(str(browser.get(mine).location)))
        assert DANIEL in words(stranger.get(str(stranger.get(theirs).location)))

    def test_a_code_of_another_launch_is_refused_and_both_launches_end_where_they_were(
        self, browser: Browser
    ) -> None:
        jane = dict(parse_qsl(urlsplit(browser.sign_in(browser.to_sign_in("gad-ready"))).query))
        daniel = dict(parse_qsl(urlsplit(browser.sign_in(browser.to_sign_in("ocd-erp"))).query))
        mixed = jane | {"code": daniel["code"]}
        answer = browser.client.get("/callback", query_string=mixed, base_url=APP)
        assert answer.status_code == 400
        assert JANE not in answer.text
        assert DANIEL not in answer.text

    def test_a_callback_that_comes_twice_sends_its_code_once_and_the_session_lives_on(
        self, browser: Browser, http: Tampered
    ) -> None:
        back = browser.sign_in(browser.to_sign_in("gad-ready"))
        path = str(browser.get(back).location)
        assert browser.get(back).status_code == 400
        assert http.sent.count(("POST", "/auth/token")) == 1
        assert JANE in words(browser.get(path))


class TestEnd:
    def test_the_ehr_is_told_and_its_tokens_are_good_for_nothing(
        self, browser: Browser, ehr: Flask, services: Services
    ) -> None:
        path = browser.launch("gad-ready")
        other = browser.launch("ocd-erp")
        browser.submit(browser.get(path), "/end")
        held = services.grants.load(other.split("/")[2])
        assert held is not None
        assert services.grants.load(path.split("/")[2]) is None
        grants = ehr.extensions["harbor"].grants
        assert [token for token in grants._tokens if grants.access(token)] == [held.payload["access"]]

    def test_sessions_that_nobody_used_any_more_give_their_tokens_back(
        self, browser: Browser, clock: Clock, ehr: Flask, services: Services
    ) -> None:
        left = browser.launch("gad-ready")
        clock.pass_(minutes=16)
        held = services.grants.load(browser.launch("ocd-erp").split("/")[2])
        assert held is not None
        assert services.grants.load(left.split("/")[2]) is None
        grants = ehr.extensions["harbor"].grants
        assert [token for token in grants._tokens if grants.access(token)] == [held.payload["access"]]

    def test_an_ehr_that_is_away_keeps_nobody_from_ending(self, browser: Browser, http: Tampered) -> None:
        path = browser.launch("gad-ready")
        page = browser.get(path)
        http.down = True
        assert browser.submit(page, "/end").status_code in (200, 303)
        assert browser.get(path).status_code == 404


class TestByForm:
    """authorize-post: what is too long for an address goes as a form."""

    @pytest.fixture
    def page(self, http: Tampered, browser: Browser) -> Any:
        http.more = {"capabilities": ["authorize-post", "permission-v2", "launch-ehr"]}
        browser.get(f"/launch?iss={ISS}")
        return browser.get(f"/launch?iss={ISS}&launch={'h' * 1500}")

    def test_the_form_carries_the_request_and_needs_no_script(self, page: Any) -> None:
        assert page.status_code == 200
        form = Page(page.text).forms[0]
        assert form.action == f"{EHR}/auth/authorize"
        assert form.fields["launch"] == "h" * 1500
        assert {"state", "aud", "code_challenge", "scope", "client_id", "nonce"} <= form.fields.keys()
        assert "<button" in page.text
        assert 'src="/static/leave.js"' in page.text

    def test_only_this_page_may_send_a_form_elsewhere(self, page: Any, browser: Browser) -> None:
        assert "form-action http:;" in page.headers["Content-Security-Policy"]
        assert "form-action 'self';" in browser.get("/").headers["Content-Security-Policy"]

    def test_a_short_address_is_an_address(
        self, http: Tampered, clock: Clock, services: Services, glue: Any, ehr: Flask
    ) -> None:
        http.more = {"capabilities": ["authorize-post"]}
        scopes = ("openid", "fhirUser", "launch", "patient/*.rs")
        ehrs = tuple(replace(e, scopes=scopes) for e in services.settings.ehrs)
        few = replace(services, settings=replace(services.settings, ehrs=ehrs))
        app = create_app(few, now=clock, http=http, glue=glue)  # type: ignore[arg-type]
        assert Browser(app, ehr).to_sign_in("gad-ready").startswith(f"{EHR}/auth/authorize?")


class TestByKey:
    @pytest.fixture(autouse=True)
    def small_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "RSA_BITS", 2048)

    @pytest.fixture
    def services(self, services: Services) -> Services:
        ehrs = tuple(replace(e, proof=Proof.KEY, key_algorithm="ES384") for e in services.settings.ehrs)
        return replace(services, settings=replace(services.settings, ehrs=ehrs))

    def published(self, app: Flask) -> dict[str, Any]:
        found: dict[str, Any] = app.test_client().get("/.well-known/jwks.json", base_url=APP).json
        return found

    def test_an_ehr_that_fetches_the_published_keys_lets_the_launch_in_and_renews_it(
        self, app: Flask, ehr: Flask, browser: Browser, clock: Clock
    ) -> None:
        known = Registered("ketplan", keys=lambda: self.published(app))
        ehr.extensions["harbor"].grants.clients.add(known)
        path = browser.launch("gad-ready")
        use(browser, clock, path, 60)
        browser.submit(browser.get(path), "/refresh")
        assert JANE in words(browser.get(path))
        assert refreshes(ehr) == 1

    def test_what_is_published_is_public_and_may_be_kept_for_a_while(self, app: Flask) -> None:
        answer = app.test_client().get("/.well-known/jwks.json", base_url=APP)
        assert answer.headers["Cache-Control"] == "public, max-age=3600"
        assert len(KeySet.import_key_set(answer.json).keys) == 2
        assert not any("d" in key for key in answer.json["keys"])


def test_what_a_launch_is_about_is_in_its_session(browser: Browser, app: Flask, ehr: Flask) -> None:
    from ketplan.web import sessions

    more = {
        "intent": "plan",
        "fhirContext": [{"reference": "CarePlan/1"}, {"reference": "https://elsewhere.example/CarePlan/2"}],
        "smart_style_url": f"{EHR}/style.json",
        "tenant": "clinic-9",
    }
    harbor = ehr.extensions["harbor"]
    handle = harbor.grants.launch(Launch("gad-ready", "enc-1", True, more))
    browser.get(f"/launch?iss={ISS}")
    address = str(browser.get(f"/launch?iss={ISS}&launch={handle}").location)
    path = str(browser.get(browser.sign_in(address)).location)
    cookie = browser.client.get_cookie("__Host-ketplan", domain="localhost")
    assert cookie is not None
    with app.test_request_context(path, headers={"Cookie": f"__Host-ketplan={cookie.value}"}):
        session = sessions.open_session(path.split("/")[2])
    assert (session.intent, session.encounter, session.tenant) == ("plan", "enc-1", "clinic-9")
    assert [one.reference for one in session.contexts] == ["CarePlan/1"]
    assert session.style_url == f"{EHR}/style.json"
    assert session.banner is False


def test_no_token_is_in_a_page_a_cookie_an_address_or_the_log(
    browser: Browser, clock: Clock, ehr: Flask, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = browser.launch("gad-ready")
    said: list[str] = []
    secrets: set[str] = set()
    for _ in range(2):
        held = services.grants.load(path.split("/")[2])
        assert held is not None
        secrets |= {held.payload["access"], held.payload["refresh"]}
        for page in (browser.get(path), browser.get(f"{path}preview"), browser.get("/nowhere")):
            said += [page.text, str(page.headers)]
        for _ in range(6):
            clock.pass_(minutes=10)
            browser.get(path)
        browser.submit(browser.get(path), "/refresh")
        browser.get(path)
    assert len(secrets) == 4
    told = "".join(said) + caplog.text
    assert not [secret for secret in secrets if secret in told]
