"""Where a plan wants a score to go, as a Goal."""

from __future__ import annotations

import re

from ketplan.clinical.plan import TargetGoal
from ketplan.clinical.record import LOINC, UCUM
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.rendering.authoring import (
    BEHAVIORAL,
    GoalStatus,
    coding,
    concept,
    number,
    reference,
    step_identifier,
    tidy,
)
from ketplan.fhir.rendering.course import Course, goal_key

INSTRUMENT_TOTAL = f"{BASE}/CodeSystem/instrument-total"


def render_goal(course: Course, place: int) -> Json:
    """The `place`-th goal of the draft, counted from 1."""
    goal = course.draft.goals[place - 1]
    signer = course.clinician
    resource: Json = tidy(
        {
            "resourceType": "Goal",
            "identifier": [step_identifier(course.id, goal_key(place))],
            "lifecycleStatus": GoalStatus.ACTIVE if signer else GoalStatus.PROPOSED,
            "category": [concept(BEHAVIORAL)],
            "description": {"text": goal.text},
            "subject": reference(course.patient),
            "startDate": course.draft.start.isoformat(),
            "target": [_target(goal)],
            "expressedBy": reference(signer.reference, signer.name) if signer else None,
            "addresses": course.conditions,
            "note": [{"text": _baseline(goal)}],
        }
    )
    return resource


def _target(goal: TargetGoal) -> Json:
    measured = goal.target_below is not None
    return {
        "measure": _measure(goal),
        "detailQuantity": {
            "value": goal.target_below,
            "comparator": "<",
            "unit": "score",
            "system": UCUM,
            "code": "{score}",
        }
        if measured
        else None,
        "dueDate": goal.due.isoformat(),
    }


def _measure(goal: TargetGoal) -> Json:
    words = f"{goal.instrument} total score"
    if goal.loinc:
        return concept(coding(LOINC, goal.loinc, ""), text=words)
    code = re.sub(r"[^a-z0-9]+", "-", goal.instrument.lower()).strip("-")
    return concept(coding(INSTRUMENT_TOTAL, code, words), text=words)


def _baseline(goal: TargetGoal) -> str:
    if goal.baseline is None:
        return f"No {goal.instrument} total at the start is on record."
    return f"{goal.instrument} total at the start: {number(goal.baseline)}."
