from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr.context import Context
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.launch import Grant, PendingLaunch, complete, match_ehr
from ketplan.errors import LaunchError, Temporary
from tests.ehr.builders import NOW, answer
from tests.ehr.oauth import CALLBACK, CLIENT, FakeServer, a_pending, a_return, an_ehr

ISS = "https://ehr.example.org/fhir"


def finish(server: FakeServer, discovery: Discovery, **more: str) -> Grant:
    pending, _ = a_pending(server, discovery)
    return complete(pending, an_ehr(server.iss), a_return(pending, **more), discovery, NOW)


class TestMatch:
    def test_only_a_trailing_slash_may_differ(self) -> None:
        ehr = an_ehr(ISS)
        assert match_ehr([an_ehr("https://other.example/fhir"), ehr], f"{ISS}/") is ehr
        assert match_ehr([an_ehr(f"{ISS}/")], [ISS]).iss == f"{ISS}/"

    @pytest.mark.parametrize(
        "iss",
        [
            "",
            [],
            [ISS, ISS],
            "https://ehr.example.org.evil.tld/fhir",
            "https://ehr.example.org/fhir@evil",
            "http://ehr.example.org/fhir",
            "https://EHR.example.org/fhir",
            "https://ehr.example.org/fhir//",
            "https://ehr.example.org/fhir/R4",
            "https://ehr.example.org/fhi",
            "file:///etc/passwd",
            "http://127.0.0.1/fhir",
            "*",
        ],
    )
    def test_everything_else_is_refused(self, iss: str | list[str]) -> None:
        with pytest.raises(LaunchError):
            match_ehr([an_ehr(ISS)], iss)


