"""The browser's cookie, the forms' tokens, and the headers of every answer."""

from __future__ import annotations

import hmac
import logging
import re
from hashlib import sha256

from flask import Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from ketplan.config import Ehr
from ketplan.errors import RefusedError
from ketplan.web.context import desk

log = logging.getLogger("ketplan.web")

COOKIE = "__Host-ketplan"
CSRF_FIELD = "csrf"
_BROWSER = re.compile(r"[A-Za-z0-9_-]{20,128}")
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "form-action {forms}; base-uri 'none'; "
    "frame-ancestors {ancestors}"
)
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def browser() -> str | None:
    """This browser's random id, None when it sent none (or rubbish)."""
    found = request.cookies.get(COOKIE, "")
    return found if _BROWSER.fullmatch(found) else None


def name_browser(response: AnyResponse, id: str) -> AnyResponse:
    """Give the browser its id. Partitioned, because third-party frames get no other cookie back."""
    response.set_cookie(COOKIE, id, path="/", secure=True, httponly=True, samesite="None", partitioned=True)
    return response


def csrf_token(lid: str) -> str:
    """What a form of launch `lid` in this browser must carry."""
    return hmac.new(desk().csrf_key, f"{lid}|{browser()}".encode(), sha256).hexdigest()


def require_csrf(lid: str) -> None:
    """RefusedError unless the form came from one of this launch's own pages."""
    sent = request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode(), csrf_token(lid).encode()):
        raise RefusedError("This form did not come from a page of this launch: reload that page.")


def is_own_window() -> bool:
    """Whether the browser says that it shows this page in a tab of its own, outside every frame."""
    return request.headers.get("Sec-Fetch-Dest") == "document"


def framed_by(ehr: Ehr | None) -> None:
    """Say which EHR this answer is for, so that its pages, and no others, may frame it."""
    g.frame_ancestors = ehr.frame_ancestors if ehr else ()


def harden(response: Response) -> Response:
    """Headers of every answer. A page that belongs to no EHR in particular may be framed by none."""
    ancestors = " ".join(g.get("frame_ancestors", ())) or "'none'"
    response.headers["Content-Security-Policy"] = _POLICY.format(
        ancestors=ancestors, forms=g.get("form_action", "'self'")
    )
    for name, value in HEADERS.items():
        response.headers[name] = value
    if desk().services.settings.public_url.startswith("https:"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    static = request.endpoint == "static" and response.status_code < 400
    response.headers["Cache-Control"] = "public, max-age=3600" if static else g.get("cache", "no-store")
    return response


def note(response: Response) -> Response:
    """One log line per answer: the route's pattern and the status, never an address, an id or a query."""
    route = request.url_rule.rule if request.url_rule else "unknown route"
    log.info("%s %s %s", request.method, route, response.status_code)
    return response
