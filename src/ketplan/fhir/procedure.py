"""Procedure and Encounter: what was done, and visits that count as something done (an evaluation)."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan.clinical.record import Encounter, Fact, Procedure
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading


def read_procedure(raw: Json, reading: Reading) -> Sequence[Fact]:
    status = fhir.text(raw.get("status")).lower() or None
    if status in ("entered-in-error", "not-done"):
        return ()
    codes, words = fhir.codings(raw.get("code")), fhir.words(raw.get("code"))
    if not codes and not words:
        return reading.gives_up()
    return (
        Procedure(
            fhir.reference_to(raw),
            codes,
            words,
            status=status,
            when=reading.happened(raw, "performed"),
            note=_note(raw),
            identifiers=fhir.identifiers(raw),
        ),
    )


def _note(raw: Json) -> str:
    """All that is said in words: a consent counts only when they name the drug and its off-label use."""
    said = [
        fhir.all_words(raw.get("code")),
        *(fhir.all_words(reason) for reason in fhir.elements(raw.get("reasonCode"))),
        *(fhir.text(note.get("text")) for note in fhir.elements(raw.get("note"))),
    ]
    return "; ".join(dict.fromkeys(filter(None, said)))


def read_encounter(raw: Json, reading: Reading) -> Sequence[Fact]:
    status = fhir.text(raw.get("status")).lower() or None
    if status == "entered-in-error":
        return ()
    kinds = fhir.elements(raw.get("type"))
    codes = tuple(code for kind in kinds for code in fhir.codings(kind))
    setting = fhir.coding(raw.get("class"))
    return (
        Encounter(
            fhir.reference_to(raw),
            (*codes, setting) if setting else codes,
            next(filter(None, map(fhir.words, kinds)), ""),
            status=status,
            when=reading.when(reading.element(raw.get("period")).get("start")),
        ),
    )
