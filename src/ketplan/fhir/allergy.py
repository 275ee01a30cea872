"""AllergyIntolerance, which may also assert that no allergy is known."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan.clinical.record import Allergy, Fact
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading


def read_allergy(raw: Json, reading: Reading) -> Sequence[Fact]:
    verification = fhir.status_code(raw.get("verificationStatus"))
    if verification == "entered-in-error":
        return ()
    substances = [raw.get("code"), *(r.get("substance") for r in fhir.elements(raw.get("reaction")))]
    codes = tuple(dict.fromkeys(code for s in substances for code in fhir.codings(s)))
    words = next(filter(None, map(fhir.words, substances)), "")
    if not codes and not words:
        return reading.gives_up()
    return (
        Allergy(
            fhir.reference_to(raw),
            codes,
            words,
            clinical_status=fhir.status_code(raw.get("clinicalStatus")),
            verification_status=verification,
            kind=fhir.text(raw.get("type")).lower() or None,
            recorded=reading.when(raw.get("recordedDate")),
        ),
    )
