"""Condition: problems and diagnoses, active or past."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan.clinical.record import Condition, Fact, When
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading


def read_condition(raw: Json, reading: Reading) -> Sequence[Fact]:
    verification = fhir.status_code(raw.get("verificationStatus"))
    if verification == "entered-in-error":
        return ()
    codes, words = fhir.codings(raw.get("code")), fhir.words(raw.get("code"))
    if not codes and not words:
        return reading.gives_up()
    return (
        Condition(
            fhir.reference_to(raw),
            codes,
            words,
            clinical_status=fhir.status_code(raw.get("clinicalStatus")),
            verification_status=verification,
            onset=_onset(raw, reading),
            recorded=reading.when(raw.get("recordedDate")),
        ),
    )


def _onset(raw: Json, reading: Reading) -> When | None:
    if (value := raw.get("onsetDateTime")) is not None:
        return reading.when(value)
    start, end = reading.period(raw.get("onsetPeriod"))
    return start or end
