"""The answers to a review as a form: what is asked, what may be edited within which bounds, what was said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from ketplan import workflow
from ketplan.clinical.plan import Clinician
from ketplan.clinical.progress.course_now import CourseNow, Stated, standing
from ketplan.clinical.progress.history import (
    SHORTEST_INTERVAL_DAYS,
    Answer,
    Edit,
    Entry,
    History,
    Verdict,
    keep,
)
from ketplan.clinical.progress.proposals import Kind, Proposal
from ketplan.clinical.screens.suicide import RELEASE_FIELDS
from ketplan.errors import InputError, RefusedError

LONGEST_REASON, LONGEST_PART = 2000, 400
LONGEST_INTERVAL_DAYS, MOST_LIFETIME = 91, 9999
_DOSE = re.compile(r"\d{1,2}([.,]\d{1,3})?")
_WHOLE = re.compile(r"\d{1,4}")
# What keeps dosing from going on is not accepted or rejected but held or released.
_HOLDS = frozenset({Kind.SUICIDE_PATHWAY, Kind.HOLD})
FRAIL, LIFETIME = "stated.frail", "stated.lifetime"
_FRAIL_SAID = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class Field:
    """One value that may be edited. `kind` is an input's type; bounds are as the input takes them."""

    name: str
    label: str
    kind: str
    value: str
    low: str = ""
    high: str = ""
    step: str = ""


@dataclass(frozen=True)
class Asked:
    """A proposal to answer. `given` is the answer that stands; `past` one whose occasion is over: it can only
    be taken back."""

    proposal: Proposal
    is_open: bool
    given: Entry | None = None
    past: bool = False

    @property
    def key(self) -> str:
        """Tells the proposal in this very form from any other; no patient data."""
        return sha256(repr(self.proposal).encode()).hexdigest()[:16]

    @property
    def labels(self) -> Mapping[Verdict, str]:
        """The answers that may be given, in the words of this proposal."""
        if self.past:
            return {Verdict.REJECTED: "Take back"}
        kind, effect = self.proposal.kind, self.proposal.effect
        if kind in _HOLDS:
            return {Verdict.ACCEPTED: "Hold dosing", Verdict.REJECTED: "Release the hold"}
        if effect.ends_dosing:
            return {Verdict.ACCEPTED: "Stop dosing", Verdict.REJECTED: "Go on"}
        edit = {Verdict.EDITED: "Accept with changes"} if self.fields else {}
        return {Verdict.ACCEPTED: "Accept"} | edit | {Verdict.REJECTED: "Reject"}

    @property
    def parts(self) -> tuple[str, ...]:
        """What a release of the suicide pathway states, each by itself."""
        return RELEASE_FIELDS if self.proposal.kind is Kind.SUICIDE_PATHWAY else ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(self._fields())

    def _fields(self) -> Iterator[Field]:
        effect = self.proposal.effect
        low, high = effect.lowest_mg_per_kg, effect.highest_mg_per_kg
        if effect.mg_per_kg is not None and low is not None and high is not None and low < high:
            yield Field(
                "mg_per_kg", "Dose, mg/kg", "number", str(effect.mg_per_kg), str(low), str(high), "0.01"
            )
        if effect.doses_added is not None and effect.doses_added > 1:
            more = str(effect.doses_added)
            yield Field("doses_added", "Infusions to add", "number", more, "1", more, "1")
        if effect.interval_days is not None:
            days, shortest = str(effect.interval_days), str(SHORTEST_INTERVAL_DAYS)
            most = str(LONGEST_INTERVAL_DAYS)
            yield Field("interval_days", "Days between doses", "number", days, shortest, most, "1")
        if effect.due is not None and self.proposal.kind is not Kind.REAUTHORISE:
            yield Field("due", "Due on", "date", effect.due.isoformat())

    def name(self, what: str) -> str:
        """The name of one of its inputs."""
        return f"{what}.{self.key}"


def asked(now: CourseNow, history: History) -> tuple[Asked, ...]:
    """What may be answered: the open proposals first, then those that stand answered, then what may be taken
    back."""
    given = {e.proposal.id: e for e in standing(history)}
    shown = {p.id for p in now.proposals}
    rows = [Asked(p, p in now.open, given.get(p.id)) for p in now.proposals]
    past = [
        Asked(e.proposal, False, e, past=True)
        for e in given.values()
        if e.proposal.id not in shown and acts(e) and e.answer.verdict is not Verdict.REJECTED
    ]
    return (*sorted(rows, key=lambda a: not a.is_open), *past)


