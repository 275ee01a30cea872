"""Recognising what was sent where the EHR has dropped the identifier it was sent with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM
from ketplan.writeback.steps import Json, identifiers

SIGNS = (
    "authored",
    "authoredOn",
    "code",
    "created",
    "date",
    "description",
    "effectiveDateTime",
    "effectivePeriod",
    "end",
    "event",
    "occurrenceDateTime",
    "performedDateTime",
    "performedPeriod",
    "period",
    "questionnaire",
    "sent",
    "start",
    "startDate",
    "title",
    "topic",
)
"""Elements that tell one resource of a type and a patient from another."""
ENOUGH = 2


def is_like(sent: Json, held: Json) -> bool:
    """Whether `held` can only be what was sent: two signs or more agree and none speaks against it.

    What carries an identifier of ours is known by that, and is never merely like something.
    """
    if any(system == PLAN_STEP_SYSTEM for system, _ in identifiers(held)):
        return False
    compared = [_agree(sent[sign], held[sign]) for sign in SIGNS if sign in sent and sign in held]
    return len(compared) >= ENOUGH and all(compared)


def _agree(sent: Any, held: Any) -> bool:
    """The held value says what was sent; an EHR may add to it, and may spell a moment in another zone."""
    if isinstance(sent, Mapping):
        return isinstance(held, Mapping) and _words_agree(sent, held)
    if isinstance(sent, list):
        return isinstance(held, list) and all(any(_agree(s, h) for h in held) for s in sent)
    return bool(sent == held) or _same_moment(sent, held)


def _words_agree(sent: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    common = [name for name in sent if name in held]
    return bool(common) and all(_agree(sent[name], held[name]) for name in common)


def _same_moment(sent: Any, held: Any) -> bool:
    try:
        return datetime.fromisoformat(sent) == datetime.fromisoformat(held)
    except (TypeError, ValueError):
        return False
