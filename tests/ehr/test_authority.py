"""Every kind of client at the token endpoint; tokens looked up and given back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ketplan.config import Client, Proof
from ketplan.ehr.authority import Authority
from ketplan.ehr.discovery import Endpoints
from ketplan.ehr.transport import Answer
from ketplan.errors import ConfigError, LaunchError, SignInEnded, Temporary, Unreachable
from tests.ehr.builders import NOW

ENDPOINTS = Endpoints(
    iss="https://ehr.example.org/fhir",
    authorize="https://ehr.example.org/authorize",
    token="https://ehr.example.org/token",
    introspection="https://ehr.example.org/introspect",
    revocation="https://ehr.example.org/revoke",
)
PUBLIC = Client("web")
BY_SECRET = Client("web", Proof.SECRET, "canary-secret")
BY_KEY = Client("web", Proof.KEY)
GRANTED = {
    "access_token": "canary-access",
    "token_type": "Bearer",
    "expires_in": 60,
    "scope": "s",
    "patient": "p",
}


class Server:
    """Answers by path and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"/token": GRANTED, "/introspect": {"active": True}, "/revoke": {}}
        self.status: dict[str, int] = {}
        self.sent: list[tuple[str, dict[str, str], str | None]] = []

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        query: Any = None,
        body: Any = None,
        authorization: str | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        path = url.removeprefix("https://ehr.example.org")
        assert method == "POST"
        assert query is None
        self.sent.append((path, dict(body), authorization))
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return Answer(
            self.status.get(path, 200), {"Content-Type": "application/json"}, json.dumps(found).encode()
        )


@pytest.fixture
def server() -> Server:
    return Server()


def authority(server: Server, client: Client, sign: Any = None, **endpoints: Any) -> Authority:
    return Authority(server, replace(ENDPOINTS, **endpoints), client, sign)  # type: ignore[arg-type]


def exchanged(one: Authority) -> Any:
    return one.exchange("code-1", "verifier-1", "https://ketplan.example/callback", "asked", NOW)


def signing(client_id: str, audience: str, algorithm: str) -> str:
    return f"{client_id}|{audience}|{algorithm}"


class TestProof:
    def test_a_public_client_names_itself_in_the_form(self, server: Server) -> None:
        exchanged(authority(server, PUBLIC))
        _, form, header = server.sent[0]
        assert (form["client_id"], header) == ("web", None)

    @pytest.mark.parametrize(
        "methods", [(), ("client_secret_basic",), ("client_secret_basic", "client_secret_post")]
    )
    def test_a_secret_goes_into_the_header(self, server: Server, methods: tuple[str, ...]) -> None:
        exchanged(authority(server, BY_SECRET, auth_methods=frozenset(methods)))
        _, form, header = server.sent[0]
        assert header == "Basic " + base64.b64encode(b"web:canary-secret").decode()
        assert "client_id" not in form
        assert "client_secret" not in form

    def test_and_into_the_form_only_where_nothing_else_is_taken(self, server: Server) -> None:
        exchanged(
            authority(server, BY_SECRET, auth_methods=frozenset({"client_secret_post", "private_key_jwt"}))
        )
        _, form, header = server.sent[0]
        assert (form["client_id"], form["client_secret"], header) == ("web", "canary-secret", None)

    @pytest.mark.parametrize(
        ("client", "declared", "algorithm"),
        [
            (BY_KEY, (), "RS384"),
            (BY_KEY, ("ES384",), "ES384"),
            (replace(BY_KEY, algorithm="ES384"), (), "ES384"),
        ],
    )
    def test_a_key_signs_for_the_token_endpoint(
        self, server: Server, client: Client, declared: tuple[str, ...], algorithm: str
    ) -> None:
        exchanged(authority(server, client, signing, key_algorithms=frozenset(declared)))
        _, form, header = server.sent[0]
        assert form["client_assertion"] == f"web|{ENDPOINTS.token}|{algorithm}"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert "client_id" not in form
        assert header is None

    @pytest.mark.parametrize("client", [PUBLIC, BY_SECRET, BY_KEY])
    def test_it_is_given_with_every_form(self, server: Server, client: Client) -> None:
        one = authority(server, client, signing)
        one.refresh("refresh-1", "s", NOW)
        one.revoke("token-1", "access_token")
        if client.proof is not Proof.PUBLIC:
            one.introspect("token-1")
        for _, form, header in server.sent:
            assert bool(form.get("client_id")) + bool(form.get("client_assertion")) + bool(header) == 1

    def test_without_a_key_that_is_said(self, server: Server) -> None:
        with pytest.raises(ConfigError):
            exchanged(authority(server, BY_KEY))


