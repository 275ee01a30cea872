"""ketplan's own signing keys (JWK) and the assertions they sign, as SMART's asymmetric clients send them.

RFC 7523 with SMART's limits: RS384 or ES384, `iss` and `sub` the client id, `aud` the token endpoint, an
expiry at most five minutes ahead, a `jti` used once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey, import_key

Json = dict[str, Any]

ALGORITHMS = ("RS384", "ES384")
# Two clocks may differ by this much either way without the assertion being too old or too far ahead.
ASSERTION_LIFE = timedelta(minutes=2)
RSA_BITS = 3072


def generate(algorithm: str) -> Json:
    """A new private key, its `kid` the thumbprint of RFC 7638."""
    key: Key = (
        RSAKey.generate_key(RSA_BITS, {"use": "sig", "alg": algorithm})
        if algorithm == "RS384"
        else ECKey.generate_key("P-384", {"use": "sig", "alg": algorithm})
    )
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def public_set(keys: Iterable[Mapping[str, Any]]) -> Json:
    """A JWKS of the public halves."""
    return {"keys": [{**import_key(dict(key)).as_dict(private=False), "key_ops": ["verify"]} for key in keys]}


def assertion(key: Mapping[str, Any], client_id: str, audience: str, jti: str, now: datetime) -> str:
    """The signed statement that whoever sends it to `audience` is `client_id`."""
    algorithm = key["alg"]
    header = {"typ": "JWT", "alg": algorithm, "kid": key["kid"]}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": jti,
        "exp": int((now + ASSERTION_LIFE).timestamp()),
    }
    return jwt.encode(header, claims, import_key(dict(key)), algorithms=[algorithm])


def chosen(wanted: str | None, declared: Iterable[str]) -> str:
    """The algorithm to sign with: the one set, else the first of ours the EHR declares, else RS384."""
    takes = set(declared)
    return wanted or next((ours for ours in ALGORITHMS if ours in takes), ALGORITHMS[0])
