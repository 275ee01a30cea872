"""What the authorization server gives out: launches, one-time codes, access tokens and signed id_tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from ketplan.sandbox.clients import Clients, GrantError
from ketplan.sandbox.clinic.staff import User
from ketplan.sandbox.scopes import Access, resource_scope

CODE_SECONDS, TOKEN_SECONDS = 60, 3600
_REFRESHING = {"online_access", "offline_access"}

__all__ = ["Authorization", "GrantError", "Grants", "Launch", "Signer", "s256"]


@dataclass(frozen=True)
class Launch:
    """An app was opened from a chart: for whom, and whether inside it, under the EHR's own patient banner.

    ``more`` are further members of the token answer, ``intent`` or ``fhirContext``.
    """

    patient: str
    encounter: str | None
    embedded: bool
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Authorization:
    """What a user granted at the sign-in page, waiting behind a code."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    nonce: str | None
    user: User
    launch: Launch | None


@dataclass
class _Code:
    authorization: Authorization
    expires: float
    used: bool = False
    token: str | None = None


@dataclass
class _Family:
    """All tokens that came of one code; only ``current`` may be refreshed with."""

    authorization: Authorization
    current: str
    access: list[str]
    ended: bool = False


@dataclass
class Grants:
    """All codes and tokens, in memory. ``clock`` is seconds since 1970."""

    clock: Callable[[], float]
    static_tokens: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = RLock()
        self._launches: dict[str, Launch] = {}
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, tuple[Access, float]] = {}
        self._families: dict[str, _Family] = {}
        self.clients = Clients(self.clock)
        self.refreshed = self.reused = 0

    def launch(self, launch: Launch) -> str:
        """An opaque launch id for an app to hand back."""
        with self._lock:
            id_ = secrets.token_urlsafe(18)
            self._launches[id_] = launch
            return id_

    def launched(self, id_: str) -> Launch | None:
        return self._launches.get(id_)

    def code(self, authorization: Authorization) -> str:
        with self._lock:
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(authorization, self.clock() + CODE_SECONDS)
            return code

    def redeem(
        self, code: str, client_id: str, redirect_uri: str, verifier: str
    ) -> tuple[str, Authorization]:
        """An access token for a code, and what it stands for.

        Raises GrantError. A code works once: a second use also takes back the token of the first.
        """
        with self._lock:
            kept = self._codes.get(code)
            if not kept:
                raise GrantError("invalid_grant", "This code was never given out.")
            if kept.used:
                self.revoke(kept.token or "")
                raise GrantError("invalid_grant", "This code was used before; its token is revoked.")
            kept.used = True
            given = kept.authorization
            if self.clock() > kept.expires:
                raise GrantError("invalid_grant", "This code has expired.")
            if (given.client_id, given.redirect_uri) != (client_id, redirect_uri):
                raise GrantError("invalid_grant", "This code was given to another client or redirect_uri.")
            if not hmac.compare_digest(s256(verifier), given.challenge):
                raise GrantError("invalid_grant", "The code_verifier does not belong to the code_challenge.")
            kept.token = self._token(given)
            if _REFRESHING & set(given.scopes):
                first = secrets.token_urlsafe(32)
                self._families[first] = _Family(given, first, [kept.token])
            return kept.token, given

    def refresh_token(self, access_token: str) -> str | None:
        """The refresh token that goes with an access token, if there is one."""
        return next((f.current for f in self._families.values() if access_token in f.access), None)

    def refresh(self, token: str, client_id: str) -> tuple[str, Authorization]:
        """A new access token, and a new refresh token with it, for one that was not used before.

        Raises GrantError. A second use ends everything that came of the sign-in: one of the two is a thief.
        """
        with self._lock:
            family = self._families.get(token)
            if not family or family.ended or family.authorization.client_id != client_id:
                raise GrantError("invalid_grant", "This refresh token is not good here.")
            if token != family.current:
                self.reused += 1
                self._end(family)
                raise GrantError("invalid_grant", "This refresh token was used before; the sign-in is over.")
            self.refreshed += 1
            family.current = secrets.token_urlsafe(32)
            self._families[family.current] = family
            family.access.append(self._token(family.authorization))
            return family.access[-1], family.authorization

    def revoke(self, token: str) -> None:
        """Take a token back, and with it all that came of the same sign-in."""
        with self._lock:
            for family in list(self._families.values()):
                if token == family.current or token in family.access:
                    self._end(family)
            self._tokens.pop(token, None)

    def on_its_own(self, scopes: tuple[str, ...]) -> str:
        """An access token for a client that works without a user."""
        with self._lock:
            token = secrets.token_urlsafe(32)
            allowed = tuple(scope for text in scopes if (scope := resource_scope(text)))
            self._tokens[token] = (Access(secrets.token_hex(8), allowed), self.clock() + TOKEN_SECONDS)
            return token

    def told_of(self, token: str) -> dict[str, Any]:
        """What introspection says of an access token (RFC 7662)."""
        with self._lock:
            access, expires = self._tokens.get(token, (None, 0.0))
            if not access or self.clock() >= expires:
                return {"active": False}
            scope = " ".join(f"{one.context}/{one.type}.{one.letters}" for one in access.scopes)
            told = {"active": True, "scope": scope, "exp": int(expires), "patient": access.patient}
            return {name: value for name, value in told.items() if value is not None}

    def _end(self, family: _Family) -> None:
        family.ended = True
        for token in family.access:
            self._tokens.pop(token, None)

    def _token(self, given: Authorization) -> str:
        token = secrets.token_urlsafe(32)
        scopes = tuple(scope for text in given.scopes if (scope := resource_scope(text)))
        patient = given.launch.patient if given.launch else None
        access = Access(secrets.token_hex(8), scopes, patient, given.user.reference)
        self._tokens[token] = (access, self.clock() + TOKEN_SECONDS)
        return token

    def access(self, token: str) -> Access | None:
        """What a bearer token allows; None when it is unknown, expired or revoked."""
        with self._lock:
            access, expires = self._tokens.get(token, (None, 0.0))
            if access and self.clock() < expires:
                return access
        if token in self.static_tokens:
            texts = self.static_tokens[token].split()
            return Access("operator", tuple(scope for text in texts if (scope := resource_scope(text))))
        return None


def s256(verifier: str) -> str:
    """The code_challenge of a code_verifier (RFC 7636, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Signer:
    """The server's RSA key, made when it is first needed, and the id_tokens it signs."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._made: Any = None

    def _key(self) -> Any:
        from joserfc.jwk import RSAKey  # a third of a second, which starting the server need not wait for

        with self._lock:
            if not self._made:
                self._made = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
            return self._made

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key().as_dict(private=False)]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        from joserfc import jwt

        key = self._key()
        return jwt.encode({"alg": "RS256", "kid": key.kid}, dict(claims), key)
