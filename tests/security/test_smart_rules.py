"""SMART's rules for apps that no other test shows by name, each held against the app as it stands."""

from __future__ import annotations

import ast
import base64
import hashlib
import re
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer

import ketplan
from ketplan.config import Backend, Client, Ehr, Proof
from ketplan.config.ehr import Refreshing
from ketplan.ehr import keys
from ketplan.ehr.backend import BackendTokens, tokens_for
from ketplan.ehr.discovery import Discovery, Endpoints
from ketplan.ehr.launch import begin, form_fields
from ketplan.ehr.scopes import requested
from ketplan.ehr.transport import Http
from ketplan.errors import EhrError
from ketplan.web.app import unguessable
from tests.ehr.builders import answer
from tests.security.canaries import TellingHttp, query_of
from tests.web.support import APP, EHR, ISS, NOW, Browser, EhrHttp

SOURCE = Path(ketplan.__file__).parent
# As SMART App Launch 2.2 writes it down, and version 1 beside it.
V2 = re.compile(r"(patient|user|system)/([A-Z][A-Za-z]+|\*)\.c?r?u?d?s?(\?\w+=[^&\s]+(&\w+=[^&\s]+)*)?")
V1 = re.compile(r"(patient|user|system)/([A-Z][A-Za-z]+|\*)\.(read|write|\*)")
CONTEXT = {"openid", "fhirUser", "launch", "launch/patient", "online_access", "offline_access"}
ENDPOINTS = Endpoints(
    ISS, f"{EHR}/auth/authorize", f"{EHR}/auth/token", capabilities=frozenset({"permission-v2"})
)
REDIRECT = f"{APP}/callback"
UNCHECKED = re.compile(r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def begun(ehr: Ehr, endpoints: Endpoints = ENDPOINTS, launch: str | None = "handle") -> tuple[Any, str]:
    return begin(ehr, ISS, launch, endpoints, REDIRECT, lambda _: unguessable(), NOW)


def an_ehr(**more: Any) -> Ehr:
    return Ehr("harbor", ISS, "ketplan", **more)


# --- what leaves --------------------------------------------------------------------------------------------


def test_every_way_out_is_tls_with_a_checked_certificate(tmp_path: Path) -> None:
    """TLS 1.2 at the least, certificates and names checked, and nowhere in the source an exception to it."""
    ours = ssl.create_default_context()
    assert ours.minimum_version >= ssl.TLSVersion.TLSv1_2
    for path in SOURCE.rglob("*.py"):
        said = path.read_text("utf-8")
        assert not re.search(
            r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified", said
        ), path
    assert Http()._session.verify is True


def test_a_server_with_a_certificate_nobody_vouches_for_is_told_nothing() -> None:
    """A listener that speaks TLS with a certificate of its own making."""
    from werkzeug.serving import generate_adhoc_ssl_context, make_server

    reached: list[str] = []

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        reached.append(environ["PATH_INFO"])
        start("200 OK", [])
        return [b"{}"]

    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=generate_adhoc_ssl_context())
    import threading

    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        with pytest.raises(EhrError, match="certificate"):
            Http().send("POST", f"https://127.0.0.1:{server.port}/token", {}, body=b"code=x")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert reached == []


def test_the_token_endpoint_gets_a_form_by_post(browser: Browser, http: EhrHttp, ehr: Flask) -> None:
    told: list[dict[str, Any]] = []

    def watching(method: str, url: str, headers: Any, **more: Any) -> Any:
        if url.endswith("/token"):
            told.append({"method": method, **more})
        return EhrHttp.send(http, method, url, headers, **more)

    http.send = watching  # type: ignore[method-assign]
    address = browser.to_sign_in("gad-ready")
    back = browser.sign_in(address)
    assert browser.get(back).status_code == 303
    (sent,) = told
    assert sent["method"] == "POST"
    form = sent["body"]
    assert isinstance(form, dict), "which the transport sends form-encoded"
    assert form["grant_type"] == "authorization_code"
    assert form["code"] == query_of(back)["code"]
    assert form["redirect_uri"] == query_of(address)["redirect_uri"] == REDIRECT


