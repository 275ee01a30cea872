"""ActivityDefinitions: what one dose of a drug protocol, or one session of a therapy course, is.

Both become ServiceRequests with intent plan. The dose stands here as the protocol's, never as a patient's.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ketplan.clinical.plan import SessionMonitoring
from ketplan.clinical.protocols import cbt, ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.clinical.record import RXNORM, SNOMED
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import citation, header, quantity, with_literature
from ketplan.fhir.definitions.visits import drug_draft
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import CBT, IV_INFUSION, Intent, coding, concept, tidy

# Protocol facts 6 [V].
ROUTES = {
    "IV": coding(SNOMED, "47625008", "Intravenous route"),
    "IN": coding(SNOMED, "46713006", "Nasal route"),
    "PO": coding(SNOMED, "26643006", "Oral route"),
    "SC": coding(SNOMED, "34206005", "Subcutaneous route"),
}


def dose_activity(protocol: KetamineProtocol) -> Json:
    drafted = drug_draft(protocol)
    course, watch = drafted.ketamine, drafted.monitoring
    definition: Json = tidy(
        {
            **header("ActivityDefinition", protocol.id, protocol.title, active=protocol.enabled),
            "description": wording.sentence(wording.treatment(course)),
            "usage": " ".join([*course.titration, *_watched(watch), wording.NOT_AN_ORDER]),
            "relatedArtifact": with_literature(
                [
                    citation("Doses", protocol.source),
                    citation("Monitoring", watch.source) if watch else None,
                ]
            ),
            **_planned_service(),
            "code": concept(*([IV_INFUSION] if protocol.route == "IV" else []), text=protocol.title),
            "productCodeableConcept": concept(
                coding(RXNORM, protocol.rxnorm or "", ""), text=protocol.product or ""
            ),
            "dosage": list(_dosage(protocol)),
        }
    )
    return definition


def session_activity(course: CbtProtocol) -> Json:
    definition: Json = tidy(
        {
            **header("ActivityDefinition", course.id, course.title),
            "relatedArtifact": with_literature([citation("Sessions", course.source)]),
            **_planned_service(),
            "code": concept(CBT, text=course.title),
        }
    )
    return definition


def _planned_service() -> Json:
    return {"kind": "ServiceRequest", "intent": str(Intent.PLAN)}


def _watched(watch: SessionMonitoring | None) -> list[str]:
    return [line for line in wording.monitoring(watch) if line] if watch else []


def _dosage(protocol: KetamineProtocol) -> Iterator[Json]:
    """The first dose; ascending courses one for each dose, device courses the doses there are."""
    if protocol.mg_by_device:
        sizes = ", ".join(map(str, protocol.mg_by_device))
        yield {
            "text": f"{sizes} mg by number of devices; not dosed by weight.",
            "route": _route(protocol),
            "doseAndRate": [
                {
                    "doseRange": {
                        "low": quantity(min(protocol.mg_by_device), "mg"),
                        "high": quantity(max(protocol.mg_by_device), "mg"),
                    }
                }
            ],
        }
    for place, mg_per_kg in enumerate(protocol.mg_per_kg, 1):
        yield {
            "sequence": place,
            "text": _words(protocol, mg_per_kg, place),
            "route": _route(protocol),
            "doseAndRate": [_dose(protocol, mg_per_kg)],
            "maxDosePerAdministration": quantity(protocol.ceiling_mg_per_kg, "mg/kg")
            if protocol.ceiling_mg_per_kg
            else None,
        }


def _words(protocol: KetamineProtocol, mg_per_kg: Decimal, place: int) -> str:
    over = f" over {protocol.minutes} min" if protocol.minutes else ""
    return f"{mg_per_kg} mg/kg{over}, dose {place}."


def _dose(protocol: KetamineProtocol, mg_per_kg: Decimal) -> Json:
    dose = quantity(mg_per_kg, "mg/kg")
    over = {"numerator": dose, "denominator": quantity(protocol.minutes, "min")} if protocol.minutes else None
    return {"doseQuantity": dose, "rateRatio": over}


def _route(protocol: KetamineProtocol) -> Json:
    return concept(ROUTES[protocol.route]) if protocol.route in ROUTES else concept(text=protocol.route or "")


def activity_definitions() -> Iterator[Json]:
    yield from (dose_activity(protocol) for protocol in ketamine.PROTOCOLS if protocol.day_offsets)
    yield from map(session_activity, cbt.COURSES)
