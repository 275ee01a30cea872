"""What write-back needs beside create and update: to find what an earlier attempt already wrote."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ketplan.ehr import urls
from ketplan.ehr.asking import Query, ask
from ketplan.ehr.client import FhirClient
from ketplan.ehr.profiles.shape import marker, text_at
from ketplan.ehr.sections import BY_PATIENT, SectionSpec, belongs, filled, missing_from, paged, searches
from ketplan.errors import Fatal, Temporary

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
    """This patient's resources of `kind` with exactly this identifier, or with its mark in a text.

    Some EHRs ignore parameters they do not know, so what comes back is looked at again here. One that is
    known to keep no identifier is asked for all the patient has. Raises the EHR's refusal when it takes none
    of the searches, Temporary when it did not give all pages: "not found" must never mean "not looked".
    """
    marks = client.profile.markers(kind)
    name: Query = (("identifier", token(system, value)),)
    by_name: list[Query] = [(*name, ("patient", patient_id)), name]
    if marks or kind in BY_SUBJECT_ALONE:
        by_name = []
    found = _all(client, kind, [paged(q, client.profile) for q in by_name], patient_id)
    ours = [r for r in found if _is_named(r, system, value) or _is_marked(r, value, marks)]
    return [r for r in ours if belongs(client.base, r, patient_id)]


def of_patient(client: FhirClient, kind: str, patient_id: str) -> list[Json]:
    """Every resource of `kind` that is about this patient. Raises as `find`."""
    found = _all(client, kind, [], patient_id)
    return [r for r in found if belongs(client.base, r, patient_id)]


def find_by_target(client: FhirClient, target: str, kind: str = "Provenance") -> list[Json]:
    """Resources of `kind` whose `target` is the resource `target` ("CarePlan/123"). Raises as `find`."""
    found = _all(client, kind, [paged((("target", target),), client.profile)])
    return [r for r in found if target in _targets(client, r)]


def _all(client: FhirClient, kind: str, queries: list[Query], patient_id: str = "") -> list[Json]:
    """What the first of `queries` finds that the EHR takes, else, with `patient_id`, all the patient has."""
    whole = _by_patient(client, kind, patient_id) if patient_id else {}
    asked = ask(client, kind, [*queries, *whole])
    if asked.found is None:
        raise asked.errors[-1]
    if not asked.found.complete:
        raise Temporary("The EHR did not give all pages of a search, so nothing may be concluded from it.")
    if missing_from(whole.get(asked.query, ()), client.profile, kind) and asked.query in whole:
        raise Fatal("The EHR gives only a part when it is searched, so nothing may be concluded from it.")
    return asked.found.resources


def _by_patient(client: FhirClient, kind: str, patient_id: str) -> dict[Query, Query]:
    """The searches for all the patient has of a kind, as this kind of EHR takes them."""
    plain: tuple[Query, ...] = (BY_PATIENT,)
    if kind in BY_SUBJECT_ALONE:
        plain = ((("subject", "Patient/{id}"),), BY_PATIENT)
    today = client.patience.now().date()
    wanted = searches(SectionSpec(kind, kind, plain), client.profile)
    return {filled(query, patient_id, today, client.profile): query for query in wanted}


def _is_marked(resource: Json, value: str, paths: frozenset[str]) -> bool:
    return any(marker(value) in text_at(resource, path) for path in paths)


def _is_named(resource: Json, system: str, value: str) -> bool:
    names = resource.get("identifier")
    # R4 allows one identifier or a list of them, by type.
    listed = names if isinstance(names, list) else [names]
    return any(isinstance(n, dict) and (n.get("system"), n.get("value")) == (system, value) for n in listed)


def _targets(client: FhirClient, resource: Json) -> set[str | None]:
    targets = resource.get("target")
    listed = targets if isinstance(targets, list) else []
    return {urls.relative_reference(client.base, t.get("reference")) for t in listed if isinstance(t, dict)}
