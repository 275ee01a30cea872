"""Rating scales on the screen: which are due, what is asked, what a total means beside the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ketplan.clinical.instruments import filling
from ketplan.clinical.instruments.administrations import Administration, administrations
from ketplan.clinical.instruments.change import Change, Rating, band, change, cut_reached
from ketplan.clinical.instruments.model import Instrument, Item
from ketplan.clinical.instruments.on_record import RECALL_WORDS, last_answered, totals
from ketplan.clinical.instruments.scoring import Score
from ketplan.clinical.instruments.table import INSTRUMENTS, instrument
from ketplan.clinical.scales import PHQ9_ITEM9
from ketplan.clinical.view import View
from ketplan.errors import InputError
from ketplan.web.presenters import words
from ketplan.workflow import Proposal

TOTAL = "total"
# Rated by a clinician, as their names or questions say; everything else is the patient's own answer.
BY_CLINICIAN = frozenset({"HAM-A", "CGI-S", "CGI-I", "MOAAS", "SLUMS", "MoCA", filling.COLUMBIA})
# Lines of the work-up that a filled-in instrument closes.
OF_THE_GATE = {"phq9": "PHQ-9", "audit_c": "AUDIT-C", "dast10": "DAST-10", "cssrs": filling.COLUMBIA}


@dataclass(frozen=True)
class Row:
    """One line of the list. `due` says what it is due for, `later` when next; both may be empty."""

    id: str
    title: str
    due: str
    later: str
    last: str
    note: str


@dataclass(frozen=True)
class Question:
    """One question of the form. `at_once` is what an answer in `alarms` calls for: "crisis", "clinician" or
    nothing."""

    item: Item
    name: str
    value: str
    missing: bool
    alarms: frozenset[int]
    at_once: str


@dataclass(frozen=True)
class Result:
    """A score in words. `sentences` are what it means; `missing` how many answers are."""

    total: str
    band: str
    missing: int
    crisis: bool
    sentences: tuple[str, ...]


# --- the list -----------------------------------------------------------------------------------------------


def rows(
    proposal: Proposal, today: date, signed: tuple[Administration, ...] | None = None
) -> tuple[Row, ...]:
    """Every instrument, what is due first, then what the course will ask for: the signed one, if any."""
    planned = administrations(proposal.draft) if signed is None else signed
    view = proposal.assessment.view
    found = [_row(view, row, [a for a in planned if a.instrument == row.id], today) for row in INSTRUMENTS]
    return tuple(sorted(found, key=lambda r: (not r.due, not r.later)))


def of_gate(name: str, scale_title: str) -> str:
    """The instrument that closes a line of the work-up; "" where none does."""
    if name == "disorder_scale":
        return next((row.id for row in INSTRUMENTS if scale_title.startswith(row.title)), "")
    return OF_THE_GATE.get(name, "")


def _row(view: View, row: Instrument, planned: list[Administration], today: date) -> Row:
    last, on = _last(view, row)
    usual = next(iter(row.recalls), None)
    here = [a for a in planned if a.recall_days in (None, usual)]
    done = max(filter(None, [on, *(_last(view, other)[1] for other in _in_place_of(here))]), default=None)
    due = next((a for a in here if a.opens <= today <= a.on and not (done and done >= a.opens)), None)
    later = next((a for a in here if a.opens > today), None)
    elsewhere = {a.recall_days for a in planned if a not in here and a.recall_days}
    return Row(
        row.id,
        row.title,
        f"{due.moment}, until {words.day(due.on, today)}" if due else "",
        f"{later.moment}, {words.day(later.on, today)}" if later else "",
        last,
        "".join(
            f"The course also asks about the {RECALL_WORDS[days]}: not here, as the two are never compared."
            for days in sorted(elsewhere)
        ),
    )


def _in_place_of(planned: list[Administration]) -> list[Instrument]:
    return [instrument(id) for id in dict.fromkeys(a.instead for a in planned) if id]


def _last(view: View, row: Instrument) -> tuple[str, date | None]:
    """The newest total (or answer) in words, and its day."""
    known = totals(view, row)
    if known and (several := _of_one_day(known)):
        told = " or ".join(f"{total:f}" for total in several)
        return f"{told}, {words.full_day(known[-1].on)}: total and answers contradict each other", None
    if known:
        newest = known[-1]
        said = " · ".join(filter(None, [f"{newest.total:f}", band(row, newest.total)]))
        return f"{said}, {words.full_day(newest.on)}", newest.on
    answered = last_answered(view, row)
    if answered and answered.when:
        return f"answered {words.full_day(answered.when.earliest)}", answered.when.earliest
    return "", None


def _of_one_day(known: tuple[Rating, ...]) -> list[Decimal]:
    """The newest day's totals over one period, where they differ: nobody knows which is right."""
    newest = known[-1]
    told = {r.total for r in known if (r.on, r.window) == (newest.on, newest.window) and r.total is not None}
    return sorted(told) if len(told) > 1 else []


