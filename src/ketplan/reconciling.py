"""A kept plan held against the EHR: what was kept of it, read together, and a look at how it stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ketplan.clinical.record import Booked, PatientRecord
from ketplan.compose import Services
from ketplan.ehr.client import FhirClient
from ketplan.errors import InputError
from ketplan.fhir.render import Verb
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM, visit_of_step, visit_step
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.fhir.rendering.resolution import KIND, Choice
from ketplan.kept import steps_of
from ketplan.store.journal import StepState
from ketplan.store.plans import PLAN, StoredPlan
from ketplan.writeback import revision
from ketplan.writeback.authored import Adopted, Authored, Chapter, authored
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.looking import Report, beside, reconcile
from ketplan.writeback.steps import Chart


def written_of(services: Services, plan: StoredPlan) -> tuple[Authored, ...]:
    """What stands in the EHR of a plan by our hand: as it was signed, and as it was decided since."""
    return authored([_chapter(services, kept) for kept in chapters_of(services, plan)])


def chapters_of(services: Services, plan: StoredPlan) -> list[StoredPlan]:
    """The plan and what was kept about it later, oldest first."""
    all_kept = services.plans.of_patient(plan.iss, plan.patient_id)
    later = [kept for kept in all_kept if kept.kind != PLAN and kept.payload.get("plan") == plan.plan_id]
    signed = next((kept for kept in all_kept if kept.plan_id == plan.plan_id), plan)
    return [signed, *sorted(later, key=_place)]


def _place(kept: StoredPlan) -> tuple[datetime, int, str]:
    """What is numbered was decided in that order, also within one moment."""
    return kept.created, kept.payload.get("number", 0), kept.plan_id


def look_at(services: Services, client: FhirClient, plan: StoredPlan, now: datetime) -> Report:
    """Look at a plan in the EHR and keep what was found. Raises EhrError when that could not be done."""
    before = services.reconciliations.load(plan.plan_id)
    report = reconcile(
        plan.plan_id,
        written_of(services, plan),
        EhrChart(client),
        plan.patient_id,
        now,
        parallel=client.parallel,
        before=before.content if before else None,
    )
    services.reconciliations.save(plan.plan_id, report.content(), now)
    return report


def look_at_visits(
    services: Services,
    chart: Chart,
    plan: StoredPlan,
    visits: Sequence[Authored],
    now: datetime,
    parallel: int,
) -> Report:
    """Look at some visits of a plan; what was found about the rest of it stays as it was kept."""
    kept = services.reconciliations.load(plan.plan_id)
    before = kept.content if kept else None
    report = reconcile(plan.plan_id, visits, chart, plan.patient_id, now, parallel=parallel, before=before)
    services.reconciliations.save(plan.plan_id, beside(before, report), now)
    return report


def as_decided(services: Services, plan: StoredPlan) -> StoredPlan:
    """The plan and its visits as was decided since: what every page and every sheet of its course goes by.

    A visit that was placed again stands there as its newest appointment, one that was added beside the rest.
    """
    if not any(kept.kind in (KIND, revision.KIND) for kept in chapters_of(services, plan)):
        return plan
    written = written_of(services, plan)
    newest, told = newest_of_visits(written), next((o for o in written if o.key == CARE_PLAN), None)
    steps = [
        _as_decided(step, newest.pop(visit, None) if (visit := visit_of_step(step["key"])) else told)
        for step in plan.payload["steps"]
    ]
    steps += [_step_of(visit, one) for visit, one in newest.items()]
    return replace(plan, payload={**plan.payload, "steps": steps})


def newest_of_visits(written: Iterable[Authored]) -> dict[str, Authored]:
    """Each visit's appointment that was made last, by visit."""
    found: dict[str, Authored] = {}
    for one in written:
        visit = visit_of_step(one.key)
        if visit:
            found[visit] = one
    return found


def _as_decided(step: dict[str, Any], one: Authored | None) -> dict[str, Any]:
    if one is None or step["resource"]["resourceType"] != one.type:
        return step
    gone = {"status": "cancelled"} if one.gone and visit_of_step(one.key) else {}
    return {**step, "resource": {**one.ours, **gone}}


def _step_of(visit: str, one: Authored) -> dict[str, Any]:
    bare = {"after": [], "verb": Verb.CREATE.value, "updates": "", "changes": []}
    return {"key": visit_step(visit), "resource": one.ours, **bare}


def recognised(services: Services, iss: str, patient_id: str, record: PatientRecord) -> PatientRecord:
    """The record, our own visits named where the EHR keeps no identifiers: the journal knows their ids."""
    names: dict[str, tuple[str, str]] = {}
    for kept in services.plans.of_patient(iss, patient_id):
        if kept.kind not in (PLAN, revision.KIND):
            continue
        plan_id = kept.payload.get("plan", kept.plan_id)
        for entry in services.journal.entries(kept.plan_id):
            if entry.resource_type == "Appointment" and entry.state is StepState.DONE and entry.resource_id:
                names[f"Appointment/{entry.resource_id}"] = (PLAN_STEP_SYSTEM, f"{plan_id}/{entry.key}")
    return replace(record, appointments=tuple(_named(visit, names) for visit in record.appointments))


def _named(visit: Booked, names: Mapping[str, tuple[str, str]]) -> Booked:
    name = names.get(visit.reference)
    if name is None or any(system == PLAN_STEP_SYSTEM for system, _ in visit.identifiers):
        return visit
    return replace(visit, identifiers=(*visit.identifiers, name))


def named_plans(services: Services, plan_id: str | None, iss: str, patient_id: str) -> Sequence[StoredPlan]:
    """The plan of this id, or those of a patient, newest first. InputError when there is none."""
    found = [services.plans.load(plan_id)] if plan_id else list(services.plans.find(iss, patient_id))
    plans = [plan for plan in found if plan.kind == PLAN]
    if not plans:
        raise InputError("There is no such plan here.")
    return plans


def _chapter(services: Services, kept: StoredPlan) -> Chapter:
    entries = {entry.key: entry for entry in services.journal.entries(kept.plan_id)}
    return Chapter(steps_of(kept), entries, _adopted(kept))


def _adopted(kept: StoredPlan) -> tuple[Adopted, ...]:
    said = kept.payload
    if kept.kind == revision.KIND:
        accepted = [edit["accepted"] for edit in said["edits"] if edit["accepted"]]
        return tuple(Adopted(one["key"], one["values"], one["gone"]) for one in accepted)
    if kept.kind != KIND or said["choice"] != Choice.THEIRS:
        return ()
    return (Adopted(said["key"], said["adopted"], gone=not said["seen"]),)
