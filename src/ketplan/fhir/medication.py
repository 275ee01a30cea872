"""MedicationRequest, MedicationStatement, MedicationAdministration: what is, was or shall be taken.

The drug stands in the resource, in a contained or separate Medication, or only in a reference's display.
One that cannot be told is still a medication: it is kept without a code, for a human to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ketplan.clinical.record import SNOMED, Code, Fact, Medication, MedicationKind, When
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading

# v3 ActReason "side effect" and "sensitivity"; SNOMED CT drug intolerance.
_INTOLERANCE_CODES = frozenset({"SINTOL", "SALG"})
_DRUG_INTOLERANCE = "59037007"
_INTOLERANCE_WORDS = ("intoleran", "side effect", "adverse")


class _Course(NamedTuple):
    start: When | None
    end: When | None
    dosage: str


def read_request(raw: Json, reading: Reading) -> Sequence[Fact]:
    if raw.get("status") == "entered-in-error" or fhir.boolean(raw.get("doNotPerform")):
        return ()
    supply = fhir.element(raw.get("dispenseRequest")).get("validityPeriod")
    start, end = reading.period(supply)
    written = reading.when(raw.get("authoredOn"))
    course = _Course(start or written, end, _dosage(raw.get("dosageInstruction")))
    return (_medication(raw, reading, MedicationKind.REQUEST, course),)


def read_statement(raw: Json, reading: Reading) -> Sequence[Fact]:
    if raw.get("status") == "entered-in-error":
        return ()
    course = _Course(*_effective(raw, reading), _dosage(raw.get("dosage")))
    return (_medication(raw, reading, MedicationKind.STATEMENT, course),)


def read_administration(raw: Json, reading: Reading) -> Sequence[Fact]:
    if raw.get("status") in ("entered-in-error", "not-done"):
        return ()
    course = _Course(*_effective(raw, reading), _dosage(raw.get("dosage")))
    given = _medication(raw, reading, MedicationKind.ADMINISTRATION, course)
    amount = fhir.quantity(fhir.element(raw.get("dosage")).get("dose"))
    return (replace(given, amount=amount, identifiers=fhir.identifiers(raw)),)


def _medication(raw: Json, reading: Reading, kind: MedicationKind, course: _Course) -> Medication:
    codes, words = _drug(raw, reading)
    if not codes and not words:
        reading.unread = True
    return Medication(
        fhir.reference_to(raw),
        codes,
        words,
        kind=kind,
        status=fhir.text(raw.get("status")).lower() or None,
        intent=fhir.text(raw.get("intent")).lower() or None,
        start=course.start,
        end=course.end,
        stopped_for_intolerance=_is_intolerance(raw.get("statusReason")),
        dosage=course.dosage,
    )


def _drug(raw: Json, reading: Reading) -> tuple[tuple[Code, ...], str]:
    stated = raw.get("medicationCodeableConcept")
    if codes := fhir.codings(stated):
        return codes, fhir.words(stated)
    pointer = fhir.element(raw.get("medicationReference"))
    product = _product(raw, fhir.reference(pointer), reading)
    parts = fhir.elements(product.get("ingredient"))
    named = [product.get("code"), *(part.get("itemCodeableConcept") for part in parts)]
    codes = tuple(dict.fromkeys(code for concept in named for code in fhir.codings(concept)))
    words = fhir.words(stated) or fhir.words(product.get("code")) or fhir.text(pointer.get("display"))
    return codes, words


def _product(raw: Json, target: str, reading: Reading) -> Json:
    """The Medication resource a reference points to, contained or at hand; empty when there is none."""
    if target.startswith("#"):
        wanted = target[1:]
        return next((c for c in fhir.elements(raw.get("contained")) if c.get("id") == wanted), {})
    return reading.medications.get(target, {})


def _effective(raw: Json, reading: Reading) -> tuple[When | None, When | None]:
    if (value := raw.get("effectiveDateTime")) is not None:
        return reading.when(value), None
    return reading.period(raw.get("effectivePeriod"))


def _dosage(dosages: object) -> str:
    return "; ".join(filter(None, (fhir.text(d.get("text")) for d in fhir.elements(dosages))))


def _is_intolerance(reasons: object) -> bool:
    for reason in fhir.elements(reasons):
        codes = fhir.codings(reason)
        if any(c.code.upper() in _INTOLERANCE_CODES for c in codes):
            return True
        if any(c.system == SNOMED and c.code == _DRUG_INTOLERANCE for c in codes):
            return True
        said = fhir.all_words(reason).lower()
        if any(word in said for word in _INTOLERANCE_WORDS):
            return True
    return False
