"""The six disorders, each chart complete."""

from __future__ import annotations

from decimal import Decimal

from ketplan.sandbox.clinic.staff import HALVORSEN
from ketplan.sandbox.patients.build import Chart
from ketplan.sandbox.patients.disorders import GAD, OCD, PANIC, PHOBIA, PTSD, SAD, worked_up
from ketplan.sandbox.patients.workup import (
    CLOMIPRAMINE,
    ERP,
    EXPOSURE,
    FLUVOXAMINE,
    SERTRALINE,
    SERTRALINE_NOW,
    TRAUMA_FOCUSED,
)


def generalized_anxiety(chart: Chart) -> None:
    worked_up(chart, GAD, weight=Decimal("68.0"), height=165)
    chart.encounter(0, "Treatment planning visit", status="in-progress")


def social_anxiety(chart: Chart) -> None:
    """An older site's habits: pounds, inches, blood pressure as two results; and a visit already booked."""
    worked_up(chart, SAD, weight=None, height=None, pressure=None)
    chart.measure("29463-7", "Body weight", 185, "[lb_av]", 3)
    chart.measure("8302-2", "Body height", 71, "[in_i]", 3)
    chart.measure("8480-6", "Systolic blood pressure", 126, "mm[Hg]", 3)
    chart.measure("8462-4", "Diastolic blood pressure", 80, "mm[Hg]", 3)
    monday = 7 - chart.today.weekday()
    chart.add(
        "Appointment",
        status="booked",
        serviceType=[{"text": "Primary care"}],
        description="Annual check-up with the family doctor",
        start=chart.moment(-monday, "09:00"),
        end=chart.moment(-monday, "10:00"),
        participant=[
            {"actor": chart.subject | {"display": "Marcus Testerfield"}, "status": "accepted"},
            {
                "actor": {"reference": f"Practitioner/{HALVORSEN.id}", "display": HALVORSEN.name},
                "status": "accepted",
            },
        ],
    )


def panic(chart: Chart) -> None:
    worked_up(chart, PANIC, weight=Decimal("63.5"), height=168)


def phobia(chart: Chart) -> None:
    worked_up(chart, PHOBIA, weight=Decimal("61.0"), height=168, drugs=(SERTRALINE,), therapies=(EXPOSURE,))


def obsessive_compulsive(chart: Chart) -> None:
    worked_up(
        chart,
        OCD,
        weight=Decimal("82.0"),
        height=183,
        drugs=(FLUVOXAMINE, CLOMIPRAMINE, SERTRALINE_NOW),
        therapies=(ERP,),
    )


def post_traumatic(chart: Chart) -> None:
    worked_up(chart, PTSD, weight=Decimal("77.0"), height=172, therapies=(TRAUMA_FOCUSED,))
