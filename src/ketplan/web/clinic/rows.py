"""Rows of the worklist as pages, sheets and notes show them: words, no logic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ketplan.scheduling.coordinating.kinds import Owner, Way
from ketplan.scheduling.coordinating.worklist import Item
from ketplan.web.clinic.desk import Clinic
from ketplan.web.context import desk
from ketplan.web.presenters import words

# What the link to a patient's own launch is called, by where it leads.
WAYS = {
    Way.PLAN: "Open the plan",
    Way.REPLAN: "Plan again",
    Way.DIFFERENCES: "See the differences",
    Way.REVIEW: "Open the review",
    Way.SCALES: "Open the scales",
    Way.CALL: "Open the plan",
    Way.NONE: "Open the plan",
}


@dataclass(frozen=True)
class Row:
    """One row in words. `asked` is when the EHR was asked about it, "" for never."""

    item: Item
    id: str
    name: str = field(repr=False)
    born: str = field(repr=False)
    telephone: tuple[str, ...] = field(repr=False)
    due: str = ""
    late: bool = False
    asked: str = ""
    asked_long_ago: bool = False
    way: str = ""
    owner: str = ""


def listed(clinic: Clinic, items: Iterable[Item]) -> list[Row]:
    return [row_of(clinic, item) for item in items]


def row_of(clinic: Clinic, item: Item) -> Row:
    course, moment = item.course, clinic.moment
    seen = next((v.seen for v in course.visits if v.key == item.key), None) or course.synced
    return Row(
        item=item,
        id=item.id,
        name=course.name,
        born=words.recorded(course.born) if course.born else "",
        telephone=course.telephone,
        due=due_words(clinic, item),
        late=moment.day(item.due) < moment.today,
        asked=asked_words(seen, moment.now),
        asked_long_ago=seen is None or (moment.now - seen).total_seconds() > 36 * 3600,
        way=WAYS[item.way],
        owner="" if item.row.owner is Owner.COORDINATOR else item.row.owner.value,
    )


def due_words(clinic: Clinic, item: Item) -> str:
    local = item.due.astimezone(desk().practice.zone)
    day = words.day(local.date(), clinic.moment.today)
    return f"{day}, {words.clock(local)}" if item.key else day


def asked_words(seen: datetime | None, now: datetime) -> str:
    if seen is None:
        return "never"
    days = (now - seen).days
    return f"{days} days ago" if days > 1 else words.ago(seen, now)
