"""Where an EHR knocks when a visit has changed. Nobody's word is taken: it only means to look again."""

from __future__ import annotations

import hmac

from flask import Blueprint, request

from ketplan.config import Ehr, secret_keys
from ketplan.ehr.subscription import SCHEME, secret_for
from ketplan.web.context import desk

routes = Blueprint("hooks", __name__)


@routes.post("/hooks/<name>")
def knock(name: str) -> tuple[str, int]:
    """204 with the secret of this EHR, however often; 404 for anybody else. The body is not read."""
    ehr = next((one for one in desk().services.settings.ehrs if one.name == name and one.hints), None)
    if ehr is None or not _knows(ehr):
        return "", 404
    desk().services.hints.mark(ehr.iss.rstrip("/"), desk().now())
    return "", 204


def _knows(ehr: Ehr) -> bool:
    """By the secret of the newest key, or of one that it replaced."""
    sent = request.headers.get("Authorization", "").encode()
    known = [f"{SCHEME}{secret_for(key, ehr.iss)}".encode() for key in secret_keys(desk().services.settings)]
    return any(hmac.compare_digest(sent, one) for one in known)
