"""The audit trail: rows that are only ever added, each carrying the hash of the one before.

It says who did what to which resource and how that ended. It holds references, never names, values or tokens.
A row changed, removed, added in between, or cut off at the end, breaks the chain.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from ketplan.store.database import Database

HEAD = "audit_head"


@dataclass(frozen=True)
class AuditEvent:
    """`actor`, `patient`, `target` are references (`Practitioner/7`); `action`, `outcome` our own words."""

    actor: str
    action: str
    iss: str = ""
    patient: str = ""
    target: str = ""
    outcome: str = "success"
    note: str = ""


@dataclass(frozen=True)
class AuditRow:
    number: int
    at: datetime
    event: AuditEvent
    hash: str


class AuditTrail:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.audit
        self._meta = database.schema.meta

    def append(self, event: AuditEvent, now: datetime) -> AuditRow:
        """Add a row. Writers queue up at the head of the chain, so it never forks."""
        with self._database.writing() as connection:
            is_head = self._meta.c.name == HEAD
            head = connection.execute(
                select(self._meta.c.value).where(is_head).with_for_update()
            ).scalar_one()
            last, previous = _split(head)
            number = last + 1
            chained = _hash(number, now, event, previous)
            values = {"number": number, "at": now, "previous": previous, "hash": chained}
            connection.execute(insert(self._table).values(**values, **asdict(event)))
            connection.execute(update(self._meta).where(is_head).values(value=f"{number}:{chained}"))
        return AuditRow(number, now, event, chained)

    def rows(self, last: int = 100) -> tuple[AuditRow, ...]:
        """The newest `last` rows, newest first."""
        newest_first = select(self._table).order_by(self._table.c.number.desc()).limit(last)
        with self._database.reading() as connection:
            found = connection.execute(newest_first).all()
        return tuple(AuditRow(row.number, row.at, _event(row), row.hash) for row in found)

    def verify(self) -> bool:
        """Whether the chain is whole, from its first row to the head."""
        number, previous = 0, ""
        with self._database.reading() as connection:
            head = connection.execute(
                select(self._meta.c.value).where(self._meta.c.name == HEAD)
            ).scalar_one()
            for row in connection.execute(select(self._table).order_by(self._table.c.number)):
                number += 1
                chained = _hash(number, row.at, _event(row), previous)
                if (row.number, row.previous, row.hash) != (number, previous, chained):
                    return False
                previous = chained
        return (number, previous) == _split(head)


def _split(head: str) -> tuple[int, str]:
    number, _, chained = head.partition(":")
    return int(number or 0), chained


def _event(row: Row[Any]) -> AuditEvent:
    return AuditEvent(**{field.name: getattr(row, field.name) for field in fields(AuditEvent)})


def _hash(number: int, at: datetime, event: AuditEvent, previous: str) -> str:
    content = [number, at.astimezone(UTC).isoformat(timespec="microseconds"), asdict(event), previous]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
