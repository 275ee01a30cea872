"""What was sent against what the EHR holds: what it dropped or changed, and what still has to be set."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from ketplan.writeback.references import patients, references
from ketplan.writeback.steps import Json, identifiers

CODES = ("status", "lifecycleStatus", "intent")
MOMENTS = ("start", "end")
LINKS = (
    "activity",
    "addresses",
    "basedOn",
    "derivedFrom",
    "goal",
    "participant",
    "reasonReference",
    "slot",
    "supportingInformation",
    "target",
)
# Words beside ours, which are others' to keep.
REMARKS = frozenset({"comment"})
# Whoever put a plan into one of these meant it; ketplan does not bring it back to life.
SETTLED = frozenset({"revoked", "completed", "entered-in-error", "on-hold", "cancelled"})


def differences(sent: Json, held: Json, but: Collection[str] = ()) -> str:
    """What the EHR made of what was sent, one sentence, empty when it kept all. `but` is not compared."""
    dropped = [name for name in (*LINKS, *MOMENTS) if name in sent and name not in but and not held.get(name)]
    if not set(identifiers(sent)) <= set(identifiers(held)):
        dropped.append("identifier")
    if patients(sent) - patients(held):
        dropped.append("the patient")
    changed = [
        name
        for name in (*LINKS, *MOMENTS)
        if name in sent and name not in but and name not in dropped and not _kept(name, sent, held)
    ]
    codes = [
        f"{name} is {_word(held.get(name))}"
        for name in CODES
        if name in sent and name not in but and sent[name] != held.get(name)
    ]
    said = [
        f"dropped {_listed(dropped)}" if dropped else "",
        f"changed {_listed(changed)}" if changed else "",
        f"says that {_listed(codes)}" if codes else "",
    ]
    facts = [fact for fact in said if fact]
    return f"The EHR {_listed(facts)}." if facts else ""


def with_changes(held: Json, wanted: Json, names: Collection[str]) -> Json:
    """The EHR's own resource with our `names` set: what we list is added to what they list, a remark of ours
    to theirs."""
    edited = copy.deepcopy(held)
    for name in names:
        ours = wanted.get(name)
        if isinstance(ours, list):
            theirs = _list(edited.get(name))
            added = [item for item in ours if item not in theirs and not _among(item, theirs)]
            if added:
                edited[name] = [*theirs, *added]
        elif name in REMARKS and isinstance(edited.get(name), str):
            said = edited[name]
            edited[name] = said if str(ours) in said else f"{said}\n{ours}"
        elif ours is not None:
            edited[name] = ours
    return edited


def as_decided(held: Json, wanted: Json, names: Collection[str]) -> Json:
    """The EHR's own resource with our `names` exactly as they are in `wanted`, as somebody decided."""
    edited = copy.deepcopy(held)
    for name in names:
        edited.pop(name, None)
        if name in wanted:
            edited[name] = wanted[name]
    return edited


def mark(held: Mapping[str, Any]) -> str:
    """A digest of what a resource says; another version that says the same has the same."""
    said = {name: value for name, value in held.items() if name not in ("meta", "text")}
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def settled(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The status somebody gave it that forbids ours; empty when there is none."""
    status = held.get("status")
    return status if status in SETTLED and status != wanted.get("status") else ""


def unexpected(held: Mapping[str, Any], wanted: Mapping[str, Any], expected: Collection[str]) -> str:
    """The status, other than ours, in which it may not be changed any more; empty when it may be."""
    name = "lifecycleStatus" if "lifecycleStatus" in wanted else "status"
    status = held.get(name)
    return _word(status) if expected and status not in (*expected, wanted.get(name)) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _among(item: Any, theirs: list[Any]) -> bool:
    """A note is known by its words, however its time is written there; a link by where it leads."""
    if isinstance(item, dict) and "text" in item:
        return any(isinstance(other, dict) and other.get("text") == item["text"] for other in theirs)
    mine = set(references(item))
    return bool(mine) and mine <= set(references(theirs))


def _kept(name: str, sent: Json, held: Json) -> bool:
    if name in MOMENTS:
        return _same_moment(sent[name], held[name])
    return set(references(sent[name])) <= set(references(held[name]))


def _same_moment(one: Any, other: Any) -> bool:
    try:
        return datetime.fromisoformat(one) == datetime.fromisoformat(other)
    except (TypeError, ValueError):
        return bool(one == other)


def _word(code: Any) -> str:
    """A code of the EHR's, only when it looks like one."""
    return (
        code if isinstance(code, str) and len(code) <= 30 and code.replace("-", "").isalpha() else "missing"
    )


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
