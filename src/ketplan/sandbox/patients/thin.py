"""Charts that are poor in facts, or made of entries a reader must survive."""

from __future__ import annotations

from decimal import Decimal

from ketplan.sandbox.patients.build import ICD10, RXNORM, SNOMED, Chart, quantity, term
from ketplan.sandbox.patients.disorders import GAD, worked_up


def nearly_empty(chart: Chart) -> None:
    chart.encounter(30, "New patient registration")


def messy(chart: Chart) -> None:
    """A complete chart for GAD, with everything in it that years of interfaces leave behind."""
    worked_up(chart, GAD, weight=Decimal("69.5"), height=173)
    _wrong_entries(chart)
    _withdrawn_entries(chart)
    _text_only_entries(chart)


def _wrong_entries(chart: Chart) -> None:
    """Not FHIR, but served by real systems all the same."""
    chart.add("Observation", status="final", subject=chart.subject, effectiveDateTime=chart.day(8))
    chart.observe("29463-7", "Body weight", 1, valueQuantity=quantity(70, "kg"))["effectiveDateTime"] = (
        "2024-13-45"
    )
    chart.observe("8867-4", "Heart rate", 5, valueQuantity={"value": "seventy", "unit": "/min"})
    chart.observe("8302-2", "Body height", 5, valueQuantity={"value": 173})["code"] = "8302-2"
    chart.observe("3016-3", "Thyrotropin (TSH)", 400)["effectiveDateTime"] = 2024
    chart.condition("Migraine", (ICD10, "G43.909", None))["clinicalStatus"] = "active"
    chart.add("Procedure", status="completed", subject=chart.subject, code=None)
    chart.add("MedicationRequest", status="active", intent="order", subject=chart.subject)


def _withdrawn_entries(chart: Chart) -> None:
    """Entered in error: any of them would change the assessment if it were read as true."""
    chart.measure("29463-7", "Body weight", 695, "kg", 2)["status"] = "entered-in-error"
    chart.pressure(245, 140, 1)["status"] = "entered-in-error"
    chart.condition("Schizophrenia", (SNOMED, "58214004", "Schizophrenia"), verification="entered-in-error")
    ketamine = (RXNORM, "6130", "ketamine")
    chart.allergy("Ketamine", ketamine)["verificationStatus"] = term(
        "allergyintolerance-verification", "entered-in-error"
    )


def _text_only_entries(chart: Chart) -> None:
    chart.condition("Feels <b>worse</b> in spring <script>alert('condition')</script>")
    chart.medication("", "St. John's wort tea", "one cup nightly", 60)["medicationCodeableConcept"] = {
        "text": "St. John's wort tea \"as needed\" <img src=x onerror=alert('drug')>"
    }
