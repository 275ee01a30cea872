"""The public keys of ketplan, for EHRs that check what it signs."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify

from ketplan.web.context import desk

routes = Blueprint("keys", __name__)

# A new key is published a day before it signs: any copy is young enough.
CACHE = "public, max-age=3600"


@routes.get("/.well-known/jwks.json")
def published() -> Response:
    g.cache = CACHE
    return jsonify(desk().access.keyring.published())
