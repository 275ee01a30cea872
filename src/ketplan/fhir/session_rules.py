"""What the records of a dosing session must be, beside what `fhir.invariants` asks of everything written."""

from __future__ import annotations

from collections.abc import Iterator

from ketplan.fhir.datatypes import Json, element, elements

_PEOPLE = frozenset({"Practitioner", "PractitionerRole"})
_PATIENT = frozenset({"Patient"})
_DONE = frozenset({"completed", "stopped", "not-done"})
REQUIRED = {
    "AdverseEvent": (
        "identifier",
        "actuality",
        "event",
        "subject",
        "date",
        "recordedDate",
        "seriousness",
        "outcome",
        "recorder",
    ),
    "MedicationAdministration": (
        "identifier",
        "partOf",
        "status",
        "medicationCodeableConcept",
        "subject",
        "performer",
    ),
    "Procedure": ("identifier", "status", "code", "subject", "performer"),
}
CODES: dict[str, frozenset[str]] = {
    "AdverseEvent.actuality": frozenset({"actual"}),
    "AdverseEvent.outcome.coding.code": frozenset(
        {"resolved", "recovering", "ongoing", "resolvedWithSequelae", "fatal", "unknown"}
    ),
    "MedicationAdministration.status": _DONE,
    "Procedure.status": _DONE,
}
TARGETS: dict[str, frozenset[str]] = {
    "AdverseEvent.recorder": _PEOPLE,
    "AdverseEvent.subject": _PATIENT,
    "AdverseEvent.suspectEntity.instance": frozenset({"MedicationAdministration"}),
    "MedicationAdministration.partOf": frozenset({"Procedure"}),
    "MedicationAdministration.performer.actor": _PEOPLE,
    "MedicationAdministration.subject": _PATIENT,
    "MedicationAdministration.supportingInformation": frozenset({"Appointment"}),
    "Observation.basedOn": frozenset({"ServiceRequest"}),
    "Observation.partOf": frozenset({"Procedure"}),
    "Procedure.basedOn": frozenset({"CarePlan", "ServiceRequest"}),
    "Procedure.performer.actor": _PEOPLE,
    "Procedure.subject": _PATIENT,
}
TIMES = {
    "AdverseEvent.date": "dateTime",
    "AdverseEvent.recordedDate": "dateTime",
    "MedicationAdministration.effectiveDateTime": "dateTime",
    "MedicationAdministration.effectivePeriod.end": "dateTime",
    "MedicationAdministration.effectivePeriod.start": "dateTime",
    "Observation.issued": "instant",
    "Procedure.performedPeriod.end": "dateTime",
    "Procedure.performedPeriod.start": "dateTime",
}


def administration(resource: Json) -> Iterator[str]:
    """R4's mad-1; and a dose that was given has its size and its time, one that was not has neither."""
    given = resource.get("status") != "not-done"
    dose = element(element(resource.get("dosage")).get("dose"))
    if given and not ("value" in dose and dose.get("code") == "mg"):
        yield "dosage.dose: required in mg of a dose that was given"
    if not given and "dosage" in resource:
        yield "dosage: none of a dose that was not given"
    if ("effectivePeriod" in resource) is not given or ("effectiveDateTime" in resource) is given:
        yield "effective[x]: a period of what was given, a time of what was not"
    if not given and "statusReason" not in resource:
        yield "statusReason: required of a dose that was not given"


def procedure(resource: Json) -> Iterator[str]:
    given = resource.get("status") != "not-done"
    if ("performedPeriod" in resource) is not given:
        yield "performedPeriod: of what was done, and only of that"
    if not given and "statusReason" not in resource:
        yield "statusReason: required of what was not done"


def adverse_event(resource: Json) -> Iterator[str]:
    if not element(resource.get("event")).get("text"):
        yield "event.text: required"
    for place, suspect in enumerate(elements(resource.get("suspectEntity"))):
        if "instance" not in suspect:
            yield f"suspectEntity[{place}].instance: required"
