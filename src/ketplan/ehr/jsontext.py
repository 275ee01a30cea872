"""JSON whose decimals survive: `1.10` is read as Decimal and written as `1.10`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def loads(body: bytes) -> Any:
    """Parse `body`, numbers with a point or an exponent as Decimal. ValueError when it is not JSON."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dumps(value: Any) -> str:
    """`value` as JSON text, a Decimal with exactly its digits. ValueError for a number JSON cannot hold."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(dumps, value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("JSON has no such number")
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
