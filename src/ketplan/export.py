"""Everything ketplan keeps, handed out as FHIR: a collection Bundle for each patient of each EHR.

Resources stand as they were confirmed, with the EHR's ids where they stand there. What has no FHIR form yet
(drafts, sheets in progress, the record of a signature) comes as JSON in a DocumentReference.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from ketplan.compose import Services
from ketplan.fhir import r4
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.render import final, link
from ketplan.kept import steps_of
from ketplan.store.journal import StepState
from ketplan.store.plans import StoredPlan
from ketplan.store.retention import Kept

_FULL_URLS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/export")


def bundles(services: Services) -> Iterator[Json]:
    """One for each patient of whom anything is kept, longest untouched first."""
    for kept in services.retention.patients():
        yield {
            "resourceType": "Bundle",
            "type": "collection",
            "identifier": {"system": f"{BASE}/sid/export", "value": f"{kept.iss}/Patient/{kept.patient_id}"},
            "timestamp": kept.last.isoformat(),
            "entry": list(_entries(services, kept)),
        }


def _entries(services: Services, kept: Kept) -> Iterator[Json]:
    for plan in services.plans.of_patient(kept.iss, kept.patient_id):
        yield from _resources(services, plan)
        signed = {name: value for name, value in plan.payload.items() if name != "steps"}
        yield _document(
            kept, f"{plan.kind} {plan.plan_id} as confirmed", signed | {"state": plan.state.value}
        )
    for title, content in services.retention.loose(kept.iss, kept.patient_id):
        yield _document(kept, title, content)


def _resources(services: Services, plan: StoredPlan) -> Iterator[Json]:
    """The plan's resources, referring to each other by the EHR's ids, or by address within the Bundle."""
    steps = steps_of(plan)
    stands = {
        e.key: e.resource_id for e in services.journal.entries(plan.plan_id) if e.state is StepState.DONE
    }
    ids = {s.key: f"{s.type}/{stands[s.key]}" if stands.get(s.key) else _address(plan, s.key) for s in steps}
    # What an earlier writing created is handed out with that one.
    steps = tuple(s for s in steps if not s.updates or s.updates in ids)
    created = [s for s in steps if not s.updates]
    for step, resource in zip(created, final(steps), strict=True):
        linked = link(resource, ids)
        if stands.get(step.key):
            yield {"fullUrl": f"{plan.iss}/{ids[step.key]}", "resource": linked | {"id": stands[step.key]}}
        else:
            yield {"fullUrl": ids[step.key], "resource": linked}


def _address(plan: StoredPlan, key: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_FULL_URLS, f'{plan.plan_id}/{key}')}"


def _document(kept: Kept, title: str, content: Mapping[str, Any]) -> Json:
    text = r4.to_json(dict(content)).encode()
    return {
        "fullUrl": f"urn:uuid:{uuid.uuid5(_FULL_URLS, f'{kept.iss}|{kept.patient_id}|{title}')}",
        "resource": {
            "resourceType": "DocumentReference",
            "status": "current",
            "type": {"text": "ketplan working data"},
            "subject": {"reference": f"Patient/{kept.patient_id}"},
            "description": title,
            "content": [
                {"attachment": {"contentType": "application/json", "data": base64.b64encode(text).decode()}}
            ],
        },
    }
