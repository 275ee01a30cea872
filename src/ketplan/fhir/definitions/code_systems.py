"""CodeSystems of our own, where no published one has the codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ketplan.clinical import scales
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import INSTRUMENTS
from ketplan.fhir import session_codes
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import header, source
from ketplan.fhir.instrument_form import answer_words, slug
from ketplan.fhir.intake_form import FORMS
from ketplan.fhir.review_form import kinds, verdicts

# Scores that only screens read, by the name they are matched by; LOINC has none of them.
_SCREENED = (scales.STOP_BANG_NAMES[0], scales.CHILD_PUGH_NAMES[0])


def _scored() -> list[Instrument]:
    """Those that have a total; the C-SSRS, for one, has none."""
    return [instrument for instrument in INSTRUMENTS if instrument.maximum is not None]


def coded_totals() -> dict[str, str]:
    """LOINC's code and the meaning of each total that LOINC has."""
    return {i.loinc_total: _total(i.id) for i in _scored() if i.loinc_total}


def uncoded_totals() -> dict[str, str]:
    """Our code and the meaning of each total that LOINC does not have."""
    names = [i.id for i in _scored() if not i.loinc_total] + list(_SCREENED)
    return {slug(name): _total(name) for name in names}


def _total(name: str) -> str:
    return f"{name} total score"


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
    yield _code_system(
        "instrument-answer",
        "Answers that LOINC has no code for",
        "5.1",
        {slug(words): words for words in answer_words()},
    )
    yield _code_system("psychotherapy-form", "Forms of psychotherapy", "3.4", {form: form for form in FORMS})
    yield _code_system("course-review-proposal", "Proposals of a course review", "1.1, 1.6, 7", kinds())
    yield _code_system("course-review-answer", "A clinician's answer to a proposal", "1.6, 7", verdicts())
    yield _code_system(
        "session-measure",
        "What is recorded in a dosing session and no published system has a code for",
        "4.1, 4.2, 4.3, 8b: none looked for beyond LOINC",
        session_codes.MEASURES,
    )
    yield _code_system(
        "adverse-event-kind",
        "Adverse events that a course review acts on",
        "1.6, 7",
        {code: kind.value for code, kind in session_codes.KINDS.items()},
    )
