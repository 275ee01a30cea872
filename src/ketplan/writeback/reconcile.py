"""What the EHR has of a plan, held against what was written and what the plan says now. Nothing is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ketplan.writeback.authored import Authored
from ketplan.writeback.compare import mark
from ketplan.writeback.elements import READ_BACK, SHARED, elements_of, missing, same
from ketplan.writeback.noted import noted
from ketplan.writeback.references import patients
from ketplan.writeback.steps import Json

TOOK_PLACE = frozenset({"arrived", "checked-in", "fulfilled"})
"""What a visit becomes by being kept: the plan wanted nothing else."""
ENDED = frozenset({"cancelled", "revoked", "entered-in-error", "noshow", "rejected"})


class Kind(StrEnum):
    """How a resource of ours stands in the EHR."""

    UNCHANGED = "unchanged"
    CHANGED = "changed there"
    BOTH = "changed on both sides"
    CANCELLED = "cancelled there"
    GONE = "gone"
    MERGED = "patient merged"
    FOREIGN = "now about another patient"
    UNREAD = "could not be looked at"


DIFFERS = frozenset(Kind) - {Kind.UNCHANGED, Kind.UNREAD}
STOPS = frozenset({Kind.MERGED, Kind.FOREIGN})
"""Nothing is decided here about these: somebody has to look into the EHR."""


@dataclass(frozen=True)
class Difference:
    """One element in its three versions; None where it is not there."""

    element: str
    base: Any
    ours: Any
    theirs: Any

    @property
    def both(self) -> bool:
        return not _agrees(self.element, self.base, self.ours)


@dataclass(frozen=True)
class Looked:
    """One resource after it was looked at. `seen` is the mark of the version in the EHR, `why` says in words
    what cannot be said in rows, `theirs` is the EHR's resource where it has one."""

    authored: Authored
    kind: Kind
    rows: tuple[Difference, ...] = ()
    seen: str = ""
    why: str = ""
    theirs: Json | None = None

    @property
    def differs(self) -> bool:
        return self.kind in DIFFERS


def differences(base: Json, ours: Json, theirs: Json, said: str = "") -> tuple[Difference, ...]:
    """Every element that the EHR has otherwise than we wrote it, and than the plan says now.

    Only what we wrote or would write is compared. What the EHR made of it at the writing itself (`said`, as
    `compare.differences` told it) is no change; nor is the lack of what was never looked at then.
    """
    kind = str(base.get("resourceType") or ours.get("resourceType"))
    known = noted(said)
    found = []
    for name in elements_of(kind):
        wrote, plan, held = base.get(name), ours.get(name), theirs.get(name)
        if wrote is None and plan is None:
            continue
        if held is None and (name in known.dropped or name not in READ_BACK):
            continue
        if (name, held) in known.codes.items() or _agrees(name, wrote, held) or _agrees(name, plan, held):
            continue
        if kind == "Appointment" and name == "status" and held in TOOK_PLACE:
            continue
        if name in known.changed and name not in ("start", "end"):
            continue
        found.append(Difference(name, wrote, plan, held))
    return tuple(found)


def look(one: Authored, theirs: Json | None, patient_id: str, merged_into: str = "") -> Looked:
    """How `one` stands, given what the EHR has under its id (None: nothing any more)."""
    if theirs is None:
        return Looked(one, Kind.UNCHANGED if one.gone else Kind.GONE)
    seen = mark(theirs)
    if others := patients(theirs) - {patient_id}:
        kind = Kind.MERGED if merged_into and others == {merged_into} else Kind.FOREIGN
        return Looked(one, kind, seen=seen)
    rows = differences(one.base, one.ours, theirs, one.noted)
    return Looked(one, _kind(rows, theirs), rows, seen, theirs=theirs)


def as_kept(one: Authored, theirs: Json) -> Mapping[str, Any]:
    """The elements that the EHR itself made something else of, for a version nobody has touched since."""
    rows = differences(one.base, one.base, theirs)
    lacking = [n for n in elements_of(one.type) if n in one.base and n not in theirs]
    return dict.fromkeys(lacking) | {row.element: row.theirs for row in rows}


def _kind(rows: tuple[Difference, ...], theirs: Json) -> Kind:
    if not rows:
        return Kind.UNCHANGED
    state = next((row for row in rows if row.element in ("status", "lifecycleStatus")), None)
    if state and state.theirs in ENDED:
        return Kind.CANCELLED
    return Kind.BOTH if any(row.both for row in rows) else Kind.CHANGED


def _agrees(name: str, wrote: Any, held: Any) -> bool:
    """Whether the EHR's value still says what was written; others may have added to some elements."""
    if name in SHARED and wrote is not None and held is not None:
        return same(name, wrote, held) and not missing(name, wrote, held)
    return same(name, wrote, held)
