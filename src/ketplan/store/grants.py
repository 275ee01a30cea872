"""What launches may use at their EHRs: tokens, sealed, one row per session, gone with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from ketplan.errors import ConfigError
from ketplan.store.database import Database
from ketplan.store.locks import RunLocks
from ketplan.store.vault import digest


@dataclass(frozen=True)
class HeldGrant:
    """`generation` counts the renewals; `ended` says why it is over, and is empty until then."""

    payload: dict[str, Any] = field(repr=False)
    generation: int
    ended: str


class Grants:
    """Grants by launch id. A grant needs its session to be there before it."""

    def __init__(self, database: Database, locks: RunLocks | None = None) -> None:
        self._database = database
        self._table = database.schema.ehr_grant
        self._locks = locks or RunLocks(database)

    def create(self, lid: str, payload: Mapping[str, Any]) -> None:
        values = {"lid": digest(lid), "payload": dict(payload), "generation": 0, "ended": ""}
        with self._database.writing() as connection:
            connection.execute(insert(self._table).values(**values))

    def load(self, lid: str) -> HeldGrant | None:
        """None when there is none, also when it was sealed with a key that is gone."""
        asking = select(self._table).where(self._table.c.lid == digest(lid))
        with self._database.reading() as connection:
            try:
                row = connection.execute(asking).one_or_none()
            except ConfigError:
                return None
        return HeldGrant(dict(row.payload), row.generation, row.ended) if row else None

    def replace(self, lid: str, generation: int, payload: Mapping[str, Any]) -> bool:
        """Put the next generation in the place of `generation`; False when that is not there any more."""
        return self._change(lid, generation, payload=dict(payload), generation=generation + 1)

    def end(self, lid: str, generation: int, why: str) -> None:
        """The EHR takes it no longer. Its tokens go, unless another generation has taken its place."""
        self._change(lid, generation, payload={}, ended=why)

    def lock(self, lid: str, owner: str, now: datetime, lease_seconds: float) -> bool:
        """Be the only one, over all processes, who may spend what the grant holds; False while another is."""
        return self._locks.acquire(_lock_name(lid), owner, now, lease_seconds)

    def unlock(self, lid: str, owner: str) -> None:
        self._locks.release(_lock_name(lid), owner)

    def _change(self, lid: str, at: int, **values: Any) -> bool:
        grant = self._table.c
        changing = update(self._table).where(grant.lid == digest(lid), grant.generation == at)
        with self._database.writing() as connection:
            return connection.execute(changing.where(grant.ended == "").values(**values)).rowcount == 1


def _lock_name(lid: str) -> str:
    """Apart from the ids of plans, which are locked by the same table."""
    return digest(f"grant {lid}")
