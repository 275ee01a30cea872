"""What write-back needs beside create and update: to find what an earlier attempt already wrote."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ketplan.ehr import urls
from ketplan.ehr.asking import Query, ask
from ketplan.ehr.client import FhirClient
from ketplan.ehr.sections import PAGE, belongs
from ketplan.errors import Temporary

Json = dict[str, Any]


# R4 searches these by subject alone, not by identifier: so is a conditional create out of the question.
BY_SUBJECT_ALONE = frozenset({"AdverseEvent"})


def condition(kind: str, system: str, value: str) -> str | None:
    """The search a conditional create is bound to, `identifier=system|value`; None where there is none."""
    if kind in BY_SUBJECT_ALONE:
        return None
    return f"identifier={quote(token(system, value), safe=':/|')}"


def token(system: str, value: str) -> str:
    """A token search value; the characters that mean something in a search are escaped."""
    return "|".join(re.sub(r"([\\|,$])", r"\\\1", part) for part in (system, value))


def find(client: FhirClient, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
    """This patient's resources of `kind` with exactly this identifier.

    Some EHRs ignore parameters they do not know, so what comes back is looked at again here. Raises the
    EHR's refusal when it takes none of the searches, Temporary when it did not give all pages: "not found"
    must never mean "not looked".
    """
    name = ("identifier", token(system, value))
    by_patient = ("patient", patient_id)
    queries: list[Query] = [(name, by_patient, PAGE), (name, PAGE), (by_patient, PAGE)]
    if kind in BY_SUBJECT_ALONE:
        queries = [(("subject", f"Patient/{patient_id}"), PAGE), (by_patient, PAGE)]
    found = _all(client, kind, queries)
    return [r for r in found if _is_named(r, system, value) and belongs(client.base, r, patient_id)]


def of_patient(client: FhirClient, kind: str, patient_id: str) -> list[Json]:
    """Every resource of `kind` that is about this patient. Raises as `find`."""
    found = _all(client, kind, [(("patient", patient_id), PAGE)])
    return [r for r in found if belongs(client.base, r, patient_id)]


def find_by_target(client: FhirClient, target: str, kind: str = "Provenance") -> list[Json]:
    """Resources of `kind` whose `target` is the resource `target` ("CarePlan/123"). Raises as `find`."""
    found = _all(client, kind, [(("target", target), PAGE)])
    return [r for r in found if target in _targets(client, r)]


def _all(client: FhirClient, kind: str, queries: list[Query]) -> list[Json]:
    asked = ask(client, kind, queries)
    if asked.found is None:
        raise asked.errors[-1]
    if not asked.found.complete:
        raise Temporary("The EHR did not give all pages of a search, so nothing may be concluded from it.")
    return asked.found.resources


def _is_named(resource: Json, system: str, value: str) -> bool:
    names = resource.get("identifier")
    # R4 allows one identifier or a list of them, by type.
    listed = names if isinstance(names, list) else [names]
    return any(isinstance(n, dict) and (n.get("system"), n.get("value")) == (system, value) for n in listed)


def _targets(client: FhirClient, resource: Json) -> set[str | None]:
    targets = resource.get("target")
    listed = targets if isinstance(targets, list) else []
    return {urls.relative_reference(client.base, t.get("reference")) for t in listed if isinstance(t, dict)}
