"""A chart under construction: one method per kind of entry, each in the shape a real EHR would give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.sandbox.clinic.staff import HALVORSEN, LABORATORY, OKONJO, ORGANIZATION
from ketplan.sandbox.wire import Resource

SNOMED, LOINC, RXNORM = (
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
)
ICD10, UCUM = "http://hl7.org/fhir/sid/icd-10-cm", "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
BIRTH_SEX = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
MRN = "https://harbor-ehr.example.org/mrn"
INTAKE = "https://ketplan.example.org/fhir/Questionnaire/intake"
THERAPY_FORM = "https://ketplan.example.org/fhir/CodeSystem/psychotherapy-form"

Coding = tuple[str, str, str | None]
Number = int | Decimal

_VITAL_SIGNS = {"29463-7", "8302-2", "8867-4", "59408-5", "8480-6", "8462-4", "85354-9"}
_ENCOUNTER_CLASS = {"system": f"{TERMINOLOGY}/v3-ActCode", "code": "AMB", "display": "ambulatory"}


def concept(*codings: Coding, text: str | None = None) -> Resource:
    listed = [
        {"system": system, "code": code} | ({"display": display} if display else {})
        for system, code, display in codings
    ]
    return ({"coding": listed} if listed else {}) | ({"text": text} if text else {})


def term(system: str, code: str) -> Resource:
    return concept((f"{TERMINOLOGY}/{system}", code, None))


@dataclass(frozen=True)
class Person:
    """Who the chart is about. ``sex`` is F or M, ``age`` in whole years."""

    id: str
    given: str
    family: str
    sex: str
    age: int
    mrn: int


@dataclass
class Chart:
    """One patient's resources. ``ago`` everywhere is in whole days before ``today``."""

    person: Person
    today: date
    zone: ZoneInfo
    resources: list[Resource] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.subject = {"reference": f"Patient/{self.person.id}"}
        self.resources.append(self._patient())

    def day(self, ago: int) -> str:
        return (self.today - timedelta(days=ago)).isoformat()

    def moment(self, ago: int, clock: str = "09:30") -> str:
        when = time.fromisoformat(clock)
        return datetime.combine(self.today - timedelta(days=ago), when, self.zone).isoformat()

    def add(self, kind: str, **body: Any) -> Resource:
        """An entry of any kind; the others end here."""
        number = 1 + sum(one["resourceType"] == kind for one in self.resources)
        resource = {"resourceType": kind, "id": f"{self.person.id}-{kind.lower()}-{number}", **body}
        self.resources.append(resource)
        return resource

    def _patient(self) -> Resource:
        who = self.person
        birthday = self.today - timedelta(days=150)
        gender = {"F": "female", "M": "male"}[who.sex]
        name = {"use": "official", "text": f"{who.given} {who.family}", "family": who.family}
        return {
            "resourceType": "Patient",
            "id": who.id,
            "extension": [{"url": BIRTH_SEX, "valueCode": who.sex}],
            "identifier": [
                {"use": "usual", "type": term("v2-0203", "MR"), "system": MRN, "value": f"{who.mrn:06d}"}
            ],
            "active": True,
            "name": [{**name, "given": [who.given]}],
            "telecom": [{"system": "phone", "value": f"555-01{who.mrn % 100:02d}", "use": "home"}],
            "gender": gender,
            "birthDate": birthday.replace(
                year=birthday.year - who.age, day=min(birthday.day, 28)
            ).isoformat(),
            "address": [{"line": ["1 Sandbox Quay"], "city": "Harborville", "state": "MA", "country": "US"}],
            "generalPractitioner": [{"reference": f"Practitioner/{HALVORSEN.id}", "display": HALVORSEN.name}],
            "managingOrganization": {"reference": ORGANIZATION},
        }

    def encounter(self, ago: int, reason: str, *, status: str = "finished") -> Resource:
        period = {"start": self.moment(ago, "09:00")}
        if status == "finished":
            period["end"] = self.moment(ago, "10:00")
        doctor = {"reference": f"Practitioner/{HALVORSEN.id}", "display": HALVORSEN.name}
        return self.add(
            "Encounter",
            status=status,
            **{"class": _ENCOUNTER_CLASS},
            type=[{"text": reason}],
            subject=self.subject,
            participant=[{"individual": doctor}],
            period=period,
            serviceProvider={"reference": ORGANIZATION},
        )

    def condition(
        self,
        text: str,
        *codings: Coding,
        status: str = "active",
        verification: str = "confirmed",
        since: int = 900,
    ) -> Resource:
        return self.add(
            "Condition",
            clinicalStatus=term("condition-clinical", status),
            verificationStatus=term("condition-ver-status", verification),
            category=[term("condition-category", "problem-list-item")],
            code=concept(*codings, text=text),
            subject=self.subject,
            recordedDate=self.day(since),
            recorder={"reference": f"Practitioner/{HALVORSEN.id}"},
        )

    def observe(self, loinc: str | None, text: str, ago: int, clock: str = "09:30", **value: Any) -> Resource:
        """An Observation; ``value`` is any value[x], or components."""
        kind = "vital-signs" if loinc in _VITAL_SIGNS else "laboratory"
        by = f"Practitioner/{OKONJO.id}" if kind == "vital-signs" else LABORATORY
        return self.add(
            "Observation",
            status="final",
            category=[term("observation-category", kind)],
            code=concept(*([(LOINC, loinc, text)] if loinc else []), text=text),
            subject=self.subject,
            effectiveDateTime=self.moment(ago, clock),
            issued=self.moment(ago, clock),
            performer=[{"reference": by}],
            **value,
        )

    def measure(
        self, loinc: str, text: str, value: Number, ucum: str, ago: int, clock: str = "09:30"
    ) -> Resource:
        return self.observe(loinc, text, ago, clock, valueQuantity=quantity(value, ucum))

    def pressure(self, systolic: int, diastolic: int, ago: int, clock: str = "09:30") -> Resource:
        parts = [
            ("8480-6", "Systolic blood pressure", systolic),
            ("8462-4", "Diastolic blood pressure", diastolic),
        ]
        components = [
            {"code": concept((LOINC, loinc, text)), "valueQuantity": quantity(value, "mm[Hg]")}
            for loinc, text, value in parts
        ]
        return self.observe("85354-9", "Blood pressure panel", ago, clock, component=components)

    def score(self, loinc: str | None, text: str, value: int, ago: int) -> Resource:
        """A questionnaire's total. Without a LOINC code the instrument is named in the text alone."""
        made = self.observe(loinc, text, ago, valueQuantity=quantity(value, "{score}"))
        return self._survey(made)

    def answer(self, loinc: str, text: str, yes: bool, ago: int) -> Resource:
        coding = (LOINC, "LA33-6", "Yes") if yes else (LOINC, "LA32-8", "No")
        return self._survey(self.observe(loinc, text, ago, valueCodeableConcept=concept(coding)))

    def _survey(self, observation: Resource) -> Resource:
        observation["category"] = [term("observation-category", "survey")]
        observation["performer"] = [{"reference": f"Practitioner/{HALVORSEN.id}"}]
        return observation

    def screen(self, loinc: str, text: str, positive: bool, ago: int) -> Resource:
        found = (SNOMED, "10828004", "Positive") if positive else (SNOMED, "260385009", "Negative")
        return self.observe(loinc, text, ago, valueCodeableConcept=concept(found))

    def procedure(self, text: str, code: Coding, ago: int, clock: str = "09:00", **more: Any) -> Resource:
        return self.add(
            "Procedure",
            status="completed",
            code=concept(code, text=text),
            subject=self.subject,
            performedDateTime=self.moment(ago, clock),
            performer=[{"actor": {"reference": f"Practitioner/{HALVORSEN.id}", "display": HALVORSEN.name}}],
            **more,
        )

    def medication(
        self, rxnorm: str, name: str, dose: str, since: int, until: int | None = None, **more: Any
    ) -> Resource:
        """A MedicationRequest by ingredient; active while ``until`` is None."""
        text = f"{name} {dose}"
        period = {"start": self.day(since)} | ({} if until is None else {"end": self.day(until)})
        what = (
            {}
            if "medicationReference" in more
            else {"medicationCodeableConcept": concept((RXNORM, rxnorm, name), text=text)}
        )
        return self.add(
            "MedicationRequest",
            status="active" if until is None else "stopped",
            intent="order",
            category=[term("medicationrequest-category", "outpatient")],
            **what,
            subject=self.subject,
            authoredOn=self.day(since),
            requester={"reference": f"Practitioner/{HALVORSEN.id}"},
            dosageInstruction=[{"text": text}],
            dispenseRequest={"validityPeriod": period},
            **more,
        )

    def allergy(
        self,
        text: str,
        *codings: Coding,
        status: str = "active",
        verification: str = "confirmed",
        **more: Any,
    ) -> Resource:
        return self.add(
            "AllergyIntolerance",
            clinicalStatus=term("allergyintolerance-clinical", status),
            verificationStatus=term("allergyintolerance-verification", verification),
            code=concept(*codings, text=text),
            patient=self.subject,
            recordedDate=self.day(4),
            **more,
        )

    def intake(self, items: Sequence[Resource], ago: int = 1) -> Resource:
        """The answers a clinician gave to the treatment programme's own questionnaire."""
        return self.add(
            "QuestionnaireResponse",
            questionnaire=INTAKE,
            status="completed",
            subject=self.subject,
            authored=self.moment(ago, "11:00"),
            author={"reference": f"Practitioner/{HALVORSEN.id}"},
            item=list(items),
        )


def quantity(value: Number, ucum: str) -> Resource:
    return {"value": value, "unit": ucum, "system": UCUM, "code": ucum}
