"""A plan as a FHIR document: one Bundle to be kept or sent on, which needs no server to be read.

The Composition comes first and leads through the rest; everything it names is in the Bundle, and every other
reference is the address in the EHR it came from.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ketplan.clinical.plan import Clinician
from ketplan.clinical.record import Patient
from ketplan.errors import KetplanError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.invariants import check
from ketplan.fhir.rendering import xhtml
from ketplan.fhir.rendering.authoring import RELATIVE_REFERENCE, coding, concept, tidy

TITLE = "Treatment plan"
_PLAN_OF_CARE = coding("http://loinc.org", "18776-5", "Plan of care note")
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/document")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_ADDRESSED_OTHERWISE = "not a reference of the form Type/id"
_LONGEST_ID = 64
_GENDERS = frozenset({"male", "female", "other", "unknown"})
# Heading of a section → the types that stand in it; in this order.
_SECTIONS = {
    "Plan": ("CarePlan",),
    "Goals": ("Goal",),
    "Requests": ("ServiceRequest",),
    "Visits": ("Appointment",),
    "To be booked by hand": ("Task", "Communication"),
    "Notes": ("DocumentReference", "QuestionnaireResponse"),
    "Signature": ("Provenance",),
}


@dataclass(frozen=True, slots=True)
class About:
    """What a document says of itself. `signed` is who signed and when, None for a draft; `server` is the
    EHR's base address, `at` the moment the document is put together."""

    plan_id: str
    patient: Patient
    server: str
    at: datetime
    signed: tuple[Clinician, datetime] | None = None


def document(entries: Iterable[Json], about: About) -> Json:
    """The document Bundle of a plan's `entries`, each a fullUrl with its resource.

    Raises KetplanError when a resource, or the whole, is not what it must be.
    """
    told = list(entries)
    for entry in told:
        _require(check(_without_long_id(entry["resource"]), patient=about.patient.reference), inside=True)
    all_told = [*_people(about), *told]
    addresses = {_named(entry, about.server): entry["fullUrl"] for entry in all_told}
    linked = [
        {
            "fullUrl": entry["fullUrl"],
            "resource": _linked(_without_long_id(entry["resource"]), addresses, about.server),
        }
        for entry in all_told
    ]
    whole: Json = {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {
            "system": "urn:ietf:rfc:3986",
            "value": _urn(f"{about.plan_id}|{about.at.isoformat()}"),
        },
        "timestamp": about.at.isoformat(timespec="seconds"),
        "entry": [_composition(linked, about), *linked],
    }
    _require(list(faults(whole)))
    for entry in whole["entry"]:
        r4.shaped(entry["resource"])
    return r4.shaped(whole)


def faults(bundle: Json) -> Iterator[str]:
    """What a document Bundle must not be: FHIR's own rules of it, a sentence each."""
    entries = bundle.get("entry", [])
    first = entries[0]["resource"] if entries else {}
    addresses = [entry.get("fullUrl", "") for entry in entries]
    if bundle.get("type") != "document":
        yield "Bundle.type: not a document"
    identifier = bundle.get("identifier", {})
    if not (identifier.get("system") and identifier.get("value")):
        yield "Bundle.identifier: bdl-9, system and value are required"
    if not bundle.get("timestamp"):
        yield "Bundle.timestamp: bdl-10, required"
    if first.get("resourceType") != "Composition":
        yield "Bundle.entry: bdl-11, the first resource must be a Composition"
    if not all(addresses) or len(set(addresses)) != len(addresses):
        yield "Bundle.entry.fullUrl: bdl-7, one for each entry"
    for target in _targets(first):
        if target not in addresses:
            yield "Composition: what it refers to must be in the Bundle"
    for place, section in enumerate(first.get("section", ())):
        if not (section.get("text") or section.get("entry")):
            yield f"Composition.section[{place}]: cmp-1, neither text nor entries"
    for entry in entries:
        for target in _targets(entry["resource"]):
            if target.startswith("urn:uuid:") and target not in addresses:
                yield f"{entry['resource']['resourceType']}: refers to nothing"
            elif ":" not in target:
                yield f"{entry['resource']['resourceType']}: a reference nobody can follow"


