"""A pretend EHR for the doctor: perfect unless told otherwise, and it remembers what it was sent."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr.doctor.offers import RUNGS
from ketplan.ehr.sections import SECTIONS
from tests.ehr.builders import TOKEN, FakeEhr, Json, an_outcome, answer
from tests.ehr.oauth import public

ZONE = ZoneInfo("America/New_York")
KEY = RSAKey.generate_key(2048, {"kid": "rsa-1"})
CAPABILITIES = (
    "launch-ehr launch-standalone context-ehr-patient sso-openid-connect permission-v2 permission-user "
    "client-public client-confidential-symmetric"
)
KINDS = sorted({s.kind for s in SECTIONS} | {r.kind for r in RUNGS} | {"Patient", "Slot", "Schedule"})
INTERACTIONS = ("read", "search-type", "create", "update")
PARAMETERS = ("patient", "actor", "subject", "category", "date", "start", "status")


def a_type(kind: str, **more: object) -> Json:
    """One row of a CapabilityStatement that offers everything; `more` replaces its members."""
    return {
        "type": kind,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "searchParam": [{"name": name} for name in PARAMETERS],
        "searchInclude": ["*"],
        "conditionalCreate": True,
        **more,
    }


class Patient(FakeEhr):
    """The EHR to be examined. `guarded` wants TOKEN for every search, `ahead` is its clock's error."""

    def __init__(self, httpserver: HTTPServer) -> None:
        super().__init__()
        self.iss = httpserver.url_for("/fhir")
        self.guarded = True
        self.ahead = timedelta()
        self.sent: list[tuple[str, str, str | None]] = []
        self.types = {kind: a_type(kind) for kind in KINDS}
        self.statement: Json = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
        self.security: Json = {}
        self.keys: Json = public(KEY)
        self.config_answer: Response | None = None
        self.metadata_answer: Response | None = None
        self.config: Json | None = {
            "issuer": httpserver.url_for("/"),
            "authorization_endpoint": "/auth/authorize?tenant=canary-tenant",
            "token_endpoint": "/auth/token",
            "jwks_uri": "/auth/keys",
            "capabilities": CAPABILITIES.split(),
            "code_challenge_methods_supported": ["S256"],
        }
        httpserver.expect_request(re.compile("/.*")).respond_with_handler(self._noted)

    def now(self) -> datetime:
        """The examiner's clock: a server dates its answers by this machine's, which nobody can set."""
        return datetime.now(ZONE) - self.ahead

    def _noted(self, request: Request) -> Response:
        self.sent.append((request.method, request.path, request.headers.get("Authorization")))
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        match request.path:
            case "/fhir/.well-known/smart-configuration":
                found = answer(self.config) if self.config is not None else answer(status=404)
                return self.config_answer or found
            case "/auth/keys":
                return answer(self.keys)
            case "/fhir/metadata":
                rest = {"security": self.security, "resource": list(self.types.values())}
                return self.metadata_answer or answer({**self.statement, "rest": [rest]})
        if self.guarded and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return answer(an_outcome(code="login"), 401)
        return self(request)
