"""Who signed in: the id_token, believed only after its signature and its claims hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import Key, import_key

from ketplan.ehr.discovery import Signer
from ketplan.errors import LaunchError

KEY_TYPES = {"RS256": "RSA", "RS384": "RSA", "ES256": "EC", "ES384": "EC"}
SKEW_SECONDS = 120


@dataclass(frozen=True)
class Nonce:
    """What the launch sent. An `optional` one may be missing from the token; another one never passes."""

    value: str = field(repr=False)
    optional: bool = False


def verify(
    token: str, signer: Callable[[bool], Signer], client_id: str, nonce: Nonce, now: datetime
) -> dict[str, Any]:
    """The claims of `token`. LaunchError when anything about it is not right.

    `signer` gives the issuer and its keys; it is called with True once, to ask for them afresh, when none of
    the remembered keys fits.
    """
    header = _header(token)
    for fresh in (False, True):
        who = signer(fresh)
        for key in _candidates(who, header):
            try:
                claims = jwt.decode(token, key, algorithms=[header["alg"]]).claims
            except BadSignatureError:
                continue
            except JoseError:
                raise _refused("form") from None
            return _checked(claims, who.issuer, client_id, nonce, now)
    raise _refused("signature")


def usable(keys: Iterable[dict[str, Any]]) -> int:
    """How many of a signer's published keys a sign-in token could be checked with."""
    kinds = set(KEY_TYPES.values())
    signing = [key for key in keys if str(key.get("kty")) in kinds and key.get("use", "sig") == "sig"]
    return sum(_imported(key) is not None for key in signing)


def _header(token: str) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise _refused("form") from None
    if not isinstance(header.get("alg"), str) or header["alg"] not in KEY_TYPES:
        raise _refused("algorithm")
    return header


def _candidates(who: Signer, header: dict[str, Any]) -> list[Key]:
    """The issuer's keys that may have signed; without a `kid` in the header, all of the right type."""
    alg, kid = header["alg"], header.get("kid")
    fitting = [
        key
        for key in who.keys
        if key.get("kty") == KEY_TYPES[alg]
        and key.get("use", "sig") == "sig"
        and key.get("alg", alg) == alg
        and (kid is None or key.get("kid", kid) == kid)
    ]
    return [key for key in map(_imported, fitting) if key is not None]


def _imported(key: dict[str, Any]) -> Key | None:
    try:
        return import_key(key)
    except (JoseError, ValueError, TypeError):
        return None


def _checked(
    claims: dict[str, Any], issuer: str, client_id: str, nonce: Nonce, now: datetime
) -> dict[str, Any]:
    rules = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=SKEW_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(claims)
    except JoseError as error:
        named = getattr(error, "claim", None)
        raise _refused(named if isinstance(named, str) else "claims") from None
    if claims.get("azp", client_id) != client_id:
        raise _refused("azp")
    if claims.get("nonce") != nonce.value and not (nonce.optional and "nonce" not in claims):
        raise _refused("nonce")
    return claims


def _refused(what: str) -> LaunchError:
    return LaunchError(f"The EHR's sign-in token failed a check ({what}), so the launch was stopped.")
