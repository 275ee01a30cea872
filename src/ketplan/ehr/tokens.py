"""Token answers, read tolerantly where EHRs differ and strictly where safety lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ketplan.ehr import context
from ketplan.ehr.context import Context
from ketplan.ehr.transport import Answer
from ketplan.errors import EhrError, LaunchError, Temporary

Json = dict[str, Any]

# An EHR that does not say how long a token lives is taken to mean not long.
UNSAID_SECONDS = 300
LONGEST_SECONDS = 24 * 3600
# Asked too often, or given up waiting for us: not a refusal.
LATER = frozenset({408, 425, 429})


@dataclass(frozen=True)
class TokenAnswer:
    """A token answer. `patient` and `encounter` are ids, None when the EHR named none it can have meant.

    `style_url` is as it was sent. `refresh_token` is None when the EHR gave none. `unsaid` are the members
    among scope, expires_in and patient that were not there, so that what stands for them is a guess.
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
    unsaid: frozenset[str]


def accepted(answer: Answer) -> Json | None:
    """The body of a token answer, None when the EHR refused. Temporary when it could not say."""
    if answer.status >= 500 or answer.status in LATER:
        raise Temporary(f"The EHR could not give access just now (HTTP {answer.status}).", answer.status)
    body = _object(answer)
    return body if answer.status == 200 and body is not None and "error" not in body else None


def reason(answer: Answer) -> str:
    """Why a token request was refused, as an OAuth error code."""
    return error_code((_object(answer) or {}).get("error"))


def error_code(value: object) -> str:
    """An OAuth error code fit for a message; anything else is not repeated."""
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]{1,40}", value) else "no reason given"


def read(body: Json, base: str, asked: str, now: datetime) -> TokenAnswer:
    """What `body` grants. LaunchError when it is no token that ketplan can use."""
    token, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(token, str) or not token or not isinstance(kind, str) or kind.lower() != "bearer":
        raise LaunchError("The EHR gave no access token that ketplan can use.")
    scope, id_token, refresh = body.get("scope"), body.get("id_token"), body.get("refresh_token")
    seconds, patient = _seconds(body.get("expires_in")), context.resource_id("Patient", body.get("patient"))
    there = {"scope": isinstance(scope, str), "expires_in": bool(seconds), "patient": bool(patient)}
    return TokenAnswer(
        access_token=token,
        expires_at=now + timedelta(seconds=seconds or UNSAID_SECONDS),
        scope=scope if isinstance(scope, str) else asked,
        patient=patient,
        encounter=context.resource_id("Encounter", body.get("encounter")),
        id_token=id_token if isinstance(id_token, str) else None,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        intent=context.short_text(body.get("intent")),
        need_patient_banner=context.wants_banner(body.get("need_patient_banner")),
        contexts=context.contexts(base, body.get("fhirContext")),
        style_url=context.style_url(body.get("smart_style_url")),
        tenant=context.short_text(body.get("tenant")),
        unsaid=frozenset(name for name, said in there.items() if not said),
    )


def completed(answer: TokenAnswer, looked_up: Mapping[str, Any], now: datetime) -> TokenAnswer:
    """`answer` with what it left unsaid taken from the EHR's introspection of its token."""
    scope, expires = looked_up.get("scope"), _moment(looked_up.get("exp"))
    patient = context.resource_id("Patient", looked_up.get("patient"))
    if "scope" in answer.unsaid and isinstance(scope, str):
        answer = replace(answer, scope=scope, unsaid=answer.unsaid - {"scope"})
    if "expires_in" in answer.unsaid and expires and expires > now:
        latest = now + timedelta(seconds=LONGEST_SECONDS)
        answer = replace(answer, expires_at=min(expires, latest), unsaid=answer.unsaid - {"expires_in"})
    if "patient" in answer.unsaid and patient:
        answer = replace(answer, patient=patient, unsaid=answer.unsaid - {"patient"})
    return answer


def _object(answer: Answer) -> Json | None:
    try:
        body = answer.json()
    except EhrError:
        return None
    return body if isinstance(body, dict) else None


def _seconds(value: object) -> int | None:
    try:
        seconds = int(Decimal(str(value))) if not isinstance(value, bool) else 0
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return min(seconds, LONGEST_SECONDS) if seconds > 0 else None


def _moment(value: object) -> datetime | None:
    """Seconds since 1970, as tokens count."""
    try:
        return datetime.fromtimestamp(int(str(value)), UTC) if not isinstance(value, bool) else None
    except (ValueError, OverflowError, OSError):
        return None
