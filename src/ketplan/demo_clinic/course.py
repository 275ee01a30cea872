"""One patient's course, signed some days before it began: chart, assessment, plan and what is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from random import Random
from typing import Any

from ketplan import workflow
from ketplan.clinical.plan import Clinician, ConfirmedPlan, Resolution, VisitKind
from ketplan.demo_clinic.free_time import FreeTime, Json
from ketplan.demo_clinic.roster import Treated, Twist
from ketplan.fhir.bundle import sections_of
from ketplan.fhir.render import Step
from ketplan.sandbox.clinic.staff import HALVORSEN
from ketplan.sandbox.patients.build import Chart, Person
from ketplan.sandbox.patients.disorders import GAD, OCD, PTSD, SAD, worked_up
from ketplan.sandbox.patients.workup import CLOMIPRAMINE, ERP, FLUVOXAMINE, SERTRALINE_NOW, TRAUMA_FOCUSED
from ketplan.scheduling.timetable import Placed

PSYCHIATRIST = Clinician(f"Practitioner/{HALVORSEN.id}", HALVORSEN.name)
OPENS = time(8)
FIRST_MRN = 300
STOPPED_AFTER = {Twist.SUSPENDED: 9, Twist.REVOKED: 24, Twist.COMPLETED: 121}
"""Days from day 0."""
_DISORDERS = {"GAD": GAD, "SAD": SAD, "OCD": OCD, "PTSD": PTSD}
_TREATED: dict[str, dict[str, Any]] = {
    "OCD": {"drugs": (FLUVOXAMINE, CLOMIPRAMINE, SERTRALINE_NOW), "therapies": (ERP,)},
    "PTSD": {"therapies": (TRAUMA_FOCUSED,)},
}


@dataclass(frozen=True)
class Clinic:
    """The demo clinic on one morning: `server` is the EHR's FHIR base."""

    server: str
    today: date
    practice: workflow.Practice
    free: FreeTime

    @property
    def now(self) -> datetime:
        """Before the first visit of the day."""
        return self.at(self.today, OPENS)

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, self.practice.zone)


@dataclass(frozen=True)
class Signed:
    """A signed course: what the chart held, what it is written with, and every visit with its time."""

    patient: Treated
    person: Person
    clinic: Clinic
    chance: Random
    charted: tuple[Json, ...]
    proposal: workflow.Proposal
    plan: ConfirmedPlan
    steps: tuple[Step, ...]
    slots: tuple[Json, ...]

    @property
    def reference(self) -> str:
        return f"Patient/{self.person.id}"

    @cached_property
    def visits(self) -> tuple[Placed, ...]:
        return self.proposal.timetable.placed

    @property
    def until(self) -> datetime:
        """When the course was stopped, or this morning."""
        days = STOPPED_AFTER.get(self.patient.twist)
        stopped = days is not None and self.clinic.at(self.start + timedelta(days=days), time(12))
        return min(stopped, self.clinic.now) if stopped else self.clinic.now

    @cached_property
    def over(self) -> tuple[Placed, ...]:
        """The visits whose time had come by then."""
        return tuple(visit for visit in self.visits if visit.end <= self.until)

    @cached_property
    def to_come(self) -> tuple[Placed, ...]:
        return tuple(visit for visit in self.visits if visit.start > self.until)

    def doses(self, visits: tuple[Placed, ...]) -> tuple[Placed, ...]:
        return tuple(one for one in visits if one.visit.kind is VisitKind.INFUSION)

    @property
    def start(self) -> date:
        return self.plan.draft.start


def day_zero(patient: Treated, today: date) -> date:
    """The Monday of the week in which the course began, or will."""
    return today - timedelta(days=today.weekday()) + timedelta(weeks=-patient.week)


def signing_day(patient: Treated, today: date) -> date:
    """The Wednesday before, or yesterday where that is still to come."""
    return min(day_zero(patient, today) - timedelta(days=5), today - timedelta(days=1))


def sign(patient: Treated, number: int, clinic: Clinic, seed: str) -> Signed:
    """Examine, assess, plan and sign; the visits' slots are taken."""
    chance = Random(f"{seed} {patient.id}")  # noqa: S311  pretend measurements
    day = signing_day(patient, clinic.today)
    person = Person(patient.id, patient.given, patient.family, patient.sex, patient.age, FIRST_MRN + number)
    chart = _chart(patient, person, day, clinic, chance)
    at = clinic.at(day, time(11))
    unread = patient.twist is Twist.UNBOOKED
    sections = sections_of(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart.resources]}
    )
    proposal = workflow.propose(
        workflow.open_record(sections, person.id, clinic.practice.zone),
        server=clinic.server,
        as_of=day,
        start=day_zero(patient, clinic.today),
        practice=clinic.practice,
        now=at,
        calendar=None if unread else clinic.free.seen_on(day),
    )
    answers = [
        Resolution(finding.id, "Discussed with the patient, who accepts it.", PSYCHIATRIST.reference, at)
        for finding in proposal.open_findings
    ]
    plan, steps = workflow.confirm(proposal, answers, PSYCHIATRIST, at)
    slots = clinic.free.take(slot for visit in proposal.timetable.placed for slot in visit.slots)
    return Signed(patient, person, clinic, chance, tuple(chart.resources), proposal, plan, steps, slots)


def _chart(patient: Treated, person: Person, day: date, clinic: Clinic, chance: Random) -> Chart:
    chart = Chart(person, day, clinic.practice.zone)
    height = chance.randint(158, 172) if patient.sex == "F" else chance.randint(170, 186)
    kilos = Decimal(height * height * chance.randint(212, 252)) / 100_000
    worked_up(
        chart,
        _DISORDERS[patient.disorder],
        weight=kilos.quantize(Decimal("0.1")),
        height=height,
        pressure=(chance.randint(112, 132), chance.randint(70, 82)),
        **_TREATED.get(patient.disorder, {}),
    )
    return chart
