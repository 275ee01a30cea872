"""What was confirmed as it is kept until it stands in the EHR: the JSON of a signed plan, or of a filled-in
instrument, with every resource to be written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ketplan.clinical.plan import ConfirmedPlan, Resolution
from ketplan.fhir.render import Step, Verb
from ketplan.fhir.rendering.survey_response import FilledIn
from ketplan.kept_terms import terms_payload
from ketplan.store.plans import StoredPlan

RECORD = "instrument"


def plan_payload(plan: ConfirmedPlan, steps: Sequence[Step]) -> dict[str, Any]:
    """The plan as it was signed: who, when, which findings how, and every resource to be written."""
    return {
        "clinician": plan.clinician.reference,
        "clinician_name": plan.clinician.name,
        "asserted_by": plan.clinician.asserted_by,
        "confirmed_at": plan.confirmed_at.isoformat(),
        "resolutions": [
            {"finding": r.finding, "reason": r.reason, "clinician": r.clinician, "at": r.at.isoformat()}
            for r in plan.resolutions
        ],
        "terms": terms_payload(plan),
        "steps": _kept_steps(steps),
    }


def record_payload(filled: FilledIn, steps: Sequence[Step]) -> dict[str, Any]:
    """A filled-in instrument as it was sent in: who, when, what, and every resource to be written."""
    return said_in(filled) | {
        "kind": RECORD,
        "clinician": filled.clinician.reference,
        "clinician_name": filled.clinician.name,
        "confirmed_at": filled.at.isoformat(),
        "steps": _kept_steps(steps),
    }


def said_in(filled: FilledIn) -> dict[str, Any]:
    return {
        "instrument": filled.score.instrument,
        "answers": [list(pair) for pair in filled.score.answers],
        "total": filled.score.total,
        "by_patient": filled.by_patient,
    }


def _kept_steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [
        {
            "key": s.key,
            "resource": s.resource,
            "after": list(s.after),
            "verb": s.verb.value,
            "updates": s.updates,
            "changes": list(s.changes),
        }
        for s in steps
    ]


def steps_of(kept: StoredPlan) -> tuple[Step, ...]:
    return tuple(
        Step(s["key"], s["resource"], tuple(s["after"]), Verb(s["verb"]), s["updates"], tuple(s["changes"]))
        for s in kept.payload["steps"]
    )


def resolutions_of(kept: StoredPlan) -> list[Resolution]:
    return [
        Resolution(r["finding"], r["reason"], r["clinician"], datetime.fromisoformat(r["at"]))
        for r in kept.payload["resolutions"]
    ]
