"""AdverseEvent: what went wrong, or nearly did."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan.clinical.record import AdverseEvent, Fact
from ketplan.fhir import datatypes as fhir
from ketplan.fhir.datatypes import Json
from ketplan.fhir.reading import Reading


def read_adverse_event(raw: Json, reading: Reading) -> Sequence[Fact]:
    """One without a name is still an event: it is kept, for a human to look at."""
    event = raw.get("event")
    told = next((raw[name] for name in ("date", "detected", "recordedDate") if raw.get(name)), None)
    return (
        AdverseEvent(
            fhir.reference_to(raw),
            fhir.codings(event),
            fhir.words(event) or fhir.all_words(event),
            when=reading.when(told),
            actual=fhir.text(raw.get("actuality")).lower() != "potential",
            seriousness=fhir.status_code(raw.get("seriousness")),
            outcome=fhir.status_code(raw.get("outcome")),
        ),
    )
