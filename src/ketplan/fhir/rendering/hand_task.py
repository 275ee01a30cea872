"""A task that a coordinator gives about one row of the worklist, as it is written into the EHR.

Worklists are read by many: it names the visit and what is to be done, and nothing of why the patient is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from ketplan.clinical.plan import Clinician
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import Intent, moment, reference, step_identifier, tidy

TASK = "task"


@dataclass(frozen=True, slots=True)
class HandTask:
    """`id` names it for ever: given twice it is one task. `clinician` is the user who gives it; `patient` is
    "Patient/…"; `title` is the visit, `step` what is to be done, `due` by when; `row` the worklist's row."""

    id: str
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    row: str
    plan: str
    title: str
    step: str
    due: datetime

    kind: ClassVar[str] = "hand-task"

    @property
    def said(self) -> Mapping[str, Any]:
        return {"row": self.row, "plan": self.plan, "title": self.title, "step": self.step}

    def steps(self) -> tuple[Step, ...]:
        """The one step that writes it; KetplanError when it is not valid."""
        step = Step(TASK, _task(self))
        require_valid(r4.build(step.resource), patient=self.patient)
        return (step,)


def _task(given: HandTask) -> Json:
    due = {"end": moment(max(given.due, given.at), given.zone)}
    resource: Json = tidy(
        {
            "resourceType": "Task",
            "identifier": [step_identifier(given.id, TASK)],
            "status": "requested",
            "intent": Intent.PLAN,
            "priority": "routine",
            "description": f"{given.title}: {given.step}",
            "for": reference(given.patient),
            "authoredOn": moment(given.at, given.zone),
            "requester": reference(given.clinician.reference, given.clinician.name),
            "restriction": {"period": due},
        }
    )
    return resource
