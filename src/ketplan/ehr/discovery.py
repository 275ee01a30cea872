"""Where an EHR's authorization server is: its SMART configuration, and the keys it signs with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from ketplan.ehr import outcome, urls
from ketplan.ehr.peers import Resolve, addresses
from ketplan.ehr.transport import Http
from ketplan.errors import Fatal

Json = dict[str, Any]
T = TypeVar("T")

HEADERS = {"Accept": "application/json"}
LARGEST = 1_000_000
FRESH_SECONDS = 600.0
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


@dataclass(frozen=True)
class Endpoints:
    """Of one FHIR base. What is None or empty the SMART configuration does not say.

    `auth_methods` and `key_algorithms` are how clients may prove themselves at the token endpoint, `scopes`
    what may be asked for.
    """

    iss: str
    authorize: str
    token: str
    issuer: str | None = None
    jwks: str | None = None
    capabilities: frozenset[str] = field(default_factory=frozenset)
    names_pkce: bool = False
    names_issuer_in_answer: bool = False
    introspection: str | None = None
    revocation: str | None = None
    auth_methods: frozenset[str] = field(default_factory=frozenset)
    key_algorithms: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Signer:
    """Who signs id_tokens, and the public keys (JWK) it signs with."""

    issuer: str
    keys: tuple[Json, ...]


def discover(http: Http, iss: str, resolve: Resolve = addresses) -> Endpoints:
    """The endpoints of the FHIR base `iss`. EhrError when there are none or they must not be used.

    From `.well-known/smart-configuration`; only where that answers 404, from the CapabilityStatement.
    """
    base = iss.rstrip("/")
    answer = http.send("GET", f"{base}/.well-known/smart-configuration", HEADERS, max_bytes=LARGEST)
    if answer.status == 404:
        found = _oauth_uris(_get(http, f"{base}/metadata", 20 * LARGEST))
    elif error := outcome.error_for(answer.status, None):
        raise error
    else:
        found = _object(answer.json())
    return _endpoints(iss, found, resolve)


class Discovery:
    """`discover` and the signers' keys, remembered for ten minutes by a monotonic `clock`."""

    def __init__(
        self,
        http: Http,
        clock: Callable[[], float] = time.monotonic,
        resolve: Resolve = addresses,
    ) -> None:
        self.http = http
        self._clock, self._resolve = clock, resolve
        self._kept: dict[tuple[str, str], tuple[float, Any]] = {}

    def endpoints(self, iss: str) -> Endpoints:
        return self._remember(("endpoints", iss), lambda: discover(self.http, iss, self._resolve))

    def signer(self, endpoints: Endpoints, fresh: bool = False) -> Signer:
        """Issuer and keys; `fresh` asks again, for when a key is not among those remembered."""
        if fresh:
            self._kept.pop(("signer", endpoints.iss), None)
        return self._remember(("signer", endpoints.iss), lambda: self._signer(endpoints))

    def _signer(self, endpoints: Endpoints) -> Signer:
        issuer, jwks = endpoints.issuer, endpoints.jwks
        if issuer is None or jwks is None:
            issuer, jwks = self._openid(endpoints)
        keys = _object(_get(self.http, jwks, LARGEST)).get("keys")
        listed = keys if isinstance(keys, list) else []
        return Signer(issuer, tuple(key for key in listed if isinstance(key, dict)))

    def _openid(self, endpoints: Endpoints) -> tuple[str, str]:
        """Issuer and key address by openid-configuration, where the SMART configuration lacks one."""
        place = urls.endpoint(endpoints.iss, endpoints.issuer or endpoints.iss, self._resolve).rstrip("/")
        found = _object(_get(self.http, f"{place}/.well-known/openid-configuration", LARGEST))
        issuer, jwks = found.get("issuer"), endpoints.jwks or found.get("jwks_uri")
        if not isinstance(issuer, str) or not isinstance(jwks, str) or issuer != (endpoints.issuer or issuer):
            raise Fatal("The EHR does not say consistently who signs its sign-in tokens.")
        return issuer, urls.endpoint(endpoints.iss, jwks, self._resolve)

    def _remember(self, key: tuple[str, str], make: Callable[[], T]) -> T:
        if key in self._kept:
            made, value = self._kept[key]
            if self._clock() - made <= FRESH_SECONDS:
                return cast(T, value)
        value = make()
        self._kept[key] = (self._clock(), value)
        return value


def _endpoints(iss: str, found: Json, resolve: Resolve) -> Endpoints:
    authorize, token = found.get("authorization_endpoint"), found.get("token_endpoint")
    if not isinstance(authorize, str) or not isinstance(token, str):
        raise Fatal("The EHR's discovery document names no authorization or token endpoint.")
    jwks, issuer = found.get("jwks_uri"), found.get("issuer")
    return Endpoints(
        iss=iss,
        authorize=urls.endpoint(iss, authorize, resolve),
        token=urls.endpoint(iss, token, resolve),
        issuer=issuer if isinstance(issuer, str) else None,
        jwks=urls.endpoint(iss, jwks, resolve) if isinstance(jwks, str) else None,
        capabilities=_words(found, "capabilities"),
        names_pkce="S256" in _words(found, "code_challenge_methods_supported"),
        names_issuer_in_answer=found.get("authorization_response_iss_parameter_supported") is True,
        introspection=_optional(iss, found.get("introspection_endpoint"), resolve),
        revocation=_optional(iss, found.get("revocation_endpoint"), resolve),
        auth_methods=_words(found, "token_endpoint_auth_methods_supported"),
        key_algorithms=_words(found, "token_endpoint_auth_signing_alg_values_supported"),
        scopes=_words(found, "scopes_supported"),
    )


def _optional(iss: str, address: object, resolve: Resolve) -> str | None:
    """An endpoint ketplan can do without: one that must not be used counts as none."""
    try:
        return urls.endpoint(iss, address, resolve) if isinstance(address, str) else None
    except Fatal:
        return None


def _words(found: Json, name: str) -> frozenset[str]:
    listed = found.get(name)
    return frozenset(w for w in listed if isinstance(w, str)) if isinstance(listed, list) else frozenset()


def _oauth_uris(statement: Any) -> Json:
    """The endpoints an older server names in its CapabilityStatement, by their names of today."""
    names = {
        "authorize": "authorization_endpoint",
        "token": "token_endpoint",
        "introspect": "introspection_endpoint",
        "revoke": "revocation_endpoint",
    }
    found: Json = {}
    for rest in _dicts(_object(statement).get("rest")):
        security = rest.get("security")
        for group in _dicts(security.get("extension") if isinstance(security, dict) else None):
            if group.get("url") == OAUTH_URIS:
                uris = _dicts(group.get("extension"))
                found |= {names[u["url"]]: u.get("valueUri") for u in uris if u.get("url") in names}
    return found


def _get(http: Http, url: str, max_bytes: int) -> Any:
    answer = http.send("GET", url, HEADERS, max_bytes=max_bytes)
    if error := outcome.error_for(answer.status, None):
        raise error
    return answer.json()


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise Fatal("The EHR's discovery document is not what it should be.")
    return value


def _dicts(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
