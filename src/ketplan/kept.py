"""What was confirmed as it is kept until it stands in the EHR: the JSON of a signed plan, or of a record of
any kind (a filled-in instrument, a dosing session, an adverse event), with every resource to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ketplan.clinical.plan import Clinician, ConfirmedPlan, Resolution
from ketplan.fhir.render import Step, Verb
from ketplan.kept_terms import terms_payload, visits_payload
from ketplan.store.plans import StoredPlan


class Record(Protocol):
    """Something taken down here that is written once. `said` is what was said in it: sent in again with
    anything else it is refused."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def patient(self) -> str: ...
    @property
    def clinician(self) -> Clinician: ...
    @property
    def at(self) -> datetime: ...
    @property
    def said(self) -> Mapping[str, Any]: ...
    def steps(self) -> tuple[Step, ...]: ...


def plan_payload(plan: ConfirmedPlan, steps: Sequence[Step]) -> dict[str, Any]:
    """The plan as it was signed: who, when, which findings how, which course, and every resource to write."""
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
        "visits": visits_payload(plan.draft.visits),
        "steps": _kept_steps(steps),
    }


def record_payload(record: Record) -> dict[str, Any]:
    """A record as it was sent in: who, when, what, and every resource to be written."""
    return {
        **record.said,
        "kind": record.kind,
        "clinician": record.clinician.reference,
        "clinician_name": record.clinician.name,
        "confirmed_at": record.at.isoformat(),
        "steps": _kept_steps(record.steps()),
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
            **({"seen": s.seen} if s.seen else {}),
            **({"expects": list(s.expects)} if s.expects else {}),
            **({"stands_for": list(s.stands_for)} if s.stands_for else {}),
            **({"only_if_needed": True} if s.only_if_needed else {}),
        }
        for s in steps
    ]


def steps_of(kept: StoredPlan) -> tuple[Step, ...]:
    return tuple(
        Step(
            s["key"],
            s["resource"],
            tuple(s["after"]),
            Verb(s["verb"]),
            s["updates"],
            tuple(s["changes"]),
            s.get("seen", ""),
            tuple(s.get("expects", ())),
            tuple(s.get("stands_for", ())),
            bool(s.get("only_if_needed")),
        )
        for s in kept.payload["steps"]
    )


def resolutions_of(kept: StoredPlan) -> list[Resolution]:
    return [
        Resolution(r["finding"], r["reason"], r["clinician"], datetime.fromisoformat(r["at"]))
        for r in kept.payload["resolutions"]
    ]