def acts(entry: Entry) -> bool:
    """Does the answer change what happens next in ketplan?"""
    effect = entry.proposal.effect
    values = (effect.mg_per_kg, effect.doses_added, effect.interval_days)
    return effect.ends_dosing or any(value is not None for value in values)


# --- what was said ------------------------------------------------------------------------------------------


@dataclass
class Said:
    """A form that was sent in. `problems` are by the proposal's key; `gone` tells that something asked there
    is not asked in that form any more; `touched` are the ids of the proposals that were answered."""

    answers: tuple[Entry, ...] = ()
    touched: frozenset[str] = frozenset()
    stated: Stated = field(default_factory=Stated)
    problems: dict[str, str] = field(default_factory=dict)
    gone: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.touched and self.stated == Stated()


def read(form: Mapping[str, str], rows: Sequence[Asked], clinician: Clinician, at: datetime) -> Said:
    """What was answered, each checked as the history checks it."""
    said, known = Said(), {row.name("answer") for row in rows}
    said.gone = any(n.startswith("answer.") and value and n not in known for n, value in form.items())
    answered = [(row, verdict) for row in rows if (verdict := form.get(row.name("answer"), ""))]
    said.touched = frozenset(row.proposal.id for row, _ in answered)
    for row, verdict in answered:
        try:
            said.answers += (_entry(form, row, Verdict(verdict), clinician, at),)
        except (InputError, RefusedError) as error:
            said.problems[row.key] = str(error)
        except ValueError:
            said.problems[row.key] = "This is no answer to it."
    try:
        said.stated = _stated(form)
    except InputError as error:
        said.problems[LIFETIME] = str(error)
    return said


def _entry(
    form: Mapping[str, str], row: Asked, verdict: Verdict, clinician: Clinician, at: datetime
) -> Entry:
    if verdict not in row.labels:
        raise InputError("This is no answer to it.")
    edit = _edit(form, row) if verdict is Verdict.EDITED else None
    reason = _reason(form, row, verdict)
    answer = Answer(row.proposal.id, verdict, clinician.reference, at, reason, edit)
    return keep(History(), row.proposal, answer).entries[0]


def _reason(form: Mapping[str, str], row: Asked, verdict: Verdict) -> str:
    if not (row.parts and verdict is Verdict.REJECTED):
        return form.get(row.name("reason"), "").strip()[:LONGEST_REASON]
    parts = {p: form.get(row.name(p), "").strip()[:LONGEST_PART] for p in row.parts}
    if missing := [part for part, words in parts.items() if not words]:
        raise InputError(f"The hold is released only with every part: {', '.join(missing)}.")
    reason = "; ".join(f"{part}: {words}" for part, words in parts.items())
    workflow.require_reason("SI_HIGH", reason)
    return reason


def _edit(form: Mapping[str, str], row: Asked) -> Edit:
    """What differs from the proposal. Raises InputError for what is no such value."""
    values = {f.name: form.get(row.name(f.name), "").strip() for f in row.fields}
    wanted = {f.name: values[f.name] for f in row.fields if values[f.name] not in ("", f.value)}
    edit = Edit(
        _decimal(wanted["mg_per_kg"]) if "mg_per_kg" in wanted else None,
        _whole(wanted["doses_added"]) if "doses_added" in wanted else None,
        _whole(wanted["interval_days"]) if "interval_days" in wanted else None,
        _day(wanted["due"]) if "due" in wanted else None,
    )
    if edit.interval_days is not None and edit.interval_days > LONGEST_INTERVAL_DAYS:
        raise InputError(f"Doses are at most {LONGEST_INTERVAL_DAYS} days apart.")
    return edit


def _decimal(words: str) -> Decimal:
    if not _DOSE.fullmatch(words):
        raise InputError("The dose is a number of mg/kg, like 0.6.")
    return Decimal(words.replace(",", "."))


def _whole(words: str) -> int:
    if not _WHOLE.fullmatch(words):
        raise InputError("This is a whole number.")
    return int(words)


def _day(words: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError:
        raise InputError("This is a day, like 2026-03-16.") from None


def _stated(form: Mapping[str, str]) -> Stated:
    before = form.get(LIFETIME, "").strip()
    if before and not (_WHOLE.fullmatch(before) and int(before) <= MOST_LIFETIME):
        raise InputError("The number of earlier doses is a whole number.")
    return Stated(_FRAIL_SAID.get(form.get(FRAIL, "")), int(before) if before else None)
