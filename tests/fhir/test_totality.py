"""Whatever stands in a resource, reading it never raises and never hides its neighbours."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.errors import InputError
from ketplan.fhir.bundle import sections_of
from ketplan.fhir.record import READERS, parse_record
from tests.fhir.builders import (
    PATIENT_ID,
    ZONE,
    a_bundle,
    a_condition,
    a_patient,
    a_pressure,
    a_procedure,
    a_request,
    a_section,
    a_survey,
    an_allergy,
    an_intake,
    an_observation,
    answered,
    group,
)

WHOLE = (
    a_patient(),
    a_condition(),
    an_allergy(),
    a_request(),
    an_observation(),
    a_pressure(1, 2),
    a_procedure(),
    a_survey(answered("44260-8", valueInteger=1)),
    an_intake(group("medication-trial", answered("medication-trial.start", valueDate="2024"))),
)
NAMES = """
    actor answer authored authoredOn birthDate category class clinicalStatus code coding comparator
    component contained date deceasedBoolean deceasedDateTime definition description dispenseRequest
    display doNotPerform dosage dosageInstruction effectiveDateTime effectivePeriod effectiveTiming
    emptyReason end entry event extension family fullUrl given high id identifier ingredient intent
    interpretation issued item lastUpdated linkId medicationCodeableConcept medicationReference meta
    name note onsetDateTime onsetPeriod participant patient performedDateTime performedPeriod period
    questionnaire reaction reasonCode recordedDate reference referenceRange resource serviceType slot
    start status statusReason subject substance system text title type unit url use validityPeriod value
    valueBoolean valueCode valueCodeableConcept valueCoding valueDate valueInteger valueQuantity
    valueString verificationStatus
"""
KEYS = st.sampled_from(NAMES.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["2026-02-10", "2026-02-10T09:00:00Z", "Patient/jane", "#x", "44260-8", "1e99", "0000-00"]
    )
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
KINDS = st.sampled_from([*READERS, "Patient", "Medication", "OperationOutcome", "Claim"])


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A resource in which something is not as FHIR would have it; it may be nothing but junk."""
    resource: dict[str, Any] = dict(draw(st.sampled_from(WHOLE)))
    if draw(st.booleans()):
        resource = {"resourceType": draw(KINDS)}
    resource |= draw(st.dictionaries(KEYS, JUNK, max_size=5))
    return resource | {"id": draw(st.sampled_from(["spoiled", None, 5, []]))}


@settings(deadline=None)
@given(st.lists(spoiled() | JUNK, max_size=4))
def test_reading_never_raises_and_good_entries_are_always_read(junk: list[Any]) -> None:
    good = a_condition(id="good")
    sections = [a_section(*junk, good, name="anything"), a_section(a_patient(), name="Patient")]
    record = parse_record(sections, PATIENT_ID, ZONE)
    assert "Condition/good" in [c.reference for c in record.conditions]
    assert record.patient.name == "Jane Q Doe"


@settings(deadline=None)
@given(st.lists(spoiled() | JUNK, max_size=4), JUNK)
def test_a_bundle_is_read_or_refused_in_a_sentence(junk: list[Any], entry: Any) -> None:
    bundle = a_bundle(*junk, a_condition(id="good"))
    bundle["entry"] = [*bundle["entry"], entry, {"fullUrl": entry, "resource": entry}]
    try:
        record = parse_record(sections_of(bundle), None, ZONE)
    except InputError as refused:
        assert str(refused) == "The Bundle holds more than one patient."
    else:
        assert "Condition/good" in [c.reference for c in record.conditions]


@settings(deadline=None)
@given(JUNK)
def test_whatever_is_no_bundle_is_refused(junk: Any) -> None:
    with pytest.raises(InputError):
        sections_of(junk)


@pytest.mark.parametrize("resource", WHOLE, ids=lambda r: str(r["resourceType"]))
@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, [[]], [None], {"x": []}, True, -1.5])
def test_any_one_element_may_be_anything(resource: dict[str, Any], junk: Any) -> None:
    for name in resource.keys() - {"resourceType"}:
        parse_record([a_section(resource | {name: junk})], PATIENT_ID, ZONE)
