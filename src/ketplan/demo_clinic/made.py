"""One patient of the demo clinic, whole: what stands in the EHR and what ketplan has kept, as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from ketplan import workflow
from ketplan.clinical.course_states import ACTIONS, Action, CourseState
from ketplan.clinical.plan import VisitKind
from ketplan.demo_clinic.course import PSYCHIATRIST, Clinic, Signed, sign, signing_day
from ketplan.demo_clinic.doses import session
from ketplan.demo_clinic.free_time import FreeTime, Json
from ketplan.demo_clinic.measured import forms, scores, tests
from ketplan.demo_clinic.roster import ROSTER, Treated, Twist
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.render import Step, Verb, final, link
from ketplan.fhir.rendering.course import appointment_key
from ketplan.kept import Record, plan_payload, record_payload
from ketplan.scheduling.timetable import Placed
from ketplan.store.plans import PLAN
from ketplan.writeback.lifecycle import Decision, Standing

SEED = "harbor"
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/demo-clinic")
_DECIDED = {
    Twist.SUSPENDED: (Action.SUSPEND, "The patient is abroad for six weeks."),
    Twist.REVOKED: (Action.REVOKE, "No response to the induction; another treatment is begun."),
    Twist.COMPLETED: (Action.COMPLETE, "In remission at the four-month review."),
}


@dataclass(frozen=True)
class Written:
    """What was kept once and written: `ids` are the references its steps got, by step."""

    id: str
    kind: str
    at: datetime
    payload: Mapping[str, Any]
    ids: Mapping[str, str]

    def as_json(self) -> Json:
        return {**vars(self), "at": self.at.isoformat()}


def patients(
    server: str,
    today: date,
    practice: workflow.Practice,
    seed: str = SEED,
    roster: Sequence[Treated] = ROSTER,
) -> Iterator[Json]:
    """Everybody of the roster, who began first being first. The same for the same server, day and seed."""
    free = FreeTime(min(signing_day(patient, today) for patient in roster), today, practice.zone)
    clinic = Clinic(server.rstrip("/"), today, practice, free)
    numbered = enumerate(roster, 1)
    for number, patient in sorted(numbered, key=lambda one: (-one[1].week, one[0])):
        yield _whole(sign(patient, number, clinic, seed))


def _whole(course: Signed) -> Json:
    signed = plan_payload(course.plan, course.steps)
    plan = _written(course.plan.id, PLAN, course.plan.confirmed_at, course.steps, signed)
    sessions = [
        (visit, session(course, visit, number, plan.ids))
        for number, visit in enumerate(_attended(course, course.doses(course.over)), 1)
    ]
    records: list[Record] = [*forms(course), *(record for _, record in sessions)]
    if decided := _decision(course, plan):
        records.append(decided)
    records.sort(key=lambda record: (record.at, record.id))
    person = course.person
    return {
        "case": {**vars(person), "words": course.patient.words},
        "stands": [*course.charted, *scores(course), *tests(course), *course.slots],
        "kept": [
            plan.as_json(),
            *(_recorded(record).as_json() for record in records),
        ],
        "ended": bool(decided and decided.becomes in (CourseState.COMPLETED, CourseState.REVOKED)),
        "sheets": [
            {
                "plan": course.plan.id,
                "visit": visit.visit.key,
                "content": {**record.said["entered"], "closed": _closed(record.at)},
                "at": record.at.isoformat(),
            }
            for visit, record in sessions
        ],
        "since": [{"reference": where, "changes": what} for where, what in _since(course, plan.ids)],
    }


def _written(id: str, kind: str, at: datetime, steps: Sequence[Step], payload: Mapping[str, Any]) -> Written:
    ids: dict[str, str] = {}
    for step in steps:
        made = f"{step.type}/{uuid.uuid5(_IDS, f'{id}/{step.key}')}"
        ids[step.key] = made if step.verb is Verb.CREATE else ids.get(step.updates, step.updates)
    return Written(id, kind, at, payload, ids)


def _recorded(record: Record) -> Written:
    return _written(record.id, record.kind, record.at, record.steps(), record_payload(record))


def _closed(at: datetime) -> Json:
    return {"clinician": PSYCHIATRIST.reference, "name": PSYCHIATRIST.name, "at": at.isoformat()}


def _attended(course: Signed, doses: Sequence[Placed]) -> Sequence[Placed]:
    """All but the last, where that was missed."""
    return doses[:-1] if course.patient.twist is Twist.MISSED else doses


def _decision(course: Signed, plan: Written) -> Decision | None:
    if course.patient.twist not in _DECIDED:
        return None
    action, reason = _DECIDED[course.patient.twist]
    created = [step for step in course.steps if step.verb is Verb.CREATE]
    over = {appointment_key(visit.visit) for visit in course.over}
    standing = tuple(
        Standing(step.key, plan.ids[step.key], link(resource, plan.ids), "fulfilled" * (step.key in over))
        for step, resource in zip(created, final(course.steps), strict=True)
        if step.type != "Provenance"
    )
    return Decision(
        workflow.decision_id_for(course.plan.id, 1),
        course.plan.id,
        1,
        action,
        ACTIONS[action].leads[CourseState.ACTIVE],
        reason,
        True,
        course.reference,
        PSYCHIATRIST,
        course.until,
        course.clinic.practice.zone.key,
        standing,
    )


# --- what others did in the EHR since -----------------------------------------------------------------------


def _since(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    """What was changed there, by reference; None for what was taken out."""
    doses = course.doses(course.over)
    absent = set(doses) - set(_attended(course, doses))
    for visit in course.over:
        status = "noshow" if visit in absent else "fulfilled"
        yield ids[appointment_key(visit.visit)], {"status": status}
    if course.patient.twist in _DECIDED:
        yield from _freed(course.to_come)
    if change := _CHANGES.get(course.patient.twist):
        yield from change(course, ids)


def _cancelled(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    visit = _next(course, VisitKind.INFUSION)
    yield (
        ids[appointment_key(visit.visit)],
        {"status": "cancelled", "cancelationReason": {"text": "The patient rang: feverish cold"}},
    )
    yield from _freed([visit])


def _moved(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    yield _to(_next(course, VisitKind.CBT), timedelta(hours=1), ids)


def _late(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    yield _to(_next(course, VisitKind.INFUSION), timedelta(days=7), ids)


def _gone(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    yield ids[appointment_key(_next(course, VisitKind.CBT).visit)], None


def _unconfirmed(course: Signed, ids: Mapping[str, str]) -> Iterator[tuple[str, Json | None]]:
    yield ids[appointment_key(course.to_come[0].visit)], {"status": "pending"}


_CHANGES = {
    Twist.CANCELLED: _cancelled,
    Twist.MOVED: _moved,
    Twist.LATE: _late,
    Twist.GONE: _gone,
    Twist.UNCONFIRMED: _unconfirmed,
}


def _next(course: Signed, kind: VisitKind) -> Placed:
    """The next visit of the kind; where none is left, the next of any."""
    return next((one for one in course.to_come if one.visit.kind is kind), course.to_come[0])


def _to(visit: Placed, later: timedelta, ids: Mapping[str, str]) -> tuple[str, Json]:
    """Adding to a zoned time keeps the wall clock."""
    times = {"start": (visit.start + later).isoformat(), "end": (visit.end + later).isoformat()}
    return ids[appointment_key(visit.visit)], times


def _freed(visits: Sequence[Placed]) -> Iterator[tuple[str, Json]]:
    for visit in visits:
        for slot in visit.slots:
            yield slot, {"status": "free"}
