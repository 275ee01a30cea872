"""Who stands behind what was written, and with which software."""

from __future__ import annotations

from collections.abc import Sequence

from ketplan import __version__
from ketplan.clinical.plan import Clinician
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import (
    PARTICIPANT_TYPE,
    PLAN_SYSTEM,
    coding,
    concept,
    placeholder,
    reference,
    tidy,
)
from ketplan.fhir.rendering.course import Course

SOFTWARE_SYSTEM = f"{BASE}/sid/software"


def render_provenance(course: Course, keys: Sequence[str]) -> Json:
    """The Provenance of everything the steps `keys` create."""
    signed = course.clinician is not None
    resource: Json = tidy(
        {
            "resourceType": "Provenance",
            "target": [reference(placeholder(key)) for key in keys],
            "occurredDateTime": course.written,
            "recorded": course.written,
            "activity": {"text": "Treatment plan signed" if signed else "Treatment plan proposed, unsigned"},
            "agent": [*([author(course.clinician)] if course.clinician else []), assembler()],
            "entity": [
                {
                    "role": "source",
                    "what": {
                        "identifier": {"system": PLAN_SYSTEM, "value": course.id},
                        "display": "The plan as ketplan keeps it",
                    },
                }
            ],
        }
    )
    return resource


def author(clinician: Clinician) -> Json:
    return {
        "type": concept(coding(PARTICIPANT_TYPE, "author", "Author")),
        "role": [{"text": wording.assertion(clinician)}],
        "who": reference(clinician.reference, clinician.name),
    }


def assembler() -> Json:
    """The software has no Device resource in the EHR, so it is named by identifier."""
    return {
        "type": concept(coding(PARTICIPANT_TYPE, "assembler", "Assembler")),
        "who": {
            "type": "Device",
            "identifier": {"system": SOFTWARE_SYSTEM, "value": f"ketplan|{__version__}"},
            "display": f"ketplan {__version__}",
        },
    }
