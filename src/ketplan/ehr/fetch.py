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
from ketplan.ehr.asking import REFUSALS, Query, ask
from ketplan.ehr.batch import FirstPages, Search, first_pages
from ketplan.ehr.bundles import SearchResult
from ketplan.ehr.client import FhirClient
from ketplan.ehr.sections import (
    SECTIONS,
    SectionSpec,
    belongs,
    by_parts,
    category_of,
    filled,
    missing_from,
    references,
    searches,
)
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
        ahead = pool.submit(first_pages, client, _firsts(client, patient_id, today)).result()
        rest = [pool.submit(read_section, client, spec, patient_id, today, ahead) for spec in SECTIONS]
        try:
            patient = first.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        _report([first, *rest], on_section)
        sections = [section for future in rest for section in future.result()]
        medications = _medications(client, pool, sections)
        if medications and on_section:
            on_section(medications[0])
    return [*patient, *_without_repeats(sections), *medications]


def read_section(
    client: FhirClient, spec: SectionSpec, patient_id: str, today: date, ahead: FirstPages | None = None
) -> list[RawSection]:
    """A section by the first of its queries that the EHR takes, in its parts. Never raises an EhrError.

    `ahead` are first pages that came in a batch.
    """
    if by_parts(spec, client.profile):
        return _parts(client, spec, patient_id, today, ahead)
    wanted = {filled(q, patient_id, today, client.profile): q for q in searches(spec, client.profile)}
    asked = ask(client, spec.kind, list(wanted), ahead)
    query = query_text(spec.kind, asked.query)
    if asked.found is not None:
        section = _section(client, spec, patient_id, query, asked.found)
        lacks = missing_from(wanted[asked.query], client.profile, spec.kind)
        section = _without(section, lacks) if lacks else section
        return _split(section, spec.parts) if spec.parts else [section]
    if spec.parts and asked.errors[-1].status in REFUSALS:
        return _parts(client, spec, patient_id, today)
    if spec.pieces and asked.errors[-1].status in REFUSALS:
        return [_joined(spec.name, query, _pieces(client, spec, patient_id, today))]
    return [failed_section(spec.name, asked.errors, query)]


def _parts(
    client: FhirClient, spec: SectionSpec, patient_id: str, today: date, ahead: FirstPages | None = None
) -> list[RawSection]:
    return [s for part in spec.parts for s in read_section(client, part, patient_id, today, ahead)]


def _firsts(client: FhirClient, patient_id: str, today: date) -> list[Search]:
    """What every section is asked by to begin with."""
    specs = [s for spec in SECTIONS for s in (spec.parts if by_parts(spec, client.profile) else (spec,))]
    firsts = [(spec.kind, searches(spec, client.profile)[0]) for spec in specs]
    return [(kind, filled(query, patient_id, today, client.profile)) for kind, query in firsts]


def _pieces(client: FhirClient, spec: SectionSpec, patient_id: str, today: date) -> list[RawSection]:
    return [s for piece in spec.pieces for s in read_section(client, piece, patient_id, today)]


def _joined(name: str, query: str, pieces: list[RawSection]) -> RawSection:
    """The pieces as one section: whole only when each of them was given, failed when none was."""
    given = [piece for piece in pieces if piece.state not in ("failed", "forbidden")]
    refused = [piece.name.removeprefix("Observation ") for piece in pieces if piece not in given]
    resources = [r for piece in given for r in piece.resources]
    whole = len(given) == len(pieces) and all(piece.state != "partial" for piece in given)
    state: State = "failed" if not given else "partial" if not whole else "found" if resources else "empty"
    remarks = [piece.detail for piece in given]
    if refused:
        remarks.append(f"The EHR would not be asked for {', '.join(refused)}.")
    detail = " ".join(filter(None, remarks))
    return RawSection(name, state, resources, sum(piece.dropped for piece in given), detail, query)


def _without(section: RawSection, lacks: str) -> RawSection:
    """A section that the EHR gave only in part, because it would not be asked for the whole."""
    said = f"This EHR was asked more simply than it should be, so {lacks} may be missing."
    return replace(section, state="partial", detail=" ".join(filter(None, [section.detail, said])))


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


def _patient(client: FhirClient, patient_id: str) -> list[RawSection]:
    try:
        raw = client.read("Patient", patient_id).raw
    except NotFound:
        raise InputError("The EHR has no patient with this id.") from None
    return [RawSection("Patient", "found", [raw], query=f"Patient/{patient_id}")]


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


def _split(whole: RawSection, parts: tuple[SectionSpec, ...]) -> list[RawSection]:
    """A section in its parts; what could not be read is counted with the last one, which holds the rest."""
    named = {part.category for part in parts if part.category}
    sections = []
    for part in parts:
        own = [r for r in whole.resources if category_of(r, named) == part.category]
        state: State = whole.state if whole.state == "partial" else "found" if own else "empty"
        dropped = whole.dropped if part is parts[-1] else 0
        sections.append(replace(whole, name=part.name, state=state, resources=own, dropped=dropped))
    return sections


def _report(futures: list[Future[list[RawSection]]], on_section: OnSection | None) -> None:
    for future in as_completed(futures):
        for section in future.result():
            if on_section:
                on_section(section)


def _medications(
    client: FhirClient, pool: ThreadPoolExecutor, sections: list[RawSection]
) -> list[RawSection]:
    """Medications that were referred to and did not come along, as one section; none when there are none."""
    resources = [r for s in sections if s.name.startswith("Medication") for r in s.resources]
    wanted = unresolved(client, resources, ["medicationReference"], "Medication")
    return [read_each(client, pool, "Medication", wanted)] if wanted else []


def _without_repeats(sections: list[RawSection]) -> list[RawSection]:
    """Each resource in the first section that has it: a category or an include may bring it twice."""
    seen: set[tuple[Any, Any]] = set()
    kept = []
    for section in sections:
        keys = [(r.get("resourceType"), r.get("id")) for r in section.resources]
        fresh = [
            r for r, key in zip(section.resources, keys, strict=True) if key[1] is None or key not in seen
        ]
        seen.update(keys)
        kept.append(replace(section, resources=fresh))
    return kept
