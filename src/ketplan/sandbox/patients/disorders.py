"""The six target disorders as a problem list codes them, and a chart worked up for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ketplan.sandbox.patients import workup
from ketplan.sandbox.patients.build import ICD10, SNOMED, Chart, Coding, Number
from ketplan.sandbox.patients.workup import CBT, ESCITALOPRAM, SERTRALINE, Therapy, Trial


@dataclass(frozen=True)
class Disorder:
    """A diagnosis and the total of its scale: (LOINC code if there is one, name, value)."""

    text: str
    codings: tuple[Coding, ...]
    scale: tuple[str | None, str, int]


GAD = Disorder(
    "Generalized anxiety disorder",
    ((SNOMED, "21897009", "Generalized anxiety disorder"), (ICD10, "F41.1", "Generalized anxiety disorder")),
    ("70274-6", "GAD-7 total score", 17),
)
SAD = Disorder(
    "Social anxiety disorder",
    ((SNOMED, "25501002", "Social phobia"), (ICD10, "F40.10", "Social phobia, unspecified")),
    (None, "LSAS-SR total", 96),
)
PANIC = Disorder(
    "Panic disorder",
    ((SNOMED, "371631005", "Panic disorder"), (ICD10, "F41.0", "Panic disorder")),
    (None, "PDSS total", 17),
)
PHOBIA = Disorder(
    "Specific phobia: spiders",
    ((SNOMED, "54587008", "Simple phobia"), (ICD10, "F40.210", "Arachnophobia")),
    (None, "Severity Measure for Specific Phobia total", 31),
)
OCD = Disorder(
    "Obsessive-compulsive disorder",
    (
        (SNOMED, "191736004", "Obsessive-compulsive disorder"),
        (ICD10, "F42.2", "Mixed obsessional thoughts and acts"),
    ),
    (None, "Y-BOCS total", 28),
)
PTSD = Disorder(
    "Posttraumatic stress disorder",
    (
        (SNOMED, "47505003", "Posttraumatic stress disorder"),
        (ICD10, "F43.12", "Post-traumatic stress disorder, chronic"),
    ),
    ("101698-9", "PCL-5 total score", 56),
)


def diagnosed(chart: Chart, disorder: Disorder) -> None:
    chart.condition(disorder.text, *disorder.codings)
    chart.score(disorder.scale[0], disorder.scale[1], disorder.scale[2], 4)


def worked_up(
    chart: Chart,
    *disorders: Disorder,
    weight: Number | None = Decimal("70.0"),
    height: Number | None = 170,
    pressure: tuple[int, int] | None = (124, 78),
    drugs: tuple[Trial, ...] = (SERTRALINE, ESCITALOPRAM),
    therapies: tuple[Therapy, ...] = (CBT,),
    allergies: bool = True,
    pregnant: bool = False,
    positive: tuple[str, ...] = (),
    suicidal: dict[str, bool] | None = None,
) -> None:
    """Everything an assessment asks for, complete and in date; a caller bends the one thing it is about."""
    for disorder in disorders:
        diagnosed(chart, disorder)
    workup.examined(chart, weight=weight, height=height)
    if pressure:
        chart.pressure(*pressure, ago=3)
    workup.tested(chart, pregnant=pregnant, positive=positive)
    workup.interviewed(chart, suicidal=suicidal)
    workup.treated(chart, drugs=drugs, therapies=therapies)
    if allergies:
        workup.no_known_allergy(chart)
