"""The audit trail: rows that are only ever added, each carrying the hash of the one before.

It says who did what to which resource and how that ended. It holds references, never names, values or tokens.
A row changed, removed, added in between, or cut off at the end, breaks the chain; and as its head is sealed
with the site's key, whoever can write to the database alone cannot make a new chain of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ketplan.errors import ConfigError, InputError
from ketplan.store.database import Database
from ketplan.store.schema import AUDIT_HEAD, Schema

AT_ONCE = 500
# A reference, an id, a word of ours, an address: none of them has a blank in it, and every sentence has.
_REFERENCE = re.compile(r"\S{0,500}")
_WORDS = re.compile(r"[a-z][a-z -]{0,59}")
LONGEST_NOTE = 60
UNKNOWN = "unknown user"
"""The actor when the EHR did not say who signed in."""


@dataclass(frozen=True)
class AuditEvent:
    """`actor`, `patient`, `target` are references (`Practitioner/7`) or ids.

    `action` and `outcome` are words of ours, `note` is an id of ours.
    """

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

    def append(self, event: AuditEvent, now: datetime) -> AuditRow:
        """Add a row. Writers queue up at the head of the chain, so it never forks.

        InputError when a field holds what could be somebody's sentence.
        """
        _only_references(event)
        schema = self._database.schema
        with self._database.writing() as connection:
            last, previous = _head(connection, schema, to_change=True)
            number = last + 1
            chained = _hash(number, now, event, previous)
            values = {"number": number, "at": now, "previous": previous, "hash": chained}
            connection.execute(insert(self._table).values(**values, **asdict(event)))
            moved = schema.vault.seal(f"{number}:{chained}")
            connection.execute(update(schema.meta).where(_is_head(schema)).values(value=moved))
        return AuditRow(number, now, event, chained)

    def rows(self, last: int = 100) -> tuple[AuditRow, ...]:
        """The newest `last` rows, newest first."""
        newest_first = select(self._table).order_by(self._table.c.number.desc()).limit(last)
        with self._database.reading() as connection:
            found = connection.execute(newest_first).all()
        return tuple(map(_row, found))

    def all_rows(self, first: int = 1) -> Iterator[AuditRow]:
        """Every row from number `first` on, as it stands, whether or not the chain holds."""
        in_order = select(self._table).where(self._table.c.number >= first).order_by(self._table.c.number)
        with self._database.reading() as connection:
            yield from map(_row, connection.execute(in_order).yield_per(AT_ONCE))

    def verify(self) -> bool:
        """Whether the chain is whole, from its first row to the head."""
        return self.broken_at() is None

    def broken_at(self) -> int | None:
        """The number of the first row that is not as it was written, or is missing; None when all are."""
        number, previous = 0, ""
        with self._database.reading() as connection:
            try:
                head = _head(connection, self._database.schema)
            except ConfigError:
                head = None
            in_order = select(self._table).order_by(self._table.c.number)
            for row in connection.execute(in_order).yield_per(AT_ONCE):
                number += 1
                if (row.number, row.previous, row.hash) != (number, previous, _rehashed(row, previous)):
                    return number
                previous = row.hash
        return None if (number, previous) == head else number + 1


def _only_references(event: AuditEvent) -> None:
    referred = (event.iss, event.patient, event.target, event.note, event.actor.replace(UNKNOWN, "", 1))
    words = _WORDS.fullmatch(event.action) and _WORDS.fullmatch(event.outcome)
    if not (words and all(map(_REFERENCE.fullmatch, referred)) and len(event.note) <= LONGEST_NOTE):
        raise InputError("The audit trail takes references and ids, nothing else.")


def _is_head(schema: Schema) -> Any:
    return schema.meta.c.name == AUDIT_HEAD


def _head(connection: Connection, schema: Schema, to_change: bool = False) -> tuple[int, str]:
    """Number and hash of the newest row. ConfigError when the head was not sealed with a key of this site."""
    asking = select(schema.meta.c.value).where(_is_head(schema))
    sealed = connection.execute(asking.with_for_update() if to_change else asking).scalar_one()
    number, _, chained = schema.vault.unseal(sealed).partition(":")
    return int(number), chained


def _row(row: Row[Any]) -> AuditRow:
    event = AuditEvent(**{field.name: getattr(row, field.name) for field in fields(AuditEvent)})
    return AuditRow(row.number, row.at, event, row.hash)


def _rehashed(row: Row[Any], previous: str) -> str:
    return _hash(row.number, row.at, _row(row).event, previous)


def _hash(number: int, at: datetime, event: AuditEvent, previous: str) -> str:
    content = [number, at.astimezone(UTC).isoformat(timespec="microseconds"), asdict(event), previous]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
