"""What clinicians answered. Accepted, edited and rejected proposals are all kept, in the order given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ketplan.clinical.progress.limits import WEEK
from ketplan.clinical.progress.proposals import Proposal
from ketplan.errors import InputError, RefusedError

# Weekly is the closest spacing of maintenance in the table (1.6).
SHORTEST_INTERVAL_DAYS = WEEK


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Edit:
    """What a clinician wants instead of the proposed values; None keeps the proposed one."""

    mg_per_kg: Decimal | None = None
    doses_added: int | None = None
    interval_days: int | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`proposal` is the proposal's id, `clinician` the signer's reference, `at` an aware moment."""

    proposal: str
    verdict: Verdict
    clinician: str
    at: datetime
    reason: str = ""
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """The proposal as it stood, and what was answered."""

    proposal: Proposal
    answer: Answer


@dataclass(frozen=True, slots=True)
class History:
    """Every answer ever given in a plan. Nothing is replaced: a second answer stands beside the first."""

    entries: tuple[Entry, ...] = ()

    def last(self, proposal_id: str) -> Answer | None:
        """The answer that stands now."""
        return next((e.answer for e in reversed(self.entries) if e.answer.proposal == proposal_id), None)


def unanswered(proposals: Iterable[Proposal], history: History) -> tuple[Proposal, ...]:
    """The proposals nobody has answered in the form they have now."""
    seen = {(e.proposal.id, e.proposal.effect) for e in history.entries}
    return tuple(p for p in proposals if (p.id, p.effect) not in seen)


def keep(history: History, proposal: Proposal, answer: Answer) -> History:
    """The history with one more answer.

    Raises InputError for an answer without clinician, reason or time zone, or with an edit that does not fit;
    RefusedError for an edit beyond what the tables allow.
    """
    _check(proposal, answer)
    if answer.edit is not None:
        _check_edit(proposal, answer.edit)
    return History((*history.entries, Entry(proposal, answer)))


def _check(proposal: Proposal, answer: Answer) -> None:
    if answer.proposal != proposal.id:
        raise InputError("The answer belongs to another proposal.")
    if not answer.clinician.strip():
        raise InputError("An answer names the clinician who gave it.")
    if answer.at.tzinfo is None:
        raise InputError("The moment of an answer needs its time zone.")
    if answer.verdict is not Verdict.ACCEPTED and not answer.reason.strip():
        raise InputError("A proposal is edited or rejected only with a reason.")
    if (answer.edit is not None) is not (answer.verdict is Verdict.EDITED):
        raise InputError("An edited proposal says what is wanted instead, and only an edited one does.")


def _check_edit(proposal: Proposal, edit: Edit) -> None:
    effect = proposal.effect
    changed = {
        name
        for name in ("mg_per_kg", "doses_added", "interval_days", "due")
        if getattr(edit, name) is not None
    }
    if not changed:
        raise InputError("The edit changes nothing.")
    if any(getattr(effect, name) is None for name in changed):
        raise InputError("This proposal has no such value to edit.")
    if edit.mg_per_kg is not None:
        low, high = effect.lowest_mg_per_kg, effect.highest_mg_per_kg
        if low is None or high is None or not low <= edit.mg_per_kg <= high:
            raise RefusedError(f"The dose may be edited within {low} to {high} mg/kg only.")
    if edit.doses_added is not None and not 1 <= edit.doses_added <= (effect.doses_added or 0):
        raise RefusedError(f"At most {effect.doses_added} doses may be added.")
    if edit.interval_days is not None and edit.interval_days < SHORTEST_INTERVAL_DAYS:
        raise RefusedError(f"Maintenance doses stay at least {SHORTEST_INTERVAL_DAYS} days apart.")
