"""A closed session sheet as the rendering modules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ketplan.clinical.plan import Clinician
from ketplan.clinical.session.sheet import PlannedDose, Sheet
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering.authoring import moment, reference, step_identifier
from ketplan.fhir.session_codes import PLAN_VISIT_SYSTEM

PROCEDURE, ADMINISTRATION = "procedure", "administration"


@dataclass(frozen=True, slots=True)
class PlanLinks:
    """What of the plan stands in the EHR, as "Type/id"; "" where it does not, or is not known."""

    care_plan: str = ""
    request: str = ""
    appointment: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A closed sheet. `id` names it for ever, `at` is when it was closed, `zone` the site's; `said` is all
    that was entered, as it was typed; `remarks` are sentences on lines that were passed or not met."""

    id: str
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    planned: PlannedDose
    sheet: Sheet
    said: Mapping[str, Any]
    links: PlanLinks = field(default_factory=PlanLinks)
    remarks: tuple[str, ...] = ()

    @property
    def performer(self) -> Json:
        return reference(self.clinician.reference, self.clinician.name)

    def moment(self, at: datetime) -> str:
        return moment(at, self.zone)

    def names(self, key: str) -> list[Json]:
        """The identifiers of what the step `key` creates: the step's own, and the visit's."""
        visit = f"{self.planned.plan_id}/{self.planned.visit}"
        return [step_identifier(self.id, key), {"system": PLAN_VISIT_SYSTEM, "value": visit}]

    @property
    def status(self) -> str:
        if self.sheet.started is None:
            return "not-done"
        return "stopped" if self.sheet.stopped else "completed"
