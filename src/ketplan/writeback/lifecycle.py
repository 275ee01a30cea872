"""What a decision about a whole course does to everything that stands of it in the EHR.

A table says it per type of resource: the status before, the status after. Nothing is ever deleted; what
others have given another status meanwhile is left, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ketplan.clinical.course_states import ACTIONS, Action, CourseState
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError
from ketplan.fhir.render import Step, Verb
from ketplan.fhir.rendering.authoring import annotation, clean, coding, concept, moment
from ketplan.writeback.steps import Json

KIND = "lifecycle"
LONGEST_REASON = 1000
CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
PROVIDER = coding(CANCELLATION, "prov", "Provider")
IN_ERROR = coding(CANCELLATION, "other", "Other")


@dataclass(frozen=True, slots=True)
class Change:
    """From one of the statuses `before` to `after`; `element` holds the status."""

    before: tuple[str, ...]
    after: str
    element: str = "status"


_OPEN_REQUEST = ("draft", "active", "on-hold")
_OPEN_GOAL = ("proposed", "planned", "accepted", "active", "on-hold")
_OPEN_TASK = ("draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold")
_ENDED = ("completed", "revoked", "cancelled", "rejected", "failed")
TO_COME = ("proposed", "pending", "booked", "waitlist")
"""An appointment that can still be called off."""


def _requests(before: tuple[str, ...], after: str) -> dict[str, Change]:
    return {kind: Change(before, after) for kind in ("CarePlan", "ServiceRequest")}


def _goals(before: tuple[str, ...], after: str) -> dict[str, Change]:
    return {"Goal": Change(before, after, "lifecycleStatus")}


EFFECTS: Mapping[Action, Mapping[str, Change]] = {
    Action.SUSPEND: {
        **_requests(("active",), "on-hold"),
        **_goals(("proposed", "planned", "accepted", "active"), "on-hold"),
        "Task": Change(_OPEN_TASK[:-1], "on-hold"),
    },
    Action.RESUME: {
        **_requests(("on-hold",), "active"),
        **_goals(("on-hold",), "active"),
        "Task": Change(("on-hold",), "requested"),
    },
    Action.COMPLETE: {
        **_requests(("active", "on-hold"), "completed"),
        **_goals(_OPEN_GOAL, "completed"),
        "Task": Change(_OPEN_TASK, "cancelled"),
    },
    Action.REVOKE: {
        **_requests(_OPEN_REQUEST, "revoked"),
        **_goals(_OPEN_GOAL, "cancelled"),
        "Task": Change(_OPEN_TASK, "cancelled"),
        # R4 has no word for a note whose plan was given up; what it says is not current any more.
        "DocumentReference": Change(("current",), "superseded"),
    },
    Action.VOID: {
        **_requests((*_OPEN_REQUEST, *_ENDED), "entered-in-error"),
        **_goals((*_OPEN_GOAL, *_ENDED), "entered-in-error"),
        "Task": Change((*_OPEN_TASK, *_ENDED), "entered-in-error"),
        "DocumentReference": Change(("current", "superseded"), "entered-in-error"),
        "QuestionnaireResponse": Change(
            ("in-progress", "completed", "amended", "stopped"), "entered-in-error"
        ),
        "Communication": Change(("preparation", "in-progress", "on-hold", "completed"), "entered-in-error"),
    },
}
TOUCHED = frozenset(kind for changes in EFFECTS.values() for kind in changes) | {"Appointment"}
"""Types of which a decision changes something."""
CALLED_OFF = Change(TO_COME, "cancelled")
"""A visit to come, where the visits are cancelled."""


@dataclass(frozen=True)
class Standing:
    """One resource of a course. `reference` is "Type/id", "" when an answer was lost and nobody knows whether
    it stands; `resource` is as it was written, every link in it; `status` is the newest known."""

    key: str
    reference: str
    resource: Json
    status: str = ""

    @property
    def type(self) -> str:
        return str(self.resource["resourceType"])

    def is_to_come(self, now: datetime) -> bool:
        """A visit that has not begun and can still be called off."""
        start = self.resource.get("start")
        later = isinstance(start, str) and datetime.fromisoformat(start) > now
        return self.type == "Appointment" and later and self.status in ("", *TO_COME)


@dataclass(frozen=True)
class Decision:
    """What one clinician decided about a whole course. `number` counts the decisions about it from 1; with
    the plan it names the decision for ever, so that of two made at once only one counts."""

    id: str
    plan: str
    number: int
    action: Action
    becomes: CourseState
    reason: str
    cancels_visits: bool
    patient: str
    clinician: Clinician
    at: datetime
    zone: str
    standing: tuple[Standing, ...]

    @property
    def kind(self) -> str:
        return KIND

    @property
    def said(self) -> Mapping[str, Any]:
        return {
            "plan": self.plan,
            "number": self.number,
            "action": self.action.value,
            "becomes": self.becomes.value,
            "reason": self.reason,
            "cancels_visits": self.cancels_visits,
        }

    def steps(self) -> tuple[Step, ...]:
        """The care plan first, then what hangs on it. InputError without a reason."""
        if not clean(self.reason):
            raise InputError("A reason is needed.")
        return tuple(self._steps())

    def _steps(self) -> Iterator[Step]:
        for one in in_order(self.standing):
            change = change_of(self.action, one, self.cancels_visits, self.at)
            if change is not None:
                said = _said(self, one.type)
                yield Step(
                    one.key,
                    {**one.resource, change.element: change.after, **said},
                    verb=Verb.UPDATE,
                    updates=one.reference,
                    changes=(change.element, *said),
                    expects=change.before,
                )


def change_of(action: Action, one: Standing, cancels_visits: bool, now: datetime) -> Change | None:
    """What happens to one resource; None when it stays as it is."""
    if one.type == "Appointment":
        return CALLED_OFF if cancels_visits and one.is_to_come(now) else None
    change = EFFECTS[action].get(one.type)
    settled = change and one.status and one.status not in (*change.before, change.after)
    return None if settled else change


def in_order(standing: Iterable[Standing]) -> list[Standing]:
    return sorted(standing, key=lambda one: one.type != "CarePlan")


def _said(decision: Decision, kind: str) -> dict[str, Any]:
    """Why, in the element that its type has for it."""
    reason = clean(decision.reason)
    words = f"{ACTIONS[decision.action].label}: {reason}"
    if kind == "Appointment":
        cause = IN_ERROR if decision.action is Action.VOID else PROVIDER
        return {"cancelationReason": concept(cause, text=reason), "comment": f"Cancelled: {reason}"}
    if kind == "CarePlan":
        return {"note": [_note(decision, words)]}
    said: dict[str, dict[str, Any]] = {
        "Goal": {"statusReason": words},
        "Task": {"statusReason": {"text": words}},
    }
    return said.get(kind, {})


def _note(decision: Decision, words: str) -> Json:
    clinician = decision.clinician
    told = f"{words} ({clinician.name or clinician.reference}, {moment(decision.at, decision.zone)})"
    return annotation(clinician.reference, decision.at, decision.zone, told)
