"""Every record ketplan writes satisfies its published profile, and so do the examples."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest

from ketplan.clinical.instruments.filling import questions
from ketplan.clinical.instruments.table import INSTRUMENTS, instrument
from ketplan.clinical.progress.facts import EventKind
from ketplan.clinical.session.during import Symptom
from ketplan.clinical.session.sheet import Measured
from ketplan.fhir import session_codes
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions import definitions
from ketplan.fhir.invariants import check
from ketplan.fhir.rendering.adverse_event import EventOutcome, Seriousness
from ketplan.fhir.rendering.session_record import PlanLinks
from ketplan.fhir.rendering.survey_response import render_instrument
from tests.fhir.profiles import RECORD_CHECK, RECORD_PROFILES, profile_url
from tests.fhir.session_builders import a_planned_dose, a_session, a_sheet, an_override, at, not_given
from tests.fhir.snapshots import GENERATED, read
from tests.fhir.test_session import an_event, of
from tests.fhir.test_session import written as as_kept
from tests.fhir.test_survey_response import a_form, all_at, written

SESSIONS = {
    "everything recorded": a_session(),
    "nothing but the dose": a_session(
        a_sheet(before={}, pressures=(), sets=(), leaving={}), links=PlanLinks()
    ),
    "not given": a_session(not_given()),
    "stopped": a_session(a_sheet(dose={**a_sheet().dose, "outcome": "stopped", "why": "200/120"})),
    "passed with a reason": a_session(a_sheet(overrides=(an_override(),))),
    "a warning sign": a_session(a_sheet(sets=(Measured(at(5), symptoms=frozenset(Symptom)),))),
    "esketamine": a_session(
        a_sheet(dose={**a_sheet().dose, "mg": Decimal(56)}),
        planned=a_planned_dose(route="IN", rxnorm="2119365", mg=56, mg_per_kg=None, minutes=None),
    ),
}
PROFILE_OF = {
    "Procedure": "ketplan-session",
    "MedicationAdministration": "ketplan-administration",
    "Observation": "ketplan-session-observation",
}
EXAMPLES = [
    (name, raw)
    for raw in read(*sorted(GENERATED.glob("*-example-*.json")))
    for name in RECORD_PROFILES
    if raw["meta"]["profile"] == [profile_url(name)]
]
CODES = {
    d["url"]: {c["code"] for c in d["concept"]} for d in definitions() if d["resourceType"] == "CodeSystem"
}


@pytest.mark.parametrize("name", SESSIONS)
def test_every_resource_of_a_session_fits_its_profile(name: str) -> None:
    found = {
        key: RECORD_CHECK[PROFILE_OF[raw["resourceType"]]](raw) for key, raw in of(SESSIONS[name]).items()
    }
    assert {key: faults for key, faults in found.items() if faults} == {}
    assert len(found) >= 3


@pytest.mark.parametrize("row", [r for r in INSTRUMENTS if questions(r)], ids=lambda r: r.id)
def test_every_filled_in_instrument_fits_its_profiles(row: object) -> None:
    known = instrument(row.id)  # type: ignore[attr-defined]
    for raw in written(render_instrument(a_form(known, all_at(known, -1)))):
        name = "ketplan-answers" if raw["resourceType"] == "QuestionnaireResponse" else "ketplan-score"
        assert RECORD_CHECK[name](raw) == []


@pytest.mark.parametrize("kind", EventKind)
def test_every_adverse_event_fits_its_profile(kind: EventKind) -> None:
    for outcome in EventOutcome:
        for seriousness in Seriousness:
            told = replace(an_event(), event=kind, outcome=outcome, seriousness=seriousness)
            (raw,) = as_kept(told.steps()).values()
            assert RECORD_CHECK["ketplan-adverse-event"](raw) == []


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[n for n, _ in EXAMPLES])
def test_the_published_examples_fit_profile_and_run_time_check(name: str, example: Json) -> None:
    assert RECORD_CHECK[name](example) == []
    assert check(example) == []


def test_each_profile_has_an_example() -> None:
    assert sorted(name for name, _ in EXAMPLES) == sorted(RECORD_PROFILES)


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS)
def test_every_code_of_ours_is_published(session: object) -> None:
    for raw in of(session).values():  # type: ignore[arg-type]
        for part in (raw, *raw.get("component", ())):
            for coding in part.get("code", {}).get("coding", ()):
                if coding["system"] in CODES:
                    assert coding["code"] in CODES[coding["system"]]
    assert session_codes.SESSION_MEASURE in CODES and session_codes.ADVERSE_EVENT_KIND in CODES


@pytest.mark.parametrize(
    ("key", "name", "changes"),
    [
        ("procedure", "ketplan-session", {"performedPeriod": None}),
        ("procedure", "ketplan-session", {"identifier": []}),
        ("administration", "ketplan-administration", {"dosage": None}),
        ("administration", "ketplan-administration", {"partOf": None}),
        ("set-1-bp", "ketplan-session-observation", {"component": None}),
        ("set-1-bp", "ketplan-session-observation", {"partOf": None}),
        ("dose", "ketplan-session-observation", {"status": "preliminary"}),
    ],
)
def test_a_fault_is_found_by_the_profile_too(key: str, name: str, changes: Json) -> None:
    raw = deepcopy(of(a_session())[key]) | changes
    assert RECORD_CHECK[name]({k: v for k, v in raw.items() if v}) != []
