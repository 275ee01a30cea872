"""When: each visit with its time, its window and its reason; what found no time comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.plan import VisitKind
from ketplan.scheduling.timetable import Placed, SoftRule
from ketplan.web.presenters import words
from ketplan.workflow import Proposal

KINDS = {VisitKind.INFUSION: "infusion", VisitKind.CBT: "CBT", VisitKind.FOLLOW_UP: "review"}
# A dose takes a chair, a nurse and a prescriber: the row names the first two, its reason all of them.
MOST_NAMES = 2
_UNKEPT = {
    SoftRule.WINDOW: "outside its window",
    SoftRule.CBT_AFTER_DOSE: "no therapy in the hours after this dose",
    SoftRule.SAME_THERAPIST: "another therapist",
}


@dataclass(frozen=True)
class VisitRow:
    """`remark` is what a reader must not miss; `why` the whole reason."""

    kind: str
    day: str
    hours: str
    what: str
    where: str
    window: str
    remark: str
    why: str


@dataclass(frozen=True)
class CalendarView:
    """`consulted`: a calendar of the EHR was looked at. `held`: a hold stands against every visit."""

    rows: tuple[VisitRow, ...]
    unplaced: tuple[tuple[str, str], ...]
    zone: str
    span: str
    counts: str
    consulted: bool
    held: bool

    @property
    def total(self) -> int:
        return len(self.rows) + len(self.unplaced)


def calendar(proposal: Proposal) -> CalendarView:
    timetable, start = proposal.timetable, proposal.draft.start
    placed = sorted(timetable.placed, key=lambda p: p.start)
    dose = proposal.draft.ketamine.dose_mg
    return CalendarView(
        tuple(_row(p, start, dose) for p in placed),
        tuple((u.visit.title, u.why) for u in timetable.unplaced),
        timetable.zone,
        _span(placed),
        counts(proposal),
        any(p.slots for p in placed),
        any(f.cls is FindingClass.HOLD for f in proposal.draft.findings),
    )


def _span(placed: Sequence[Placed]) -> str:
    if not placed:
        return ""
    return " to ".join(words.full_day(p.start.date()) for p in (placed[0], placed[-1]))


def counts(proposal: Proposal) -> str:
    """ "6 infusions · 14 CBT · 7 reviews"; empty when nothing is proposed."""
    kinds = [v.kind for v in proposal.draft.visits]
    said = (
        words.count(kinds.count(VisitKind.INFUSION), "infusion" if _is_iv(proposal) else "dose"),
        f"{kinds.count(VisitKind.CBT)} CBT",
        words.count(kinds.count(VisitKind.FOLLOW_UP), "review"),
    )
    return " · ".join(s for s in said if not s.startswith("0 "))


def _is_iv(proposal: Proposal) -> bool:
    return proposal.draft.ketamine.route == "IV"


def _row(placed: Placed, start: date, dose: int | None) -> VisitRow:
    visit = placed.visit
    first = visit.kind is VisitKind.INFUSION and visit.number == 1 and dose is not None
    return VisitRow(
        KINDS[visit.kind],
        words.day(placed.start.date(), start),
        f"{words.clock(placed.start)}{words.DASH}{words.clock(placed.end)}",
        f"{visit.title} · {dose} mg" if first else visit.title,
        _where(placed),
        words.span(*placed.window),
        _remark(placed),
        placed.why,
    )


def _where(placed: Placed) -> str:
    if placed.visit.telephone:
        return "telephone"
    names = list(dict.fromkeys(name for _, name in placed.resources))
    return " · ".join(names[:MOST_NAMES]) or "clinic hours only"


def _remark(placed: Placed) -> str:
    said = [_UNKEPT[rule] for rule in placed.unkept]
    if placed.moved_days:
        later = "later" if placed.moved_days > 0 else "earlier"
        said.insert(0, f"{words.count(abs(placed.moved_days), 'business day')} {later}")
    return ", ".join(said)
