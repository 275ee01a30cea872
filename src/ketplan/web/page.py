"""What the pages about a plan show, put together from the presenters; and what of it stands in the EHR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ketplan.clinical.findings import Decision, Evidence, evidence_of
from ketplan.clinical.record import Patient
from ketplan.clinical.view import View
from ketplan.kept import steps_of
from ketplan.store.plans import UNDER_WAY, PlanState, StoredPlan
from ketplan.web import security
from ketplan.web.bench import Bench
from ketplan.web.context import desk
from ketplan.web.pictures.picture import Picture
from ketplan.web.pictures.timeline import timeline
from ketplan.web.pictures.weight_curve import weight_curve
from ketplan.web.presenters import calendar, course, readiness, words, writing
from ketplan.web.sessions import LiveSession
from ketplan.web.writing import Writing
from ketplan.workflow import Proposal


@dataclass(frozen=True)
class Banner:
    """Who the page is about."""

    name: str
    age: str
    sex: str
    born: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One of the four steps. `left` says that something there still waits for somebody."""

    title: str
    note: str
    anchor: str
    left: bool


def workspace_page(bench: Bench) -> dict[str, Any]:
    proposal = bench.proposal
    findings = readiness.findings(bench)
    known = bench_page(bench)
    return known | {
        "verdict": readiness.verdict(bench),
        "suicide": [f for f in findings if f.id in readiness.SUICIDE],
        "findings": [f for f in findings if f.id not in readiness.SUICIDE],
        "met": tuple(readiness.met(proposal)),
        "looked_for": readiness.looked_for(proposal),
        "gate": readiness.gate(bench),
        "sections": readiness.sections(proposal),
        "unread": readiness.unread(proposal),
        "later": readiness.evidence(_later(proposal.assessment.view), bench.session.iss),
        "dose": course.dose(proposal),
        "override": course.override(proposal),
        "watch": course.watch(proposal.draft.monitoring),
        "expected": course.expected(proposal),
        "therapy": course.therapy(proposal),
        "evidence": course.evidence(proposal),
        "choices": course.choices(proposal),
        "calendar": known["calendar"],
        "timeline": timeline(proposal),
        "weights": _weights(proposal),
        "stages": _stages(bench, known),
    }


def _weights(proposal: Proposal) -> Picture | None:
    """Nothing is signed yet, so no weight is the one to be held to."""
    pct = desk().practice.session_limits.weight_change_pct
    return weight_curve(proposal.assessment.view, None, pct)


def bench_page(bench: Bench) -> dict[str, Any]:
    """What every page about a proposal shows: whose it is, how fresh, and what stands in the EHR."""
    proposal, now = bench.proposal, desk().now()
    read_at = bench.reading.read_at or now
    signed = standing(bench.session, desk().writings.of((bench.session.iss, bench.session.patient)))
    rows = bench.preview(proposal.steps())
    return {
        "bench": bench,
        "draft": proposal.draft,
        "banner": banner(proposal.record.patient, proposal.assessment.view),
        "calendar": calendar.calendar(proposal),
        "free_times": bench.free_times,
        "standing": signed,
        "this_plan": bool(signed and signed.plan.plan_id == proposal.plan_id),
        "resources": len(rows),
        "not_taken": sum(bool(r.refused) for r in rows),
        "read_ago": words.ago(read_at, now),
        "blocked": proposal.draft.decision is Decision.BLOCKED,
    }


def show_banner(session: LiveSession) -> bool:
    """An EHR that shows the patient does so around its frame: in a window of its own ketplan has to."""
    return session.banner or security.is_own_window()


def banner(patient: Patient, view: View) -> Banner:
    ages = view.age_range(view.as_of)
    age = " to ".join(dict.fromkeys(map(str, ages))) + " y" if ages else "age unknown"
    return Banner(
        patient.name or patient.reference,
        age,
        words.SEX.get(patient.birth_sex or "", "") or patient.gender or "sex unknown",
        words.recorded(str(patient.birth_date)) if patient.birth_date else "",
        tuple(" ".join(filter(None, pair)) for pair in patient.identifiers[:2]),
    )


def _later(view: View) -> list[Evidence]:
    """Results that had not happened yet on the day the record is judged for."""
    return [evidence_of(o) for o in view.dated_later]


def _stages(bench: Bench, known: dict[str, Any]) -> tuple[Stage, ...]:
    plan, left = known["calendar"], bench.left_open
    ready = "nothing left to decide"
    if known["blocked"]:
        ready = "blocked"
    elif left:
        ready = f"{words.count(left, 'thing')} to decide"
    placed = f"{len(plan.rows)} of {plan.total} placed" if plan.total else "no visits"
    return (
        Stage("1 Ready?", ready, "ready", bool(left) or known["blocked"]),
        Stage("2 Plan", plan.counts or "nothing proposed", "plan", not plan.counts),
        Stage("3 Calendar", placed, "calendar", bool(plan.unplaced)),
        Stage("4 Write and sign", _write_note(bench, known), "write", not known["this_plan"]),
    )


def _write_note(bench: Bench, known: dict[str, Any]) -> str:
    signed: Standing | None = known["standing"]
    if signed and known["this_plan"]:
        found = signed.receipt
        return f"{found.standing} of {found.total} written"
    if known["blocked"] or not known["resources"]:
        return "nothing to write"
    lost = known["not_taken"]
    takes = f"{lost} not taken here" if lost else "this EHR takes all"
    return f"{words.count(known['resources'], 'resource')} · {takes}"


# --- what stands in the EHR ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """The newest plan signed for the patient and how far its writing has come."""

    plan: StoredPlan
    receipt: writing.ReceiptView

    @property
    def signed_by(self) -> str:
        payload = self.plan.payload
        return str(payload.get("clinician_name") or payload["clinician"])

    @property
    def signed_at(self) -> str:
        at = datetime.fromisoformat(self.plan.payload["confirmed_at"])
        return words.moment(at, desk().practice.zone)

    @property
    def is_written(self) -> bool:
        return self.plan.state is PlanState.WRITTEN

    @property
    def is_being_written(self) -> bool:
        """Somebody is at it, or will be in a moment."""
        return self.plan.state in UNDER_WAY

    @property
    def waits_for_a_launch(self) -> bool:
        return self.plan.state is PlanState.WAITING


def standing(session: LiveSession, run: Writing | None = None) -> Standing | None:
    """None as long as nobody has signed anything. `run` is one of this process, which knows more."""
    plans = desk().services.plans.find(session.iss, session.patient)
    if not plans:
        return None
    plan = plans[0]
    found = run.receipt if run and run.plan_id == plan.plan_id else None
    found = found or desk().glue.stored_receipt(desk().services, plan.plan_id)
    if found is None:
        return None
    described = writing.described(steps_of(plan))
    return Standing(plan, writing.receipt(found, described, session.iss))
