"""An adverse event, within a dosing session or outside one, as AdverseEvent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from ketplan.clinical.plan import Clinician
from ketplan.clinical.progress.facts import EventKind
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import coding, concept, moment, reference, step_identifier, tidy
from ketplan.fhir.rendering.session_record import ADMINISTRATION
from ketplan.fhir.session_codes import ADVERSE_EVENT_KIND, code_of

EVENT = "event"
SERIOUSNESS = "http://terminology.hl7.org/CodeSystem/adverse-event-seriousness"
OUTCOME = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"


class Seriousness(StrEnum):
    """HL7's codes; "serious" is what kills, threatens life, brings to hospital, disables, or is prevented
    from it only by an intervention."""

    NOT_SERIOUS = "Non-serious"
    SERIOUS = "Serious"


class EventOutcome(StrEnum):
    RESOLVED = "resolved"
    RECOVERING = "recovering"
    ONGOING = "ongoing"
    SEQUELAE = "resolvedWithSequelae"
    FATAL = "fatal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AdverseEventRecord:
    """`onset` is a day or an aware moment. `session` is the record id of the dosing session it happened in,
    "" outside one."""

    id: str
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    event: EventKind
    words: str
    onset: date | datetime
    seriousness: Seriousness
    action: str
    outcome: EventOutcome
    session: str = ""
    kind: ClassVar[str] = "adverse-event"

    @property
    def said(self) -> dict[str, Any]:
        return {
            "event": self.event.value,
            "words": self.words,
            "onset": self.onset.isoformat(),
            "seriousness": self.seriousness.value,
            "action": self.action,
            "outcome": self.outcome.value,
            "session": self.session,
        }

    def steps(self) -> tuple[Step, ...]:
        """The one step that writes it; KetplanError when it is not valid."""
        step = Step(EVENT, _event(self))
        require_valid(r4.build(step.resource), patient=self.patient)
        return (step,)


def _event(record: AdverseEventRecord) -> Json:
    code, recorded = code_of(record.event), moment(record.at, record.zone)
    resource: Json = tidy(
        {
            "resourceType": "AdverseEvent",
            "identifier": step_identifier(record.id, EVENT),
            "actuality": "actual",
            "event": concept(coding(ADVERSE_EVENT_KIND, code, record.event.value), text=_words(record)),
            "subject": reference(record.patient),
            "date": _onset(record),
            "recordedDate": recorded,
            "seriousness": concept({"system": SERIOUSNESS, "code": record.seriousness.value}),
            "outcome": concept({"system": OUTCOME, "code": record.outcome.value}),
            "recorder": reference(record.clinician.reference, record.clinician.name),
            "suspectEntity": [{"instance": _dose(record)}] if record.session else [],
        }
    )
    return resource


def _words(record: AdverseEventRecord) -> str:
    """R4 has no element for what was done about it, so it stands in the words."""
    said = f"{record.event.value[:1].upper()}{record.event.value[1:]}: {record.words}"
    return f"{said}. Action taken: {record.action}" if record.action else said


def _onset(record: AdverseEventRecord) -> str:
    if isinstance(record.onset, datetime):
        return moment(record.onset, record.zone)
    return record.onset.isoformat()


def _dose(record: AdverseEventRecord) -> Json:
    """The administration by its identifier: it may not have been written yet."""
    name = step_identifier(record.session, ADMINISTRATION)
    return {"type": "MedicationAdministration", "identifier": name, "display": "The dose of this session"}
