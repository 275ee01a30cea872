"""ketplan's own signing keys: the private halves sealed, all that are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from ketplan.store.database import Database


@dataclass(frozen=True)
class StoredKey:
    """`private` is a JWK. `signs_from` may lie ahead: until then the key is only published."""

    kid: str
    algorithm: str
    private: dict[str, Any] = field(repr=False)
    published: datetime
    signs_from: datetime


class SigningKeys:
    """Every key there is, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.signing_key

    def all(self) -> tuple[StoredKey, ...]:
        in_order = select(self._table).order_by(self._table.c.published, self._table.c.kid)
        with self._database.reading() as connection:
            rows = connection.execute(in_order).all()
        return tuple(StoredKey(r.kid, r.algorithm, dict(r.private), r.published, r.signs_from) for r in rows)

    def add(self, key: StoredKey) -> None:
        values = {name: getattr(key, name) for name in key.__dataclass_fields__}
        with self._database.writing() as connection:
            connection.execute(insert(self._table).values(**values))

    def begin(self, kid: str, now: datetime) -> None:
        """Let a key sign from now on."""
        beginning = update(self._table).where(self._table.c.kid == kid).values(signs_from=now)
        with self._database.writing() as connection:
            connection.execute(beginning)

    def remove(self, kid: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(self._table).where(self._table.c.kid == kid))
