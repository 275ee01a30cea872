"""What is done with chosen rows: a task in the EHR, or here where it takes none; that somebody was called."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ketplan.ehr.ability import ability
from ketplan.ehr.capabilities import Capabilities
from ketplan.errors import EhrError, RefusedError
from ketplan.fhir.rendering.hand_task import HandTask
from ketplan.scheduling.coordinating.worklist import Item
from ketplan.store.plans import PLAN_STATES, PlanState
from ketplan.store.to_dos import CALLED, TASK, TO_DO, Noted
from ketplan.web.clinic.desk import Clinic
from ketplan.web.clinic.guard import NOT_KNOWN
from ketplan.web.clinic.sessions import ClinicSession, note
from ketplan.web.context import desk
from ketplan.web.presenters import words

_IDS = uuid.UUID("6a3c7f0e-52b1-4d0c-9d0e-0b7a3ce3f4a1")


class Doing(StrEnum):
    TASK = "task"
    CALLED = "called"
    CALLS = "calls"


@dataclass(frozen=True)
class Taking:
    """Whether tasks can be written into the EHR, and why not."""

    may: bool
    why: str


def takes_tasks(session: ClinicSession) -> Taking:
    client = desk().connect(session.iss, session.token)
    refused = desk().services.observed.of(session.iss, desk().now())
    found = ability(
        "Task",
        "create",
        profile=client.profile,
        statement=_statement(client),
        scope=" ".join(session.allowed),
        observed=refused,
        called="tasks",
    )
    return Taking(found.may, found.why)


def _statement(client: object) -> Capabilities | None:
    try:
        said: Capabilities = client.capabilities()  # type: ignore[attr-defined]
    except EhrError:
        return None
    return said


def noted(clinic: Clinic) -> Mapping[str, list[str]]:
    """What was noted about each row, in words, newest first; only of rows that are shown to this user."""
    shown = {course.patient for course in clinic.courses}
    found: dict[str, list[str]] = defaultdict(list)
    for one in desk().services.to_dos.of_server(clinic.session.iss):
        if one.patient_id in shown:
            found[one.row].append(_words(one))
    return found


def _words(one: Noted) -> str:
    when, by = words.moment(one.at, desk().practice.zone), one.content.get("by") or "somebody"
    if one.what == CALLED:
        return f"Called {when} by {by}."
    if one.what == TO_DO:
        return f"To do, kept only here, {when} by {by}."
    state = desk().services.plans.load(one.id).state
    if state is PlanState.WRITTEN:
        return f"Task in the EHR, given {when} by {by}."
    return f"Task given {when} by {by}: {PLAN_STATES[state].label.lower()}."


def give(clinic: Clinic, items: Iterable[Item]) -> list[str]:
    """A task for each row, in the EHR or here; the ids of the records that are to be written."""
    taking = takes_tasks(clinic.session)
    given = [_give(clinic, item, taking.may) for item in items]
    return [id for id in given if id]


def _give(clinic: Clinic, item: Item, in_ehr: bool) -> str:
    session, services = clinic.session, desk().services
    actor = session.actor
    if actor is None:
        raise RefusedError(NOT_KNOWN)
    # The same matter on another day (a visit that was moved meanwhile) is another task.
    named = f"{session.iss}|{item.course.patient}|{item.id}|{item.due.isoformat()}"
    id = str(uuid.uuid5(_IDS, named))
    known = _note(id, TASK if in_ehr else TO_DO, item, session)
    if in_ehr:
        now, patient = desk().now(), item.course.patient
        task = HandTask(
            id,
            f"Patient/{patient}",
            actor,
            now,
            desk().practice.zone.key,
            item.id,
            item.course.plan,
            item.title,
            item.step,
            item.due,
        )
        desk().glue.keep_record(services, task, server=session.iss, patient_id=patient, now=desk().now)
    services.to_dos.add(known)
    note(session, "task-given", f"Patient/{item.course.patient}", id)
    return id if in_ehr else ""


def called(clinic: Clinic, items: Iterable[Item]) -> None:
    """Somebody spoke with the patient, now."""
    session, now = clinic.session, desk().now()
    for item in items:
        named = f"{session.iss}|{item.course.patient}|{item.id}|{now.replace(second=0, microsecond=0)}"
        desk().services.to_dos.add(_note(str(uuid.uuid5(_IDS, named)), CALLED, item, session))
        note(session, "patient-called", f"Patient/{item.course.patient}", item.course.plan)


def _note(id: str, what: str, item: Item, session: ClinicSession) -> Noted:
    content = {"by": session.user_name, "who": session.user, "title": item.title, "step": item.step}
    course = item.course
    return Noted(id, session.iss, course.patient, course.plan, item.id, what, content, desk().now())


def carry(session: ClinicSession, ids: Iterable[str]) -> None:
    """Have them written beside this request, one after the other; what does not go waits for the next try."""
    waiting = list(ids)

    def work() -> None:
        for id in waiting:
            try:
                desk().carry(id, session.lid)
            except EhrError:
                continue

    desk().beside(work)
