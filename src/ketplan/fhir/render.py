"""The whole plan as an ordered list of steps, each one resource to write.

Goals, CarePlan (draft), a ServiceRequest per modality, an Appointment per placed visit, the CarePlan again
with its activities (active), Provenance. Until a step is done its resource is referred to by a placeholder
("step:care-plan"); `link` puts the ids in. Nothing here reads a clock or makes an id: the same plan renders
to the same steps, so a step repeated after a crash is recognised by its identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ketplan.clinical.findings import Decision, must_be_resolved
from ketplan.clinical.plan import ConfirmedPlan
from ketplan.errors import KetplanError, RefusedError
from ketplan.fhir import r4
from ketplan.fhir.datatypes import Json
from ketplan.fhir.invariants import check, require_valid
from ketplan.fhir.r4 import to_json
from ketplan.fhir.rendering.appointment import render_appointment
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM, awaited, step_identifier
from ketplan.fhir.rendering.care_plan import render_care_plan, with_activities
from ketplan.fhir.rendering.course import CARE_PLAN, Course, Unsigned, appointment_key, goal_key, request_key
from ketplan.fhir.rendering.goal import render_goal
from ketplan.fhir.rendering.provenance import render_provenance
from ketplan.fhir.rendering.service_request import render_request
from ketplan.scheduling.timetable import Timetable

__all__ = [
    "PLAN_STEP_SYSTEM",
    "Step",
    "Unsigned",
    "Verb",
    "check",
    "describe",
    "final",
    "link",
    "render",
    "require_valid",
    "step_identifier",
    "to_json",
]


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Step:
    """One write. `after` are the steps whose ids it needs, in the order they are done.

    An update names in `updates` the step that created its resource, and in `changes` the only elements that
    differ from what that step wrote; the rest of the stored resource is the EHR's to keep. What an earlier
    writing created is named by where it stands ("CarePlan/123"). `seen` is then the mark of the version that
    somebody looked at before deciding: it is changed only while it still stands as they saw it. With
    `expects` it is changed only while its stored status is one of these.

    What the steps `stands_for` say can be read in this one's resource too. One that is `only_if_needed` is
    done where the EHR refuses one of them, and not otherwise.
    """

    key: str
    resource: Json
    after: tuple[str, ...] = ()
    verb: Verb = Verb.CREATE
    updates: str = ""
    changes: tuple[str, ...] = ()
    seen: str = ""
    expects: tuple[str, ...] = ()
    stands_for: tuple[str, ...] = ()
    only_if_needed: bool = False

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])


def render(plan: ConfirmedPlan | Unsigned, timetable: Timetable) -> tuple[Step, ...]:
    """The steps that write a signed plan, or those an unsigned draft would lead to (no author, all proposed).

    Nothing to treat gives no steps, nor does a blocked draft. Raises RefusedError for a signed plan that is
    blocked or has a finding open, KetplanError when a resource fails the checks.
    """
    course = Course.of(plan, timetable)
    if course.clinician:
        _last_gate(course)
    if course.draft.decision is Decision.BLOCKED or not course.kinds:
        return ()
    steps = tuple(_steps(course))
    for step in steps:
        require_valid(r4.build(step.resource), patient=_about(step, course), unlinked=True)
    return steps


def _last_gate(course: Course) -> None:
    """Signing asks the same before; nothing that slipped past it may reach a chart."""
    if course.draft.decision is Decision.BLOCKED:
        raise RefusedError("A blocked plan is never written.")
    answered = {resolution.finding for resolution in course.resolutions}
    if any(must_be_resolved(f) and f.id not in answered for f in course.draft.findings):
        raise RefusedError("A plan is written only when each of its findings has been resolved.")


def _about(step: Step, course: Course) -> str | None:
    return None if step.type == "Provenance" else course.patient


def _steps(course: Course) -> Iterator[Step]:
    goals = {goal_key(n): render_goal(course, n) for n in range(1, len(course.draft.goals) + 1)}
    plan = render_care_plan(course)
    activities = {request_key(kind): render_request(course, kind) for kind in course.kinds}
    for placed in course.timetable.placed:
        activities[appointment_key(placed.visit)] = render_appointment(course, placed)
    created = {**goals, CARE_PLAN: plan, **activities}
    for key, resource in created.items():
        yield _step(key, resource)
    yield _step(
        f"{CARE_PLAN}-activities",
        with_activities(plan, course, tuple(activities)),
        verb=Verb.UPDATE,
        updates=CARE_PLAN,
        changes=("status", "activity"),
    )
    yield _step("provenance", render_provenance(course, tuple(created)))


def _step(key: str, resource: Json, **how: Any) -> Step:
    needed = dict.fromkeys([*_awaited(resource), *filter(None, [how.get("updates")])])
    return Step(key, resource, tuple(needed), **how)


def _awaited(value: Any) -> Iterator[str]:
    """The keys of the steps that the references in `value` wait for."""
    if isinstance(value, dict):
        target = value.get("reference")
        key = awaited(target) if isinstance(target, str) else None
        if key is not None:
            yield key
        for item in value.values():
            yield from _awaited(item)
    elif isinstance(value, list):
        for item in value:
            yield from _awaited(item)


def link(resource: Json, ids: Mapping[str, str]) -> Json:
    """A copy with every placeholder replaced by what its step created ("Type/id").

    Raises KetplanError when a step has no id yet.
    """
    linked: Json = _linked(resource, ids)
    return linked


def _linked(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_linked(item, ids) for item in value]
    if not isinstance(value, dict):
        return value
    copy = {key: _linked(item, ids) for key, item in value.items()}
    target = copy.get("reference")
    key = awaited(target) if isinstance(target, str) else None
    if key is not None:
        if key not in ids:
            raise KetplanError(f"The step {key} has not been done, so nothing can refer to it.")
        copy["reference"] = ids[key]
    return copy


def final(steps: Iterable[Step]) -> tuple[Json, ...]:
    """Each resource once, as it stands when all steps are done (placeholders and all)."""
    standing: dict[str, Json] = {}
    for step in steps:
        standing[step.updates or step.key] = step.resource
    return tuple(standing.values())


def describe(step: Step) -> tuple[str, str]:
    """Type and a few words for a row of the preview."""
    return step.type, _WORDS[step.type](step)


def _care_plan_words(step: Step) -> str:
    resource = step.resource
    if step.verb is Verb.UPDATE:
        return f"becomes {resource['status']}, with {len(resource['activity'])} activities"
    return f"{resource['title']}, {resource['status']}: {resource['description']}"


def _appointment_words(step: Step) -> str:
    resource = step.resource
    day, start, end = resource["start"][:10], resource["start"][11:16], resource["end"][11:16]
    return f"{resource['description']}, {day} {start}-{end}, {resource['status']}"


def _response_words(step: Step) -> str:
    if step.stands_for:
        return "Treatment plan, the whole of it as answers"
    given = len(step.resource["item"])
    missing = ", incomplete" if step.resource["status"] == "stopped" else ""
    return f"{given} answer{'' if given == 1 else 's'}{missing}"


def _observation_words(step: Step) -> str:
    resource = step.resource
    named = [(_name(part["code"]), part) for part in resource.get("component", ())]
    if not named:
        return f"{_name(resource['code'])}: {_value(resource)}"
    return f"{_name(resource['code'])}: {', '.join(f'{name} {_value(part)}' for name, part in named)}"


def _name(code: Json) -> str:
    return str(code.get("text") or code["coding"][0].get("display") or code["coding"][0]["code"])


def _value(part: Json) -> str:
    if "valueBoolean" in part:
        return "yes" if part["valueBoolean"] else "no"
    quantity = part["valueQuantity"]
    unit = quantity["unit"]
    return f"{quantity['value']}" if unit == "{score}" else f"{quantity['value']} {unit}"


def _done_words(step: Step, name: str) -> str:
    size = step.resource.get("dosage", {}).get("text", "")
    return ", ".join(filter(None, [_name(step.resource[name]), size, step.resource["status"]]))


_WORDS: dict[str, Callable[[Step], str]] = {
    "AdverseEvent": lambda step: f"{step.resource['event']['text']}",
    "Appointment": _appointment_words,
    "CarePlan": _care_plan_words,
    "Communication": lambda step: f"{step.resource['topic']['text']}, listed for who signed",
    "DocumentReference": lambda step: f"{step.resource['description']}, the whole of it to read",
    "Goal": lambda step: f"{step.resource['description']['text']}",
    "MedicationAdministration": lambda step: _done_words(step, "medicationCodeableConcept"),
    "Observation": _observation_words,
    "Procedure": lambda step: _done_words(step, "code"),
    "Provenance": lambda step: (
        f"{step.resource['activity']['text']}, {len(step.resource['target'])} resources"
    ),
    "QuestionnaireResponse": _response_words,
    "ServiceRequest": lambda step: f"{step.resource['code']['text']}, {step.resource['status']}",
    "Task": lambda step: str(step.resource["description"]),
}
