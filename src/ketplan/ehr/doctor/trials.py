"""Trying: one search without a token, and each section's search for one patient. Only counts come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ketplan.ehr.asking import REFUSALS, Asked, ask
from ketplan.ehr.bundles import SearchResult
from ketplan.ehr.client import FhirClient
from ketplan.ehr.doctor.offers import light, parameters
from ketplan.ehr.doctor.report import Check, Light
from ketplan.ehr.sections import SECTIONS, SectionSpec, belongs, by_parts, filled, searches
from ketplan.errors import EhrError

NOBODY = "ketplan-doctor-nobody"
UNTRIED = Check(
    "try Patient",
    "the patient given",
    "not asked, because the EHR wants a sign-in",
    Light.AMBER,
    "signs in when it is launched; to try it here, give a token (--token-env)",
)


def unguarded(client: FhirClient) -> tuple[Check, bool]:
    """A search for a patient who cannot exist, without a token; True when the EHR answered it.

    `client` is one that has no token.
    """
    name, asked = "guard", "a search without a sign-in"
    try:
        client.search("Condition", [("patient", NOBODY), ("_count", "1")], max_pages=1)
    except EhrError as error:
        if error.status in (401, 403):
            return Check(name, asked, f"refused (HTTP {error.status}), as it should be", Light.GREEN), False
        instead = "always signs in first, so this does not matter to it"
        return Check(name, asked, str(error), Light.AMBER, instead), error.status in REFUSALS
    instead = "signs in all the same; keep no real patients on a server that is open"
    return Check(name, asked, "answered", Light.AMBER, instead), True


def tried(client: FhirClient, patient_id: str, today: date) -> Iterator[Check]:
    """The patient and every section as the app reads them."""
    try:
        client.read("Patient", patient_id)
    except EhrError as error:
        yield Check(
            "try Patient", "the patient given", str(error), Light.RED, "opens no chart without a patient"
        )
        return
    yield Check("try Patient", "the patient given", "read", Light.GREEN)
    for spec in SECTIONS:
        yield from _section(client, spec, patient_id, today)


def _section(client: FhirClient, spec: SectionSpec, patient_id: str, today: date) -> Iterator[Check]:
    wanted = () if by_parts(spec, client.profile) else searches(spec, client.profile)
    if not wanted:
        for part in spec.parts:
            yield from _section(client, part, patient_id, today)
        return
    asked = ask(client, spec.kind, [filled(q, patient_id, today, client.profile) for q in wanted])
    if asked.found is not None:
        yield _counted(client, spec, patient_id, asked, asked.found)
    elif spec.parts and asked.errors[-1].status in REFUSALS:
        for part in spec.parts:
            yield from _section(client, part, patient_id, today)
    else:
        yield Check(
            f"try {spec.name}", f"by {parameters(asked.query)}", str(asked.errors[-1]), *light(spec.kind)
        )


def _counted(
    client: FhirClient, spec: SectionSpec, patient_id: str, asked: Asked, found: SearchResult
) -> Check:
    own = sum(belongs(client.base, resource, patient_id) for resource in found.resources)
    foreign = len(found.resources) - own
    first = searches(spec, client.profile)[0]
    name, how, words = f"try {spec.name}", f"by {parameters(first)}", f"{own} found"
    oddities = [
        (f"{foreign} about somebody else or nobody", "leaves those out and says so") if foreign else None,
        (f"{found.dropped} could not be read", "counts them beside the section") if found.dropped else None,
        ("not all pages came", "shows the section as incomplete") if not found.complete else None,
        ("refused as asked first", f"asks by {parameters(asked.query)}") if asked.errors else None,
    ]
    if odd := [pair for pair in oddities if pair]:
        answer, instead = ("; ".join(texts) for texts in zip(*odd, strict=True))
        return Check(name, how, f"{words}; {answer}", Light.AMBER, instead)
    return Check(name, how, words, Light.GREEN)
