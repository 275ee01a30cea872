"""Patient and Appointment as a list across patients needs them: whom to call, and where each visit stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ketplan.clinical.record import Booked
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.booked import read_appointment
from ketplan.fhir.datatypes import Json
from ketplan.fhir.patient import read_patient
from ketplan.fhir.reading import Reading
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM, visit_of_step

_SAID_YES = frozenset({"accepted", ""})
_PHONE = frozenset({"phone", "sms"})


@dataclass(frozen=True)
class Contact:
    """Who somebody is and how to reach them. `telephone` is numbers with their use, the best first."""

    id: str
    name: str
    born: str
    telephone: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Stands:
    """An appointment of ours: whose, of which plan, for which visit, how it stands (moments in UTC)."""

    patient: str = field(repr=False)
    plan: str
    key: str
    reference: str
    status: str
    start: datetime | None
    end: datetime | None
    resources: tuple[tuple[str, str], ...]
    unanswered: bool


def read_contact(raw: Json, zone: ZoneInfo, today: date) -> Contact:
    """A number that is no longer, or not yet, in use is left out."""
    person = read_patient(raw, Reading(zone, {}))
    points = [t for t in fhir.elements(raw.get("telecom")) if _in_use(t, today)]
    ranked = sorted(points, key=lambda t: t["rank"] if isinstance(t.get("rank"), int) else 99)
    numbers = [_number(t) for t in ranked if fhir.text(t.get("system")) in _PHONE]
    born = str(person.birth_date) if person.birth_date else ""
    return Contact(person.id, person.name, born, tuple(dict.fromkeys(filter(None, numbers))))


def _in_use(point: Json, today: date) -> bool:
    period = fhir.element(point.get("period"))
    end = fhir.text(period.get("end"))
    return point.get("use") != "old" and not (end and end[:10] < today.isoformat())


def _number(point: Json) -> str:
    value, use = fhir.text(point.get("value")), fhir.text(point.get("use"))
    return f"{value} ({use})" if value and use else value


def read_stands(raw: Json, zone: ZoneInfo, named: dict[str, tuple[str, str]]) -> Stands | None:
    """None for what is not ours, or is not about one patient. `named` tells plan and visit of an appointment
    whose identifier the EHR did not keep."""
    found = read_appointment(raw, Reading(zone, {}))
    booked = next((one for one in found if isinstance(one, Booked)), None)
    patient = patient_of(raw)
    if booked is None or not patient:
        return None
    plan, key = _ours(booked) or named.get(booked.reference, ("", ""))
    if not plan:
        return None
    start, end = (moment.astimezone(UTC) if moment else None for moment in (booked.start, booked.end))
    status, unanswered = booked.status or "", _unanswered(raw)
    return Stands(patient, plan, key, booked.reference, status, start, end, booked.resources, unanswered)


def patient_of(raw: Json) -> str:
    """The id of the one patient who takes part, "" when it names none or several."""
    actors = [fhir.reference(fhir.element(p.get("actor"))) for p in fhir.elements(raw.get("participant"))]
    people = {a.removeprefix("Patient/") for a in actors if a.startswith("Patient/")}
    return people.pop() if len(people) == 1 else ""


def _ours(booked: Booked) -> tuple[str, str] | None:
    for system, value in booked.identifiers:
        plan, _, step = value.partition("/")
        visit = visit_of_step(step) if system == PLAN_STEP_SYSTEM else None
        if visit:
            return plan, visit
    return None


def _unanswered(raw: Json) -> bool:
    for participant in fhir.elements(raw.get("participant")):
        actor = fhir.reference(fhir.element(participant.get("actor")))
        if actor.startswith("Patient/") and fhir.text(participant.get("status")) not in _SAID_YES:
            return True
    return False
