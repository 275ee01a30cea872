"""One course of treatment as the rendering modules see it: a signed plan, or a draft nobody has signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ketplan.clinical.plan import Clinician, ConfirmedPlan, Draft, Resolution, Visit, VisitKind
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering.authoring import moment, references, visit_step
from ketplan.scheduling.timetable import Placed, Timetable

CARE_PLAN = "care-plan"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A draft to be shown as it would be written; id and moment are the caller's."""

    id: str
    draft: Draft
    at: datetime


@dataclass(frozen=True, slots=True)
class Course:
    """`clinician` is None and `resolutions` is empty as long as nobody has signed."""

    id: str
    draft: Draft
    timetable: Timetable
    at: datetime
    clinician: Clinician | None = None
    resolutions: tuple[Resolution, ...] = ()

    @classmethod
    def of(cls, plan: ConfirmedPlan | Unsigned, timetable: Timetable) -> Course:
        if isinstance(plan, Unsigned):
            return cls(plan.id, plan.draft, timetable, plan.at)
        return cls(plan.id, plan.draft, timetable, plan.confirmed_at, plan.clinician, plan.resolutions)

    @property
    def patient(self) -> str:
        """The reference "Patient/…", whether the draft holds that or the bare id."""
        return self.draft.patient if "/" in self.draft.patient else f"Patient/{self.draft.patient}"

    @property
    def written(self) -> str:
        return moment(self.at, self.timetable.zone)

    @property
    def conditions(self) -> list[Json]:
        return [r for r in references(self.draft.addresses) if r["reference"].startswith("Condition/")]

    @property
    def visits(self) -> tuple[Visit, ...]:
        placed = tuple(p.visit for p in self.timetable.placed)
        return placed + tuple(u.visit for u in self.timetable.unplaced)

    @property
    def kinds(self) -> tuple[VisitKind, ...]:
        """The modalities this course has, each of which becomes a ServiceRequest."""
        present = {visit.kind for visit in self.visits}
        return tuple(kind for kind in VisitKind if kind in present)

    @property
    def span(self) -> tuple[date, date]:
        """The start, or an earlier planning session, to the last visit."""
        days = [self.draft.start, *(p.start.date() for p in self.timetable.placed)]
        days += [u.visit.target for u in self.timetable.unplaced]
        return min(days), max(days)

    @property
    def protocols(self) -> tuple[str, ...]:
        """The protocols followed, of the modalities that are there."""
        kinds, cbt = self.kinds, self.draft.cbt
        ketamine = (self.draft.ketamine.protocol,) if VisitKind.INFUSION in kinds else ()
        return ketamine + ((cbt.protocol,) if cbt and VisitKind.CBT in kinds else ())

    def of_kind(self, kind: VisitKind) -> tuple[Visit, ...]:
        return tuple(visit for visit in self.visits if visit.kind is kind)

    def placed(self, kind: VisitKind) -> tuple[Placed, ...]:
        return tuple(p for p in self.timetable.placed if p.visit.kind is kind)


def request_key(kind: VisitKind) -> str:
    """The step that writes the ServiceRequest of a modality."""
    return f"request-{kind.value.replace('_', '-')}"


def appointment_key(visit: Visit) -> str:
    return visit_step(visit.key)


def goal_key(number: int) -> str:
    return f"goal-{number}"
