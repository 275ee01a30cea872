"""FHIR resources become the patient record: lenient, one malformed entry never hides the rest.

Left out on purpose: what was entered in error, and what is about another patient (counted in the section's
detail). Whatever could not be understood is counted as unreadable in its section, even where the rest of
the entry was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from ketplan.clinical.record import Fact, Intake, Patient, PatientRecord, Section, SectionState
from ketplan.errors import InputError
from ketplan.fhir import (
    adverse_event,
    allergy,
    booked,
    condition,
    intake,
    medication,
    observation,
    procedure,
    survey,
)
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.patient import read_patient
from ketplan.fhir.reading import Reader, Reading

# Resource type → where its facts go in the record, and who reads it.
READERS: dict[str, tuple[str, Reader]] = {
    "Condition": ("conditions", condition.read_condition),
    "AllergyIntolerance": ("allergies", allergy.read_allergy),
    "MedicationRequest": ("medications", medication.read_request),
    "MedicationStatement": ("medications", medication.read_statement),
    "MedicationAdministration": ("medications", medication.read_administration),
    "Observation": ("observations", observation.read_observation),
    "QuestionnaireResponse": ("observations", survey.read_survey),
    "Procedure": ("procedures", procedure.read_procedure),
    "Encounter": ("encounters", procedure.read_encounter),
    "List": ("empty_lists", booked.read_list),
    "AdverseEvent": ("adverse_events", adverse_event.read_adverse_event),
    "CarePlan": ("care_plans", booked.read_care_plan),
    "Appointment": ("appointments", booked.read_appointment),
}


class RawSectionLike(Protocol):
    """One search of the record as it came: `state` is a SectionState's value, `dropped` counts entries
    that were no resource, `detail` says what went wrong."""

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def resources(self) -> Sequence[Json]: ...
    @property
    def dropped(self) -> int: ...
    @property
    def detail(self) -> str: ...


@dataclass
class _Found:
    """What has been read so far; `waiting` are the resources (by Python id) still to be read."""

    patient: Patient
    waiting: set[int]
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    intakes: list[Intake] = field(default_factory=list)


def parse_record(sections: Iterable[RawSectionLike], patient_id: str | None, zone: ZoneInfo) -> PatientRecord:
    """The record of one patient; `patient_id` None takes the one Patient found. `zone` is the site's.

    Raises InputError when nothing says who the patient is.
    """
    raw_sections = list(sections)
    newest = _newest_versions(raw_sections)
    medications = {ref: raw for ref, raw in newest.items() if ref.startswith("Medication/")}
    reading = Reading(zone, medications)
    found = _Found(Patient(patient_id or _first_patient(newest)), set(map(id, newest.values())))
    read = tuple(_read_section(section, found, reading) for section in raw_sections)
    facts: dict[str, Any] = {name: tuple(several) for name, several in found.facts.items()}
    return PatientRecord(found.patient, intake=intake.newest(found.intakes), sections=read, **facts)


def _newest_versions(sections: list[RawSectionLike]) -> dict[str, Json]:
    """Every resource once, by its reference: searches overlap, and pages may repeat an entry."""
    newest: dict[str, Json] = {}
    for section in sections:
        for raw in section.resources:
            if isinstance(raw, dict):
                reference = fhir.reference_to(raw)
                # Without an id nothing says that two entries are the same.
                key = reference if "/" in reference else f"{reference}#{len(newest)}"
                known = newest.setdefault(key, raw)
                if known is not raw and _updated(raw) > _updated(known):
                    newest[key] = raw
    return newest


def _updated(raw: Json) -> str:
    return fhir.text(fhir.element(raw.get("meta")).get("lastUpdated"))


def _first_patient(newest: dict[str, Json]) -> str:
    for reference in newest:
        if reference.startswith("Patient/"):
            return reference.removeprefix("Patient/")
    raise InputError("The record does not say who the patient is.")


def _read_section(section: RawSectionLike, found: _Found, reading: Reading) -> Section:
    count, unreadable, others = 0, section.dropped, 0
    for raw in section.resources:
        reading.unread = False
        kind = fhir.text(raw.get("resourceType")) if isinstance(raw, dict) else ""
        if not kind:
            unreadable += 1
        elif _is_about_another(kind, raw, found.patient.reference):
            others += 1
        else:
            count += _read_entry(kind, raw, found, reading)
            unreadable += reading.unread
    return Section(
        section.name,
        _state(section.state, bool(count or unreadable)),
        count,
        unreadable,
        _detail(section.detail, others),
    )


def _read_entry(kind: str, raw: Json, found: _Found, reading: Reading) -> bool:
    """Adds what one resource says; False when it is none of the record's or was left out."""
    if id(raw) not in found.waiting:
        return kind in READERS
    found.waiting.remove(id(raw))
    if kind == "Patient":
        found.patient = read_patient(raw, reading)
        return True
    if kind not in READERS:
        return False
    if kind == "QuestionnaireResponse" and intake.is_intake(raw):
        answered = intake.read_intake(raw, reading)
        found.intakes.extend([answered] if answered else [])
        return answered is not None
    where, read = READERS[kind]
    facts = read(raw, reading)
    found.facts.setdefault(where, []).extend(facts)
    return bool(facts)


def _is_about_another(kind: str, raw: Json, patient: str) -> bool:
    """A server (or a proxy before it) that answers with somebody else's entries must not be believed."""
    if kind == "Patient":
        return fhir.reference_to(raw) != patient
    if kind not in READERS:
        return False
    if kind == "Appointment":
        actors = [fhir.reference(p.get("actor")) for p in fhir.elements(raw.get("participant"))]
        patients = [actor for actor in actors if actor.startswith("Patient/")]
        return bool(patients) and patient not in patients
    for name in ("subject", "patient"):
        pointer = raw.get(name)
        if pointer is not None and fhir.reference(pointer) not in ("", patient):
            return True
    return False


def _state(state: str, anything: bool) -> SectionState:
    known = next((member for member in SectionState if member == state), SectionState.FAILED)
    if known in (SectionState.FOUND, SectionState.EMPTY):
        return SectionState.FOUND if anything else SectionState.EMPTY
    return known


def _detail(detail: str, others: int) -> str:
    about = f"{others} about another patient left out" if others else ""
    return "; ".join(filter(None, (detail, about)))
