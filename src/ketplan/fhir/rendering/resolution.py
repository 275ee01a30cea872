"""A clinician's decision about one resource that the EHR has otherwise than ketplan wrote it.

Mine: ours is written over exactly the version that was looked at. Theirs: the plan says from now on what the
EHR says, and nothing is written. Edit: a third version is written, for a visit another time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from ketplan.clinical.plan import Clinician
from ketplan.fhir.datatypes import Json
from ketplan.fhir.render import Step, Verb

KIND = "resolution"


class Choice(StrEnum):
    MINE = "mine"
    THEIRS = "theirs"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about the step `key` of the plan `plan`.

    `resource` is ours as it is to stand, `elements` are those it is about, `seen` the mark of the EHR's
    version that was looked at, "" where the EHR has none any more. `theirs` are its values of the elements.
    """

    id: str
    plan: str
    patient: str
    key: str
    target: str
    choice: Choice
    resource: Json
    elements: tuple[str, ...]
    seen: str
    reason: str
    clinician: Clinician
    at: datetime
    theirs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return KIND

    @property
    def said(self) -> dict[str, Any]:
        """What is kept of it, as JSON values."""
        return {
            "plan": self.plan,
            "key": self.key,
            "target": self.target,
            "choice": self.choice.value,
            "seen": self.seen,
            "reason": self.reason,
            "adopted": dict(self.theirs) if self.choice is Choice.THEIRS else None,
        }

    def steps(self) -> tuple[Step, ...]:
        """What is written: nothing where theirs is taken, the whole anew where the EHR has none."""
        if self.choice is Choice.THEIRS:
            return ()
        if not self.seen:
            return (Step(self.key, self.resource),)
        return (Step(self.key, self.resource, (), Verb.UPDATE, self.target, self._changes(), self.seen),)

    def _changes(self) -> tuple[str, ...]:
        """A visit that is to take place has no reason why it was cancelled (R4, app-4)."""
        more = ("cancelationReason",) if self.resource["resourceType"] == "Appointment" else ()
        return (*self.elements, *(more if "status" in self.elements else ()))
