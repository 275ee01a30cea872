"""A small plan as steps, and one call that runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, Verb
from ketplan.writeback.runner import run
from ketplan.writeback.steps import Receipt, Row
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, FakeLock, Json

PLAN = "7f3k"
PATIENT = "p1"
AUTHOR = "Practitioner/7"


def named(key: str) -> Json:
    return {"system": PLAN_STEP_SYSTEM, "value": f"{PLAN}/{key}"}


def to(target: str) -> Json:
    return {"reference": target}


def a_goal() -> Step:
    target = [{"detailQuantity": {"value": Decimal("5.0")}}]
    resource = {
        "lifecycleStatus": "active",
        "description": {"text": "GAD-7 total below 5."},
        "subject": to(f"Patient/{PATIENT}"),
        "startDate": "2026-03-09",
        "target": target,
    }
    return _create("goal-1", "Goal", resource)


def a_care_plan(**changes: Any) -> Step:
    resource = {
        "status": "draft",
        "intent": "plan",
        "title": "Ketamine and CBT treatment plan",
        "created": "2026-03-07T16:30:00-05:00",
        "subject": to(f"Patient/{PATIENT}"),
        "goal": [to("step:goal-1")],
        "addresses": [to("Condition/c1")],
    }
    return _create("care-plan", "CarePlan", {**resource, **changes}, after=("goal-1",))


def a_request() -> Step:
    resource = {
        "status": "active",
        "intent": "plan",
        "code": {"text": "Ketamine infusion"},
        "authoredOn": "2026-03-07T16:30:00-05:00",
        "subject": to(f"Patient/{PATIENT}"),
        "basedOn": [to("step:care-plan")],
    }
    return _create("request-infusion", "ServiceRequest", resource, after=("care-plan",))


def an_appointment(number: int, patient: str = PATIENT) -> Step:
    resource = {
        "status": "booked",
        "start": f"2026-03-{9 + number:02}T09:00:00-04:00",
        "end": f"2026-03-{9 + number:02}T11:30:00-04:00",
        "basedOn": [to("step:request-infusion")],
        "supportingInformation": [to("step:care-plan")],
        "participant": [{"actor": to(f"Patient/{patient}")}, {"actor": to("Location/chair-1")}],
    }
    return _create(f"appointment-{number}", "Appointment", resource, after=("request-infusion", "care-plan"))


ACTIVITIES = ("request-infusion", "appointment-1", "appointment-2", "appointment-3")


def the_activities() -> Step:
    plan = a_care_plan().resource
    activity = [{"reference": to(f"step:{key}")} for key in ACTIVITIES]
    resource = {**plan, "status": "active", "activity": activity}
    after = ("goal-1", "care-plan", *ACTIVITIES)
    return Step("activities", resource, after, Verb.UPDATE, "care-plan", ("status", "activity"))


def a_provenance() -> Step:
    keys = ("goal-1", "care-plan", *ACTIVITIES)
    resource = {
        "resourceType": "Provenance",
        "target": [to(f"step:{key}") for key in keys],
        "recorded": "2026-03-07T16:30:00-05:00",
        "agent": [{"who": to(AUTHOR)}],
        "entity": [{"role": "source", "what": {"identifier": {"system": "urn:plan", "value": PLAN}}}],
    }
    return Step("provenance", resource, keys)


def a_plan() -> tuple[Step, ...]:
    """Goal, CarePlan, one ServiceRequest, three Appointments, the CarePlan's activities, Provenance."""
    visits = [an_appointment(number) for number in (1, 2, 3)]
    return (a_goal(), a_care_plan(), a_request(), *visits, the_activities(), a_provenance())


EVERYTHING = {"Goal": 1, "CarePlan": 1, "ServiceRequest": 1, "Appointment": 3, "Provenance": 1}


def write(
    ehr: FakeEhr,
    journal: FakeJournal | None = None,
    lock: FakeLock | None = None,
    clock: Clock | None = None,
    steps: Sequence[Step] | None = None,
    seen: list[Row] | None = None,
) -> Receipt:
    clock = clock or Clock()
    return run(
        PLAN,
        a_plan() if steps is None else steps,
        ehr,
        journal or FakeJournal(),
        lock=lock or FakeLock(),
        owner="run-1",
        patient_id=PATIENT,
        now=clock.now,
        sleep=clock.sleep,
        on_progress=None if seen is None else seen.append,
    )


def outcomes(receipt: Receipt) -> dict[str, str]:
    return {row.key: str(row.outcome) for row in receipt.rows}


def row_of(receipt: Receipt, key: str) -> Row:
    return next(row for row in receipt.rows if row.key == key)


def with_resource(step: Step, **changes: Any) -> Step:
    return replace(step, resource={**step.resource, **changes})


def _create(key: str, kind: str, resource: Json, after: tuple[str, ...] = ()) -> Step:
    return Step(key, {"resourceType": kind, "identifier": [named(key)], **resource}, after)
