"""Which elements of what ketplan wrote are compared with the EHR's, and when two of them say the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ketplan.writeback.references import references, tail

Json = dict[str, Any]

ELEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Appointment": (
            "status",
            "start",
            "end",
            "participant",
            "description",
            "patientInstruction",
            "requestedPeriod",
            "slot",
            "basedOn",
            "supportingInformation",
        ),
        "CarePlan": (
            "status",
            "intent",
            "title",
            "description",
            "period",
            "addresses",
            "goal",
            "activity",
            "note",
        ),
        "Goal": ("lifecycleStatus", "description", "addresses", "startDate", "target", "note"),
        "ServiceRequest": (
            "status",
            "intent",
            "doNotPerform",
            "code",
            "occurrenceTiming",
            "occurrencePeriod",
            "occurrenceDateTime",
            "quantityQuantity",
            "performer",
            "reasonReference",
            "basedOn",
            "patientInstruction",
            "note",
        ),
        "Provenance": ("target",),
    }
)
"""By type, in the order of a page. What is not named here is the EHR's own business."""
STATE = frozenset({"status", "lifecycleStatus"})
# Others may hang something of their own beside ours.
SHARED = frozenset(
    {"activity", "addresses", "basedOn", "goal", "reasonReference", "supportingInformation", "target"}
)
# Looked at when they were read back: one that is missing later has been taken out.
READ_BACK = STATE | SHARED | {"end", "intent", "participant", "slot", "start"}


def elements_of(kind: str) -> tuple[str, ...]:
    """What is compared of a type; of one without a line only whether it is there, whose it is, its status."""
    return ELEMENTS.get(kind, ("status",))


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of the element `name` say the same to whoever reads the chart.

    What a server adds inside (ids, displays, extensions), another spelling of a moment and another order of
    a list make no difference. Symmetric.
    """
    if one is None or other is None:
        return one is other
    if name == "participant":
        return _expected(one) == _expected(other)
    if name in SHARED and set(references(one)) | set(references(other)):
        mine, theirs = set(references(one)), set(references(other))
        return mine <= theirs or theirs <= mine
    return _holds(one, other) or _holds(other, one)


def missing(name: str, base: Any, held: Any) -> bool:
    """Whether `held` lacks a reference that `base` has: in what others may add to, only that is a change."""
    return name in SHARED and not set(references(base)) <= set(references(held))


def _expected(participants: Any) -> set[str]:
    """Who takes part and has not declined."""
    listed = participants if isinstance(participants, list) else []
    coming = [p for p in listed if isinstance(p, dict) and p.get("status") != "declined"]
    return {reference for p in coming for reference in references(p.get("actor"))}


def _holds(mine: Any, theirs: Any) -> bool:
    """Whether all of `mine` is in `theirs`, whatever else is there."""
    if isinstance(mine, dict):
        return isinstance(theirs, dict) and all(
            name in theirs and _holds(value, theirs[name]) for name, value in mine.items() if name != "id"
        )
    if isinstance(mine, list):
        return isinstance(theirs, list) and len(mine) == len(theirs) and _paired(mine, theirs)
    if isinstance(mine, str) and isinstance(theirs, str):
        return mine.strip() == theirs.strip() or tail(mine) == tail(theirs) or _same_moment(mine, theirs)
    return bool(mine == theirs)


def _paired(mine: list[Any], theirs: list[Any]) -> bool:
    left = list(theirs)
    for item in mine:
        found = next((other for other in left if _holds(item, other)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _same_moment(one: str, other: str) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return False
