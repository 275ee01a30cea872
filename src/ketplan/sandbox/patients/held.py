"""Charts that make a clinician decide something, or wait, before anything may be written."""

from __future__ import annotations

from decimal import Decimal

from ketplan.sandbox.patients.build import ICD10, RXNORM, SNOMED, Chart, concept
from ketplan.sandbox.patients.disorders import GAD, SAD, worked_up
from ketplan.sandbox.patients.workup import (
    BENZODIAZEPINE_SCREEN,
    SERTRALINE,
    VENLAFAXINE,
    Trial,
)


def high_blood_pressure(chart: Chart) -> None:
    worked_up(chart, GAD, weight=Decimal("90.0"), height=178, pressure=None)
    chart.condition(
        "Essential hypertension", (SNOMED, "59621000", "Essential hypertension"), (ICD10, "I10", None)
    )
    chart.pressure(165, 102, 1, "10:00")
    chart.pressure(162, 100, 1, "10:20")


def suicidal(chart: Chart) -> None:
    yes = dict.fromkeys(("93246-7", "93247-5", "93248-3", "93249-1"), True)
    worked_up(chart, GAD, weight=Decimal("59.0"), height=167, suicidal=yes | {"93250-9": False})


def no_weight(chart: Chart) -> None:
    worked_up(chart, GAD, weight=None, height=178)


def old_weight(chart: Chart) -> None:
    worked_up(chart, GAD, weight=None, height=176)
    chart.measure("29463-7", "Body weight", Decimal("74.2"), "kg", 120)


def obese(chart: Chart) -> None:
    worked_up(chart, SAD, weight=Decimal("101.0"), height=175)


def two_diagnoses(chart: Chart) -> None:
    worked_up(chart, GAD, SAD, weight=Decimal("66.4"), height=171)


def benzodiazepine(chart: Chart) -> None:
    """Takes lorazepam, ordered by reference to a Medication; the urine screen agrees."""
    worked_up(chart, GAD, weight=Decimal("71.0"), height=169, positive=(BENZODIAZEPINE_SCREEN,))
    lorazepam = chart.add(
        "Medication",
        code=concept((RXNORM, "6470", "lorazepam"), text="lorazepam 1 mg tablet"),
        status="active",
    )
    by_reference = {"reference": f"Medication/{lorazepam['id']}", "display": "lorazepam 1 mg tablet"}
    chart.medication("6470", "lorazepam", "1 mg twice daily", 200, medicationReference=by_reference)


def older(chart: Chart) -> None:
    worked_up(
        chart, GAD, weight=Decimal("79.0"), height=176, pressure=(136, 82), drugs=(SERTRALINE, VENLAFAXINE)
    )


def first_line_only(chart: Chart) -> None:
    """Three weeks of a starting dose and no course of therapy: first-line treatment is still to be tried."""
    drug = Trial("36437", "sertraline", "50 mg daily", 21)
    worked_up(chart, GAD, weight=Decimal("72.0"), height=181, drugs=(drug,), therapies=())
