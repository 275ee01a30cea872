"""The life of the newest signed plan: its state, each decision about it, and what of it stands in the EHR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ketplan import workflow
from ketplan.clinical.course_states import ACTIONS, COURSE_STATES, FINAL, Action, CourseState, actions_in
from ketplan.clinical.record import Booked, PatientRecord
from ketplan.errors import InputError
from ketplan.fhir.happened import happened
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, link
from ketplan.fhir.rendering.course import CARE_PLAN
from ketplan.kept import steps_of
from ketplan.store.journal import JournalEntry, StepState
from ketplan.store.plans import UNDER_WAY, PlanState, StoredPlan
from ketplan.web.bench import Bench
from ketplan.web.context import desk
from ketplan.web.sessions import LiveSession
from ketplan.writeback import revision
from ketplan.writeback.lifecycle import EFFECTS, KIND, TOUCHED, Standing
from ketplan.writeback.references import without

_MAY_STAND = (StepState.SENDING, StepState.UNKNOWN)
_AT_WORK = (*UNDER_WAY, PlanState.WAITING)


@dataclass(frozen=True)
class Life:
    """`decisions` are oldest first; `in_chart` is the CarePlan's status as it was read, "" where it was not
    found."""

    plan: StoredPlan
    decisions: tuple[StoredPlan, ...]
    record: PatientRecord
    in_chart: str

    @property
    def state(self) -> CourseState:
        """What was decided here counts until it stands in the EHR; from then on the EHR's word does."""
        decided = CourseState(self.decisions[-1].payload["becomes"]) if self.decisions else None
        if decided and self.decisions[-1].state is not PlanState.WRITTEN:
            return decided
        if self.in_chart in set(CourseState):
            return CourseState(self.in_chart)
        return decided or (CourseState.ACTIVE if self._is_whole else CourseState.DRAFT)

    @property
    def _is_whole(self) -> bool:
        """It was written to its end; once that is nobody's task any more, the journal tells."""
        if self.plan.state is not PlanState.ENDED:
            return self.plan.state is PlanState.WRITTEN
        made_active = _entries(self.plan.plan_id).get(f"{CARE_PLAN}-activities")
        return made_active is not None and made_active.state is StepState.DONE

    @property
    def label(self) -> str:
        return COURSE_STATES[self.state].label

    @property
    def is_over(self) -> bool:
        return self.state in FINAL

    @property
    def no_dose(self) -> str:
        return COURSE_STATES[self.state].no_dose

    @cached_property
    def doses(self) -> int:
        return len(happened(self.record, self.plan.plan_id, desk().practice.zone).doses)

    @property
    def next_number(self) -> int:
        return len(self.decisions) + 1

    @property
    def waits_for(self) -> str:
        """Why nothing can be decided right now, empty when it can."""
        if self.plan.state in UNDER_WAY:
            return "The plan is being written right now: wait until that has ended."
        if self.decisions and self.decisions[-1].state in _AT_WORK:
            return "The last decision is still being written: wait for it, or try it again."
        return ""

    @property
    def actions(self) -> tuple[Action, ...]:
        """What may be decided now. A plan whose writing could go on is finished or taken back first."""
        if self.waits_for:
            return ()
        offered = tuple(a for a in actions_in(self.state, self.doses) if a in EFFECTS)
        if self.plan.state not in (PlanState.WRITTEN, PlanState.ENDED):
            return tuple(a for a in offered if set(ACTIONS[a].leads.values()) <= FINAL)
        return offered

    @cached_property
    def standing(self) -> tuple[Standing, ...]:
        return tuple(_standing(self.plan, self.record))


def life_of(bench: Bench) -> Life | None:
    """None as long as nothing is signed. What ended in the EHR is ended here too."""
    record = bench.proposal.record
    plan = next(iter(desk().services.plans.find(bench.session.iss, bench.session.patient)), None)
    if plan is None:
        return None
    life = Life(plan, decisions_about(bench.session, plan.plan_id), record, _in_chart(plan.plan_id, record))
    if life.is_over and plan.state not in (*UNDER_WAY, PlanState.ENDED):
        desk().services.plans.move(plan.plan_id, PlanState.ENDED, desk().now())
    return life


