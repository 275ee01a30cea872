"""Observations: every kind of value, panels, times, units, ranges."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.record import LOINC, SNOMED, Answer, Code, Observation, Quantity, Value
from tests.fhir.builders import a_pressure, a_record, an_observation, concept, quantity, section

SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"


def read(**changes: Any) -> Observation:
    (observation,) = a_record(an_observation(**changes)).observations
    return observation


def valued(name: str, value: Any) -> tuple[Value, int]:
    """The value read, and how many entries counted as unreadable."""
    record = a_record(an_observation(**{"valueQuantity": None, name: value}))
    return record.observations[0].value, section(record, "Observation").unreadable


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("valueQuantity", quantity(185, "[lb_av]"), Quantity(Decimal(185), "[lb_av]")),
        ("valueQuantity", {"value": "68.50", "unit": "kg"}, Quantity(Decimal("68.50"), "kg")),
        ("valueQuantity", {"value": 5, "comparator": "<", "unit": "U/L"}, Quantity(Decimal(5), "U/L", "<")),
        (
            "valueCodeableConcept",
            concept(SNOMED, "260385009", "Negative"),
            Answer((Code(SNOMED, "260385009", "Negative"),)),
        ),
        ("valueCodeableConcept", {"text": "Negative"}, Answer((), "Negative")),
        ("valueString", " NEGATIVE ", "NEGATIVE"),
        ("valueInteger", 12, 12),
        ("valueInteger", "12", 12),
        ("valueInteger", 12.0, 12),
        ("valueInteger", 12.5, Quantity(Decimal("12.5"))),
        ("valueBoolean", True, True),
        ("valueBoolean", "false", False),
        ("valueDateTime", "2026-02", "2026-02"),
    ],
)
def test_values(name: str, raw: Any, expected: Value) -> None:
    value, unreadable = valued(name, raw)
    assert value == expected and type(value) is type(expected)
    assert unreadable == 0


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("valueQuantity", {"unit": "kg"}),
        ("valueQuantity", "68 kg"),
        ("valueQuantity", {"value": "a lot"}),
        ("valueQuantity", {"value": float("nan")}),
        ("valueCodeableConcept", {}),
        ("valueCodeableConcept", 7),
        ("valueString", ""),
        ("valueInteger", "many"),
        ("valueBoolean", "perhaps"),
        ("valueSampledData", {"data": "1 2 3"}),
        ("valueRange", {"low": {"value": 1}}),
    ],
)
def test_a_value_that_cannot_be_understood_is_none_and_counted(name: str, raw: Any) -> None:
    assert valued(name, raw) == (None, 1)


def test_a_value_said_to_be_absent_is_none_and_nothing_is_wrong() -> None:
    record = a_record(an_observation(valueQuantity=None, dataAbsentReason=concept("x", "not-performed")))
    assert record.observations[0].value is None
    assert section(record, "Observation").unreadable == 0


def test_a_panel_without_a_value_is_its_components() -> None:
    systolic, diastolic = a_record(a_pressure(124, 78)).observations
    assert systolic.has(LOINC, [SYSTOLIC]) and systolic.value == Quantity(Decimal(124), "mm[Hg]")
    assert diastolic.has(LOINC, [DIASTOLIC]) and diastolic.value == Quantity(Decimal(78), "mm[Hg]")
    assert systolic.reference == diastolic.reference == "Observation/bp1"
    assert systolic.when == diastolic.when and systolic.when is not None
    assert systolic.status == "final"


def test_a_panel_with_a_value_is_an_observation_too() -> None:
    record = a_record(a_pressure(124, 78, valueInteger=3))
    assert [o.value for o in record.observations] == [
        Quantity(Decimal(124), "mm[Hg]"),
        Quantity(Decimal(78), "mm[Hg]"),
        3,
    ]


def test_single_pressures_are_read_like_a_panel_s() -> None:
    record = a_record(
        an_observation(id="s", code=concept(LOINC, SYSTOLIC), valueQuantity=quantity(124, "mm[Hg]")),
        an_observation(id="d", code=concept(LOINC, DIASTOLIC), valueQuantity=quantity(78, "mm[Hg]")),
    )
    assert [o.reference for o in record.observations] == ["Observation/s", "Observation/d"]


def test_a_broken_component_leaves_the_other() -> None:
    panel = a_pressure(124, 78)
    panel["component"][0] = {"valueQuantity": quantity(124, "mm[Hg]")}
    panel["component"].append(None)
    record = a_record(panel)
    assert [o.codes[0].code for o in record.observations] == [DIASTOLIC]
    assert section(record, "Observation").unreadable == 1


@pytest.mark.parametrize(
    ("effective", "day"),
    [
        ({"effectiveDateTime": "2026-02-10T23:30:00-05:00"}, date(2026, 2, 10)),
        ({"effectiveInstant": "2026-02-11T03:00:00Z"}, date(2026, 2, 10)),
        ({"effectivePeriod": {"start": "2026-02-08", "end": "2026-02-09"}}, date(2026, 2, 9)),
        ({"effectivePeriod": {"start": "2026-02-08"}}, date(2026, 2, 8)),
        ({"effectiveTiming": {"event": ["2026-02-07", "2026-02-08"]}}, date(2026, 2, 8)),
        ({"issued": "2026-02-12T15:00:00Z"}, date(2026, 2, 12)),
        ({"effectiveDateTime": "2026-02-10", "issued": "2026-02-12T15:00:00Z"}, date(2026, 2, 10)),
    ],
)
def test_when_it_was_true_of_the_patient(effective: dict[str, Any], day: date) -> None:
    when = read(**{"effectiveDateTime": None, **effective}).when
    assert when is not None and when.earliest == when.latest == day


def test_an_unreadable_time_is_not_replaced_by_the_time_of_issue() -> None:
    record = a_record(an_observation(effectiveDateTime="2026-02-31", issued="2026-03-01T10:00:00Z"))
    assert record.observations[0].when is None
    assert section(record, "Observation").unreadable == 1


def test_partial_dates_stay_partial() -> None:
    assert str(read(effectiveDateTime="2025-11").when) == "2025-11"
    assert read(effectiveDateTime=None).when is None


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "Entered-In-Error"])
def test_what_is_no_result_is_left_out(status: str) -> None:
    assert a_record(an_observation(status=status)).observations == ()


@pytest.mark.parametrize("status", ["preliminary", "amended", "registered", "unknown"])
def test_any_other_status_is_kept(status: str) -> None:
    assert read(status=status).status == status


@pytest.mark.parametrize(
    ("ranges", "high"),
    [
        ([{"high": quantity(40, "U/L")}], Decimal(40)),
        ([{"high": {"value": "40"}}], Decimal(40)),
        ([{"high": quantity(40, "ukat/L")}], None),
        ([{"text": "up to 40"}], None),
        ([{"type": {"coding": [{"code": "critical"}]}, "high": quantity(90, "U/L")}], None),
        (
            [
                {"type": {"coding": [{"code": "critical"}]}, "high": quantity(90, "U/L")},
                {"type": {"coding": [{"code": "normal"}]}, "high": quantity(40, "U/L")},
            ],
            Decimal(40),
        ),
        ({"high": quantity(40, "U/L")}, Decimal(40)),
        (["40"], None),
    ],
)
def test_the_normal_range_ends_in_the_unit_of_the_value(ranges: Any, high: Decimal | None) -> None:
    assert read(valueQuantity=quantity(150, "U/L"), referenceRange=ranges).range_high == high


def test_interpretation() -> None:
    flag = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS")
    assert [c.code for c in read(interpretation=[flag]).interpretation] == ["POS"]
    assert [c.code for c in read(interpretation=flag).interpretation] == ["POS"]
    assert read(interpretation="high").interpretation == ()


def test_the_name_of_an_uncoded_instrument_is_kept() -> None:
    observation = read(code={"text": "LSAS-SR total"}, valueQuantity={"value": 96, "unit": "{score}"})
    assert (observation.codes, observation.text) == ((), "LSAS-SR total")
