"""The CarePlan: written as a draft first, made active with its activities once everything else stands."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan import __version__
from ketplan.clinical.plan import Resolution
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import (
    ASSESS_PLAN,
    CARE_PLAN,
    Intent,
    RequestStatus,
    annotation,
    concept,
    placeholder,
    reference,
    references,
    step_identifier,
    tidy,
)
from ketplan.fhir.rendering.course import CARE_PLAN as CARE_PLAN_KEY
from ketplan.fhir.rendering.course import Course, goal_key
from ketplan.fhir.rendering.narrative import narrative

# More references than a reader follows only make the plan slow to load; findings come most severe first.
_MOST_SUPPORTING = 40


def render_care_plan(course: Course) -> Json:
    """The plan as it is first written: status draft, no activity yet."""
    signer = course.clinician
    first, last = course.span
    resource: Json = tidy(
        {
            "resourceType": "CarePlan",
            "text": narrative(course),
            "identifier": [step_identifier(course.id, CARE_PLAN_KEY)],
            "instantiatesCanonical": [definition(protocol) for protocol in course.protocols],
            "status": RequestStatus.DRAFT,
            "intent": Intent.PLAN,
            "category": [concept(ASSESS_PLAN), concept(CARE_PLAN)],
            "title": wording.title(course),
            "description": wording.summary(course),
            "subject": reference(course.patient),
            "period": {"start": first.isoformat(), "end": last.isoformat()},
            "created": course.written,
            "author": reference(signer.reference, signer.name) if signer else None,
            "addresses": course.conditions,
            "supportingInfo": _supporting(course),
            "goal": [reference(placeholder(goal_key(n + 1))) for n in range(len(course.draft.goals))],
            "note": [_note(course, resolution) for resolution in course.resolutions],
        }
    )
    return resource


def with_activities(plan: Json, course: Course, keys: Sequence[str]) -> Json:
    """The same plan, linked to what the steps `keys` create; active only if somebody signed it."""
    return {
        **plan,
        "status": str(RequestStatus.ACTIVE if course.clinician else RequestStatus.DRAFT),
        "activity": [{"reference": reference_to(key)} for key in keys],
    }


def reference_to(key: str) -> Json:
    return {"reference": placeholder(key)}


def definition(protocol: str) -> str:
    """The canonical of a protocol's PlanDefinition, in the version this ketplan ships."""
    return f"{BASE}/PlanDefinition/{protocol}|{__version__}"


def _supporting(course: Course) -> list[Json]:
    used = tuple(e.reference for finding in course.draft.findings for e in finding.evidence)
    return [r for r in references(used) if r["reference"] != course.patient][:_MOST_SUPPORTING]


def _note(course: Course, resolution: Resolution) -> Json:
    found = next((f for f in course.draft.findings if f.id == resolution.finding), None)
    said = wording.finding(found) if found else resolution.finding
    words = f"{said} Resolved by {resolution.clinician}: {resolution.reason}"
    return annotation(resolution.clinician, resolution.at, course.timetable.zone, words)
