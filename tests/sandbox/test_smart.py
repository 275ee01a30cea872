"""SMART App Launch: discovery, sign-in, codes and tokens."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import BASE, CALLBACK, Clock, Fhir, a_request, redeem, sent_back, sign_in


def test_discovery_names_every_endpoint(client: FlaskClient) -> None:
    found = client.get("/fhir/.well-known/smart-configuration").get_json()
    assert found["issuer"] == BASE
    assert found["authorization_endpoint"] == f"{BASE}/auth/authorize"
    assert found["token_endpoint"] == f"{BASE}/auth/token"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "launch-standalone", "permission-v2"} <= set(found["capabilities"])
    assert "patient/CarePlan.cruds" in found["scopes_supported"]
    assert found["introspection_endpoint"] == f"{BASE}/auth/introspect"
    openid = client.get("/.well-known/openid-configuration").get_json()
    assert (openid["issuer"], openid["jwks_uri"]) == (found["issuer"], found["jwks_uri"])


def test_the_sign_in_page_offers_four_users_and_for_a_standalone_launch_the_patients(
    client: FlaskClient,
) -> None:
    page = client.get("/auth/authorize", query_string=a_request()).text
    for name in ("Dr Ingrid Halvorsen, MD", "Tomas Okonjo, RN", "Priya Nandakumar", "Jane Samplewood"):
        assert name in page
    assert '<option value="ocd-erp">Placeholm, Daniel, born ' in page


def test_a_launch_from_the_chart_names_its_patient_and_asks_for_none(
    client: FlaskClient, harbor: Harbor
) -> None:
    launch = harbor.launch("ocd-erp", embedded=True).rpartition("launch=")[2]
    page = client.get("/auth/authorize", query_string=a_request(launch=launch, scope="launch openid")).text
    assert "Daniel Placeholm" in page
    assert "<select" not in page


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": "http://localhost:8400/callback/"},
        {"redirect_uri": "http://localhost:8400.evil.example/callback"},
        {"redirect_uri": None},
    ],
)
def test_an_unknown_client_or_address_ends_on_a_plain_page(client: FlaskClient, changes: dict) -> None:
    response = client.get("/auth/authorize", query_string=a_request(**changes))
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"aud": f"{BASE}/fhir/"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "patient/*.rs?category=x nonsense"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"launch": "never-started", "scope": "launch openid"}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_app_with_the_state(
    client: FlaskClient, changes: dict, error: str
) -> None:
    back = sent_back(client.get("/auth/authorize", query_string=a_request(**changes)))
    assert (back["error"], back["state"], back["iss"]) == (error, "state-1", BASE)
    assert "code" not in back


def test_a_request_without_a_state_is_refused(client: FlaskClient) -> None:
    back = sent_back(client.get("/auth/authorize", query_string=a_request(state=None)))
    assert back["error"] == "invalid_request"


def test_a_launch_without_the_launch_scope_is_refused(client: FlaskClient, harbor: Harbor) -> None:
    launch = harbor.launch("ocd-erp", embedded=True).rpartition("launch=")[2]
    back = sent_back(client.get("/auth/authorize", query_string=a_request(launch=launch)))
    assert back["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "chosen",
    [
        {"choice": "deny", "user": "halvorsen", "patient": "gad-ready"},
        {"user": "nobody", "patient": "gad-ready"},
        {"user": "halvorsen"},
        {"user": "halvorsen", "patient": "nobody"},
        {"user": "gad-ready", "patient": "ocd-erp"},
    ],
)
def test_who_does_not_sign_in_for_a_patient_of_theirs_gets_no_code(client: FlaskClient, chosen: dict) -> None:
    back = sent_back(client.post("/auth/authorize", data=a_request() | chosen))
    assert (back["error"], back["state"]) == ("access_denied", "state-1")


def test_a_standalone_launch_gives_a_token_for_the_chosen_patient(client: FlaskClient) -> None:
    response = redeem(client, sign_in(client, patient="ocd-erp"))
    body = response.get_json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert (body["patient"], body["token_type"], body["expires_in"]) == ("ocd-erp", "Bearer", 3600)
    assert body["scope"] == a_request()["scope"]
    assert body["need_patient_banner"] is True
    assert "refresh_token" not in body
    assert "encounter" not in body


@pytest.mark.parametrize(("embedded", "banner"), [(True, False), (False, True)])
def test_a_launch_from_the_chart_carries_patient_and_encounter(
    client: FlaskClient, harbor: Harbor, embedded: bool, banner: bool
) -> None:
    launch = harbor.launch("gad-ready", embedded=embedded).rpartition("launch=")[2]
    body = redeem(client, sign_in(client, launch=launch, scope="launch patient/*.rs")).get_json()
    assert body["patient"] == "gad-ready"
    assert body["encounter"] == "gad-ready-encounter-2"
    assert body["need_patient_banner"] is banner
    assert "id_token" not in body


def test_the_id_token_is_signed_by_the_published_key(client: FlaskClient, clock: Clock) -> None:
    body = redeem(client, sign_in(client, "okonjo", "gad-ready")).get_json()
    keys = client.get("/auth/jwks.json").get_json()
    assert "d" not in keys["keys"][0]
    token = jwt.decode(body["id_token"], KeySet.import_key_set(keys))
    assert token.header["alg"] == "RS256"
    assert token.header["kid"] == keys["keys"][0]["kid"]
    assert token.claims == {
        "iss": BASE,
        "aud": "ketplan",
        "sub": "okonjo",
        "nonce": "nonce-1",
        "iat": int(clock()),
        "exp": int(clock()) + 3600,
        "fhirUser": f"{BASE}/fhir/Practitioner/okonjo",
    }


def test_the_fhir_user_can_be_read_and_has_a_role(client: FlaskClient) -> None:
    body = redeem(
        client, sign_in(client, "nandakumar", "gad-ready", scope="launch/patient user/*.rs")
    ).get_json()
    fhir = Fhir(client, body["access_token"])
    assert fhir.get("Practitioner/nandakumar").get_json()["name"][0]["family"] == "Nandakumar"
    role = fhir.get("PractitionerRole?practitioner=Practitioner/nandakumar").get_json()["entry"][0][
        "resource"
    ]
    assert role["code"][0]["text"] == "Care coordinator"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "another"}, "invalid_client"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "v" * 42}, "invalid_request"),
        ({"code": "made-up"}, "invalid_grant"),
    ],
)
def test_token_requests_that_are_refused(client: FlaskClient, changes: dict, error: str) -> None:
    response = redeem(client, sign_in(client, patient="gad-ready"), **changes)
    assert response.status_code == (401 if error == "invalid_client" else 400)
    assert response.get_json()["error"] == error


def test_a_json_token_request_is_refused(client: FlaskClient) -> None:
    response = client.post("/auth/token", json={"grant_type": "authorization_code"})
    assert response.get_json()["error"] == "invalid_request"


def test_a_wrong_verifier_uses_the_code_up(client: FlaskClient) -> None:
    code = sign_in(client, patient="gad-ready")
    redeem(client, code, code_verifier="w" * 43)
    assert redeem(client, code).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (61, 400)])
def test_a_code_lives_for_a_minute(client: FlaskClient, clock: Clock, seconds: int, status: int) -> None:
    code = sign_in(client, patient="gad-ready")
    clock.seconds += seconds
    assert redeem(client, code).status_code == status


def test_a_code_used_twice_takes_its_token_with_it(client: FlaskClient) -> None:
    code = sign_in(client, patient="gad-ready")
    fhir = Fhir(client, redeem(client, code).get_json()["access_token"])
    assert fhir.get("Patient/gad-ready").status_code == 200
    assert redeem(client, code).get_json()["error"] == "invalid_grant"
    assert fhir.get("Patient/gad-ready").status_code == 401


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 401)])
def test_a_token_lives_for_an_hour(client: FlaskClient, clock: Clock, seconds: int, status: int) -> None:
    fhir = Fhir(client, redeem(client, sign_in(client, patient="gad-ready")).get_json()["access_token"])
    clock.seconds += seconds
    assert fhir.get("Patient/gad-ready").status_code == status


def test_scopes_that_cannot_be_granted_are_left_out(client: FlaskClient) -> None:
    asked = "launch/patient address patient/Observation.rs?category=x system/*.rs patient/Goal.cu"
    body = redeem(client, sign_in(client, patient="gad-ready", scope=asked)).get_json()
    assert body["scope"] == "launch/patient patient/Goal.cu"
