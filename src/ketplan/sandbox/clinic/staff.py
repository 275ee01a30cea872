"""Who works at the clinic and where, and who may sign in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ketplan.sandbox.wire import Resource

SNOMED, NUCC = "http://snomed.info/sct", "http://nucc.org/provider-taxonomy"
LOCATION_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
ORGANIZATION, LABORATORY = "Organization/harbor-clinic", "Organization/harbor-laboratory"


@dataclass(frozen=True)
class Role:
    """A profession, in the words and codes of a PractitionerRole."""

    text: str
    snomed: str
    nucc: str


PSYCHIATRIST = Role("Psychiatrist", "80584001", "2084P0800X")
NURSE = Role("Registered nurse", "224535009", "163W00000X")
PSYCHOLOGIST = Role("Clinical psychologist", "59944000", "103TC0700X")
COORDINATOR = Role("Care coordinator", "768820003", "171M00000X")


@dataclass(frozen=True)
class Member:
    """Somebody who works here."""

    id: str
    prefix: str
    given: str
    family: str
    suffix: str
    role: Role

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.prefix, self.given, self.family))) + (
            f", {self.suffix}" if self.suffix else ""
        )


HALVORSEN = Member("halvorsen", "Dr", "Ingrid", "Halvorsen", "MD", PSYCHIATRIST)
OKONJO = Member("okonjo", "", "Tomas", "Okonjo", "RN", NURSE)
LUND = Member("lund", "", "Beatriz", "Lund", "RN", NURSE)
ABERNATHY = Member("abernathy", "Dr", "Joel", "Abernathy", "PsyD", PSYCHOLOGIST)
CASTELLANOS = Member("castellanos", "Dr", "Mina", "Castellanos", "PhD", PSYCHOLOGIST)
NANDAKUMAR = Member("nandakumar", "", "Priya", "Nandakumar", "", COORDINATOR)
STAFF = (HALVORSEN, OKONJO, LUND, ABERNATHY, CASTELLANOS, NANDAKUMAR)

CHAIRS = (
    ("infusion-chair-1", "Infusion chair 1"),
    ("infusion-chair-2", "Infusion chair 2"),
    ("infusion-chair-3", "Infusion chair 3"),
)


@dataclass(frozen=True)
class User:
    """An account on the sign-in page. ``reference`` is its fhirUser, relative to the FHIR base."""

    id: str
    name: str
    role: str
    reference: str


def staff_users() -> list[User]:
    """The accounts of the people who work here; patients who may sign in are added by the chart they have."""
    return [
        User(one.id, one.name, one.role.text, f"Practitioner/{one.id}")
        for one in (HALVORSEN, OKONJO, NANDAKUMAR)
    ]


def resources() -> Iterator[Resource]:
    """Organization, Location, Practitioner and PractitionerRole resources."""
    for reference, name in ((ORGANIZATION, "Harbor Clinic"), (LABORATORY, "Harbor Clinical Laboratory")):
        yield {
            "resourceType": "Organization",
            "id": reference.partition("/")[2],
            "active": True,
            "name": name,
        }
    yield _location("infusion-suite", "Infusion suite", "wa", "Ward")
    for id_, name in CHAIRS:
        yield {**_location(id_, name, "bd", "Bed"), "partOf": {"reference": "Location/infusion-suite"}}
    for number, member in enumerate(STAFF, 1):
        yield _practitioner(member, number)
        yield _role(member)


def _location(id_: str, name: str, code: str, display: str) -> Resource:
    physical = {"coding": [{"system": LOCATION_TYPE, "code": code, "display": display}]}
    return {
        "resourceType": "Location",
        "id": id_,
        "status": "active",
        "name": name,
        "mode": "instance",
        "physicalType": physical,
        "managingOrganization": {"reference": ORGANIZATION},
    }


def _practitioner(member: Member, number: int) -> Resource:
    name = {"use": "official", "text": member.name, "family": member.family, "given": [member.given]}
    name |= {"prefix": [member.prefix]} if member.prefix else {}
    name |= {"suffix": [member.suffix]} if member.suffix else {}
    return {
        "resourceType": "Practitioner",
        "id": member.id,
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.4.6", "value": f"99990000{number:02d}"}],
        "active": True,
        "name": [name],
    }


def _role(member: Member) -> Resource:
    codings = [
        {"system": SNOMED, "code": member.role.snomed, "display": member.role.text},
        {"system": NUCC, "code": member.role.nucc},
    ]
    return {
        "resourceType": "PractitionerRole",
        "id": f"{member.id}-role",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{member.id}", "display": member.name},
        "organization": {"reference": ORGANIZATION, "display": "Harbor Clinic"},
        "code": [{"coding": codings, "text": member.role.text}],
    }
