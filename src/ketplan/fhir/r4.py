"""The only door to `fhir.resources`, always its R4B subpackage: for what ketplan writes it has R4's elements.

The models serve as a check of shape and are imported only when something is written. What is sent is the
very dict that was checked, because a model's own dump rounds decimals (0.50 becomes 0.5) and rewrites
offsets. Models check neither codes nor invariants; `fhir.invariants` does.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any

from ketplan.errors import KetplanError
from ketplan.fhir.datatypes import Json

AUTHORED = frozenset({"Appointment", "CarePlan", "Goal", "Provenance", "ServiceRequest"})
"""The types a plan is made of, each with a profile of ours."""
SURVEYED = frozenset({"Observation", "QuestionnaireResponse"})
"""The types a filled-in instrument is made of."""
SESSION = frozenset({"AdverseEvent", "MedicationAdministration", "Observation", "Procedure"})
"""The types a dosing session and what went wrong in it are made of."""
NOTED = frozenset({"DocumentReference"})
"""What carries a plan in words where an EHR takes no more."""
TO_DO = frozenset({"Communication", "Task"})
"""What asks somebody to book by hand where an EHR takes no appointment."""


def build(resource: Json) -> Json:
    """The resource itself, once R4B's model of its type has taken it.

    Raises KetplanError naming the elements at fault, never their values.
    """
    kind = resource.get("resourceType")
    if kind not in AUTHORED | SURVEYED | SESSION | NOTED | TO_DO:
        raise KetplanError("ketplan does not write resources of this type.")
    return shaped(resource)


def shaped(resource: Json) -> Json:
    """The resource itself, of whatever type: what is handed out holds more than what is written into an EHR.

    Raises KetplanError naming the elements at fault, never their values.
    """
    kind = str(resource.get("resourceType"))
    try:
        _model(kind).model_validate(resource)
    except ValueError as error:
        raise KetplanError(f"{kind} does not have R4's shape at {_places(error)}.") from None
    return resource


@cache
def _model(kind: str) -> Any:
    return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)


def _places(error: Any) -> str:
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return ", ".join(dict.fromkeys(".".join(str(part) for part in fault["loc"]) for fault in faults))


def to_json(resource: Json) -> str:
    """The resource as JSON text, each Decimal with the digits it was given."""
    return _spell(resource)


def _spell(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(key)}:{_spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_spell, value)) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise KetplanError("A number without a value cannot be written.")
        return format(value, "f")
    return _quote(value)


def _quote(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
