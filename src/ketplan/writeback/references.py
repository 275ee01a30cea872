"""References inside a resource: whose they are, and what remains when one of them cannot be had."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ketplan.errors import PatientMismatch
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import awaited

Json = dict[str, Any]

# A Provenance names no patient: it is about resources, and each of those has been guarded itself.
NAMELESS = frozenset({"Provenance"})
_TAIL = re.compile(r"(?:^|/)([A-Z][A-Za-z]+/[^/?#|]+)(?:/_history/[^/?#]+)?$")


def tail(reference: object) -> str:
    """ "Type/id" of a relative or absolute, versioned or plain reference; else the text itself."""
    found = _TAIL.search(reference) if isinstance(reference, str) else None
    return found[1] if found else str(reference or "")


def references(value: Any) -> Iterator[str]:
    """Every reference anywhere in `value`, as "Type/id" where it is one."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield tail(value["reference"])
        for item in value.values():
            yield from references(item)


def patients(resource: Mapping[str, Any]) -> set[str]:
    """The ids of those the resource is about: subject, patient, whom a task is for, or who takes part."""
    about = [resource.get("subject"), resource.get("patient"), resource.get("for")]
    participants = resource.get("participant")
    about += (
        [p.get("actor") for p in participants if isinstance(p, dict)]
        if isinstance(participants, list)
        else []
    )
    return set(_patient_ids(about))


def guard_steps(steps: Iterable[Step], patient_id: str) -> None:
    """PatientMismatch unless every resource is about this patient and mentions no other one."""
    for step in steps:
        mentioned = set(_patient_ids(step.resource))
        about = patients(step.resource)
        if mentioned - {patient_id} or (step.type not in NAMELESS and about != {patient_id}):
            raise PatientMismatch("This plan is not about the patient of this launch; nothing was written.")


def guard_stored(resource: Mapping[str, Any], patient_id: str) -> None:
    """PatientMismatch when what the EHR holds is about somebody else."""
    if patients(resource) - {patient_id}:
        raise PatientMismatch("What the EHR holds here belongs to another patient; the writing was stopped.")


def without(resource: Json, missing: Collection[str]) -> Json:
    """A copy in which no reference waits for the steps `missing`; what that leaves empty is left out."""
    pruned = _pruned(resource, missing)
    return pruned if isinstance(pruned, dict) else {}


def _pruned(value: Any, missing: Collection[str]) -> Any:
    """The value without such references, None when nothing else was in it."""
    if isinstance(value, list):
        kept = [item for item in (_pruned(item, missing) for item in value) if item is not None]
        return kept if kept or not value else None
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("reference"), str) and awaited(value["reference"]) in missing:
        return None
    pairs = ((name, _pruned(item, missing)) for name, item in value.items())
    left = {name: item for name, item in pairs if item is not None}
    return left if left or not value else None


def _patient_ids(value: Any) -> Iterator[str]:
    return (r.removeprefix("Patient/") for r in references(value) if r.startswith("Patient/"))
