"""The named steps a write shape may list under `make`: what a list of element names cannot say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def period_from_times(resource: Json) -> Json:
    """Where no start and end are taken, they become the one period that is asked for."""
    if not (resource.get("start") and resource.get("end")):
        return resource
    return {**resource, "requestedPeriod": [{"start": resource["start"], "end": resource["end"]}]}


def location_as_supporting_information(resource: Json) -> Json:
    """Where a place is no participant, it is what the visit refers to: nothing else stays there."""
    places = [actor for actor in _actors(resource) if str(actor.get("reference", "")).startswith("Location/")]
    return {**resource, "supportingInformation": [{"reference": p["reference"]} for p in places]}


def reason_from_description(resource: Json) -> Json:
    """Where the reason is the line everybody sees, the visit's title is that reason."""
    title = resource.get("description")
    return {**resource, "reasonCode": [{"text": title}]} if title else resource


STEPS: dict[str, Callable[[Json], Json]] = {
    "period-from-times": period_from_times,
    "location-as-supporting-information": location_as_supporting_information,
    "reason-from-description": reason_from_description,
}


def _actors(resource: Json) -> list[Json]:
    participants = resource.get("participant")
    found = [p.get("actor") for p in participants if isinstance(p, dict)] if participants else []
    return [actor for actor in found if isinstance(actor, dict)]