def test_a_mapping_is_sent_as_a_form(httpserver: HTTPServer) -> None:
    httpserver.expect_request(
        "/token",
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        data="code=a+b%26",
    ).respond_with_json({})
    assert Http().send("POST", httpserver.url_for("/token"), {}, body={"code": "a b&"}).status == 200


def test_the_verifier_fits_the_challenge_that_was_sent(ehr: Flask) -> None:
    pending, address = begun(an_ehr())
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    assert query_of(address)["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert 43 <= len(pending.verifier) <= 128
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", pending.verifier)


def test_state_nonce_and_verifier_cannot_be_foreseen() -> None:
    seen = [begun(an_ehr())[0] for _ in range(50)]
    said = [value for p in seen for value in (p.state, p.nonce, p.verifier)]
    assert len(set(said)) == 150
    assert all(len(value) * 6 >= 122 for value in said), "six bits a character"


def test_a_long_authorization_request_goes_by_form_where_the_ehr_takes_one() -> None:
    long = an_ehr(scopes=tuple(f"patient/Observation.rs?code={n}" for n in range(200)))
    posting = Endpoints(ISS, ENDPOINTS.authorize, ENDPOINTS.token, capabilities=frozenset({"authorize-post"}))
    _, address = begun(long, posting)
    fields = dict(form_fields(posting, address) or [])
    assert fields == query_of(address)
    assert fields["response_type"] == "code"
    assert form_fields(ENDPOINTS, address) is None, "an EHR that does not say so gets a query"


def test_no_max_age_and_no_auth_time_is_asked_for() -> None:
    for launch in ("handle", None):
        asked = query_of(begun(an_ehr(), launch=launch)[1])
        assert not {"max_age", "claims", "acr_values", "auth_time"} & set(asked)


# --- scopes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_ehr", [True, False])
def test_every_scope_that_is_asked_for_is_of_smarts_grammar(in_ehr: bool) -> None:
    for dialect, capabilities in ((V2, frozenset({"permission-v2"})), (V1, frozenset[str]())):
        asked = requested(capabilities, in_ehr=in_ehr).split()
        assert {"openid", "fhirUser"} <= set(asked)
        assert [s for s in asked if s not in CONTEXT and not dialect.fullmatch(s)] == []
        assert not [s for s in asked if "*" in s or s.startswith("system/")]
        assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("refreshing", "capabilities", "asked"),
    [
        ("declared", {"permission-online"}, "online_access"),
        ("declared", set(), ""),
        ("online", set(), "online_access"),
        ("offline", set(), "offline_access"),
        ("none", {"permission-online"}, ""),
    ],
)
def test_refresh_tokens_are_asked_for_as_the_site_says(
    refreshing: str, capabilities: set[str], asked: str
) -> None:

    endpoints = Endpoints(ISS, ENDPOINTS.authorize, ENDPOINTS.token, capabilities=frozenset(capabilities))
    scopes = query_of(begun(an_ehr(refreshing=Refreshing(refreshing)), endpoints)[1])["scope"].split()
    assert [s for s in scopes if s.endswith("_access")] == ([asked] if asked else [])


# --- what comes in ------------------------------------------------------------------------------------------


def test_nothing_from_outside_is_run_as_code() -> None:
    """No eval, exec, pickle, shell or unsafe YAML anywhere, so no word of an EHR can become one."""
    forbidden = {"eval", "exec", "compile", "__import__", "system", "popen", "loads_unsafe"}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in forbidden, path
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not {"pickle", "marshal", "shelve", "yaml"} & {*names, module}, path


@pytest.mark.parametrize("name", ["redirect_uri", "next", "url", "return", "target_link_uri", "iss", "state"])
def test_the_redirect_address_sends_nobody_anywhere_else(browser: Browser, name: str) -> None:
    evil = "https://evil.example/"
    for answer_ in (
        browser.get(f"/callback?code=x&{name}={evil}"),
        browser.get(f"/launch?{name}={evil}"),
        browser.get(f"/?{name}={evil}"),
    ):
        assert "evil.example" not in (answer_.location or "")
    back = browser.sign_in(browser.to_sign_in("gad-ready"))
    if name not in ("iss", "state"):
        assert str(browser.get(f"{back}&{name}={evil}").location).startswith("/l/")


