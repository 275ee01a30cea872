"""Observation: vital signs, laboratory, survey scores; a panel's components become Observations too."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ketplan.clinical.record import Code, Fact, Observation, Quantity, Value, When
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading

_NOT_A_RESULT = frozenset({"entered-in-error", "cancelled"})
_PLAIN_TIMES = ("valueDateTime", "valueTime", "valueDate")


def read_observation(raw: Json, reading: Reading) -> Sequence[Fact]:
    status = fhir.text(raw.get("status")).lower() or None
    if status in _NOT_A_RESULT:
        return ()
    when = _when(raw, reading)
    components = reading.elements(raw.get("component"))
    # A panel without a value of its own says nothing that its components do not.
    told = [*components, raw] if not components or _has_value(raw) else components
    known: dict[str, Any] = {"when": when, "status": status}
    if components:
        known["panel"] = fhir.codings(raw.get("code"))
    if "identifier" in raw:
        known["identifiers"] = fhir.identifiers(raw)
    reference = fhir.reference_to(raw)
    return [fact for part in told if (fact := _one(part, reference, known, reading))]


def _one(part: Json, reference: str, known: dict[str, Any], reading: Reading) -> Observation | None:
    """`known` is what all parts of the resource share."""
    codes, words = fhir.codings(part.get("code")), fhir.words(part.get("code"))
    if not codes and not words:
        reading.unread = True
        return None
    value = read_value(part, reading)
    return Observation(
        reference,
        codes,
        words,
        value=value,
        range_high=_range_high(part, value),
        interpretation=_interpretation(part),
        **known,
    )


def _when(raw: Json, reading: Reading) -> When | None:
    """When it was true of the patient; `issued` only where nothing was said of that."""
    if (value := raw.get("effectiveDateTime")) is not None:
        return reading.when(value)
    if (timing := raw.get("effectiveTiming")) is not None:
        events = fhir.element(timing).get("event")
        return reading.when(events[-1] if isinstance(events, list) and events else events)
    if raw.get("effectivePeriod") is not None or raw.get("effectiveInstant") is not None:
        return reading.happened(raw, "effective")
    return reading.when(raw.get("issued"))


def _has_value(part: Json) -> bool:
    return any(key.startswith("value") and part[key] is not None for key in part)


def read_value(part: Json, reading: Reading) -> Value:
    """The value[x] of an Observation, a component or a questionnaire's answer; None when it has none."""
    if (raw := part.get("valueQuantity")) is not None:
        return reading.quantity(raw)
    if (raw := part.get("valueCodeableConcept")) is not None:
        return reading.wanted(fhir.answer, raw)
    if (raw := part.get("valueString")) is not None:
        return reading.text(raw)
    if (raw := part.get("valueInteger", part.get("valueDecimal"))) is not None:
        return _plain_number(raw, reading)
    if (raw := part.get("valueBoolean")) is not None:
        return reading.wanted(fhir.boolean, raw)
    for name in _PLAIN_TIMES:
        if (raw := part.get(name)) is not None:
            return reading.text(raw)
    if _has_value(part):
        reading.unread = True
    return None


def _plain_number(raw: object, reading: Reading) -> int | Quantity | None:
    found = reading.wanted(fhir.number, raw)
    if found is None:
        return None
    return int(found) if found == found.to_integral_value() else Quantity(found)


def _range_high(part: Json, value: Value) -> Decimal | None:
    """The upper end of the normal range, if it is told in the unit of the value."""
    if not isinstance(value, Quantity):
        return None
    for given in fhir.elements(part.get("referenceRange")):
        high = fhir.quantity(given.get("high"))
        if high is not None and high.unit in (value.unit, None) and _is_normal_range(given):
            return high.value
    return None


def _is_normal_range(given: Json) -> bool:
    return fhir.status_code(given.get("type")) in (None, "normal")


def _interpretation(part: Json) -> tuple[Code, ...]:
    if (given := part.get("interpretation")) is None:
        return ()
    return tuple(code for concept in fhir.elements(given) for code in fhir.codings(concept))
