"""What may become of a signed course: its states, what leads from one to another, and who decides that.

A course without a way on is ended for good; another one needs another plan, signed afresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ketplan.errors import RefusedError


class CourseState(StrEnum):
    """Each has the code that the CarePlan's status has then."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    REVOKED = "revoked"
    IN_ERROR = "entered-in-error"


class Action(StrEnum):
    REVISE = "revise"
    SUSPEND = "suspend"
    RESUME = "resume"
    COMPLETE = "complete"
    REVOKE = "revoke"
    VOID = "void"


class Visits(StrEnum):
    """What an action does to the visits to come. Nothing ever touches a visit that has begun or is over."""

    KEPT = "kept"
    CANCELLED = "cancelled"
    CHOSEN = "cancelled or kept, by choice"


@dataclass(frozen=True, slots=True)
class StateRule:
    """`no_dose` says why no dose is given in this state, empty where one may be."""

    label: str
    owner: str
    no_dose: str = ""


@dataclass(frozen=True, slots=True)
class ActionRule:
    """`leads` from each state it may be taken in to the one after; `undoes_doses` where a course in which a
    dose was given must not be ended so."""

    label: str
    words: str
    leads: Mapping[CourseState, CourseState] = field(hash=False)
    visits: Visits
    who: str = "signer"
    asks: tuple[str, ...] = ("a reason", "a confirmation that names the patient")
    undoes_doses: bool = False


_S = CourseState

COURSE_STATES: Mapping[CourseState, StateRule] = {
    _S.DRAFT: StateRule("Signed, not wholly written", "clinician"),
    _S.ACTIVE: StateRule("Active", "clinician"),
    _S.ON_HOLD: StateRule("Suspended", "clinician", "The course is suspended."),
    _S.COMPLETED: StateRule("Completed", "nobody", "The course is completed."),
    _S.REVOKED: StateRule("Revoked", "nobody", "The course has been revoked."),
    _S.IN_ERROR: StateRule("Entered in error", "nobody", "The course was entered in error."),
}

ACTIONS: Mapping[Action, ActionRule] = {
    Action.REVISE: ActionRule(
        "Revise",
        "The same care plan gets new content: visits added, dropped, or left as they are.",
        {_S.ACTIVE: _S.ACTIVE},
        Visits.KEPT,
    ),
    Action.SUSPEND: ActionRule(
        "Suspend",
        "Dosing waits until somebody who may sign resumes the course.",
        {_S.ACTIVE: _S.ON_HOLD},
        Visits.CHOSEN,
    ),
    Action.RESUME: ActionRule(
        "Resume",
        "The course goes on. Visits that were cancelled meanwhile stay so.",
        {_S.ON_HOLD: _S.ACTIVE},
        Visits.KEPT,
    ),
    Action.COMPLETE: ActionRule(
        "Complete",
        "The course has come to its end as planned, or early with its purpose reached.",
        {_S.ACTIVE: _S.COMPLETED, _S.ON_HOLD: _S.COMPLETED},
        Visits.CHOSEN,
    ),
    Action.REVOKE: ActionRule(
        "Revoke",
        "The course is ended before its time, or what was written of it in part is taken back.",
        {_S.DRAFT: _S.REVOKED, _S.ACTIVE: _S.REVOKED, _S.ON_HOLD: _S.REVOKED},
        Visits.CANCELLED,
    ),
    Action.VOID: ActionRule(
        "Mark as entered in error",
        "The plan should never have stood in this chart.",
        {state: _S.IN_ERROR for state in _S if state is not _S.IN_ERROR},
        Visits.CANCELLED,
        undoes_doses=True,
    ),
}

FINAL = frozenset(state for state, rule in COURSE_STATES.items() if rule.owner == "nobody")
"""The course is over: another plan may be signed."""


def actions_in(state: CourseState, doses_given: int) -> tuple[Action, ...]:
    """What may be done with a course in this state, of which so many doses are on record."""
    return tuple(
        action
        for action, rule in ACTIONS.items()
        if state in rule.leads and not (rule.undoes_doses and doses_given)
    )


def state_after(action: Action, state: CourseState, doses_given: int) -> CourseState:
    """RefusedError when it may not be done."""
    rule = ACTIONS[action]
    if state not in rule.leads:
        raise RefusedError(
            f"“{rule.label}” is not possible: the course is {COURSE_STATES[state].label.lower()}."
        )
    if rule.undoes_doses and doses_given:
        raise RefusedError("A dose was given in this course, so it was no error: revoke it instead.")
    return rule.leads[state]