def require_life(bench: Bench) -> Life:
    life = life_of(bench)
    if life is None:
        raise InputError("No plan has been signed for this patient, so there is no course.")
    return life


def decisions_about(session: LiveSession, plan_id: str) -> tuple[StoredPlan, ...]:
    """Changes of the plan are counted among them: of two made at once only one can have the number."""
    kept = desk().services.plans.of_patient(session.iss, session.patient)
    mine = [one for one in kept if one.kind in (KIND, revision.KIND) and one.payload.get("plan") == plan_id]
    return tuple(sorted(mine, key=lambda decision: int(decision.payload["number"])))


def _in_chart(plan_id: str, record: PatientRecord) -> str:
    named = (PLAN_STEP_SYSTEM, f"{plan_id}/{CARE_PLAN}")
    written = _entries(plan_id).get(CARE_PLAN)
    reference = f"CarePlan/{written.resource_id}" if written and written.resource_id else ""
    found = (p for p in record.care_plans if named in p.identifiers or p.reference == reference)
    return next((plan.status or "" for plan in found), "")


# --- what stands --------------------------------------------------------------------------------------------


def _standing(plan: StoredPlan, record: PatientRecord) -> Iterator[Standing]:
    """What was written, or may have been, and every visit of the plan that the chart has besides."""
    entries, steps = _entries(plan.plan_id), steps_of(plan)
    ids = {key: f"{e.resource_type}/{e.resource_id}" for key, e in entries.items() if e.resource_id}
    booked = {a.reference: a for a in record.appointments}
    seen: set[str] = set()
    for key, resource in _last_words(steps).items():
        entry = entries.get(key)
        if entry is None or resource["resourceType"] not in TOUCHED or not _may_stand(entry):
            continue
        reference = ids.get(key, "")
        seen.add(reference)
        yield _as_booked(
            Standing(key, reference, _linked(resource, ids, entries)), booked.get(reference), record
        )
    for visit, appointment in workflow.visits_of(record, plan.plan_id):
        if appointment.reference not in seen:
            key = f"appointment-{visit}-{appointment.reference.partition('/')[2]}"
            bare = Standing(key, appointment.reference, _bare(appointment, record))
            yield _as_booked(bare, appointment, record)


def _entries(plan_id: str) -> Mapping[str, JournalEntry]:
    return {entry.key: entry for entry in desk().services.journal.entries(plan_id)}


def _may_stand(entry: JournalEntry) -> bool:
    return bool(entry.state is StepState.DONE and entry.resource_id) or entry.state in _MAY_STAND


def _last_words(steps: tuple[Step, ...]) -> dict[str, dict[str, Any]]:
    """Each resource once, as its last step leaves it, by the step that creates it."""
    last: dict[str, dict[str, Any]] = {}
    for step in steps:
        last[step.updates or step.key] = step.resource
    return last


def _linked(
    resource: dict[str, Any], ids: dict[str, str], entries: Mapping[str, JournalEntry]
) -> dict[str, Any]:
    linked = link(without(resource, [key for key in entries if key not in ids]), ids)
    return {"activity": [], **linked} if linked["resourceType"] == "CarePlan" else linked


def _as_booked(one: Standing, found: Booked | None, record: PatientRecord) -> Standing:
    """With the time and the status that the chart has now."""
    if one.type == "CarePlan":
        status = next((p.status for p in record.care_plans if p.reference == one.reference), None)
        return Standing(one.key, one.reference, one.resource, status or "")
    if found is None:
        return one
    times = {"start": found.start, "end": found.end}
    moved = {name: at.isoformat() for name, at in times.items() if at}
    return Standing(one.key, one.reference, {**one.resource, **moved}, found.status or "")


def _bare(appointment: Booked, record: PatientRecord) -> dict[str, Any]:
    """A visit of the plan that others put there: as much of it as is known."""
    start = appointment.start.isoformat() if appointment.start else ""
    return {
        "resourceType": "Appointment",
        "status": appointment.status or "",
        "description": appointment.description or "Visit",
        "start": start,
        "end": appointment.end.isoformat() if appointment.end else start,
        "participant": [{"actor": {"reference": record.patient.reference}}],
    }
