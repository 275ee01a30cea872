"""Charts for which no ketamine may be proposed."""

from __future__ import annotations

from decimal import Decimal

from ketplan.sandbox.patients.build import ICD10, RXNORM, SNOMED, Chart
from ketplan.sandbox.patients.disorders import GAD, PTSD, SAD, worked_up
from ketplan.sandbox.patients.workup import TRAUMA_FOCUSED


def allergic(chart: Chart) -> None:
    worked_up(chart, SAD, weight=Decimal("66.0"), height=174, allergies=False)
    chart.allergy(
        "Ketamine: urticaria and bronchospasm",
        (RXNORM, "6130", "ketamine"),
        (SNOMED, "373464007", "Ketamine"),
        criticality="high",
        category=["medication"],
        reaction=[{"manifestation": [{"text": "Urticaria"}, {"text": "Bronchospasm"}], "severity": "severe"}],
    )


def pregnant(chart: Chart) -> None:
    worked_up(chart, PTSD, weight=Decimal("64.0"), height=163, therapies=(TRAUMA_FOCUSED,), pregnant=True)


def psychotic(chart: Chart) -> None:
    worked_up(chart, GAD, weight=Decimal("76.0"), height=180)
    chart.condition("Schizophrenia", (SNOMED, "58214004", "Schizophrenia"), (ICD10, "F20.9", None))


def minor(chart: Chart) -> None:
    worked_up(chart, SAD, weight=Decimal("55.0"), height=165)


def deceased(chart: Chart) -> None:
    worked_up(chart, GAD, weight=Decimal("81.0"), height=179)
    chart.resources[0]["deceasedDateTime"] = chart.moment(2, "04:10")
