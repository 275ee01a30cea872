"""The synthetic patients: who they are, and what each of them is there to provoke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from ketplan.sandbox.patients import blocked, held, ready, thin
from ketplan.sandbox.patients.build import Chart, Person
from ketplan.sandbox.wire import Resource

READY, HELD, BLOCKED, THIN = "Ready", "To decide", "Blocked", "Thin or messy charts"
GROUPS = (READY, HELD, BLOCKED, THIN)


@dataclass(frozen=True)
class Case:
    """A synthetic patient and the reason for having one like this."""

    person: Person
    group: str
    provokes: str
    fill: Callable[[Chart], None]

    def resources(self, today: date, zone: ZoneInfo) -> list[Resource]:
        """The chart, all dates relative to ``today``; the Patient comes first."""
        chart = Chart(self.person, today, zone)
        self.fill(chart)
        return chart.resources


def _case(
    who: tuple[str, str, str, str, int], group: str, provokes: str, fill: Callable[[Chart], None], mrn: int
) -> Case:
    return Case(Person(*who, mrn), group, provokes, fill)


_ROWS = (
    (("gad-ready", "Jane", "Samplewood", "F", 34), READY,
     "Ready: generalized anxiety, treatment-resistant, work-up complete", ready.generalized_anxiety),
    (("sad-pounds", "Marcus", "Testerfield", "M", 45), READY,
     "Ready: social anxiety; weight in pounds, height in inches, busy next Monday at 9",
     ready.social_anxiety),
    (("ocd-erp", "Daniel", "Placeholm", "M", 33), READY,
     "Ready: obsessive-compulsive disorder, one infusion with exposure and response prevention",
     ready.obsessive_compulsive),
    (("ptsd-pe", "Grace", "Fauxbourne", "F", 43), READY,
     "Ready: post-traumatic stress with prolonged exposure; 38.5 mg must round to 39", ready.post_traumatic),
    (("panic-review", "Elena", "Mockridge", "F", 38), HELD,
     "Review: panic disorder, where the evidence is one case report", ready.panic),
    (("phobia-cbt", "Sofia", "Demohurst", "F", 26), HELD,
     "Review: spider phobia, no evidence for ketamine; therapy only", ready.phobia),
    (("suicide-risk", "Anneke", "Dummoor", "F", 41), HELD,
     "Hold: suicidal thoughts with intent in the past month; comes before everything else", held.suicidal),
    (("pressure-hold", "Harold", "Trialford", "M", 55), HELD,
     "Hold: blood pressure 165/102, repeated 162/100", held.high_blood_pressure),
    (("no-weight", "Ruth", "Protomann", "F", 57), HELD,
     "Review: no weight on file, so no dose", held.no_weight),
    (("old-weight", "Samir", "Nullstrom", "M", 39), HELD,
     "Review: the weight is 120 days old, so the dose is provisional", held.old_weight),
    (("high-bmi", "Walter", "Bulkman", "M", 48), HELD,
     "Review: body-mass index 33, so which weight to dose on is a choice", held.obese),
    (("two-diagnoses", "Naomi", "Ditherington", "F", 36), HELD,
     "Review: generalized and social anxiety, and nobody has said which leads", held.two_diagnoses),
    (("lorazepam", "Iris", "Stubbington", "F", 52), HELD,
     "Review: takes lorazepam, ordered by reference to a Medication", held.benzodiazepine),
    (("age-70", "Bernard", "Oldcastle-Sample", "M", 70), HELD,
     "Review: aged 70, so the first dose starts lower", held.older),
    (("not-resistant", "Toby", "Firstline", "M", 30), HELD,
     "Review: first-line treatment has not been tried yet; therapy only", held.first_line_only),
    (("ketamine-allergy", "Owen", "Synthwaite", "M", 47), BLOCKED,
     "Blocked: allergy to ketamine", blocked.allergic),
    (("pregnant", "Lucia", "Examplar", "F", 31), BLOCKED,
     "Blocked: pregnancy test positive", blocked.pregnant),
    (("schizophrenia", "Peter", "Fixtureau", "M", 29), BLOCKED,
     "Blocked: schizophrenia on the problem list", blocked.psychotic),
    (("age-17", "Mia", "Youngblood-Test", "F", 17), BLOCKED,
     "Blocked: 17 years old", blocked.minor),
    (("deceased", "Edmund", "Pastorek-Test", "M", 66), BLOCKED,
     "Blocked: deceased", blocked.deceased),
    (("empty-chart", "Nell", "Blankley", "F", 28), THIN,
     "Nothing recorded but the registration", thin.nearly_empty),
    (("messy-chart", "Quentin", "Garbleton", "M", 44), THIN,
     "Complete for generalized anxiety, among malformed, withdrawn, text-only and hostile entries",
     thin.messy),
)  # fmt: skip

CASES: tuple[Case, ...] = tuple(_case(*row, mrn=100 + number) for number, row in enumerate(_ROWS, 1))
PATIENT_WHO_SIGNS_IN = CASES[0].person
