"""A dosing session as it was closed: the Procedure, the MedicationAdministration, and what was observed.

A dose that was not given is written as not done, with the reason; what was measured before it is written too.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from ketplan.clinical.record import RXNORM, SNOMED, UCUM
from ketplan.clinical.session.sheet import mg_per_kg
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import (
    IV_INFUSION,
    coding,
    concept,
    number,
    placeholder,
    reference,
    references,
    tidy,
)
from ketplan.fhir.rendering.session_observations import observations
from ketplan.fhir.rendering.session_record import ADMINISTRATION, PROCEDURE, Session

_ROUTES = {
    "IV": coding(SNOMED, "47625008", "Intravenous route"),
    "IN": coding(SNOMED, "46713006", "Nasal route"),
    "PO": coding(SNOMED, "26643006", "Oral route"),
    "SC": coding(SNOMED, "34206005", "Subcutaneous route"),
}
_DRUGS = {"6130": "ketamine", "2119365": "esketamine"}


class SessionRecord(Session):
    """A closed sheet as a record to be written."""

    kind: ClassVar[str] = "session"

    def steps(self) -> tuple[Step, ...]:
        return render_session(self)


def render_session(record: Session) -> tuple[Step, ...]:
    """The steps that write it; KetplanError when one of them is not valid."""
    steps = (
        Step(PROCEDURE, _procedure(record)),
        Step(ADMINISTRATION, _administration(record), (PROCEDURE,)),
        *(Step(key, resource, (PROCEDURE,)) for key, resource in observations(record)),
    )
    for step in steps:
        require_valid(r4.build(step.resource), patient=record.patient, unlinked=True)
    return steps


def _procedure(record: Session) -> Json:
    planned, links = record.planned, record.links
    codings = [IV_INFUSION] if planned.route == "IV" else []
    resource: Json = tidy(
        {
            "resourceType": "Procedure",
            "identifier": record.names(PROCEDURE),
            "basedOn": references((links.request, links.care_plan)),
            "status": record.status,
            "statusReason": _why(record),
            "code": concept(*codings, text=f"{planned.title}: {planned.product}, supervised session"),
            "subject": reference(record.patient),
            "performedPeriod": _period(record),
            "performer": [{"actor": record.performer}],
            "note": [{"text": line} for line in _notes(record)],
        }
    )
    return resource


def _administration(record: Session) -> Json:
    planned, given = record.planned, record.sheet.started is not None
    drug = [coding(RXNORM, planned.rxnorm, _DRUGS.get(planned.rxnorm, ""))] if planned.rxnorm else []
    why = _why(record)
    resource: Json = tidy(
        {
            "resourceType": "MedicationAdministration",
            "identifier": record.names(ADMINISTRATION),
            "partOf": [reference(placeholder(PROCEDURE))],
            "status": record.status,
            "statusReason": [why] if why else [],
            "medicationCodeableConcept": concept(*drug, text=planned.product),
            "subject": reference(record.patient),
            "supportingInformation": references((record.links.appointment,)),
            "effectivePeriod": _period(record),
            # R4 asks for a time also of what was not done: it is when that was recorded.
            "effectiveDateTime": None if given else record.moment(record.at),
            "performer": [{"actor": record.performer}],
            "dosage": _dosage(record) if given else None,
        }
    )
    return resource


def _period(record: Session) -> Json | None:
    start, end = record.sheet.started, record.sheet.ended
    if start is None:
        return None
    return {"start": record.moment(start), "end": record.moment(end) if end else ""}


def _why(record: Session) -> Json | None:
    why = record.sheet.dose.get("why", "")
    return {"text": why} if why and record.status != "completed" else None


def _dosage(record: Session) -> Json:
    mg: Decimal = record.sheet.dose["mg"]
    return {
        "text": dose_words(record),
        "route": concept(*filter(None, [_ROUTES.get(record.planned.route)]), text=record.planned.route),
        "dose": {"value": mg, "unit": "mg", "system": UCUM, "code": "mg"},
    }


def dose_words(record: Session) -> str:
    """ "34 mg (0.50 mg/kg of 68 kg dosing weight)"."""
    mg = record.sheet.dose["mg"]
    by_weight, kg = mg_per_kg(record.planned, mg), record.planned.dosing_weight_kg
    sized = f" ({number(by_weight)} mg/kg of {number(kg)} kg dosing weight)" if by_weight and kg else ""
    return f"{number(mg)} mg{sized}"


def _notes(record: Session) -> Iterator[str]:
    dose = record.sheet.dose
    if record.sheet.started is not None:
        yield f"Dose given: {dose_words(record)}."
    if record.status == "completed" and dose.get("why"):
        yield f"Other than planned: {dose['why']}"
    for name, words in (("interventions", "Interventions"), ("rescue", "Rescue medicine")):
        if dose.get(name):
            yield f"{words}: {dose[name]}"
    for override in record.sheet.overrides:
        who = override.name or override.clinician
        yield f"{override.line} passed by {who}, {record.moment(override.at)}: {override.reason}"
    yield from record.remarks
