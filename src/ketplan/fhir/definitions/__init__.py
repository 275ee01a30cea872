"""The tables as FHIR definitions, generated, never edited: what other systems read of ketplan.

`python -m ketplan.fhir.definitions DIRECTORY` writes them; a test compares with what is committed.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.activity_definition import activity_definitions
from ketplan.fhir.definitions.code_systems import code_systems
from ketplan.fhir.definitions.plan_definition import plan_definitions
from ketplan.fhir.definitions.questionnaire import course_review, instruments, intake
from ketplan.fhir.definitions.value_sets import value_sets

_LINE = 110


def definitions() -> tuple[Json, ...]:
    """Every definition, always in the same order."""
    return (
        *plan_definitions(),
        *activity_definitions(),
        intake(),
        course_review(),
        *instruments(),
        *value_sets(),
        *code_systems(),
    )


def files() -> dict[str, str]:
    """File name and text of every definition."""
    return {f"{d['resourceType']}-{d['id']}.json": f"{spell(d)}\n" for d in definitions()}


def spell(value: Any, indent: int = 0) -> str:
    """JSON text, one space an indent, whatever fits in a line on one line."""
    line = json.dumps(value, ensure_ascii=False, default=_plain)
    if len(line) + indent <= _LINE or not value or not isinstance(value, dict | list):
        return line
    inner = " " * (indent + 1)
    parts = (
        [f"{json.dumps(key)}: {spell(item, indent + 1)}" for key, item in value.items()]
        if isinstance(value, dict)
        else [spell(item, indent + 1) for item in value]
    )
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(f"{inner}{part}" for part in parts)
    return f"{opened}\n{body}\n{' ' * indent}{closed}"


def _plain(value: object) -> float:
    """The tables' decimals have few digits, which a float spells as they stand."""
    assert isinstance(value, Decimal)
    return float(value)
