"""A Bundle, from a file or a server, taken apart into the sections the EHR reader gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from ketplan.clinical.record import SectionState
from ketplan.errors import InputError
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.record import READERS

# A Medication comes along with the requests that point to it, as a server's _include would send it.
_SECTION_OF = {"Patient": "Patient", **{kind: kind for kind in READERS}, "Medication": "MedicationRequest"}
_REFERENCES = ("subject", "patient", "medicationReference")
_POINTED_TO = ("Patient", "Medication")
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class RawSection:
    """One kind of resource as it came; `dropped` entries were no resource at all."""

    name: str
    state: str
    resources: tuple[Json, ...] = ()
    dropped: int = 0
    detail: str = ""


def sections_of(bundle: Any) -> list[RawSection]:
    """The sections of a Bundle of any type, one per kind of resource that ketplan reads, empty ones too.

    References by fullUrl (urn:uuid in a transaction) are resolved; the Bundle itself is left as it was.
    Raises InputError when it is no Bundle, holds no Patient, or more than one.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise InputError("This is not a FHIR Bundle.")
    entries = bundle.get("entry")
    entries = entries if isinstance(entries, list) else [entries] if entries else []
    opened = [_opened(entry) for entry in entries if not _is_only_a_verb(entry)]
    resources = [resource for _, resource in opened if resource]
    _check_one_patient(resources)
    by_url = {
        url: fhir.reference_to(resource)
        for url, resource in opened
        if url and resource and resource["resourceType"] in _POINTED_TO
    }
    sorted_out: dict[str, list[Json]] = {name: [] for name in _SECTION_OF.values()}
    for resource in resources:
        if name := _SECTION_OF.get(fhir.text(resource["resourceType"])):
            sorted_out[name].append(_resolved(resource, by_url))
    found = [
        RawSection(name, SectionState.FOUND if several else SectionState.EMPTY, tuple(several))
        for name, several in sorted_out.items()
    ]
    return [*found, _rest(resources, dropped=len(opened) - len(resources))]


def _opened(entry: Any) -> tuple[str, Json | None]:
    """fullUrl and resource; None where an entry should hold one and holds none that can be read."""
    raw = fhir.element(entry)
    url, resource = fhir.text(raw.get("fullUrl")), fhir.element(raw.get("resource"))
    if not fhir.text(resource.get("resourceType")):
        return url, None
    if url and not fhir.text(resource.get("id")):
        resource = {**resource, "id": url.replace(":", "/").rpartition("/")[2]}
    return url, resource


def _is_only_a_verb(entry: Any) -> bool:
    """A deletion in a history, or a server's answer to a step: no resource is missing there."""
    return isinstance(entry, dict) and "resource" not in entry and bool({"request", "response"} & set(entry))


def _check_one_patient(resources: list[Json]) -> None:
    patients = {fhir.text(r.get("id")) for r in resources if r["resourceType"] == "Patient"}
    if not patients:
        raise InputError("The Bundle holds no Patient.")
    if len(patients) > 1:
        raise InputError("The Bundle holds more than one patient.")
    if patients == {""}:
        raise InputError("The Patient in the Bundle has no id.")


def _resolved(resource: Json, by_url: dict[str, str]) -> Json:
    """The resource with its references by fullUrl told as "Type/id"."""
    changed: Json = {}
    for name in _REFERENCES:
        if (pointer := resource.get(name)) is not None:
            changed[name] = _retold(pointer, by_url)
    if resource["resourceType"] == "Appointment":
        taking_part = fhir.elements(resource.get("participant"))
        changed["participant"] = [{**p, "actor": _retold(p.get("actor"), by_url)} for p in taking_part]
    return {**resource, **changed} if changed else resource


def _retold(pointer: Any, by_url: dict[str, str]) -> Any:
    target = by_url.get(fhir.text(fhir.element(pointer).get("reference")))
    return {**fhir.element(pointer), "reference": target} if target else pointer


def _rest(resources: list[Json], dropped: int) -> RawSection:
    """What the sections do not hold: kinds not used, a server's remarks, entries that are no resource."""
    remarks = [r for r in resources if r["resourceType"] == "OperationOutcome"]
    unused = Counter(fhir.text(r["resourceType"]) for r in resources) - Counter(
        {kind: len(resources) for kind in (*_SECTION_OF, "OperationOutcome")}
    )
    listed = ", ".join(f"{kind} {n}" for kind, n in sorted(unused.items()))
    issues = [issue for remark in remarks for issue in fhir.elements(remark.get("issue"))]
    detail = [f"not used: {listed}"] if listed else []
    detail += [said for issue in issues if (said := _said(issue))]
    failed = any(issue.get("severity") in ("error", "fatal") for issue in issues)
    state = SectionState.PARTIAL if failed else SectionState.FOUND if resources else SectionState.EMPTY
    return RawSection("Bundle", state, dropped=dropped, detail="; ".join(detail))


def _said(issue: Json) -> str:
    return (fhir.all_words(issue.get("details")) or fhir.text(issue.get("diagnostics")))[:_MOST_WORDS]
