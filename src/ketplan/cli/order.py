"""A plan ordered on the command line: proposed, confirmed and written as by the app, noted in its trail."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from ketplan import below, compose, workflow
from ketplan.below import Marked, Wishes
from ketplan.clinical.assessment import Choice
from ketplan.clinical.plan import Clinician, Resolution
from ketplan.compose import Now, OnProgress, Services
from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import RawSection
from ketplan.errors import RefusedError
from ketplan.fhir.render import Step
from ketplan.kept import resolutions_of
from ketplan.store.audit import AuditEvent
from ketplan.store.plans import PlanState
from ketplan.writeback.ladder import Choice as Below
from ketplan.writeback.steps import Receipt

ASSERTED = "asserted-on-the-command-line"
"""The note of a row whose actor was named by whoever typed the command, not by a sign-in."""


NOTHING_BELOW = Wishes(Below.NEVER)


@dataclass(frozen=True)
class Order:
    """What somebody on the command line wants written."""

    server: str
    patient_id: str
    as_of: date
    start: date
    choice: Choice
    clinician: Clinician
    resolutions: tuple[Resolution, ...] = ()
    wishes: Wishes = NOTHING_BELOW

    def rungs(self, sections: Sequence[RawSection], proposal: workflow.Proposal) -> tuple[Wishes, Marked]:
        """What is wanted below the native rung, and what of it must not be told on. InputError for a visit
        that is not this patient's."""
        visit = below.chosen(self.wishes.visit, None, sections)
        return replace(self.wishes, visit=visit), below.marked(sections, proposal.draft)


@dataclass(frozen=True)
class Foreseen:
    """What would be written: the proposal, its steps with the rungs below, what is marked as restricted."""

    proposal: workflow.Proposal
    steps: tuple[Step, ...]
    marked: Marked


def preview(
    client: FhirClient, order: Order, practice: workflow.Practice, now: datetime, ended: Container[str] = ()
) -> Foreseen:
    """Read the record afresh and propose; nothing is written. `ended` are plans that are over."""
    sections, proposal = _proposed(client, order, practice, now, ended)
    wishes, marked = order.rungs(sections, proposal)
    return Foreseen(proposal, below.with_rungs(proposal.steps(), wishes, marked), marked)


def _proposed(
    client: FhirClient, order: Order, practice: workflow.Practice, now: datetime, ended: Container[str]
) -> tuple[Sequence[RawSection], workflow.Proposal]:
    sections = compose.read_chart(client, order.patient_id)
    return sections, workflow.propose(
        workflow.open_record(sections, order.patient_id, practice.zone),
        server=order.server,
        as_of=order.as_of,
        start=order.start,
        practice=practice,
        now=now,
        calendar=compose.read_calendar(client, order.start, practice),
        choice=order.choice,
        ended=ended,
    )


def submit(
    services: Services,
    client: FhirClient,
    order: Order,
    practice: workflow.Practice,
    now: Now,
    on_progress: OnProgress | None = None,
) -> Receipt:
    """Read, assess, confirm and write; a plan confirmed earlier is carried on as it was signed."""
    signer = compose.find_signer(client, order.clinician.reference)
    if signer.roles and not workflow.may_sign(signer.roles, practice):
        raise RefusedError("The EHR gives this practitioner no role that may sign here.")
    sections, proposal = _proposed(client, order, practice, now(), _ended(services, order))
    wishes, marked = order.rungs(sections, proposal)
    kept = compose.stored_plan(services, proposal.plan_id)
    note = _noting(services, order, now)
    target: dict[str, Any] = {"server": order.server, "patient_id": order.patient_id, "now": now}
    if kept is None:
        plan, steps = workflow.confirm(proposal, order.resolutions, order.clinician, now())
        steps = below.with_rungs(steps, wishes, marked, compose.press)
        note("plan-signed", plan.id, "success")
        compose.keep_plan(services, plan, steps, **target)
    else:
        workflow.still_permitted(proposal, [*resolutions_of(kept), *order.resolutions])
    receipt = compose.resume_plan(services, proposal.plan_id, client, **target, on_progress=on_progress)
    note("plan-resumed" if kept else "plan-written", proposal.plan_id, receipt.state.value)
    return receipt


def _ended(services: Services, order: Order) -> frozenset[str]:
    kept = services.plans.find(order.server.rstrip("/"), order.patient_id)
    return frozenset(plan.plan_id for plan in kept if plan.state is PlanState.ENDED)


def _noting(services: Services, order: Order, now: Now) -> Callable[[str, str, str], None]:
    iss, patient = order.server.rstrip("/"), f"Patient/{order.patient_id}"

    def note(action: str, plan_id: str, outcome: str) -> None:
        event = AuditEvent(order.clinician.reference, action, iss, patient, plan_id, outcome, ASSERTED)
        services.audit.append(event, now())

    return note
