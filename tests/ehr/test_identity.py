from __future__ import annotations

import base64
import json

import pytest
from joserfc.jwk import Key, OctKey

from ketplan.ehr import identity
from ketplan.ehr.discovery import Discovery
from ketplan.errors import LaunchError
from tests.ehr.builders import NOW
from tests.ehr.oauth import CLIENT, EC_256, EC_384, RSA, RSA_NEXT, FakeServer, public, stamp


def verify(
    server: FakeServer, discovery: Discovery, token: str | None = None, optional: bool = False
) -> dict[str, object]:
    server.nonce = "nonce-1"
    endpoints = discovery.endpoints(server.iss)
    nonce = identity.Nonce("nonce-1", optional)
    return identity.verify(
        token or server.id_token(), lambda fresh: discovery.signer(endpoints, fresh), CLIENT, nonce, NOW
    )


def test_a_missing_nonce_passes_only_where_the_site_says_so(server: FakeServer, discovery: Discovery) -> None:
    server.claims = {"nonce": None}
    with pytest.raises(LaunchError, match="nonce"):
        verify(server, discovery)
    assert verify(server, discovery, optional=True)["sub"] == "user-7"


@pytest.mark.parametrize("nonce", ["of-another-launch", "", 7, ["nonce-1", "other"]])
def test_a_wrong_nonce_never_passes(server: FakeServer, discovery: Discovery, nonce: object) -> None:
    server.claims = {"nonce": nonce}
    with pytest.raises(LaunchError, match="nonce"):
        verify(server, discovery, optional=True)


@pytest.mark.parametrize(
    ("alg", "key"), [("RS256", RSA), ("RS384", RSA), ("ES256", EC_256), ("ES384", EC_384)]
)
def test_the_four_algorithms_are_believed(
    server: FakeServer, discovery: Discovery, alg: str, key: Key
) -> None:
    server.alg, server.key, server.header, server.published = (
        alg,
        key,
        {"kid": key.kid},
        public(RSA_NEXT, key),
    )
    assert verify(server, discovery)["sub"] == "user-7"
    assert server.key_requests == 1


def test_a_token_without_kid_is_tried_with_every_key_of_its_type(
    server: FakeServer, discovery: Discovery
) -> None:
    server.header, server.published = {}, public(EC_256, RSA_NEXT, RSA)
    assert verify(server, discovery)["sub"] == "user-7"


def test_a_rotated_key_is_fetched_once(server: FakeServer, discovery: Discovery) -> None:
    verify(server, discovery)
    server.key, server.header, server.published = RSA_NEXT, {"kid": "rsa-2"}, public(RSA, RSA_NEXT)
    assert verify(server, discovery)["sub"] == "user-7"
    assert server.key_requests == 2


def test_a_key_nobody_publishes_is_refused_after_one_more_look(
    server: FakeServer, discovery: Discovery
) -> None:
    server.key, server.header = RSA_NEXT, {"kid": "rsa-2"}
    with pytest.raises(LaunchError, match="signature"):
        verify(server, discovery)
    assert server.key_requests == 2


def test_a_forged_signature_under_a_known_kid_is_refused(server: FakeServer, discovery: Discovery) -> None:
    server.key = RSA_NEXT
    with pytest.raises(LaunchError, match="signature"):
        verify(server, discovery)


def test_alg_none_is_refused(server: FakeServer, discovery: Discovery) -> None:
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in ({"alg": "none"}, {"sub": "x"})
    ]
    with pytest.raises(LaunchError, match="algorithm"):
        verify(server, discovery, b".".join([*parts, b""]).decode())


def test_a_token_signed_with_the_public_key_as_a_password_is_refused(
    server: FakeServer, discovery: Discovery
) -> None:
    server.alg, server.key = "HS256", OctKey.import_key(RSA.as_pem(private=False).hex())
    with pytest.raises(LaunchError, match="algorithm"):
        verify(server, discovery)


def test_a_key_for_encryption_signs_nothing(server: FakeServer, discovery: Discovery) -> None:
    server.published["keys"][0]["use"] = "enc"
    with pytest.raises(LaunchError, match="signature"):
        verify(server, discovery)


@pytest.mark.parametrize(
    ("claims", "what"),
    [
        ({"iss": "https://ehr.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"aud": "another-app"}, "aud"),
        ({"aud": ["another-app"]}, "aud"),
        ({"aud": None}, "aud"),
        ({"nonce": "nonce-2"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": stamp() - 121}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": stamp() + 121}, "iat"),
        ({"iat": None}, "iat"),
        ({"nbf": stamp() + 121}, "nbf"),
        ({"sub": None}, "sub"),
        ({"azp": "another-app"}, "azp"),
    ],
)
def test_a_claim_that_is_wrong_or_missing_stops_the_launch(
    server: FakeServer, discovery: Discovery, claims: dict[str, object], what: str
) -> None:
    server.claims = claims
    with pytest.raises(LaunchError, match=rf"\({what}\)"):
        verify(server, discovery)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["another-app", CLIENT]},
        {"exp": stamp() - 119},
        {"iat": stamp() + 119},
        {"azp": CLIENT},
    ],
)
def test_clocks_may_differ_by_two_minutes_and_an_audience_may_be_shared(
    server: FakeServer, discovery: Discovery, claims: dict[str, object]
) -> None:
    server.claims = claims
    assert verify(server, discovery)["sub"] == "user-7"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "é.é.é", "eyJhbGciOlsxXX0.e30.x"])
def test_what_is_no_token_is_refused(server: FakeServer, discovery: Discovery, token: str) -> None:
    with pytest.raises(LaunchError):
        verify(server, discovery, token or " ")


def test_garbled_keys_are_passed_over(server: FakeServer, discovery: Discovery) -> None:
    server.published = {"keys": [None, {}, {"kty": "RSA", "kid": "rsa-1"}, *public(RSA)["keys"]]}
    assert verify(server, discovery)["sub"] == "user-7"
