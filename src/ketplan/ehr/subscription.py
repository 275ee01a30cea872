"""A rest-hook Subscription of R4 to an EHR's appointments: without their content, as a hint to look again."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

from ketplan.ehr.client import FhirClient
from ketplan.errors import NotSupported

CRITERIA = "Appointment?"
SCHEME = "Bearer "


def secret_for(key: str, iss: str) -> str:
    """What the EHR shows when it knocks: of this EHR alone, and told to nobody else."""
    return hmac.new(key.encode(), f"ketplan hook {iss.rstrip('/')}".encode(), sha256).hexdigest()


def subscribe(client: FhirClient, endpoint: str, secret: str) -> str:
    """The id of the Subscription that knocks at `endpoint`; the one that stands already, else a new one.

    NotSupported where the EHR does not offer them; else as for a search and a create.
    """
    if not client.capabilities().can("Subscription", "create"):
        raise NotSupported("The EHR offers no Subscriptions: the sync looks by night and on demand.")
    found = client.search("Subscription", [("url", endpoint)]).resources
    standing = (s for s in found if _endpoint(s) == endpoint and s.get("status") in ("requested", "active"))
    if known := next(standing, None):
        return str(known["id"])
    return client.create(_subscription(endpoint, secret)).id


def _subscription(endpoint: str, secret: str) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "ketplan looks again when a visit has changed",
        "criteria": CRITERIA,
        # No payload: what has changed is read, not told.
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "header": [f"Authorization: {SCHEME}{secret}"],
        },
    }


def _endpoint(subscription: dict[str, Any]) -> str:
    channel = subscription.get("channel")
    return str(channel.get("endpoint")) if isinstance(channel, dict) else ""
