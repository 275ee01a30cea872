"""The visits of each protocol as the shipped library plans them, and the days on which each is acceptable.

Nothing is restated here: a draft for nobody says which visits there are, the scheduler's own windows say when
each may be. Days are counted from day 0, without weekends and holidays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from ketplan.clinical.assessment import Assessment, Choice
from ketplan.clinical.disorders import DISORDERS, Disorder
from ketplan.clinical.draft import draft
from ketplan.clinical.findings import Decision
from ketplan.clinical.house import House
from ketplan.clinical.plan import Draft, Visit, VisitKind
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.clinical.record import Patient, PatientRecord
from ketplan.clinical.screens.weight import DosingWeight
from ketplan.clinical.view import View
from ketplan.errors import InputError
from ketplan.scheduling.board import Board, Held
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.resources import Calendars
from ketplan.scheduling.windows import window

_DAY_0 = date(2026, 1, 5)
_CLINIC = Clinic("UTC")
_NO_DRUG = ketamine.BY_ID["NONE"]
_ANY_DRUG = next(p for p in ketamine.PROTOCOLS if p.day_offsets)


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit with the first and last day it is acceptable on."""

    visit: Visit
    first: int
    last: int


def drug_draft(protocol: KetamineProtocol) -> Draft:
    """The draft of a dose series alone, for nobody in particular: no weight, no disorder."""
    return _draft(protocol, None, Choice())


def dose_series(protocol: KetamineProtocol) -> tuple[Planned, ...]:
    """Every dose, call and review."""
    return _planned(drug_draft(protocol).visits)


def sessions_beside_doses(course: CbtProtocol) -> tuple[Planned, ...]:
    visits = _therapy(course, _ANY_DRUG).visits
    return _planned(tuple(v for v in visits if v.kind is VisitKind.CBT))


def sessions_alone(course: CbtProtocol) -> tuple[Planned, ...]:
    """Every session and review of a plan without ketamine."""
    return _planned(_therapy(course, _NO_DRUG).visits)


def _therapy(course: CbtProtocol, protocol: KetamineProtocol) -> Draft:
    for disorder in DISORDERS:
        try:
            return _draft(protocol, disorder, Choice(cbt=course.id))
        except InputError:
            continue
    raise InputError(f"No disorder has the therapy course {course.id}.")


def _draft(protocol: KetamineProtocol, lead: Disorder | None, choice: Choice) -> Draft:
    return draft(
        Assessment(
            view=View(PatientRecord(Patient("nobody")), _DAY_0, _DAY_0, House()),
            choice=choice,
            decision=Decision.ELIGIBLE,
            findings=(),
            targets=(),
            lead=lead,
            protocol=protocol,
            dose=None,
            weight=DosingWeight(),
            resistance=None,
            gate=(),
        )
    )


def _planned(visits: tuple[Visit, ...]) -> tuple[Planned, ...]:
    """Each visit with its window while every dose is on its own day."""
    on_day = [replace(v, target=_DAY_0 + timedelta(days=v.offset)) for v in visits]
    board = Board(_CLINIC, Calendars((), _CLINIC, {}), (), _at(_DAY_0), dose_end=0)
    for visit in on_day:
        if visit.kind is VisitKind.INFUSION:
            board.take(Held(visit, _at(visit.target), _at(visit.target), visit.target))
    return tuple(Planned(v, *((day - _DAY_0).days for day in window(v, board))) for v in on_day)


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
