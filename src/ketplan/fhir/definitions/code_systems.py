"""CodeSystems of our own, where no published one has the codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ketplan.clinical import scales
from ketplan.clinical.scales import Scale
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import header, slug, source
from ketplan.fhir.intake_form import FORMS

# Instruments that only screens read, by the name they are matched by; LOINC has none of them.
_SCREENED = (scales.SLUMS_NAMES, scales.BPIC_NAMES, scales.STOP_BANG_NAMES, scales.CHILD_PUGH_NAMES)


def _scales() -> list[Scale]:
    return [found for found in vars(scales).values() if isinstance(found, Scale)]


def coded_scales() -> list[Scale]:
    return [scale for scale in _scales() if scale.loinc]


def uncoded_totals() -> dict[str, str]:
    """Code and meaning of each total that LOINC does not have."""
    names = [scale.id for scale in _scales() if not scale.loinc] + [names[0] for names in _SCREENED]
    return {slug(name): f"{name} total score" for name in names}


def _code_system(name: str, title: str, where: str, concepts: Mapping[str, str]) -> Json:
    return {
        **header("CodeSystem", name, title),
        "extension": source(where),
        "caseSensitive": True,
        "content": "complete",
        "count": len(concepts),
        "concept": [{"code": code, "display": words} for code, words in concepts.items()],
    }


def code_systems() -> Iterator[Json]:
    yield _code_system(
        "instrument-total",
        "Total scores of instruments that LOINC has no code for",
        "5.1: none found in LOINC",
        uncoded_totals(),
    )
    yield _code_system("psychotherapy-form", "Forms of psychotherapy", "3.4", {form: form for form in FORMS})