def _composition(entries: Sequence[Json], about: About) -> Json:
    at = about.signed[1] if about.signed else about.at
    author = {"reference": f"{about.server}/{about.signed[0].reference}"} if about.signed else None
    resource: Json = tidy(
        {
            "resourceType": "Composition",
            "language": "en",
            "identifier": {"system": f"{BASE}/sid/plan", "value": about.plan_id},
            "status": "final" if about.signed else "preliminary",
            "type": concept(_PLAN_OF_CARE, text=TITLE),
            "subject": {"reference": f"{about.server}/{about.patient.reference}"},
            "date": at.isoformat(timespec="seconds"),
            "author": [author or {"display": "ketplan, not signed by anybody"}],
            "title": TITLE if about.signed else f"{TITLE}, draft: not signed",
            "confidentiality": "R",
            "attester": [{"mode": "legal", "time": at.isoformat(timespec="seconds"), "party": author}]
            if author
            else [],
            "section": list(_sections(entries)),
        }
    )
    return {"fullUrl": _urn(f"{about.plan_id}|composition|{about.at.isoformat()}"), "resource": resource}


def _sections(entries: Sequence[Json]) -> Iterator[Json]:
    for title, types in _SECTIONS.items():
        found = [entry for entry in entries if entry["resource"]["resourceType"] in types]
        if not found:
            continue
        narrative = found[0]["resource"].get("text", {}).get("div") if title == "Plan" else None
        yield {
            "title": title,
            "text": {
                "status": "generated",
                "div": narrative or xhtml.div(xhtml.bullets(_words(entry["resource"]) for entry in found)),
            },
            "entry": [{"reference": entry["fullUrl"]} for entry in found],
        }


def _words(resource: Json) -> str:
    """A resource in a line, for a reader without a program."""
    if resource["resourceType"] == "Provenance":
        return f"Recorded {resource['recorded']}"
    said = resource.get("description") or resource.get("code") or resource["resourceType"]
    words = said.get("text", resource["resourceType"]) if isinstance(said, Mapping) else str(said)
    start = str(resource.get("start", ""))[:16].replace("T", " ")
    return ", ".join(filter(None, [start, words, str(resource.get("status", ""))]))


def _people(about: About) -> Iterator[Json]:
    """Whom the plan is about and who signed it, as far as they are known here."""
    yield {"fullUrl": f"{about.server}/{about.patient.reference}", "resource": _patient(about.patient)}
    if about.signed:
        signer = about.signed[0]
        yield {"fullUrl": f"{about.server}/{signer.reference}", "resource": _signer(signer)}


def _patient(known: Patient) -> Json:
    born = str(known.birth_date or "")[:10]
    resource: Json = tidy(
        {
            "resourceType": "Patient",
            "id": known.id,
            "identifier": [{"type": {"text": label}, "value": value} for label, value in known.identifiers],
            "name": [{"text": known.name}],
            "gender": known.gender if known.gender in _GENDERS else "",
            "birthDate": born if _DATE.fullmatch(born) else "",
        }
    )
    return resource


def _signer(clinician: Clinician) -> Json:
    kind, _, id = clinician.reference.partition("/")
    named = [{"text": clinician.name}] if kind == "Practitioner" else []
    resource: Json = tidy({"resourceType": kind, "id": id, "name": named})
    return resource


def _without_long_id(resource: Json) -> Json:
    """Some EHRs give ids that FHIR has no room for; the entry's address tells them all the same."""
    return {name: value for name, value in resource.items() if name != "id" or len(value) <= _LONGEST_ID}


def _named(entry: Json, server: str) -> str:
    """As the other resources of the plan refer to it."""
    return str(entry["fullUrl"]).removeprefix(f"{server}/")


def _linked(value: Any, addresses: Mapping[str, str], server: str) -> Any:
    if isinstance(value, list):
        return [_linked(item, addresses, server) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _linked(item, addresses, server) for key, item in value.items()}
    target = copy.get("reference")
    if isinstance(target, str):
        away = f"{server}/{target}" if RELATIVE_REFERENCE.fullmatch(target) else target
        copy["reference"] = addresses.get(target, away)
    return copy


def _targets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from _targets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _targets(item)


def _require(found: Sequence[str], inside: bool = False) -> None:
    """Parts of one Bundle refer to each other by its own addresses, which no EHR would take."""
    left = [fault for fault in found if not (inside and fault.endswith(_ADDRESSED_OTHERWISE))]
    if left:
        raise KetplanError(f"The document is not valid: {'; '.join(left[:5])}.")


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_IDS, name)}"
