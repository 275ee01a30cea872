"""What an answer means: HTTP status and OperationOutcome become one error with one sentence.

The message is ours and holds at most the outcome's code; the server's own words, which may hold patient
data, travel beside it as `server_said`.
"""

from __future__ import annotations

import re
from typing import Any

from ketplan.errors import (
    Conflict,
    EhrError,
    Fatal,
    Forbidden,
    NotFound,
    NotSupported,
    PagesExpired,
    SignInEnded,
    Temporary,
)

# 401 is Temporary: the same run, begun again after a fresh sign-in, goes on where it stopped.
MEANING: dict[int, tuple[type[EhrError], str]] = {
    400: (Fatal, "The EHR could not use the request"),
    401: (SignInEnded, "The EHR no longer accepts this sign-in; launch ketplan again from the chart"),
    403: (Forbidden, "The EHR does not allow this to the signed-in user"),
    404: (NotFound, "The EHR has no such resource"),
    405: (NotSupported, "The EHR does not offer this"),
    408: (Temporary, "The EHR gave up waiting for the request"),
    409: (Conflict, "Somebody changed this in the EHR meanwhile, or it collides with something there"),
    410: (NotFound, "This resource was deleted in the EHR"),
    412: (Conflict, "Somebody changed this in the EHR meanwhile, or more than one match exists"),
    413: (Fatal, "The EHR finds the request too large"),
    422: (Fatal, "The EHR refused the content by one of its rules"),
    423: (Temporary, "The resource is locked in the EHR"),
    425: (Temporary, "The EHR asked to be tried again later"),
    428: (Conflict, "The EHR wants to be told which version is being changed"),
    429: (Temporary, "The EHR is being asked too often at the moment"),
    500: (Temporary, "The EHR had an internal error"),
    501: (NotSupported, "The EHR does not offer this"),
    502: (Temporary, "The EHR cannot be reached behind its gateway at the moment"),
    503: (Temporary, "The EHR is not available at the moment"),
    504: (Temporary, "The EHR did not answer its gateway in time"),
}
# Used when the status says success and the body says otherwise.
CODE_MEANING: dict[str, int] = {
    "login": 401, "expired": 401, "forbidden": 403, "security": 403, "suppressed": 403, "not-found": 404,
    "deleted": 410, "not-supported": 501, "conflict": 409, "duplicate": 409, "multiple-matches": 412,
    "lock-error": 423, "business-rule": 422, "throttled": 429, "transient": 503, "timeout": 504,
}  # fmt: skip
BAD = frozenset({"error", "fatal"})
# Epic says by number what its status does not (fhir.epic.com, OperationOutcome codes).
EPIC = "1.2.840.114350."
GLASS = "The EHR shows this only to those who answer its own question for it: open it in the EHR first"
NUMBERS: dict[str, tuple[type[EhrError], str]] = {
    "4100": (NotFound, "The EHR has no such resource"),
    "4113": (PagesExpired, "The EHR has forgotten the further pages of this search"),
    "4118": (Forbidden, "The EHR does not allow this to the signed-in user"),
    "4130": (Forbidden, GLASS),
    "4131": (Forbidden, GLASS),
    "4134": (Forbidden, GLASS),
    "4135": (Fatal, "The EHR takes no more requests from ketplan today"),
}
PARTIAL = frozenset({"4119", "59133"})


def error_for(status: int, body: Any) -> EhrError | None:
    """The error an answer stands for, None when it is a success. A 2xx with an error outcome is a failure.

    `body` is the parsed answer, None when there was none or it could not be parsed.
    """
    if not 200 <= status < 300:
        return _error(status, status, body)
    return _error(CODE_MEANING.get(_code(body), 400), status, body) if is_failure(body) else None


def found_in(answer: Any) -> dict[str, Any] | None:
    """The search result in one entry of a batch's answer; None when it is a refusal, or cannot be read."""
    resource = answer.get("resource") if isinstance(answer, dict) else None
    response = answer.get("response") if isinstance(answer, dict) else None
    status = response.get("status") if isinstance(response, dict) else None
    if not isinstance(status, str) or not re.match(r"2\d\d\b", status):
        return None
    return resource if isinstance(resource, dict) and resource.get("resourceType") == "Bundle" else None


def is_failure(resource: Any) -> bool:
    """Whether `resource` is an OperationOutcome with an error or fatal issue."""
    return is_outcome(resource) and any(issue.get("severity") in BAD for issue in _issues(resource))


def is_outcome(resource: Any) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") == "OperationOutcome"


def is_partial(resource: Any) -> bool:
    """Whether the EHR says of a search that it did not give all of it."""
    return not PARTIAL.isdisjoint(_numbers(resource))


def is_final(body: Any) -> bool:
    """Whether asking again is pointless although the status says that the EHR is busy."""
    return any(NUMBERS[n][0] is Fatal for n in _numbers(body) if n in NUMBERS)


def describe(resource: Any) -> str:
    """An OperationOutcome in the server's words: for a screen only, as it may hold patient data."""
    return "; ".join(filter(None, map(_issue_words, _issues(resource))))


def _error(meaning: int, status: int, body: Any) -> EhrError:
    code = _code(body)
    known = next((NUMBERS[n] for n in _numbers(body) if n in NUMBERS), None)
    if known is None and code == "not-supported" and meaning in (400, 422):
        known = MEANING[501]
    kind, words = known or MEANING.get(meaning) or _family(meaning)
    return kind(f"{words} (HTTP {status}{', ' + code if code else ''}).", status, describe(body))


def _family(status: int) -> tuple[type[EhrError], str]:
    if 300 <= status < 400:
        return Fatal, "The EHR answered with a redirect, which ketplan does not follow"
    if status >= 500:
        return Temporary, "The EHR had an internal error"
    return Fatal, "The EHR refused the request"


def _issues(resource: Any) -> list[dict[str, Any]]:
    issues = resource.get("issue") if is_outcome(resource) else None
    return [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []


def _numbers(body: Any) -> list[str]:
    """The numbers Epic gives its issues; nobody else's codes."""
    details = [issue.get("details") for issue in _issues(body)]
    lists = [d.get("coding") for d in details if isinstance(d, dict)]
    codings = [c for codings in lists if isinstance(codings, list) for c in codings if isinstance(c, dict)]
    return [str(c.get("code")) for c in codings if EPIC in str(c.get("system"))]


def _code(body: Any) -> str:
    """The first issue's code, only when it looks like one: a message never carries free text."""
    for issue in _issues(body):
        code = issue.get("code")
        if isinstance(code, str) and re.fullmatch(r"[a-z-]{1,30}", code):
            return code
    return ""


def _issue_words(issue: dict[str, Any]) -> str:
    details, where = issue.get("details"), issue.get("expression")
    words = [details.get("text") if isinstance(details, dict) else None, issue.get("diagnostics")]
    said = ": ".join(dict.fromkeys(w.strip() for w in words if isinstance(w, str) and w.strip()))
    place = ", ".join(w for w in where if isinstance(w, str)) if isinstance(where, list) else ""
    said = said or str(issue.get("code") or "")
    return f"{said} ({place})" if said and place else said
