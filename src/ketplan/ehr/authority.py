"""One EHR's authorization server as one client of ours meets it: every form that is posted there, once."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ketplan.config import Client, Proof
from ketplan.ehr import keys, tokens
from ketplan.ehr.discovery import Endpoints
from ketplan.ehr.tokens import Json, TokenAnswer
from ketplan.ehr.transport import Answer, Http
from ketplan.errors import ConfigError, EhrError, LaunchError, SignInEnded, Temporary

log = logging.getLogger(__name__)

HEADERS = {"Accept": "application/json"}
LARGEST = 1_000_000
BY_JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Refusals that are about ketplan's registration or the moment, not about the refresh token that was sent.
NOT_THE_TOKEN = frozenset(
    {
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
        "temporarily_unavailable",
        "server_error",
        "slow_down",
    }
)

ENDED = "The EHR has ended this sign-in; launch ketplan again from the chart."

Sign = Callable[[str, str, str], str]
"""Client id, audience and algorithm to a signed assertion."""


@dataclass(frozen=True)
class Authority:
    """`sign` is needed by a client that proves itself by key."""

    http: Http
    endpoints: Endpoints
    client: Client
    sign: Sign | None = field(default=None, repr=False)

    def exchange(self, code: str, verifier: str, redirect_uri: str, asked: str, now: datetime) -> TokenAnswer:
        """Trade a code for a token; what the answer leaves unsaid is looked up where the EHR offers that.

        LaunchError when the EHR refuses, Temporary when it cannot be reached.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        found = self._granted(form, asked, now)
        return tokens.completed(found, self.introspect(found.access_token), now) if found.unsaid else found

    def on_its_own(self, scope: str, now: datetime) -> TokenAnswer:
        """A token for the client itself (client_credentials). Errors as for `exchange`."""
        form = {"grant_type": "client_credentials", "scope": scope}
        return self._granted(form, scope, now, "its administrator has to look at the registration")

    def refresh(self, refresh_token: str, scope: str, now: datetime) -> TokenAnswer:
        """Spend a refresh token. SignInEnded when the EHR takes it no longer, Temporary for anything that
        says nothing about it: then nobody knows whether it has been spent."""
        answer = self._post(
            self.endpoints.token, {"grant_type": "refresh_token", "refresh_token": refresh_token}
        )
        body = tokens.accepted(answer)
        if body is None:
            code = tokens.reason(answer)
            if code in NOT_THE_TOKEN:
                raise Temporary(f"The EHR did not renew ketplan's permission ({code}).", answer.status)
            raise SignInEnded(ENDED, answer.status)
        try:
            return tokens.read(body, self.endpoints.iss, scope, now)
        except LaunchError:
            raise SignInEnded(ENDED, answer.status) from None

    def introspect(self, token: str) -> Json:
        """What the EHR says of `token` (RFC 7662); empty where it does not say."""
        url = self.endpoints.introspection
        if url is None or self.client.proof is Proof.PUBLIC:
            return {}
        try:
            answer = self._post(url, {"token": token, "token_type_hint": "access_token"})
            body = tokens.accepted(answer) or {}
        except EhrError as error:
            log.warning("looking up a token failed: %s", type(error).__name__)
            return {}
        return body if body.get("active") is True else {}

    def revoke(self, token: str, kind: str) -> bool:
        """Give a token back (RFC 7009), `kind` access_token or refresh_token. Whether the EHR took it."""
        if self.endpoints.revocation is None:
            return False
        try:
            answer = self._post(self.endpoints.revocation, {"token": token, "token_type_hint": kind})
        except EhrError as error:
            log.warning("giving a token back failed: %s", type(error).__name__)
            return False
        return answer.status == 200

    def _granted(
        self, form: Mapping[str, str], asked: str, now: datetime, way_on: str = "launch again from the chart"
    ) -> TokenAnswer:
        answer = self._post(self.endpoints.token, form)
        body = tokens.accepted(answer)
        if body is None:
            code = tokens.reason(answer)
            raise LaunchError(f"The EHR refused to give ketplan access ({code}); {way_on}.")
        return tokens.read(body, self.endpoints.iss, asked, now)

    def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        """A client names itself once: public ones in the form, others where they prove who they are."""
        client, sent, basic = self.client, dict(form), None
        if client.proof is Proof.KEY:
            sent |= {"client_assertion_type": BY_JWT, "client_assertion": self._assertion()}
        elif client.proof is Proof.PUBLIC:
            sent["client_id"] = client.id
        elif self._takes_post_only:
            sent |= {"client_id": client.id, "client_secret": client.secret or ""}
        else:
            pair = f"{client.id}:{client.secret}".encode()
            basic = "Basic " + base64.b64encode(pair).decode()
        return self.http.send("POST", url, HEADERS, body=sent, authorization=basic, max_bytes=LARGEST)

    @property
    def _takes_post_only(self) -> bool:
        """SMART's way is the Basic header; a secret in the form only where nothing else is declared."""
        methods = self.endpoints.auth_methods
        return "client_secret_post" in methods and "client_secret_basic" not in methods

    def _assertion(self) -> str:
        if self.sign is None:
            raise ConfigError("This EHR wants ketplan to sign with a key, and there is none here.")
        algorithm = keys.chosen(self.client.algorithm, self.endpoints.key_algorithms)
        return self.sign(self.client.id, self.endpoints.token, algorithm)
