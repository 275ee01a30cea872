"""Reading a record: its sections side by side, each with its own fate.

Nothing a section meets stops the others; only a patient who cannot be read stops the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from ketplan.ehr import urls
from ketplan.ehr.asking import Query, ask
from ketplan.ehr.bundles import SearchResult
from ketplan.ehr.client import FhirClient
from ketplan.ehr.sections import SECTIONS, SectionSpec, belongs, filled, references
from ketplan.errors import EhrError, InputError, NotFound

Json = dict[str, Any]
State = Literal["found", "empty", "forbidden", "failed", "partial"]
OnSection = Callable[["RawSection"], None]

SINGLE_READS = 50


@dataclass(frozen=True)
class RawSection:
    """One section as the EHR gave it.

    `dropped` counts entries that were there and are not in `resources`: unreadable, or about somebody else.
    `query` is the request without the address, `detail` what went wrong in words; both may hold patient data
    and are for the screen, never for a log.
    """

    name: str
    state: State
    resources: list[Json]
    dropped: int = 0
    detail: str = ""
    query: str = ""


def read_record(client: FhirClient, patient_id: str, on_section: OnSection | None = None) -> list[RawSection]:
    """The patient and every section of `sections.SECTIONS`, at most `client.parallel` requests at a time.

    A resource stands in one section only. InputError when the EHR has no such patient; any other failure of
    that one read is raised as it is. `on_section` is called from this thread as sections come in.
    """
    today = client.patience.now().date()
    with ThreadPoolExecutor(max_workers=client.parallel) as pool:
        first = pool.submit(_patient, client, patient_id)
        rest = [pool.submit(read_section, client, spec, patient_id, today) for spec in SECTIONS]
        try:
            patient = first.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        _report([first, *rest], on_section)
        sections = [future.result() for future in rest]
        medications = _medications(client, pool, sections)
        if medications and on_section:
            on_section(medications)
    return [patient, *_without_repeats(sections), *([medications] if medications else [])]


def read_section(client: FhirClient, spec: SectionSpec, patient_id: str, today: date) -> RawSection:
    """One section by the first of its queries that the EHR takes. Never raises an EhrError."""
    asked = ask(client, spec.kind, [filled(query, patient_id, today) for query in spec.queries])
    query = query_text(spec.kind, asked.query)
    if asked.found is None:
        return failed_section(spec.name, asked.errors, query)
    return _section(client, spec, patient_id, query, asked.found)


def read_each(client: FhirClient, pool: ThreadPoolExecutor, name: str, wanted: list[str]) -> RawSection:
    """Single reads of the references `wanted` ("Type/id"), at most SINGLE_READS of them."""
    futures = [pool.submit(_one, client, *ref.split("/")) for ref in wanted[:SINGLE_READS]]
    found, errors = [], []
    for future in futures:
        try:
            found.append(future.result())
        except EhrError as error:
            errors.append(error)
    missing = len(wanted) - len(found)
    query = f"{name}/… ({len(wanted)} read one by one)"
    if not found:
        return failed_section(name, errors, query)
    detail = f"{missing} of {len(wanted)} could not be read." if missing else ""
    return RawSection(name, "partial" if missing else "found", found, missing, detail, query)


def failed_section(name: str, errors: list[EhrError], query: str) -> RawSection:
    """A section the EHR would not or could not give; that it forbids it outweighs its other answers."""
    barred = next((e for e in errors if e.status in (401, 403)), None)
    error = barred or errors[-1]
    detail = " ".join(filter(None, (str(error), error.server_said)))
    return RawSection(name, "forbidden" if barred else "failed", [], 0, detail, query)


def query_text(kind: str, params: Query) -> str:
    return f"{kind}?" + "&".join(f"{name}={value}" for name, value in params)


def unresolved(client: FhirClient, resources: list[Json], elements: Iterable[str], kind: str) -> list[str]:
    """References to `kind` on this EHR that are not among `resources`."""
    have = {f"{r.get('resourceType')}/{r.get('id')}" for r in resources}
    named = [ref for element in elements for ref in references(resources, element)]
    wanted = dict.fromkeys(urls.relative_reference(client.base, ref) for ref in named)
    return [ref for ref in wanted if ref and ref.startswith(f"{kind}/") and ref not in have]


def _patient(client: FhirClient, patient_id: str) -> RawSection:
    try:
        raw = client.read("Patient", patient_id).raw
    except NotFound:
        raise InputError("The EHR has no patient with this id.") from None
    return RawSection("Patient", "found", [raw], query=f"Patient/{patient_id}")


def _one(client: FhirClient, kind: str, id: str) -> Json:
    return client.read(kind, id).raw


def _section(
    client: FhirClient, spec: SectionSpec, patient_id: str, query: str, found: SearchResult
) -> RawSection:
    own = [r for r in found.resources if belongs(client.base, r, patient_id)]
    foreign = len(found.resources) - len(own)
    extra = [r for r in found.included if r.get("resourceType") in spec.extra]
    state: State = "found" if own else "empty"
    remarks = list(found.outcomes)
    if foreign:
        remarks.append(f"{foreign} about somebody else or nobody were left out.")
    if not found.complete:
        state = "partial"
    return RawSection(
        spec.name,
        state,
        own + extra,
        found.dropped + foreign,
        " ".join(remarks),
        query,
    )


def _report(futures: list[Future[RawSection]], on_section: OnSection | None) -> None:
    for future in as_completed(futures):
        if on_section:
            on_section(future.result())


def _medications(
    client: FhirClient, pool: ThreadPoolExecutor, sections: list[RawSection]
) -> RawSection | None:
    """Medications that were referred to and did not come along."""
    resources = [r for s in sections if s.name.startswith("Medication") for r in s.resources]
    wanted = unresolved(client, resources, ["medicationReference"], "Medication")
    return read_each(client, pool, "Medication", wanted) if wanted else None


def _without_repeats(sections: list[RawSection]) -> list[RawSection]:
    """Each resource in one section: the specific ones keep theirs, "Observation other" the remainder."""
    seen: set[tuple[Any, Any]] = set()
    kept: dict[str, RawSection] = {}
    for section in sorted(sections, key=lambda s: s.name == "Observation other"):
        fresh = []
        for resource in section.resources:
            key = (resource.get("resourceType"), resource.get("id"))
            if key not in seen or key[1] is None:
                fresh.append(resource)
            seen.add(key)
        state = "empty" if section.state == "found" and not fresh else section.state
        kept[section.name] = replace(section, resources=fresh, state=state)
    return [kept[section.name] for section in sections]
