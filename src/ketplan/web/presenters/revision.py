"""A change of a running course in words: each visit before and after, and what it was when it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ketplan.kept import steps_of
from ketplan.revising import Running, State, VisitNow
from ketplan.scheduling.series.model import Conflict
from ketplan.scheduling.series.rules import Rule
from ketplan.store.plans import PLAN_STATES, PlanState, StoredPlan
from ketplan.web.presenters import words, writing
from ketplan.web.presenters.writing import ReceiptView
from ketplan.writeback.reconcile import Looked
from ketplan.writeback.revision import Edit, Revision
from ketplan.writeback.steps import Receipt

NO_TIME = "no time"


@dataclass(frozen=True)
class EditRow:
    """One visit before and after, in words; `change` is what becomes of it."""

    title: str
    before: str
    after: str
    change: str
    why: str


@dataclass(frozen=True)
class Told:
    number: int
    who: str
    at: str
    reason: str
    written: str
    is_written: bool
    is_signed: bool
    rows: tuple[EditRow, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class VisitRow:
    """One visit on a page that asks what is to become of it. `typed` is its time as a field takes it."""

    key: str
    title: str
    when: str
    state: str
    is_lost: bool
    typed: str
    kind: str


def visit_rows(visits: Iterable[VisitNow], zone: ZoneInfo) -> tuple[VisitRow, ...]:
    return tuple(
        VisitRow(
            one.key,
            one.visit.title,
            words.moment(one.start, zone) if one.start else NO_TIME,
            _state(one),
            one.state is not State.COMING,
            f"{one.start.astimezone(zone):%Y-%m-%dT%H:%M}" if one.start else "",
            one.visit.kind.value,
        )
        for one in visits
    )


def _state(one: VisitNow) -> str:
    if one.state is State.MISSED and one.status != "noshow":
        return "its time has passed and nothing is on record"
    return f"{one.state.value} ({one.status})" if one.status else one.state.value


def rows(edits: Iterable[Edit], zone: ZoneInfo) -> tuple[EditRow, ...]:
    return tuple(
        EditRow(
            edit.visit.title,
            words.moment(edit.was, zone) if edit.was else NO_TIME,
            words.moment(edit.to.start, zone) if edit.to else "cancelled",
            edit.what.value,
            edit.why,
        )
        for edit in edits
    )


def stays(course: Running, edits: Sequence[Edit]) -> tuple[str, ...]:
    """How many visits stay as they are, by where they are."""
    changed = {edit.visit.key for edit in edits}
    left = Counter(one.state.value for one in course.visits if one.key not in changed)
    return tuple(f"{words.count(number, 'visit')} {state}" for state, number in sorted(left.items()))


def goals(revision: Revision) -> tuple[str, ...]:
    held = revision.standing.goals
    return tuple(
        f"{held[key].ours.get('description', {}).get('text', key)}: due {due}"
        for key, due in revision.goals_due.items()
    )


def changed(found: Iterable[Looked]) -> tuple[str, ...]:
    """What somebody changed in the EHR, that this change would touch too."""
    return tuple(f"{_title(one)}: {one.kind.value}" for one in found)


def _title(one: Looked) -> str:
    kind = words.TYPES.get(one.authored.type, one.authored.type).capitalize()
    said = one.authored.ours.get("description") if one.authored.type == "Appointment" else ""
    return f"{kind}, {said}" if said else kind


def is_lapse(conflict: Conflict | None) -> bool:
    """Whether the doses would lie too far apart: then a longer gap or a new induction is a way out."""
    return conflict is not None and any(named.rule is Rule.DOSE_LAPSE for named in conflict.rules)


def told(kept: StoredPlan, zone: ZoneInfo) -> Told:
    said = kept.payload
    return Told(
        said["number"],
        said["clinician_name"] or said["clinician"],
        words.moment(datetime.fromisoformat(said["confirmed_at"]), zone),
        said["reason"],
        PLAN_STATES[kept.state].label,
        kept.state is PlanState.WRITTEN,
        said["is_signed"],
        tuple(
            EditRow(
                edit["visit"]["title"],
                _moment(edit["was"], zone, NO_TIME),
                _moment(edit["start"], zone, "cancelled"),
                edit["what"],
                edit["why"],
            )
            for edit in said["edits"]
        ),
        tuple(said["remarks"]),
    )


def _moment(at: str | None, zone: ZoneInfo, instead: str) -> str:
    return words.moment(datetime.fromisoformat(at), zone) if at else instead


def receipt(found: Receipt | None, kept: StoredPlan, base: str) -> ReceiptView | None:
    return writing.receipt(found, writing.described(steps_of(kept)), base) if found else None
