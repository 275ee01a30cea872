"""Where faults strike a request: before anything is done, and on the answer to what was done."""

from __future__ import annotations

import socket
from email.utils import formatdate

from flask import Response, request

from ketplan.sandbox.faults import Fault
from ketplan.sandbox.harbor import Harbor, Recorded, here
from ketplan.sandbox.wire import FhirError

_SIGN_IN = {
    "smart.smart_configuration": "discovery",
    "smart.openid_configuration": "discovery",
    "smart.authorize": "authorize",
    "smart.token": "token",
    "smart.jwks": "keys",
}
_ISSUE = {401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 410: "expired", 412: "conflict",
          422: "business-rule", 429: "throttled"}  # fmt: skip
_PAGE = "<!doctype html><title>Sign in</title><p>Your session has ended. Sign in again."


def interaction() -> str:
    """What the current request does, in the words of `faults`; empty for a page in the browser."""
    endpoint = request.endpoint or ""
    if not endpoint.startswith("fhir."):
        return _SIGN_IN.get(endpoint, "")
    name = endpoint.removeprefix("fhir.")
    if name in ("search", "search_by_post"):
        return "page" if here().like.paging.parameter in request.args else "search"
    return {"conditional_update": "update", "operation_on_one": "operation"}.get(name, name)


def _kind() -> str | None:
    return (request.view_args or {}).get("kind")


def before() -> Response | None:
    """Faults that strike before anything is done; their answer instead of the true one."""
    on, harbor = interaction(), here()
    if not on:
        return None
    for fault in harbor.faults.striking("before", on, _kind()):
        if answered := _struck(harbor, fault):
            return answered
    return None


def _struck(harbor: Harbor, fault: Fault) -> Response | None:
    if fault.do in ("slow", "hang"):
        harbor.faults.sleep(fault.seconds)
    if fault.do in ("hang", "cut"):
        return _cut()
    if fault.do == "expire":
        harbor.end_token((request.headers.get("Authorization") or "").partition(" ")[2])
    if fault.do == "rotate-keys":
        harbor.signer.renew()
    if fault.do == "html":
        return Response(_PAGE, content_type="text/html; charset=utf-8")
    if fault.do in ("status", "error-200"):
        status = fault.status if fault.do == "status" else 200
        raise _refusal(fault, status)
    return None


def _refusal(fault: Fault, status: int) -> FhirError:
    issue = fault.code if fault.code and not fault.code.isdigit() else _ISSUE.get(fault.status, "transient")
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    number = fault.code if fault.code.isdigit() else ""
    return FhirError(status, issue, fault.words, headers=headers, number=number)


def after(response: Response) -> Response:
    """Faults that strike the answer to what was done. A create counts when it stored something."""
    on, harbor = interaction(), here()
    done = response.status_code == 201 if on == "create" else response.status_code < 300
    if on and done:
        for fault in harbor.faults.striking("after", on, _kind()):
            response = _spoiled(fault, response)
    if harbor.faults.state("skew"):
        response.headers["Date"] = formatdate(harbor.clock(), usegmt=True)
    return response


def _spoiled(fault: Fault, response: Response) -> Response:
    if fault.do == "lost":
        return _cut()
    whole = response.get_data()
    if fault.do == "empty":
        response.set_data(b"")
    if fault.do in ("truncated", "short"):
        response.set_data(whole[: len(whole) // 2])
    if fault.do == "short":
        response.automatically_set_content_length = False
        response.headers["Content-Length"] = str(len(whole))
    return response


def _cut() -> Response:
    """End the connection without an answer; where there is none to cut, a gateway's word for it."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return FhirError(504, "transient", "The answer was lost on the way.").response()


def record(response: Response) -> Response:
    """Remember what was asked of the API, for tests to look at."""
    if interaction():
        query = request.query_string.decode("ascii", "replace")
        here().requests.append(Recorded(request.method, request.path, query, response.status_code))
    return response
