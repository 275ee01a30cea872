"""A new version of a plan that stands in the EHR: visits moved, added or dropped, and what follows from it.

The same CarePlan is updated, never a second one made. Everything that stands is changed only while it is as
the clinician saw it; what is new has identifiers of the plan's own, so that a killed writing finds it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from ketplan.clinical.plan import Clinician, Visit
from ketplan.errors import InputError
from ketplan.fhir import r4
from ketplan.fhir.invariants import require_valid
from ketplan.fhir.render import Step, Verb
from ketplan.fhir.rendering import revised
from ketplan.fhir.rendering.authoring import annotation, clean, moment, placeholder, visit_step
from ketplan.fhir.rendering.course import request_key
from ketplan.fhir.rendering.note import NOTE, render_note
from ketplan.fhir.rendering.revised import Line, NewTime
from ketplan.writeback.lifecycle import PROVIDER, TO_COME
from ketplan.writeback.steps import Json

KIND = "revision"


class What(StrEnum):
    """What becomes of one visit. Again: the appointment it had is over, so it gets one of its own."""

    MOVED = "moved"
    AGAIN = "placed again"
    ADDED = "added"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Held:
    """One resource of the plan when it was looked at: as we say it, as the EHR has it, the mark of that."""

    key: str
    reference: str
    ours: Json
    theirs: Json
    seen: str


@dataclass(frozen=True)
class Edit:
    """One visit before and after. `held` is its appointment that stands, None where it has none to change;
    `was` where it stood, `to` where it will, None when it is dropped; `why` is for people."""

    what: What
    visit: Visit
    held: Held | None
    was: datetime | None
    to: NewTime | None
    why: str
    accepted: Mapping[str, Any] = field(default_factory=dict)
    """How the EHR has the appointment that is over, by its step: accepted so by placing the visit again."""


@dataclass(frozen=True)
class Standing:
    """What of the plan besides its visits stands in the EHR; None or left out where it does not."""

    care_plan: Held | None = None
    requests: Mapping[str, Held] = field(default_factory=dict)
    goals: Mapping[str, Held] = field(default_factory=dict)
    note: Held | None = None


@dataclass(frozen=True)
class Revision:
    """`number` counts the decisions about the course, this one among them. `lines` are the visits as they
    stand afterwards. `is_signed`: by one who may sign; then the plan's own words are revised as well. `form`
    names what was sent in: the same again is no other revision."""

    id: str
    plan: str
    number: int
    reason: str
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    edits: tuple[Edit, ...]
    standing: Standing
    lines: tuple[tuple[Visit, Line], ...] = ()
    is_signed: bool = True
    remarks: tuple[str, ...] = ()
    goals_due: Mapping[str, str] = field(default_factory=dict)
    form: str = ""

    @property
    def kind(self) -> str:
        return KIND

    @property
    def said(self) -> Mapping[str, Any]:
        return {
            "plan": self.plan,
            "number": self.number,
            "action": "revise",
            "becomes": "active",
            "reason": self.reason,
            "cancels_visits": False,
            "is_signed": self.is_signed,
            "edits": [_told(edit) for edit in self.edits],
            "remarks": list(self.remarks),
            "goals_due": dict(self.goals_due),
            "form": self.form,
        }

    @property
    def targets(self) -> tuple[str, ...]:
        """What stands already and would be changed."""
        return tuple(step.updates for step in self.steps() if step.verb is Verb.UPDATE)

    def steps(self) -> tuple[Step, ...]:
        """Visits first, then what lists them, then who stands behind it. InputError without a reason or
        where nothing would change; KetplanError when a resource fails the checks."""
        if not clean(self.reason):
            raise InputError("A reason is needed.")
        if not (self.edits or self.remarks or self.goals_due):
            raise InputError("Nothing would change.")
        steps = tuple(_signed(self, list(_steps(self))))
        for step in steps:
            if step.verb is Verb.CREATE:
                about = None if step.type == "Provenance" else self.patient
                require_valid(r4.build(step.resource), patient=about, unlinked=True)
        return steps


def _told(edit: Edit) -> dict[str, Any]:
    visit = edit.visit
    return {
        "what": edit.what.value,
        "visit": {
            "key": visit.key,
            "kind": visit.kind.value,
            "number": visit.number,
            "title": visit.title,
            "offset": visit.offset,
            "target": visit.target.isoformat(),
            "minutes": visit.minutes,
            "telephone": visit.telephone,
        },
        "was": edit.was.isoformat() if edit.was else None,
        "start": edit.to.start.isoformat() if edit.to else None,
        "why": edit.why,
        "accepted": dict(edit.accepted),
    }


# --- the steps ----------------------------------------------------------------------------------------------


def _steps(revision: Revision) -> Iterator[Step]:
    fresh: list[str] = []
    for kind in dict.fromkeys(e.visit.kind for e in revision.edits if e.what is What.ADDED):
        key = request_key(kind)
        if key not in revision.standing.requests and revision.is_signed:
            fresh.append(f"{key}.r{revision.number}")
            yield Step(fresh[-1], revised.new_request(revision.plan, fresh[-1], kind, _links(revision)))
    for edit in revision.edits:
        step = _of_visit(revision, edit, fresh)
        if step is None:
            continue
        if step.verb is Verb.CREATE:
            fresh.append(step.key)
        yield step
    if revision.is_signed:
        yield from _of_plan(revision, fresh)


def _of_visit(revision: Revision, edit: Edit, fresh: list[str]) -> Step | None:
    if edit.to is None:
        return _dropped(edit, revision) if edit.held else None
    if edit.held and edit.what is What.MOVED:
        said = revised.moved(edit.held.theirs, edit.to, revision.zone, f"Moved: {edit.why}")
        return _update(edit.held, {name: said.get(name) for name in revised.MOVED}, expects=TO_COME)
    key = visit_step(edit.visit.key, revision.number)
    links = _links(revision, edit)
    made = f"{request_key(edit.visit.kind)}.r{revision.number}"
    if made in fresh:
        links = {**links, "request": placeholder(made)}
    resource = revised.added(revision.plan, key, edit.visit, edit.to, links, edit.why)
    return Step(key, resource, (made,) if made in fresh else ())


def _dropped(edit: Edit, revision: Revision) -> Step:
    assert edit.held is not None
    said: Json = {
        "status": "cancelled",
        "cancelationReason": {"coding": [PROVIDER], "text": clean(revision.reason)},
        "comment": "\n".join(
            filter(None, [str(edit.held.theirs.get("comment", "")), f"Cancelled: {clean(revision.reason)}"])
        ),
    }
    return _update(edit.held, said, expects=TO_COME)


def _of_plan(revision: Revision, fresh: list[str]) -> Iterator[Step]:
    standing = revision.standing
    for key, held in standing.requests.items():
        times = [line.start for visit, line in revision.lines if request_key(visit.kind) == key]
        said: Json = {"occurrenceTiming": revised.timing(times, revision.zone)} if times else {}
        if times:
            said["quantityQuantity"] = {"value": len(times), "unit": "visits"}
        if revision.remarks and key.endswith("infusion"):
            said["note"] = [*held.theirs.get("note", []), *({"text": line} for line in revision.remarks)]
        if any(held.theirs.get(name) != value for name, value in said.items()):
            yield _update(held, said)
    for key, due in revision.goals_due.items():
        held = standing.goals[key]
        target = [{**part, "dueDate": due} for part in held.theirs.get("target", [{}])]
        yield _update(held, {"target": target})
    if standing.care_plan:
        step = _update(
            standing.care_plan, _care_plan(revision, standing.care_plan, fresh), expects=("active",)
        )
        yield replace(step, after=tuple(fresh))
    if standing.note:
        yield from _notes(revision, standing.note)


def _care_plan(revision: Revision, held: Held, fresh: list[str]) -> Json:
    theirs = held.theirs
    days = [line.start.date().isoformat() for _, line in revision.lines]
    period = dict(theirs.get("period", {}))
    if days:
        period = {
            "start": min([period.get("start", days[0])[:10], *days]),
            "end": max(days),
        }
    said = summary(revision)
    return {
        "period": period,
        "description": f"{len(days)} visits; {period.get('start', '')} to {period.get('end', '')}.",
        "activity": [
            *theirs.get("activity", []),
            *({"reference": {"reference": placeholder(key)}} for key in fresh),
        ],
        "note": [
            *theirs.get("note", []),
            annotation(revision.clinician.reference, revision.at, revision.zone, said),
        ],
        "text": _words(revision, held.ours),
    }


def _words(revision: Revision, ours: Json) -> Json:
    told = [summary(revision), *(_line(edit, revision.zone) for edit in revision.edits), *revision.remarks]
    lines = [line for _, line in revision.lines]
    return revised.narrative(str(ours["text"]["div"]), told, lines, revision.zone)


def summary(revision: Revision) -> str:
    """One sentence: the how-manieth change, by whom, when and why."""
    who = revision.clinician.name or revision.clinician.reference
    at = moment(revision.at, revision.zone)
    return f"Change {revision.number} of the plan, by {who}, {at}: {clean(revision.reason)}"


def _line(edit: Edit, zone: str) -> str:
    was = f" from {moment(edit.was, zone)[:16].replace('T', ' ')}" if edit.was else ""
    to = f" to {moment(edit.to.start, zone)[:16].replace('T', ' ')}" if edit.to else ""
    return f"{edit.visit.title}: {edit.what.value}{was}{to}."


def _notes(revision: Revision, held: Held) -> Iterator[Step]:
    """Where the plan stands as a note, a new one replaces it."""
    source = {
        "created": moment(revision.at, revision.zone),
        "author": {"reference": revision.clinician.reference},
        "subject": {"reference": revision.patient},
        "text": _words(
            revision, revision.standing.care_plan.ours if revision.standing.care_plan else held.ours
        ),
    }
    key = f"{NOTE}.r{revision.number}"
    made = render_note(source, revision.plan)
    made["identifier"] = [{**made["identifier"][0], "value": f"{revision.plan}/{key}"}]
    made["relatesTo"] = [{"code": "replaces", "target": {"reference": held.reference}}]
    yield Step(key, made)
    yield _update(held, {"status": "superseded"}, expects=("current",))


def _update(held: Held, said: Mapping[str, Any], expects: tuple[str, ...] = ()) -> Step:
    """Set these elements, and leave out those that are None."""
    resource = {name: value for name, value in {**held.ours, **said}.items() if value is not None}
    return Step(held.key, resource, (), Verb.UPDATE, held.reference, tuple(said), held.seen, expects)


def _signed(revision: Revision, steps: list[Step]) -> Iterator[Step]:
    yield from steps
    fresh = [step.key for step in steps if step.verb is Verb.CREATE]
    targets = [step.updates for step in steps if step.verb is Verb.UPDATE]
    targets.sort(key=lambda target: not target.startswith("CarePlan/"))
    key = f"provenance.r{revision.number}"
    activity = "Treatment plan revised" if revision.is_signed else "Visits of the treatment plan placed again"
    made = revised.provenance(
        f"{revision.plan}/{key}",
        [*targets, *map(placeholder, fresh)],
        revision.clinician,
        moment(revision.at, revision.zone),
        (activity, clean(revision.reason)),
    )
    if targets or fresh:
        yield Step(key, made, tuple(fresh))


def _links(revision: Revision, edit: Edit | None = None) -> dict[str, Any]:
    """What a new resource refers to."""
    standing = revision.standing
    plan = standing.care_plan
    request = standing.requests.get(request_key(edit.visit.kind)) if edit else None
    return {
        "patient": revision.patient,
        "zone": revision.zone,
        "created": moment(revision.at, revision.zone),
        "author": {"reference": revision.clinician.reference},
        "care_plan": plan.reference if plan else "",
        "request": request.reference if request else "",
        "conditions": list(plan.ours.get("addresses", [])) if plan else [],
        "instruction": edit.held.ours.get("patientInstruction", "") if edit and edit.held else "",
    }