# --- the form -----------------------------------------------------------------------------------------------


def form(row: Instrument, said: Mapping[str, str], missing: tuple[str, ...] = ()) -> tuple[Question, ...]:
    return tuple(_question(item, said, missing) for item in filling.questions(row))


def _question(item: Item, said: Mapping[str, str], missing: tuple[str, ...]) -> Question:
    limit = item.alarm_at
    alarms = frozenset(c.points for c in item.choices if limit is not None and c.points >= limit)
    at_once = ("crisis" if is_about_suicide(item) else "clinician") if alarms else ""
    return Question(item, item.id, said.get(item.id, ""), item.id in missing, alarms, at_once)


def for_patients(row: Instrument) -> bool:
    """May the patient be handed this form? Not where somebody else rates, or only a total is entered."""
    return row.id not in BY_CLINICIAN and not filling.takes_a_total(row) and bool(filling.questions(row))


def is_about_suicide(item: Item) -> bool:
    return item.loinc == PHQ9_ITEM9 or item in filling.COLUMBIA_ITEMS


def read(row: Instrument, said: Mapping[str, str]) -> Score:
    """What the form says as a score. InputError for what is no whole number or out of range."""
    answers = {item.id: _whole(row, said.get(item.id, "")) for item in filling.questions(row)}
    if not answers:
        return filling.filled_in(row, total=_whole(row, said.get(TOTAL, "")))
    return filling.filled_in(row, answers)


def _whole(row: Instrument, text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 5):
        raise InputError(f"{row.title}: give a whole number.")
    return int(text)


# --- the result ---------------------------------------------------------------------------------------------


def result(row: Instrument, score: Score, before: Change | None) -> Result:
    items = {item.id: item for item in filling.questions(row)}
    called = [items[id] for id in score.alarms]
    said = [*_alarms(called), *_cut(row, score.total), *_compared(before)]
    return Result(
        "" if score.total is None else str(score.total),
        band(row, score.total) or "",
        len(score.missing),
        any(map(is_about_suicide, called)),
        tuple(said),
    )


def _alarms(called: list[Item]) -> list[str]:
    others = [item for item in called if not is_about_suicide(item)]
    return [f"This answer alone calls for a clinician: {item.text}" for item in others]


def _cut(row: Instrument, total: int | None) -> list[str]:
    reached = cut_reached(row, total)
    if reached is None:
        return []
    return ["The instrument's cut is reached." if reached else "The instrument's cut is not reached."]


def _compared(before: Change | None) -> list[str]:
    if before is None:
        return ["There is no earlier total on record to compare it with."]
    was = f"{before.baseline.total:f} on {words.full_day(before.baseline.on)}"
    if before.unknown or before.points is None:
        return [f"Earlier total {was}, not compared: {before.unknown}."]
    if before.points == 0:
        moved = "no change"
    else:
        way = "better" if before.points > 0 else "worse"
        share = f" ({abs(before.pct):f} %)" if before.pct is not None else ""
        moved = f"{words.count(abs(int(before.points)), 'point')}{share} {way}"
    verdicts = [
        ("response", before.response),
        ("remission", before.remission),
        ("reliable change", before.reliable),
    ]
    judged = [f"{name}: {'yes' if met else 'no'}" for name, met in verdicts if met is not None]
    return [f"Compared with {was}: {moved}.", *([f"{words.listed(judged).capitalize()}."] if judged else [])]


def against_baseline(
    view: View, row: Instrument, total: int | None, on: date, recall: int | None, day_zero: date | None
) -> Change | None:
    """The change from the last total on or before a signed plan's day 0, else from the newest before `on`."""
    if total is None:
        return None
    earlier = [r for r in totals(view, row) if r.on < on]
    at_start = [r for r in earlier if day_zero and r.on <= day_zero]
    if not earlier:
        return None
    usable = tuple(at_start or earlier)
    now = Rating(row.id, on, Decimal(total), recall)
    if _of_one_day(usable):
        return Change(usable[-1], now, "its total and its answers contradict each other")
    return change(usable[-1], now)