class TestRefresh:
    def test_it_sends_the_token_and_asks_for_no_other_scope(self, server: Server) -> None:
        answer = authority(server, PUBLIC).refresh("refresh-1", "patient/*.rs", NOW)
        assert server.sent[0][1] == {
            "grant_type": "refresh_token",
            "refresh_token": "refresh-1",
            "client_id": "web",
        }
        assert answer.refresh_token is None

    @pytest.mark.parametrize(
        ("status", "error"),
        [(400, "invalid_grant"), (400, "invalid_request"), (403, "invalid_grant"), (401, "nonsense here")],
    )
    def test_a_refused_token_ends_the_sign_in(self, server: Server, status: int, error: str) -> None:
        server.answers["/token"], server.status["/token"] = (
            {"error": error, "error_description": "canary"},
            status,
        )
        with pytest.raises(SignInEnded) as caught:
            authority(server, PUBLIC).refresh("canary-refresh", "s", NOW)
        assert "canary" not in str(caught.value)

    @pytest.mark.parametrize(
        ("status", "error"),
        [(401, "invalid_client"), (400, "unauthorized_client"), (429, "slow_down"), (503, "x"), (500, "y")],
    )
    def test_what_says_nothing_about_the_token_ends_nothing(
        self, server: Server, status: int, error: str
    ) -> None:
        server.answers["/token"], server.status["/token"] = {"error": error}, status
        with pytest.raises(Temporary) as caught:
            authority(server, PUBLIC).refresh("canary-refresh", "s", NOW)
        assert not isinstance(caught.value, SignInEnded)

    def test_an_answer_without_a_token_ends_the_sign_in(self, server: Server) -> None:
        server.answers["/token"] = {"token_type": "Bearer"}
        with pytest.raises(SignInEnded):
            authority(server, PUBLIC).refresh("refresh-1", "s", NOW)


class TestLookUp:
    """An opaque token that comes without saying what it is for."""

    def bare(self, server: Server, **told: Any) -> Any:
        server.answers["/token"] = {"access_token": "canary-access", "token_type": "Bearer"}
        server.answers["/introspect"] = {"active": True, **told}
        return exchanged(authority(server, BY_SECRET))

    def test_what_is_unsaid_is_looked_up(self, server: Server) -> None:
        found = self.bare(server, scope="patient/*.rs", exp=int(NOW.timestamp()) + 1800, patient="pat-7")
        assert (found.scope, found.patient) == ("patient/*.rs", "pat-7")
        assert found.expires_at == NOW + timedelta(seconds=1800)
        assert server.sent[1][1] == {"token": "canary-access", "token_type_hint": "access_token"}

    def test_what_is_said_is_not_asked_again(self, server: Server) -> None:
        exchanged(authority(server, BY_SECRET))
        assert [path for path, _, _ in server.sent] == ["/token"]

    def test_what_was_said_stands(self, server: Server) -> None:
        server.answers["/token"] = {**GRANTED, "scope": None}
        server.answers["/introspect"] = {"active": True, "scope": "x", "exp": 1, "patient": "another"}
        found = exchanged(authority(server, BY_SECRET))
        assert (found.scope, found.patient) == ("x", "p")
        assert found.expires_at == NOW + timedelta(seconds=60)

    @pytest.mark.parametrize(
        "told",
        [
            {"active": False, "scope": "x", "exp": 9_999_999_999},
            {"scope": 7, "exp": "soon", "patient": "../Practitioner/1"},
            {"exp": 1},
            {"exp": True},
        ],
    )
    def test_what_cannot_be_used_is_left_as_it_was(self, server: Server, told: dict[str, Any]) -> None:
        found = self.bare(server, **told)
        assert (found.scope, found.patient) == ("asked", None)
        assert found.expires_at == NOW + timedelta(seconds=300)

    def test_no_token_is_believed_for_longer_than_a_day(self, server: Server) -> None:
        found = self.bare(server, exp=int(NOW.timestamp()) + 10**8)
        assert found.expires_at == NOW + timedelta(days=1)

    @pytest.mark.parametrize("answer", [Unreachable("away"), "a page", {"error": "invalid_client"}])
    def test_one_that_fails_stops_nothing(
        self, server: Server, answer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.answers |= {"/token": {**GRANTED, "scope": None}, "/introspect": answer}
        assert exchanged(authority(server, BY_SECRET)).scope == "asked"
        assert "canary" not in caplog.text

    def test_a_public_client_asks_nobody(self, server: Server) -> None:
        server.answers["/token"] = {**GRANTED, "scope": None}
        exchanged(authority(server, PUBLIC))
        assert len(server.sent) == 1


class TestGivingBack:
    def test_the_ehr_is_told_which_kind_it_was(self, server: Server) -> None:
        assert authority(server, PUBLIC).revoke("refresh-1", "refresh_token")
        path, form, _ = server.sent[0]
        assert (path, form["token"], form["token_type_hint"]) == ("/revoke", "refresh-1", "refresh_token")

    def test_where_it_is_not_offered_nobody_is_asked(self, server: Server) -> None:
        assert not authority(server, PUBLIC, revocation=None).revoke("refresh-1", "refresh_token")
        assert server.sent == []

    @pytest.mark.parametrize(("answer", "status"), [(Unreachable("away"), 0), ({"error": "x"}, 400)])
    def test_an_ehr_that_does_not_take_it_back_stops_nothing(
        self, server: Server, answer: Any, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.answers["/revoke"], server.status["/revoke"] = answer, status
        assert not authority(server, PUBLIC).revoke("canary-refresh", "refresh_token")
        assert "canary" not in caplog.text


def test_a_refusal_is_told_by_its_code_alone(server: Server) -> None:
    server.answers["/token"] = {"error": "invalid_scope", "error_description": "canary Jane"}
    server.status["/token"] = 400
    with pytest.raises(LaunchError, match="invalid_scope") as caught:
        authority(server, BY_KEY, signing).on_its_own("system/*.rs", NOW)
    assert "canary" not in str(caught.value)


def test_secrets_are_in_no_repr(server: Server) -> None:
    one = authority(server, BY_SECRET)
    assert "canary-secret" not in repr(one)
    assert "canary-access" not in repr(exchanged(one))
