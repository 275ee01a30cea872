"""A pretend authorization server: discovery, token and keys, with knobs for what it gets wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.config import Ehr
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.launch import PendingLaunch, begin
from tests.ehr.builders import NOW, Json, answer

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
RSA_NEXT = RSAKey.generate_key(2048, {"kid": "rsa-2"})
EC_256 = ECKey.generate_key("P-256", {"kid": "ec-256"})
EC_384 = ECKey.generate_key("P-384", {"kid": "ec-384"})
CALLBACK = "http://localhost:8400/callback"
CLIENT = "ketplan-web"


def stamp() -> int:
    return int(NOW.timestamp())


def public(*keys: Key) -> Json:
    return {"keys": [key.as_dict(private=False) for key in keys]}


class FakeServer:
    """Set an attribute to change what it answers; `None` in `claims` or `grant` takes a member away."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.iss = httpserver.url_for("/fhir")
        self.issuer = "https://ehr.example/"
        self.key: Key = RSA
        self.alg = "RS256"
        self.header: Json = {"kid": "rsa-1"}
        self.published = public(RSA)
        self.claims: Json = {}
        self.grant: Json = {}
        self.config: Json = {}
        self.token_answer: Response | None = None
        self.nonce = ""
        self.forms: list[dict[str, str]] = []
        self.authorizations: list[str | None] = []
        self.key_requests = 0
        at = httpserver.expect_request
        at("/fhir/.well-known/smart-configuration").respond_with_handler(
            lambda _: answer(self._configuration())
        )
        at("/auth/token", method="POST").respond_with_handler(self._token)
        at("/auth/keys").respond_with_handler(self._keys)

    def id_token(self) -> str:
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "user-7",
            "exp": stamp() + 300,
            "iat": stamp(),
            "nonce": self.nonce,
            "fhirUser": "Practitioner/7",
            "name": "Dr. Test",
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": self.alg, **self.header}, kept, self.key, algorithms=[self.alg])

    def _configuration(self) -> Json:
        config = {
            "issuer": self.issuer,
            "authorization_endpoint": "/auth/authorize?tenant=1",
            "token_endpoint": "/auth/token",
            "jwks_uri": "/auth/keys",
            "capabilities": ["launch-ehr", "permission-v2"],
            "code_challenge_methods_supported": ["S256"],
            **self.config,
        }
        return {name: value for name, value in config.items() if value is not None}

    def _token(self, request: Request) -> Response:
        self.forms.append(request.form.to_dict())
        self.authorizations.append(request.headers.get("Authorization"))
        if self.token_answer is not None:
            return self.token_answer
        grant: dict[str, Any] = {
            "access_token": "canary-access",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "openid patient/*.rs",
            "patient": "pat-1",
            "id_token": self.id_token() if "id_token" not in self.grant else None,
            **self.grant,
        }
        return answer({name: value for name, value in grant.items() if value is not None})

    def _keys(self, _: Request) -> Response:
        self.key_requests += 1
        return answer(self.published)


def an_ehr(iss: str, **more: Any) -> Ehr:
    return Ehr(**{"name": "general", "iss": iss, "client_id": CLIENT, **more})


def a_pending(
    server: FakeServer,
    discovery: Discovery,
    ehr: Ehr | None = None,
    launch: str | None = "handle-1",
    salt: str = "a",
) -> tuple[PendingLaunch, dict[str, str]]:
    """A launch that has begun, and the parameters of its authorize address."""
    counter = iter(range(10))
    pending, url = begin(
        ehr or an_ehr(server.iss),
        server.iss,
        launch,
        discovery.endpoints(server.iss),
        CALLBACK,
        lambda size: f"{salt}{next(counter)}-".ljust(size, "x"),
        NOW,
    )
    server.nonce = pending.nonce
    return pending, {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def a_return(pending: PendingLaunch, **more: str) -> dict[str, str]:
    return {"state": pending.state, "code": "code-1", **more}
