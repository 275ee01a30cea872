"""The token request, and its answer read tolerantly where EHRs differ and strictly where safety lies."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ketplan.config import Ehr
from ketplan.ehr import context
from ketplan.ehr.context import Context
from ketplan.ehr.transport import Answer, Http
from ketplan.errors import EhrError, LaunchError, Temporary

Json = dict[str, Any]

HEADERS = {"Accept": "application/json"}
LARGEST = 1_000_000
# An EHR that does not say how long a token lives is taken to mean not long.
UNSAID_SECONDS = 300
LONGEST_SECONDS = 24 * 3600


@dataclass(frozen=True)
class TokenAnswer:
    """A token answer. `patient` and `encounter` are ids, None when the EHR named none it can have meant.

    `style_url` is as it was sent. `refresh_token` is None when the EHR gave none.
    """

    access_token: str = field(repr=False)
    expires_at: datetime
    scope: str
    patient: str | None = field(repr=False)
    encounter: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    intent: str | None
    need_patient_banner: bool
    contexts: tuple[Context, ...] = field(repr=False)
    style_url: str | None
    tenant: str | None


def exchange(
    http: Http,
    endpoint: str,
    ehr: Ehr,
    code: str,
    verifier: str,
    redirect_uri: str,
    asked: str,
    now: datetime,
) -> TokenAnswer:
    """Trade the code for a token. LaunchError when the EHR refuses, Temporary when it cannot be reached.

    A confidential client names itself in the Basic header and nowhere else, a public one in the form.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    basic = None
    if ehr.client_secret is None:
        form["client_id"] = ehr.client_id
    else:
        pair = f"{ehr.client_id}:{ehr.client_secret}".encode()
        basic = "Basic " + base64.b64encode(pair).decode()
    answer = http.send("POST", endpoint, HEADERS, body=form, authorization=basic, max_bytes=LARGEST)
    return _read(_body(answer), ehr.iss, asked, now)


def error_code(value: object) -> str:
    """An OAuth error code fit for a message; anything else is not repeated."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]{1,40}", value) else "no reason given"


def _body(answer: Answer) -> Json:
    if answer.status >= 500:
        raise Temporary(f"The EHR could not give access just now (HTTP {answer.status}).", answer.status)
    try:
        body = answer.json()
    except EhrError:
        body = None
    if answer.status == 200 and isinstance(body, dict) and "error" not in body:
        return body
    code = error_code(body.get("error") if isinstance(body, dict) else None)
    raise LaunchError(f"The EHR refused to give ketplan access ({code}); launch again from the chart.")


def _read(body: Json, base: str, asked: str, now: datetime) -> TokenAnswer:
    token, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(token, str) or not token or not isinstance(kind, str) or kind.lower() != "bearer":
        raise LaunchError("The EHR gave no access token that ketplan can use.")
    scope, id_token, refresh = body.get("scope"), body.get("id_token"), body.get("refresh_token")
    return TokenAnswer(
        access_token=token,
        expires_at=now + timedelta(seconds=_seconds(body.get("expires_in"))),
        scope=scope if isinstance(scope, str) else asked,
        patient=context.resource_id("Patient", body.get("patient")),
        encounter=context.resource_id("Encounter", body.get("encounter")),
        id_token=id_token if isinstance(id_token, str) else None,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        intent=context.short_text(body.get("intent")),
        need_patient_banner=context.wants_banner(body.get("need_patient_banner")),
        contexts=context.contexts(base, body.get("fhirContext")),
        style_url=context.style_url(body.get("smart_style_url")),
        tenant=context.short_text(body.get("tenant")),
    )


def _seconds(value: object) -> int:
    try:
        seconds = int(Decimal(str(value))) if not isinstance(value, bool) else 0
    except (InvalidOperation, ValueError, OverflowError):
        return UNSAID_SECONDS
    return min(seconds, LONGEST_SECONDS) if seconds > 0 else UNSAID_SECONDS
