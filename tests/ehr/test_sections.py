from datetime import date

import pytest

from ketplan.ehr.sections import SECTIONS, belongs, filled, references
from tests.ehr.builders import Json, a_resource

BASE = "https://ehr.example.org/fhir"


def test_the_table_names_each_section_once_and_fills_in_every_placeholder() -> None:
    specs = [*SECTIONS, *(part for spec in SECTIONS for part in spec.parts)]
    names = [spec.name for spec in specs]
    assert len(set(names)) == len(names)
    for spec in specs:
        for query in spec.queries:
            for _, value in filled(query, "p1", date(2026, 2, 16)):
                assert "{" not in value


def test_a_query_is_about_one_patient_and_asks_for_large_pages() -> None:
    appointment = next(spec for spec in SECTIONS if spec.name == "Appointment")
    assert filled(appointment.queries[-1], "p1", date(2026, 2, 16)) == (
        ("patient", "p1"),
        ("date", "ge2025-11-18"),
        ("date", "lt2027-03-23"),
        ("_count", "200"),
    )


@pytest.mark.parametrize(
    "resource",
    [
        a_resource(patient="p1"),
        {"subject": {"reference": f"{BASE}/Patient/p1/_history/3"}},
        {"patient": {"reference": "Patient/p1"}},
        {"for": {"reference": "Patient/p1"}},
        {
            "resourceType": "Appointment",
            "participant": [
                None,
                {"actor": {"reference": "Location/1"}},
                {"actor": {"reference": "Patient/p1"}},
            ],
        },
    ],
)
def test_what_names_the_patient_belongs(resource: Json) -> None:
    assert belongs(BASE, resource, "p1")


@pytest.mark.parametrize(
    "resource",
    [
        a_resource(patient="p10"),
        a_resource(patient=None),
        {"subject": {"reference": "Group/p1"}},
        {"subject": {"reference": "https://other.example.org/fhir/Patient/p1"}},
        {"subject": "Patient/p1"},
        {"resourceType": "Encounter", "participant": [{"actor": {"reference": "Patient/p1"}}]},
        {"resourceType": "Appointment", "participant": "x"},
    ],
)
def test_what_names_somebody_else_or_nobody_does_not(resource: Json) -> None:
    assert not belongs(BASE, resource, "p1")


def test_references_are_listed_once_without_contained_ones() -> None:
    orders: list[Json] = [
        {"medicationReference": {"reference": ref}} for ref in ("Medication/1", "#c", "Medication/1")
    ]
    assert references([*orders, {}, {"medicationReference": 3}], "medicationReference") == ["Medication/1"]
