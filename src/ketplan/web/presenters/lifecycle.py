"""The life of a course in words: its state, each decision, and what a decision would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ketplan.clinical.course_states import ACTIONS, COURSE_STATES, FINAL, Action, CourseState
from ketplan.kept import steps_of
from ketplan.store.plans import PLAN_STATES, PlanState, StoredPlan
from ketplan.web.presenters import words, writing
from ketplan.web.presenters.writing import PreviewRow, ReceiptView
from ketplan.writeback import revision
from ketplan.writeback.lifecycle import Decision, Standing, change_of
from ketplan.writeback.steps import Receipt


@dataclass(frozen=True)
class StateView:
    label: str
    no_dose: str
    is_over: bool


@dataclass(frozen=True)
class Told:
    """One decision as it was made, and what has become of its writing."""

    number: int
    label: str
    becomes: str
    who: str
    at: str
    reason: str
    visits: str
    written: str
    is_written: bool
    receipt: ReceiptView | None
    is_revision: bool = False


@dataclass(frozen=True)
class ChangeRow:
    """One resource that would change; `refused` says why this EHR will not take it."""

    kind: str
    words: str
    before: str
    after: str
    refused: str


def state(now: CourseState) -> StateView:
    return StateView(COURSE_STATES[now].label, COURSE_STATES[now].no_dose, now in FINAL)


def told(kept: StoredPlan, receipt: Receipt | None, base: str, zone: ZoneInfo) -> Told:
    said = kept.payload
    view = writing.receipt(receipt, writing.described(steps_of(kept)), base) if receipt else None
    return Told(
        said["number"],
        ACTIONS[Action(said["action"])].label,
        COURSE_STATES[CourseState(said["becomes"])].label,
        said["clinician_name"] or said["clinician"],
        words.moment(datetime.fromisoformat(said["confirmed_at"]), zone),
        said["reason"],
        _visits(kept),
        PLAN_STATES[kept.state].label,
        kept.state is PlanState.WRITTEN,
        view,
        kept.kind == revision.KIND,
    )


def _visits(kept: StoredPlan) -> str:
    if kept.kind == revision.KIND:
        return f"{words.count(len(kept.payload['edits']), 'visit')} changed"
    return "visits to come cancelled" if kept.payload["cancels_visits"] else "visits to come kept"


def rows(decision: Decision, previewed: Sequence[PreviewRow]) -> tuple[ChangeRow, ...]:
    """What would change, in the order in which it is written."""
    steps, known = decision.steps(), {one.key: one for one in decision.standing}
    return tuple(
        ChangeRow(
            shown.kind,
            _named(known[step.key]),
            known[step.key].status or "as written",
            step.resource[step.changes[0]],
            shown.refused,
        )
        for step, shown in zip(steps, previewed, strict=True)
    )


def left_alone(decision: Decision) -> tuple[str, ...]:
    """What stands and stays as it is, counted by type and status."""
    kept = Counter(
        (words.TYPES.get(one.type, one.type), one.status or "as written")
        for one in decision.standing
        if change_of(decision.action, one, decision.cancels_visits, decision.at) is None
    )
    return tuple(f"{words.count(n, kind)}, {status}" for (kind, status), n in sorted(kept.items()))


def to_come(standing: Iterable[Standing], now: datetime) -> int:
    return sum(one.is_to_come(now) for one in standing)


def _named(one: Standing) -> str:
    raw = one.resource
    if one.type == "Appointment":
        return f"{raw.get('description', 'Visit')}, {raw['start'][:10]} {raw['start'][11:16]}"
    if one.type == "Goal":
        return str(raw["description"]["text"])
    return str(raw.get("title") or raw.get("code", {}).get("text") or raw.get("description", ""))
