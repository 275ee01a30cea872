"""FHIR resources for tests: small, valid by default, each keyword replaces a top-level element."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from ketplan.clinical.record import LOINC, RXNORM, SNOMED, UCUM, PatientRecord, Section
from ketplan.fhir.bundle import RawSection, sections_of
from ketplan.fhir.intake_form import INTAKE
from ketplan.fhir.record import parse_record

Json = dict[str, Any]

ZONE = ZoneInfo("America/New_York")
PATIENT_ID = "jane"
SUBJECT = {"reference": f"Patient/{PATIENT_ID}"}
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def concept(system: str, code: str, display: str = "", text: str = "") -> Json:
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return {"coding": [coding], **({"text": text} if text else {})}


def status(code: str, system: str = "condition-clinical") -> Json:
    return concept(TERMINOLOGY + system, code)


def quantity(value: Any, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def a_patient(**changes: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": PATIENT_ID,
        "name": [{"use": "official", "family": "Doe", "given": ["Jane", "Q"]}],
        "gender": "female",
        "birthDate": "1990-05-17",
        **changes,
    }


def a_condition(**changes: Any) -> Json:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "subject": SUBJECT,
        "code": concept(SNOMED, "21897009", "Generalized anxiety disorder"),
        "clinicalStatus": status("active"),
        "verificationStatus": status("confirmed", "condition-ver-status"),
        **changes,
    }


def an_allergy(**changes: Any) -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": SUBJECT,
        "code": concept(SNOMED, "716186003", text="No known allergy"),
        **changes,
    }


def a_request(**changes: Any) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": "m1",
        "subject": SUBJECT,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "36437", "sertraline"),
        **changes,
    }


def an_observation(**changes: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": "o1",
        "subject": SUBJECT,
        "status": "final",
        "code": concept(LOINC, "29463-7", "Body weight"),
        "effectiveDateTime": "2026-02-10",
        "valueQuantity": quantity(68, "kg"),
        **changes,
    }


def a_pressure(systolic: Any, diastolic: Any, **changes: Any) -> Json:
    """A blood-pressure panel: no value of its own, two components."""
    parts = [("8480-6", systolic), ("8462-4", diastolic)]
    panel = an_observation(
        id="bp1",
        code=concept(LOINC, "85354-9"),
        component=[
            {"code": concept(LOINC, loinc), "valueQuantity": quantity(value, "mm[Hg]")}
            for loinc, value in parts
        ],
        **changes,
    )
    del panel["valueQuantity"]
    return panel


def a_procedure(**changes: Any) -> Json:
    return {
        "resourceType": "Procedure",
        "id": "p1",
        "subject": SUBJECT,
        "status": "completed",
        "code": concept(SNOMED, "10197000", "Psychiatric interview and evaluation"),
        "performedDateTime": "2026-02-12",
        **changes,
    }


def an_intake(*items: Json, **changes: Any) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "questionnaire": INTAKE,
        "subject": SUBJECT,
        "status": "completed",
        "authored": "2026-02-16",
        "item": list(items),
        **changes,
    }


def a_survey(*items: Json, **changes: Any) -> Json:
    return an_intake(*items, **{"questionnaire": "http://example.org/Questionnaire/phq-9", **changes})


def answered(link: str, **value: Any) -> Json:
    return {"linkId": link, "answer": [value]}


def group(link: str, *items: Json) -> Json:
    return {"linkId": link, "item": list(items)}


def a_bundle(*resources: Any, kind: str = "collection") -> Json:
    """The patient and the resources, as a file would hold them."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [{"resource": resource} for resource in (a_patient(), *resources)],
    }


def a_record(*resources: Any) -> PatientRecord:
    """What is read from the patient and these resources."""
    return parse_record(sections_of(a_bundle(*resources)), None, ZONE)


def a_section(*resources: Any, name: str = "Condition", **changes: Any) -> RawSection:
    return RawSection(**{"name": name, "state": "found", "resources": resources, **changes})


def section(record: PatientRecord, name: str) -> Section:
    return next(s for s in record.sections if s.name == name)
