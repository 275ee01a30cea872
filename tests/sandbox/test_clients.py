"""Refresh tokens that rotate, clients that prove themselves, work without a user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from werkzeug.test import TestResponse

from ketplan.sandbox.clients import Registered
from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import BASE, CALLBACK, VERIFIER, Clock, Fhir, redeem, sign_in

EC = ECKey.generate_key("P-384", {"kid": "ec-1"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
ONLINE = "openid launch/patient online_access patient/*.rs"
SYNC = Registered("sync", keys=lambda: {"keys": [EC.as_dict(), RSA.as_dict()]}, scopes=("system/Slot.rs",))


def tokens(client: FlaskClient, **changes: str) -> dict[str, Any]:
    found: dict[str, Any] = redeem(client, sign_in(client, patient="gad-ready", scope=ONLINE, **changes)).json
    return found


def refresh(client: FlaskClient, token: str, **changes: str) -> TestResponse:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "ketplan"}
    return client.post("/auth/token", data=form | changes)


def assertion(clock: Clock, key: Any = EC, alg: str = "ES384", header: Any = None, **claims: Any) -> str:
    said = {"iss": "sync", "sub": "sync", "aud": f"{BASE}/auth/token", "jti": "1", "exp": int(clock()) + 120}
    kept = {name: value for name, value in (said | claims).items() if value is not None}
    head = {"typ": "JWT", "alg": alg, "kid": key.kid} | (header or {})
    return jwt.encode({n: v for n, v in head.items() if v is not None}, kept, key, algorithms=[alg])


def system_token(client: FlaskClient, signed: str, scope: str = "system/Slot.rs") -> TestResponse:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": kind}
    return client.post("/auth/token", data=form | {"client_assertion": signed})


class TestRefresh:
    def test_a_refresh_gives_both_tokens_anew_and_repeats_the_patient(self, client: FlaskClient) -> None:
        first = tokens(client)
        second = refresh(client, first["refresh_token"]).json
        assert second["patient"] == "gad-ready"
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        assert Fhir(client, second["access_token"]).get("Patient/gad-ready").status_code == 200

    def test_a_second_use_ends_all_that_came_of_the_sign_in(
        self, client: FlaskClient, harbor: Harbor
    ) -> None:
        first = tokens(client)
        second = refresh(client, first["refresh_token"]).json
        assert refresh(client, first["refresh_token"]).json["error"] == "invalid_grant"
        assert refresh(client, second["refresh_token"]).json["error"] == "invalid_grant"
        for one in (first, second):
            assert Fhir(client, one["access_token"]).get("Patient/gad-ready").status_code == 401
        assert (harbor.grants.refreshed, harbor.grants.reused) == (1, 1)

    def test_another_sign_in_is_not_touched(self, client: FlaskClient) -> None:
        first, other = tokens(client), tokens(client)
        refresh(client, first["refresh_token"])
        refresh(client, first["refresh_token"])
        assert refresh(client, other["refresh_token"]).status_code == 200

    @pytest.mark.parametrize("changes", [{"client_id": "another"}, {"refresh_token": "made-up"}])
    def test_it_is_for_its_own_client(self, client: FlaskClient, changes: dict[str, str]) -> None:
        assert refresh(client, tokens(client)["refresh_token"], **changes).status_code in (400, 401)

    def test_a_revoked_token_takes_the_sign_in_with_it(self, client: FlaskClient) -> None:
        first = tokens(client)
        form = {"token": first["refresh_token"], "client_id": "ketplan"}
        assert client.post("/auth/revoke", data=form).status_code == 200
        assert Fhir(client, first["access_token"]).get("Patient/gad-ready").status_code == 401
        assert refresh(client, first["refresh_token"]).status_code == 400


class TestSecret:
    @pytest.fixture(autouse=True)
    def registered(self, harbor: Harbor) -> None:
        harbor.grants.clients.add(Registered("ketplan", secret="canary-secret"))

    def redeemed(self, client: FlaskClient, auth: Any, **more: str) -> TestResponse:
        code = sign_in(client, patient="gad-ready", scope=ONLINE)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return client.post("/auth/token", data=form | {"code_verifier": VERIFIER} | more, auth=auth)

    def test_by_the_header(self, client: FlaskClient) -> None:
        assert self.redeemed(client, ("ketplan", "canary-secret")).status_code == 200

    @pytest.mark.parametrize(
        ("auth", "more"),
        [
            (None, {"client_id": "ketplan"}),
            (None, {"client_id": "ketplan", "client_secret": "canary-secret"}),
            (("ketplan", "wrong"), {}),
            (("another", "canary-secret"), {}),
        ],
    )
    def test_and_in_no_other_way(self, client: FlaskClient, auth: Any, more: dict[str, str]) -> None:
        assert self.redeemed(client, auth, **more).json["error"] == "invalid_client"

    def test_it_may_ask_what_a_token_is(self, client: FlaskClient) -> None:
        token = self.redeemed(client, ("ketplan", "canary-secret")).json["access_token"]

        def told(auth: Any) -> Any:
            return client.post("/auth/introspect", data={"token": token, "client_id": "ketplan"}, auth=auth)

        found = told(("ketplan", "canary-secret")).json
        assert (found["active"], found["patient"], found["scope"]) == (True, "gad-ready", "patient/*.rs")
        assert told(None).status_code == 401


class TestWithoutAUser:
    @pytest.fixture(autouse=True)
    def registered(self, harbor: Harbor) -> None:
        harbor.grants.clients.add(SYNC)

    @pytest.mark.parametrize(("key", "alg"), [(EC, "ES384"), (RSA, "RS384")])
    def test_a_client_with_keys_gets_its_system_scopes(
        self, client: FlaskClient, clock: Clock, key: Any, alg: str
    ) -> None:
        body = system_token(client, assertion(clock, key, alg), "system/Slot.rs system/*.cruds").json
        assert body["scope"] == "system/Slot.rs"
        assert "refresh_token" not in body
        fhir = Fhir(client, body["access_token"])
        assert fhir.get("Slot?_count=1").status_code == 200
        assert fhir.get("Patient/gad-ready").status_code == 403

    @pytest.mark.parametrize(
        "make",
        [
            lambda c: assertion(c, aud=BASE),
            lambda c: assertion(c, sub="ketplan"),
            lambda c: assertion(c, iss="nobody", sub="nobody"),
            lambda c: assertion(c, exp=int(c()) + 301),
            lambda c: assertion(c, exp=int(c()) - 1),
            lambda c: assertion(c, jti=None),
            lambda c: assertion(c, header={"kid": None}),
            lambda c: assertion(c, ECKey.generate_key("P-384", {"kid": "ec-1"})),
            lambda c: assertion(c, RSA, "RS256"),
            lambda _: "no.token.atall",
        ],
    )
    def test_an_assertion_that_is_not_as_smart_asks_is_refused(
        self, client: FlaskClient, clock: Clock, make: Callable[[Clock], str]
    ) -> None:
        assert system_token(client, make(clock)).json["error"] == "invalid_client"

    def test_an_assertion_counts_once(self, client: FlaskClient, clock: Clock) -> None:
        signed = assertion(clock)
        assert system_token(client, signed).status_code == 200
        assert system_token(client, signed).json["error"] == "invalid_client"

    def test_scopes_beyond_the_registration_are_refused(self, client: FlaskClient, clock: Clock) -> None:
        assert system_token(client, assertion(clock), "system/Patient.rs").json["error"] == "invalid_scope"

    def test_the_public_app_does_not_work_without_a_user(self, client: FlaskClient) -> None:
        form = {"grant_type": "client_credentials", "scope": "system/Slot.rs", "client_id": "ketplan"}
        assert client.post("/auth/token", data=form).json["error"] == "unauthorized_client"
