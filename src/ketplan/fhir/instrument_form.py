"""An instrument's questions as a Questionnaire, and the codes its answers are given in."""

from __future__ import annotations

import re

from ketplan.clinical.instruments.filling import COLUMBIA
from ketplan.clinical.instruments.model import Choice, Instrument, Item, Licence
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.clinical.record import LOINC
from ketplan.fhir.datatypes import BASE, Json

ANSWERS = f"{BASE}/CodeSystem/instrument-answer"
ITEM_WEIGHT = "http://hl7.org/fhir/StructureDefinition/itemWeight"
MIN_VALUE = "http://hl7.org/fhir/StructureDefinition/minValue"
MAX_VALUE = "http://hl7.org/fhir/StructureDefinition/maxValue"
_MAY_SHIP = frozenset({Licence.FREE, Licence.OWN_WORDS})


def slug(words: str) -> str:
    """Lower-case words joined by hyphens, as our own codes and addresses are spelled."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def answer_words() -> tuple[str, ...]:
    """The words of every answer that LOINC has no code for, each once."""
    choices = (c for row in INSTRUMENTS for item in row.items for c in item.choices)
    return tuple(dict.fromkeys(c.words for c in choices if not c.code))


def ships(row: Instrument) -> bool:
    """May its questions be published, and are they in the table?"""
    return row.licence in _MAY_SHIP and bool(row.items)


def canonical_of(row: Instrument) -> str:
    """The Questionnaire that answers are given to: ours, or for the C-SSRS the panel LOINC publishes."""
    if row.id == COLUMBIA:
        return f"http://loinc.org/q/{row.loinc_panel}"
    return f"{BASE}/Questionnaire/{slug(row.id)}"


def link_of(item: Item) -> str:
    """LOINC's code of the question where it has one: by it any reader knows what was asked."""
    return item.loinc or item.id


def answer_coding(choice: Choice) -> Json:
    if choice.code:
        return {"system": LOINC, "code": choice.code, "display": choice.words}
    return {"system": ANSWERS, "code": slug(choice.words), "display": choice.words}


def items_of(row: Instrument) -> list[Json]:
    """The items of the Questionnaire, each answer with its weight."""
    stem = [{"linkId": "stem", "text": row.stem, "type": "display"}] if row.stem else []
    return [*stem, *map(_item, row.items)]


def _item(item: Item) -> Json:
    code = {"code": [{"system": LOINC, "code": item.loinc}]} if item.loinc else {}
    asked: Json = {"linkId": link_of(item), **code, "text": item.text}
    if item.span is not None:
        ends = zip((MIN_VALUE, MAX_VALUE), item.span, strict=True)
        limits = [{"url": url, "valueInteger": limit} for url, limit in ends]
        return {"extension": limits, **asked, "type": "integer"}
    return {**asked, "type": "choice", "answerOption": [_option(c, item.scored) for c in item.choices]}


def _option(choice: Choice, scored: bool) -> Json:
    weight = [{"url": ITEM_WEIGHT, "valueDecimal": choice.points}]
    return {**({"extension": weight} if scored else {}), "valueCoding": answer_coding(choice)}
