"""How clients prove themselves at the token endpoint: by name, by a secret, or by a signed assertion."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

LONGEST_ASSERTION = 300
_BY_JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class GrantError(Exception):
    """A token request that is refused: the OAuth error code and a sentence."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(words)
        self.error, self.words = error, words


@dataclass(frozen=True)
class Registered:
    """A client with a secret, or with keys, its JWKS. ``scopes`` are for work of its own."""

    id: str
    secret: str | None = field(default=None, repr=False)
    keys: Callable[[], Mapping[str, Any]] | None = None
    scopes: tuple[str, ...] = ()

    @property
    def is_public(self) -> bool:
        return self.secret is None and self.keys is None


class Clients:
    """Who is registered beyond the one public app. ``clock`` is seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, Registered] = {}
        self._seen: set[str] = set()
        self._lock = Lock()

    def add(self, client: Registered) -> None:
        self._known[client.id] = client

    def proved(
        self, form: Mapping[str, str], basic: tuple[str, str] | None, audience: str, public_id: str | None
    ) -> Registered:
        """The client that a request comes from. Raises GrantError unless it has proved that."""
        if form.get("client_assertion"):
            return self._by_assertion(form, audience)
        id_ = basic[0] if basic else form.get("client_id", "")
        client = self._known.get(id_) or Registered(id_)
        if id_ not in self._known and id_ != public_id:
            raise GrantError("invalid_client", "This client is not registered.")
        given = basic[1] if basic else None
        if client.keys or (client.secret is None) != (given is None):
            raise GrantError("invalid_client", "This client is registered with another way to prove itself.")
        if client.secret and not hmac.compare_digest(client.secret.encode(), (given or "").encode()):
            raise GrantError("invalid_client", "This is not the client's secret.")
        return client

    def _by_assertion(self, form: Mapping[str, str], audience: str) -> Registered:
        from joserfc import jwt  # as in Signer: starting the server need not wait for it
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if form.get("client_assertion_type") != _BY_JWT or "client_id" in form:
            raise GrantError("invalid_client", "A client assertion stands alone and names its type.")
        text = form["client_assertion"]
        try:
            client = self._known[_unchecked(text)["iss"]]
            keys = KeySet.import_key_set(client.keys() if client.keys else {"keys": []})  # type: ignore[arg-type]
            token = jwt.decode(text, keys, algorithms=["RS384", "ES384"])
        except (JoseError, ValueError, KeyError, IndexError, TypeError):
            raise GrantError("invalid_client", "The client assertion cannot be checked.") from None
        self._check(token.header, token.claims, audience)
        return client

    def _check(self, header: Mapping[str, Any], claims: Mapping[str, Any], audience: str) -> None:
        now = self._clock()
        right = (
            header.get("typ") == "JWT"
            and bool(header.get("kid"))
            and claims.get("sub") == claims.get("iss")
            and claims.get("aud") == audience
            and isinstance(claims.get("exp"), int)
            and now < claims["exp"] <= now + LONGEST_ASSERTION
            and bool(claims.get("jti"))
        )
        with self._lock:
            if not right or claims["jti"] in self._seen:
                raise GrantError(
                    "invalid_client", "The client assertion is not as SMART asks, or is used up."
                )
            self._seen.add(claims["jti"])


def _unchecked(text: str) -> dict[str, Any]:
    """The claims of a token before anybody knows whose they are: only to find out whose keys to ask for."""
    part = text.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
