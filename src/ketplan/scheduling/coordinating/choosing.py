"""Which rows of the worklist are looked at, in which order, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ketplan.scheduling.coordinating.kinds import TO_DO, Kind
from ketplan.scheduling.coordinating.worklist import Item, Moment

PAGE = 50


class Sort(StrEnum):
    URGENCY = "urgency"
    DUE = "due"
    PATIENT = "patient"
    CLINICIAN = "clinician"


_ORDER: Mapping[Sort, Callable[[Item], tuple[Any, ...]]] = MappingProxyType(
    {
        Sort.URGENCY: lambda i: (i.row.urgency, i.due, i.course.name.casefold()),
        Sort.DUE: lambda i: (i.due, i.row.urgency, i.course.name.casefold()),
        Sort.PATIENT: lambda i: (i.course.name.casefold(), i.course.plan, i.due),
        Sort.CLINICIAN: lambda i: (i.course.clinician.casefold(), i.row.urgency, i.due),
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`kind` None is everything that is to do. `week` is the Monday of the week that is looked at."""

    kind: Kind | None = None
    clinician: str = ""
    therapist: str = ""
    week: date | None = None
    sort: Sort = Sort.URGENCY
    page: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One page of what was chosen. `counts` are of every kind, whatever kind was chosen."""

    items: tuple[Item, ...]
    total: int
    page: int
    pages: int
    counts: Mapping[Kind, int]

    @property
    def to_do(self) -> int:
        return sum(self.counts[kind] for kind in TO_DO)


def chosen(found: Iterable[Item], wanted: Wanted, moment: Moment) -> list[Item]:
    """All rows that are wanted, in order."""
    kinds = (wanted.kind,) if wanted.kind else TO_DO
    mine = [item for item in found if item.kind in kinds and _fits(item, wanted, moment)]
    return sorted(mine, key=lambda item: (*_ORDER[wanted.sort](item), item.id))


def part(found: Sequence[Item], wanted: Wanted, moment: Moment) -> Part:
    """One page of them; a page beyond the last is the last."""
    mine = chosen(found, wanted, moment)
    pages = max(1, -(-len(mine) // PAGE))
    page = min(max(1, wanted.page), pages)
    counts = Counter(item.kind for item in found if _fits(item, wanted, moment))
    shown = tuple(mine[(page - 1) * PAGE : page * PAGE])
    return Part(shown, len(mine), page, pages, {kind: counts[kind] for kind in Kind})


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _fits(item: Item, wanted: Wanted, moment: Moment) -> bool:
    return (
        (not wanted.clinician or item.course.clinician == wanted.clinician)
        and (not wanted.therapist or wanted.therapist in item.course.therapists)
        and (wanted.week is None or monday(moment.day(item.due)) == monday(wanted.week))
    )
