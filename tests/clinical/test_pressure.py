"""Blood pressure: protocol facts 3.1, 4.2 and 8b, "Blood pressure"."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.record import Observation, PatientRecord, Quantity
from tests.clinical.builders import (
    a_condition,
    a_patient,
    a_ready_record,
    an_observation,
    born,
    cls_of,
    drafted,
    found,
    pressure,
    text_of,
)

CRISIS, HOLD, REVIEW = {"BP_CRISIS"}, {"BP_HOLD_GE_160_100"}, {"BP_GT_140_90"}
Reading = tuple[int, int, str]


def measured(*readings: Reading, days: int = 0, **changes: object) -> PatientRecord:
    """Today's readings (systolic, diastolic, time of day) besides the older 124/78."""
    values: list[Observation] = [
        o for systolic, diastolic, at in readings for o in pressure(systolic, diastolic, days, at)
    ]
    return a_ready_record(also=values, **changes)  # type: ignore[arg-type]


ONE = [
    ((140, 90), set()),
    ((141, 90), REVIEW),
    ((140, 91), REVIEW),
    ((159, 99), REVIEW),
    ((160, 80), HOLD),
    ((120, 100), HOLD),
    ((179, 109), HOLD),
    ((180, 80), HOLD),
    ((120, 110), HOLD),
    ((210, 130), HOLD),
]


@pytest.mark.parametrize(("values", "expected"), ONE, ids=[f"{s}-{d}" for (s, d), _ in ONE])
def test_one_reading_holds_but_never_blocks(values: tuple[int, int], expected: set[str]) -> None:
    assert found(measured((*values, "10:00"))) == expected


TWO = [
    # the lower of the last two decides, systolic and diastolic each
    ([(165, 102, "10:00"), (162, 100, "10:20")], HOLD),
    ([(165, 95, "10:00"), (158, 102, "10:20")], REVIEW),
    ([(170, 104, "10:00"), (138, 88, "10:20")], set()),
    ([(138, 88, "10:00"), (158, 98, "10:20")], set()),
    ([(142, 88, "10:00"), (138, 92, "10:20")], set()),
    # two readings five minutes apart, each critical in one of its numbers
    ([(180, 90, "10:00"), (181, 92, "10:05")], CRISIS),
    ([(185, 100, "10:00"), (186, 101, "10:04")], HOLD),
    ([(185, 95, "10:00"), (170, 112, "10:10")], CRISIS),
    ([(150, 110, "10:00"), (150, 110, "10:05")], CRISIS),
    ([(185, 95, "10:00"), (179, 109, "10:10")], HOLD),
]
THREE = [
    ([(185, 100, "10:00"), (150, 88, "10:10"), (138, 86, "10:20")], set()),
    ([(120, 70, "10:00"), (165, 102, "10:10"), (162, 100, "10:20")], HOLD),
    ([(120, 70, "10:00"), (185, 102, "10:10"), (190, 100, "10:20")], CRISIS),
    ([(185, 100, "10:00"), (186, 100, "10:04"), (187, 100, "10:08")], CRISIS),
    # two critical readings more than five minutes apart, with one that is not beside them
    ([(185, 112, "10:00"), (184, 111, "10:10"), (138, 85, "10:20")], CRISIS),
    ([(185, 112, "10:00"), (138, 85, "10:10"), (184, 111, "10:20")], CRISIS),
]


@pytest.mark.parametrize(("readings", "expected"), [*TWO, *THREE], ids=str)
def test_several_readings_of_one_day(readings: list[Reading], expected: set[str]) -> None:
    assert found(measured(*readings)) == expected


def test_a_crisis_is_told_with_its_own_readings() -> None:
    record = measured((185, 112, "10:00"), (184, 111, "10:10"), (138, 85, "10:20"))
    assert "138/85" not in text_of(record, "BP_CRISIS")


def test_two_critical_readings_on_two_days_are_no_crisis() -> None:
    readings = [*pressure(185, 112, 1, "10:00"), *pressure(186, 113, 0, "10:00")]
    assert found(a_ready_record(also=readings)) == HOLD


def test_readings_without_a_time_cannot_show_five_minutes() -> None:
    readings = [*pressure(185, 112), *pressure(186, 113)]
    assert found(a_ready_record(also=readings)) == HOLD


def test_the_newest_day_decides() -> None:
    assert found(measured((170, 104, "10:00"), days=5)) == set()
    assert found(measured((170, 104, "10:00"), days=2)) == HOLD


@pytest.mark.parametrize(
    ("age", "systolic", "expected"),
    [(64, 145, REVIEW), (65, 145, REVIEW), (66, 145, set()), (66, 150, set()), (66, 151, REVIEW)],
)
def test_over_65_the_systolic_limit_is_150(age: int, systolic: int, expected: set[str]) -> None:
    patient = a_patient(birth_date=born(age))
    older = {"AGE_GE_65"} if age >= 65 else set()
    assert found(measured((systolic, 80, "10:00"), patient=patient)) == expected | older


def test_over_65_the_diastolic_limit_stays() -> None:
    patient = a_patient(birth_date=born(70))
    assert found(measured((130, 91, "10:00"), patient=patient)) == REVIEW | {"AGE_GE_65"}


def test_single_observations_are_read_as_a_panel_is() -> None:
    apart = [an_observation("8480-6", 165, 0, at="10:00"), an_observation("8462-4", 102, 0, at="10:00")]
    assert found(a_ready_record(also=apart)) == HOLD


def test_kilopascals_are_converted() -> None:
    record = a_ready_record(also=[an_observation("8480-6", Quantity(Decimal(22), "kPa"), 0)])
    assert found(record) == HOLD  # 165 mmHg


def test_only_the_most_severe_finding_is_shown() -> None:
    assert found(measured((185, 112, "10:00"), (190, 115, "10:20"))) == CRISIS


@pytest.mark.parametrize("condition", [("70272006", None), (None, "I16.0"), (None, "I16.9")], ids=str)
def test_a_diagnosed_crisis_blocks_at_any_pressure(condition: tuple[str | None, str | None]) -> None:
    assert found(a_ready_record(also=[a_condition(*condition)])) == CRISIS


def test_classes_and_what_is_asked_for() -> None:
    crisis = measured((185, 112, "10:00"), (190, 115, "10:20"))
    assert cls_of(crisis, "BP_CRISIS") is FindingClass.BLOCK
    assert any("edical review" in step for step in drafted(crisis).alternative_steps)
    hold = measured((165, 102, "10:00"))
    assert cls_of(hold, "BP_HOLD_GE_160_100") is FindingClass.HOLD
    assert "5 to 15 minutes" in text_of(hold, "BP_HOLD_GE_160_100")
    assert cls_of(measured((145, 80, "10:00")), "BP_GT_140_90") is FindingClass.REVIEW
