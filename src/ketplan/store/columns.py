"""The column types of our own: moments that are always UTC, and JSON that is always sealed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

from ketplan.store.vault import Vault

DECIMAL = "$decimal"


class Moment(TypeDecorator[datetime]):
    """An aware datetime, stored and given back in UTC; a naive one is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a time zone cannot be stored.")
        in_utc = value.astimezone(UTC)
        # SQLite keeps no zone; one spelling for all rows keeps them comparable there.
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Sealed(TypeDecorator[Any]):
    """JSON, encrypted with the vault of the database it belongs to; decimals keep their digits."""

    impl = Text
    cache_ok = True

    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self.vault = vault

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.vault.seal(to_json(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else from_json(self.vault.unseal(value))


def to_json(value: Any) -> str:
    """Compact JSON, keys sorted. A Decimal becomes `{"$decimal": "1.10"}` and keeps its zero."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_decimal)


def from_json(text: str) -> Any:
    """The inverse of `to_json`."""
    return json.loads(text, object_hook=_revive)


def _decimal(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {DECIMAL: str(value)}
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")


def _revive(found: dict[str, Any]) -> Any:
    return Decimal(found[DECIMAL]) if found.keys() == {DECIMAL} else found
