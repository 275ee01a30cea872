"""The EHR's own calendar: free Slots and the Schedules they belong to, by `$find` or by search."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from ketplan.ehr.asking import Query, ask
from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import RawSection, State, failed_section, query_text, read_each, unresolved
from ketplan.ehr.finding import find_slots, offered_on
from ketplan.ehr.sections import SectionSpec, paged, searches, worded
from ketplan.errors import EhrError, InputError, Temporary

FOUND_BY = "$find"


def read_free(client: FhirClient, start: datetime, end: datetime, patient_id: str = "") -> RawSection:
    """As `read_slots`, by `$find` where the EHR offers it. `query` tells which of the two it was, `detail`
    begins with why it was not `$find` where that is offered and did not do."""
    kind = offered_on(client)
    if kind is None:
        return read_slots(client, start, end)
    try:
        found = find_slots(client, kind, start, end, patient_id)
    except EhrError as error:
        if isinstance(error, Temporary) and error.retry_after:
            return failed_section("Slot", [error], f"{kind}/{FOUND_BY}")
        why = str(error).rstrip(".")
        searched = read_slots(client, start, end)
        said = f"The EHR offers {FOUND_BY}, but: {why}. Its Slots were searched instead."
        return replace(searched, detail=" ".join(filter(None, (said, searched.detail))))
    state: State = "found" if found else "empty"
    return _with_schedules(client, RawSection("Slot", state, found, query=f"{kind}/{FOUND_BY}"))


def read_slots(client: FhirClient, start: datetime, end: datetime) -> RawSection:
    """Free Slots that start in [start, end), with their Schedules, as one section.

    `start` and `end` are aware. No free Slot and an EHR without a calendar both give no `resources`; `state`
    and `detail` tell them apart. Slots that are not free are left out, whatever the EHR sends.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise InputError("The calendar is read between two times with a zone.")
    when: Query = (
        ("start", f"ge{start.isoformat(timespec='seconds')}"),
        ("start", f"lt{end.isoformat(timespec='seconds')}"),
        ("status", "free"),
    )
    spec = SectionSpec("Slot", "Slot", ((*when, ("_include", "Slot:schedule")), when))
    words = {"{from}": when[0][1].removeprefix("ge"), "{to}": when[1][1].removeprefix("lt")}
    wanted = [paged(worded(query, words), client.profile) for query in searches(spec, client.profile)]
    asked = ask(client, "Slot", wanted)
    query = query_text("Slot", asked.query)
    if asked.found is None:
        return failed_section("Slot", asked.errors, query)
    free = [slot for slot in asked.found.resources if slot.get("status") == "free"]
    schedules = [r for r in asked.found.included if r.get("resourceType") == "Schedule"]
    section = RawSection(
        "Slot",
        "found" if free else "empty",
        free + schedules,
        asked.found.dropped + len(asked.found.resources) - len(free),
        " ".join(asked.found.outcomes),
        query,
    )
    if not asked.found.complete:
        section = replace(section, state="partial")
    return _with_schedules(client, section)


def _with_schedules(client: FhirClient, section: RawSection) -> RawSection:
    """The section with the Schedules that did not come along read one by one."""
    wanted = unresolved(client, section.resources, ["schedule"], "Schedule")
    if not wanted:
        return section
    with ThreadPoolExecutor(max_workers=client.parallel) as pool:
        more = read_each(client, pool, "Schedule", wanted)
    detail = " ".join(filter(None, (section.detail, more.detail)))
    return replace(section, resources=section.resources + more.resources, detail=detail)