class TestBegin:
    def test_the_authorize_address_carries_what_smart_asks(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        pending, asked = a_pending(server, discovery)
        assert asked == {
            "tenant": "1",
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": pending.scope,
            "state": pending.state,
            "nonce": pending.nonce,
            "aud": server.iss,
            "launch": "handle-1",
            "code_challenge": asked["code_challenge"],
            "code_challenge_method": "S256",
        }
        digest = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).decode()
        assert asked["code_challenge"] == digest.rstrip("=")
        assert pending.verifier not in asked.values()
        assert "user/CarePlan.crus" in pending.scope.split()

    def test_aud_repeats_iss_as_received(self, server: FakeServer, discovery: Discovery) -> None:
        configured = server.iss
        server.iss += "/"
        pending, asked = a_pending(server, discovery, an_ehr(configured))
        assert (asked["aud"], pending.iss) == (server.iss, server.iss)

    def test_a_standalone_launch_sends_no_handle_and_asks_for_the_patient(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        _, asked = a_pending(server, discovery, launch=None)
        assert "launch" not in asked
        assert "launch/patient" in asked["scope"].split()

    def test_pkce_is_used_even_where_it_is_not_declared(
        self, server: FakeServer, discovery: Discovery, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.config = {"code_challenge_methods_supported": None, "capabilities": []}
        _, asked = a_pending(server, discovery)
        assert asked["code_challenge_method"] == "S256"
        assert "does not declare PKCE" in caplog.text
        assert "user/CarePlan.write" in asked["scope"].split()

    def test_secrets_of_a_launch_are_not_in_its_repr(self, server: FakeServer, discovery: Discovery) -> None:
        pending, _ = a_pending(server, discovery)
        for secret in (pending.state, pending.nonce, pending.verifier, "handle-1"):
            assert secret not in repr(pending)


class TestComplete:
    def test_it_gives_the_patient_the_user_and_the_token(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        server.grant = {"encounter": "enc-1", "intent": "plan", "need_patient_banner": False}
        grant = finish(server, discovery)
        assert grant == Grant(
            iss=server.iss,
            ehr="general",
            patient="pat-1",
            encounter="enc-1",
            access_token="canary-access",
            expires_at=NOW + timedelta(hours=1),
            scope="openid patient/*.rs",
            fhir_user="Practitioner/7",
            user_name="Dr. Test",
            subject="user-7",
            intent="plan",
            need_patient_banner=False,
        )
        assert "canary-access" not in repr(grant)
        assert "pat-1" not in repr(grant)
        assert grant.scopes == {"openid", "patient/*.rs"}

    def test_it_tells_what_else_the_launch_is_about(self, server: FakeServer, discovery: Discovery) -> None:
        server.grant = {
            "fhirContext": [{"reference": "CarePlan/1"}, {"reference": "https://evil.example/Task/1"}],
            "smart_style_url": "https://ehr.example/style.json",
            "tenant": "clinic-9",
            "refresh_token": "canary-refresh",
        }
        grant = finish(server, discovery)
        assert grant.contexts == (Context("CarePlan/1"),)
        assert (grant.style_url, grant.tenant) == ("https://ehr.example/style.json", "clinic-9")
        assert grant.refresh_token == "canary-refresh"
        assert "canary-refresh" not in repr(grant)

    def test_a_public_client_names_itself_in_the_form(self, server: FakeServer, discovery: Discovery) -> None:
        pending, _ = a_pending(server, discovery)
        complete(pending, an_ehr(server.iss), a_return(pending), discovery, NOW)
        assert server.forms == [
            {
                "grant_type": "authorization_code",
                "code": "code-1",
                "redirect_uri": CALLBACK,
                "code_verifier": pending.verifier,
                "client_id": CLIENT,
            }
        ]
        assert server.authorizations == [None]

    def test_a_confidential_client_names_itself_in_the_header_only(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        ehr = an_ehr(server.iss, client_secret="se:cret%+")
        pending, _ = a_pending(server, discovery, ehr)
        complete(pending, ehr, a_return(pending), discovery, NOW)
        assert "client_id" not in server.forms[0]
        expected = base64.b64encode(f"{CLIENT}:se:cret%+".encode()).decode()
        assert server.authorizations == [f"Basic {expected}"]

    @pytest.mark.parametrize(
        ("expires_in", "seconds"),
        [
            (60, 60),
            ("3600", 3600),
            (3599.5, 3599),
            (10**9, 86_400),
            *((unusable, 300) for unusable in (None, "soon", 0, -5, True, "Infinity", [1])),
        ],
    )
    def test_a_lifetime_is_understood_however_it_is_written(
        self, server: FakeServer, discovery: Discovery, expires_in: object, seconds: int
    ) -> None:
        server.grant = {"expires_in": expires_in}
        assert finish(server, discovery).expires_at == NOW + timedelta(seconds=seconds)

    @pytest.mark.parametrize("kind", ["bearer", "BEARER"])
    def test_the_token_type_may_be_written_any_way(
        self, server: FakeServer, discovery: Discovery, kind: str
    ) -> None:
        server.grant = {"token_type": kind}
        assert finish(server, discovery).access_token == "canary-access"

    @pytest.mark.parametrize("grant", [{"token_type": "mac"}, {"access_token": None}, {"access_token": ""}])
    def test_a_token_ketplan_cannot_use_stops_the_launch(
        self, server: FakeServer, discovery: Discovery, grant: dict[str, object]
    ) -> None:
        server.grant = grant
        with pytest.raises(LaunchError, match="access token"):
            finish(server, discovery)

    def test_an_unsaid_scope_is_what_was_asked(self, server: FakeServer, discovery: Discovery) -> None:
        server.grant = {"scope": None}
        assert "user/CarePlan.crus" in finish(server, discovery).scopes

    @pytest.mark.parametrize("patient", [None, "", 7, "../Practitioner/1", "Group/1"])
    def test_no_patient_stops_the_launch_and_says_so(
        self, server: FakeServer, discovery: Discovery, patient: object
    ) -> None:
        server.grant = {"patient": patient, "encounter": "enc-1"}
        with pytest.raises(LaunchError, match="whose chart is open"):
            finish(server, discovery)

    def test_a_patient_written_as_a_reference_is_understood(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        server.grant = {"patient": "Patient/pat-9"}
        assert finish(server, discovery).patient == "pat-9"

    @pytest.mark.parametrize(
        ("claims", "user"),
        [
            ({"fhirUser": "{iss}/Practitioner/7"}, "Practitioner/7"),
            ({"fhirUser": None, "profile": "Practitioner/8"}, "Practitioner/8"),
            ({"fhirUser": "https://evil.example/fhir/Practitioner/7"}, None),
            ({"fhirUser": None}, None),
            ({"fhirUser": 7}, None),
        ],
    )
    def test_the_user_counts_only_on_this_ehr(
        self, server: FakeServer, discovery: Discovery, claims: dict[str, object], user: str | None
    ) -> None:
        server.claims = {
            name: value.replace("{iss}", server.iss) if isinstance(value, str) else value
            for name, value in claims.items()
        }
        assert finish(server, discovery).fhir_user == user

    def test_without_an_id_token_the_user_is_unknown(self, server: FakeServer, discovery: Discovery) -> None:
        server.grant = {"id_token": None}
        grant = finish(server, discovery)
        assert (grant.fhir_user, grant.subject) == (None, None)

    def test_a_wrong_id_token_stops_the_launch(self, server: FakeServer, discovery: Discovery) -> None:
        server.claims = {"nonce": "of-another-launch"}
        with pytest.raises(LaunchError, match="nonce"):
            finish(server, discovery)

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            ("access_denied", "not granted"),
            ("invalid_scope", "administrator"),
            ("something_new", "something_new"),
            ("<script>", "no reason given"),
        ],
    )
    def test_a_refusal_is_told_in_plain_words_without_a_token_request(
        self, server: FakeServer, discovery: Discovery, error: str, words: str
    ) -> None:
        with pytest.raises(LaunchError, match=words):
            finish(server, discovery, error=error, error_description="canary Jane")
        assert server.forms == []

    @pytest.mark.parametrize(
        "change",
        [{"state": "other"}, {"state": ""}, {"state": "é"}, {"code": ""}, {"iss": "https://evil.example"}],
    )
    def test_an_answer_that_does_not_fit_is_refused_without_a_token_request(
        self, server: FakeServer, discovery: Discovery, change: dict[str, str]
    ) -> None:
        with pytest.raises(LaunchError):
            finish(server, discovery, **change)
        assert server.forms == []

    def test_the_issuer_in_the_answer_is_checked_and_missed_where_promised(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        server.config = {"authorization_response_iss_parameter_supported": True}
        with pytest.raises(LaunchError, match="another server"):
            finish(server, discovery)
        assert finish(server, discovery, iss=server.issuer).patient == "pat-1"

    def test_a_launch_older_than_ten_minutes_is_refused(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        pending, _ = a_pending(server, discovery)
        late = NOW + timedelta(minutes=10, seconds=1)
        with pytest.raises(LaunchError, match="too long"):
            complete(pending, an_ehr(server.iss), a_return(pending), discovery, late)
        assert server.forms == []

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (400, {"error": "invalid_grant", "error_description": "canary"}, "invalid_grant"),
            (401, {"error": "invalid_client"}, "invalid_client"),
            (403, "Forbidden", "no reason given"),
            (200, {"error": "invalid_request"}, "invalid_request"),
            (302, "", "no reason given"),
        ],
    )
    def test_a_refused_code_says_why_by_its_code_alone(
        self, server: FakeServer, discovery: Discovery, status: int, body: object, words: str
    ) -> None:
        server.token_answer = answer(body, status)
        with pytest.raises(LaunchError, match=words) as caught:
            finish(server, discovery)
        assert "canary" not in str(caught.value)

    def test_a_token_endpoint_that_fails_is_temporary(self, server: FakeServer, discovery: Discovery) -> None:
        server.token_answer = answer(None, 503)
        with pytest.raises(Temporary):
            finish(server, discovery)

    def test_two_launches_begun_before_either_returns_both_succeed_with_their_own_patient(
        self, server: FakeServer, discovery: Discovery
    ) -> None:
        ehr = an_ehr(server.iss)
        first, _ = a_pending(server, discovery, launch="handle-1", salt="a")
        second, _ = a_pending(server, discovery, launch="handle-2", salt="b")

        def done(pending: PendingLaunch, patient: str) -> Grant:
            server.nonce, server.grant = pending.nonce, {"patient": patient}
            return complete(pending, ehr, a_return(pending), discovery, NOW)

        assert done(second, "pat-2").patient == "pat-2"
        assert done(first, "pat-1").patient == "pat-1"
        with pytest.raises(LaunchError, match="another launch"):
            complete(first, ehr, a_return(second), discovery, NOW)

    def test_a_grant_belongs_to_the_base_without_its_trailing_slash(
        self, server: FakeServer, discovery: Discovery, httpserver: HTTPServer
    ) -> None:
        pending, _ = a_pending(server, discovery)
        slashed = replace(pending, iss=pending.iss + "/")
        grant = complete(slashed, an_ehr(server.iss), a_return(pending), discovery, NOW)
        assert grant.iss == httpserver.url_for("/fhir")
