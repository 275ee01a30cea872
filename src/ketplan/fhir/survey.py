"""QuestionnaireResponse to any instrument but the intake: each answered LOINC item is an Observation.

Many servers hold PHQ-9 and C-SSRS answers only here. A question not answered is no Observation: missing is
not zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ketplan.clinical.record import LOINC, Answer, Code, Fact, Observation, Value
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.observation import read_value
from ketplan.fhir.reading import Reading
from ketplan.fhir.review_form import REVIEW

# An answer in a form still being filled in is no less a warning sign, only less final.
_STATUS = {
    "completed": "final",
    "amended": "amended",
    "in-progress": "preliminary",
    "stopped": "preliminary",
}
# Questions without a LOINC code are read back by their link, from the forms ketplan publishes.
_OURS = f"{BASE}/Questionnaire/"
OWN_QUESTIONS = f"{_OURS}luts"
_LOINC_SHAPE = re.compile(r"(\d{3,7})-(\d)")


def read_survey(raw: Json, reading: Reading) -> Sequence[Fact]:
    status = fhir.text(raw.get("status")).lower()
    if status == "entered-in-error":
        return ()
    when = reading.when(raw.get("authored"))
    form = fhir.text(raw.get("questionnaire")).partition("|")[0]
    if form == REVIEW:
        return ()  # what a clinician decided is no fact about the patient
    own = form if form.startswith(_OURS) else ""
    return [
        Observation(
            fhir.reference_to(raw),
            (code,),
            fhir.text(item.get("text")),
            value=value,
            when=when,
            status=_STATUS.get(status),
        )
        for item in walk(raw)
        if (code := _code_of(item, own))
        for given in reading.elements(item.get("answer"))
        if (value := _value(given, reading)) is not None
    ]


def walk(raw: Json) -> Iterator[Json]:
    """Every item in document order, however deeply nested in items or in answers."""
    waiting = fhir.elements(raw.get("item"))[::-1]
    while waiting:
        item = waiting.pop()
        yield item
        for answer in reversed(fhir.elements(item.get("answer"))):
            waiting.extend(reversed(fhir.elements(answer.get("item"))))
        waiting.extend(reversed(fhir.elements(item.get("item"))))


def _value(given: Json, reading: Reading) -> Value:
    chosen = given.get("valueCoding")
    return read_value(given, reading) if chosen is None else reading.wanted(_choice, chosen)


def _choice(chosen: object) -> Answer | None:
    code, display = fhir.coding(chosen), fhir.text(fhir.element(chosen).get("display"))
    return Answer((code,) if code else (), display) if code or display else None


def _code_of(item: Json, own: str) -> Code | None:
    if loinc := _loinc_of(item):
        return Code(LOINC, loinc)
    link = fhir.text(item.get("linkId")) if own else ""
    return Code(own, link) if link else None


def _loinc_of(item: Json) -> str | None:
    """The LOINC code in linkId ("44260-8", "/44249-1/44260-8") or at the end of `definition`."""
    for place in (item.get("linkId"), item.get("definition")):
        tail = re.split(r"[/|#]", fhir.text(place))[-1].strip()
        shape = _LOINC_SHAPE.fullmatch(tail)
        if shape and _check_digit(shape[1]) == int(shape[2]):
            return tail
    return None


def _check_digit(digits: str) -> int:
    """LOINC's check digit (mod 10): it tells a LOINC code from a form's own "101-2"."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10
