"""The invariants of FHIR and of our profiles, by key: does the element that carries one satisfy it?

A checker refuses to compile a profile with an invariant that is not here, so none is passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from ketplan.clinical.record import UCUM
from ketplan.fhir.rendering import xhtml

Json = dict[str, Any]
Invariant = Callable[[Any], bool]


def both_or_neither(a: str, b: str) -> Invariant:
    return lambda e: (a in e) == (b in e)


def needs(one: str, other: str) -> Invariant:
    return lambda e: one not in e or other in e


def not_both(a: str, b: str) -> Invariant:
    return lambda e: not (a in e and b in e)


def never(element: str) -> Invariant:
    """Stricter than FHIR, which only limits it: ketplan writes none."""
    return lambda e: element not in e


def not_negative(element: str) -> Invariant:
    return lambda e: element not in e or e[element] >= 0


def only_for(element: str, *types: str) -> Invariant:
    """Questionnaire items: the element stands only in items of these types."""
    return lambda e: element not in e or e["type"] in types


def not_for(element: str, *types: str) -> Invariant:
    return lambda e: element not in e or e["type"] not in types


def is_text(div: str) -> bool:
    return not list(xhtml.problems(div))


def has_value(e: Json) -> bool:
    return any(key.startswith("value") for key in e)


def in_order(e: Json) -> bool:
    start, end = e.get("start"), e.get("end")
    return start is None or end is None or start == end or _moment(start) <= _moment(end)


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.astimezone()


def distinct(name: str, below: str) -> Invariant:
    """No two of the elements `below`, however deep, have the same `name`."""
    return lambda e: max(Counter(_values(e, name, below)).values(), default=1) == 1


def _values(holder: Json, name: str, below: str) -> Iterator[Any]:
    for part in holder.get(below, ()):
        yield part[name]
        yield from _values(part, name, below)


def patients(e: Json) -> int:
    actors = [p.get("actor", {}).get("reference", "") for p in e.get("participant", ())]
    return sum("Patient/" in actor for actor in actors)


def _range(e: Json) -> bool:
    return "low" not in e or "high" not in e or Decimal(e["low"]["value"]) <= Decimal(e["high"]["value"])


_OPEN = ("boolean", "decimal", "integer", "string", "text", "url", "open-choice")
_WITH_OPTIONS = (
    "choice",
    "open-choice",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "quantity",
)

INVARIANTS: dict[str, Invariant] = {
    "app-1": lambda e: "type" in e or "actor" in e,
    "app-2": both_or_neither("start", "end"),
    "app-3": lambda e: (
        ("start" in e and "end" in e) or e.get("status") in ("proposed", "cancelled", "waitlist")
    ),
    # R4 spells it 'no-show' here and 'noshow' in the value set; only the latter can be a status.
    "app-4": lambda e: "cancelationReason" not in e or e.get("status") in ("noshow", "cancelled"),
    "cpl-3": not_both("detail", "reference"),
    "csd-1": distinct("code", "concept"),
    "dom-2": never("contained"),
    "dom-3": never("contained"),
    "dom-4": never("contained"),
    "dom-5": never("contained"),
    "drt-1": lambda e: "code" not in e or (e.get("system") == UCUM and "value" in e),
    "ele-1": lambda e: e not in ({}, [], "", None),
    "ext-1": lambda e: ("extension" in e) != has_value(e),
    "gol-1": lambda e: "measure" in e or not any(key.startswith("detail") for key in e),
    "ketplan-booked-slots": lambda e: e.get("status") != "booked" or "slot" in e,
    "ketplan-done": lambda e: (e.get("status") == "not-done") != ("performedPeriod" in e),
    "ketplan-given": lambda e: (e.get("status") == "not-done") != ("dosage" in e),
    "ketplan-narrative": lambda e: "div" in e.get("text", {}),
    "ketplan-observed": lambda e: has_value(e) or "component" in e,
    "ketplan-one-patient": lambda e: patients(e) == 1,
    "ketplan-requester": lambda e: e.get("status") != "active" or "requester" in e,
    "ketplan-signed": lambda e: e.get("status") != "active" or "author" in e,
    "ketplan-why": lambda e: e.get("status") != "not-done" or "statusReason" in e,
    "mad-1": lambda e: "dose" in e or any(key.startswith("rate") for key in e),
    "obs-3": lambda e: bool({"low", "high", "text"} & e.keys()),
    "obs-6": lambda e: "dataAbsentReason" not in e or not has_value(e),
    "obs-7": lambda e: not has_value(e) or e["code"] not in [c["code"] for c in e.get("component", ())],
    "qrs-1": not_both("answer", "item"),
    "per-1": in_order,
    "prr-1": needs("orderDetail", "code"),
    "qty-3": needs("code", "system"),
    "que-1": lambda e: (e["type"] != "group" or "item" in e) and (e["type"] != "display" or "item" not in e),
    "que-2": distinct("linkId", "item"),
    "que-3": not_for("code", "display"),
    "que-4": not_both("answerOption", "answerValueSet"),
    "que-5": lambda e: e["type"] in _WITH_OPTIONS or not {"answerOption", "answerValueSet"} & e.keys(),
    "que-6": lambda e: e["type"] != "display" or not {"required", "repeats"} & e.keys(),
    "que-7": lambda e: e.get("operator") != "exists" or "answerBoolean" in e,
    "que-8": not_for("initial", "group", "display"),
    "que-9": not_for("readOnly", "display"),
    "que-10": only_for("maxLength", *_OPEN),
    "que-11": not_both("answerOption", "initial"),
    "que-12": lambda e: len(e.get("enableWhen", ())) <= 2 or "enableBehavior" in e,
    "que-13": lambda e: e.get("repeats") is True or len(e.get("initial", ())) <= 1,
    "rat-1": lambda e: ("numerator" in e) == ("denominator" in e) and ("numerator" in e or "extension" in e),
    "ref-1": lambda e: not e.get("reference", "").startswith("#"),
    "rng-2": _range,
    "tim-1": needs("duration", "durationUnit"),
    "tim-2": needs("period", "periodUnit"),
    "tim-4": not_negative("duration"),
    "tim-5": not_negative("period"),
    "tim-6": needs("periodMax", "period"),
    "tim-7": needs("durationMax", "duration"),
    "tim-8": needs("countMax", "count"),
    "tim-9": lambda e: "offset" not in e or not {"C", "CM", "CD", "CV"} & set(e.get("when", ["C"])),
    "tim-10": not_both("timeOfDay", "when"),
    "txt-1": is_text,
    "txt-2": is_text,
    "vsd-1": lambda e: "valueSet" in e or "system" in e,
    "vsd-2": lambda e: not {"concept", "filter"} & e.keys() or "system" in e,
    "vsd-3": not_both("concept", "filter"),
    "vsd-6": lambda e: "code" in e or "display" in e,
    "vsd-9": lambda e: "code" in e or e.get("abstract") is True,
    "vsd-10": needs("code", "system"),
}