def test_the_user_is_read_from_the_ehr(browser: Browser, http: EhrHttp) -> None:
    browser.launch("gad-ready")
    assert ("GET", "/fhir/Practitioner/halvorsen") in http.sent


# --- what is registered -------------------------------------------------------------------------------------


def test_launch_redirect_and_key_addresses_are_fixed(app: Flask) -> None:
    """Nothing in them changes from launch to launch, so they can be registered once."""
    rules = {r.endpoint: r for r in app.url_map.iter_rules()}
    for endpoint, address in (
        ("launch.start", "/launch"),
        ("launch.callback", "/callback"),
        ("keys.published", "/.well-known/jwks.json"),
    ):
        assert rules[endpoint].rule == address
        assert not rules[endpoint].arguments


def test_the_keys_are_open_to_everybody_and_may_be_kept_a_while(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "RSA_BITS", 2048)
    app.extensions["ketplan"].access.keyring.ensure()
    found = app.test_client(use_cookies=False).get("/.well-known/jwks.json", base_url=APP)
    assert found.status_code == 200
    assert found.mimetype == "application/json"
    assert found.headers["Cache-Control"] == "public, max-age=3600"
    published = found.get_json()["keys"]
    assert {key["kty"] for key in published} == {"RSA", "EC"}
    for key in published:
        needed = {"RSA": {"n", "e"}, "EC": {"crv", "x", "y"}}[key["kty"]]
        assert needed | {"kid", "alg"} <= key.keys()
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & key.keys()
    assert len({key["kid"] for key in published}) == len(published)


# --- without a user -----------------------------------------------------------------------------------------

SYNC = Backend(Client("ketplan-sync", Proof.KEY), ("system/Appointment.rs", "system/Patient.r"))


def test_a_sync_asks_for_its_token_by_key_and_system_scopes(httpserver: HTTPServer) -> None:
    iss = httpserver.url_for("/fhir")
    httpserver.expect_request("/fhir/.well-known/smart-configuration").respond_with_json(
        {"authorization_endpoint": "/a", "token_endpoint": "/token"}
    )
    forms: list[dict[str, str]] = []

    def token(request: Any) -> Any:
        assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert "Authorization" not in request.headers
        forms.append(request.form.to_dict())
        return answer(
            {"access_token": "t-1", "token_type": "bearer", "expires_in": 300, "scope": "system/Patient.r"}
        )

    httpserver.expect_request("/token", method="POST").respond_with_handler(token)
    key = keys.generate("ES384")
    discovery = Discovery(Http())

    def sign(client: str, audience: str, algorithm: str) -> str:
        return keys.assertion(key, client, audience, "jti-1", NOW)

    made = tokens_for(Ehr("x", iss, "ketplan", backend=SYNC), discovery, sign, lambda: NOW)
    assert made() == "t-1"
    assert made() == "t-1", "kept while it serves"
    (form,) = forms
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "system/Appointment.rs system/Patient.r"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert form["client_assertion"].count(".") == 2
    assert "client_id" not in form
    httpserver.check()


def test_a_sync_asks_again_when_its_token_has_run_out() -> None:
    class Answer:
        def __init__(self, number: int) -> None:
            self.access_token, self.expires_at = f"t-{number}", NOW + timedelta(minutes=5 * number)

    moments = iter([NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)])
    numbers = iter(range(1, 9))
    made = BackendTokens(lambda: Answer(next(numbers)), lambda: next(moments))  # type: ignore[arg-type, return-value]
    made()
    assert [made(), made()] == ["t-1", "t-2"]


def test_secrets_that_went_over_the_wire_are_told_apart(ehr: Flask) -> None:
    """The harness of the canaries sees code, verifier and tokens, or it would show nothing."""
    http = TellingHttp(ehr)
    http.send("POST", f"{EHR}/auth/token", {}, body={"code": "c-1", "code_verifier": "v-1"})
    assert http.secrets == {"c-1", "v-1"}
