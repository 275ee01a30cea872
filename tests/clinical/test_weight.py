"""Weight and height: protocol facts 1.1, 3.1, 8b and the readings of the first release."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.clinical.record import Observation, PatientRecord, When
from ketplan.clinical.screens.weight import two_places
from tests.clinical.builders import (
    AS_OF,
    a_patient,
    a_ready_record,
    an_observation,
    born,
    cls_of,
    cm,
    drafted,
    found,
    judged,
    kg,
    told,
    woman,
)

MISSING, IMPLAUSIBLE = {"WEIGHT_MISSING"}, {"WEIGHT_IMPLAUSIBLE"}
STALE, VERY_STALE = {"WEIGHT_STALE_91_365D"}, {"WEIGHT_STALE_GT_365D"}
HEAVY = {"DOSE_WEIGHT_BASIS_BMI_GE_30"}


def weighed(*weights: Observation, height: Sequence[Observation] = (), **changes: object) -> PatientRecord:
    left_out = ["weight", "height"] if height else ["weight"]
    return a_ready_record(without=left_out, also=[*weights, *height], **changes)  # type: ignore[arg-type]


# --- units: exact ---------------------------------------------------------------------------------------

UNITS = [
    (kg("68.0"), "68.00", False),
    (kg("68000", unit="g"), "68.00", True),
    (kg("185", unit="[lb_av]"), "83.91", True),
    (kg("185", unit="lb"), "83.91", True),
    (kg("149.9", unit="lbs"), "67.99", True),
]


@pytest.mark.parametrize(("weight", "expected", "converted"), UNITS, ids=[str(w.value) for w, _, _ in UNITS])
def test_weights_are_converted_exactly(weight: Observation, expected: str, converted: bool) -> None:
    record = weighed(weight)
    assert found(record) == set()
    assert drafted(record).ketamine.dosing_weight_kg == Decimal(expected)
    assert ("UNIT_CONVERTED" in told(record)) is converted


def test_the_dose_is_of_the_exact_weight_not_of_the_reported_one() -> None:
    course = drafted(weighed(kg("185", unit="[lb_av]"))).ketamine
    assert course.dose_mg_unrounded == Decimal("41.96")
    assert judged(weighed(kg("185", unit="[lb_av]"))).dose.unrounded_mg == Decimal("41.957294225")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("height", "metres"),
    [(cm("65", unit="[in_i]"), "1.651"), (cm("1.65", unit="m"), "1.65"), (cm("165"), "1.65")],
    ids=["in", "m", "cm"],
)
def test_heights_are_converted(height: Observation, metres: str) -> None:
    record = weighed(kg("68"), height=[height])
    assert found(record) == set()
    assert judged(record).weight.height_cm == Decimal(metres) * 100
    assert ("UNIT_CONVERTED" in told(record)) is (metres == "1.651" or height.value.unit == "m")  # type: ignore[union-attr]


@pytest.mark.parametrize("unit", [None, "", "{score}", "stone?"])
def test_a_weight_without_a_known_unit_is_no_weight(unit: str | None) -> None:
    record = weighed(kg("68", unit=unit))
    assert "WEIGHT_IMPLAUSIBLE" in found(record)
    assert drafted(record).ketamine.dose_mg is None
    assert drafted(record).ketamine.dosing_weight_kg is None


# --- missing, stale ---------------------------------------------------------------------------------------


def test_no_weight_no_dose() -> None:
    record = weighed()
    course = drafted(record).ketamine
    assert found(record) == MISSING
    assert course.infusions == 6 and course.mg_per_kg == Decimal("0.5")
    assert (course.dosing_weight_kg, course.dosing_weight_basis) == (None, None)
    assert (course.dose_mg, course.dose_mg_unrounded) == (None, None)


def test_a_stated_weight_is_no_weight() -> None:
    stated = kg("68")
    record = weighed(an_observation("3142-7", stated.value, 3))
    assert found(record) == MISSING


def test_the_other_measured_weight_is() -> None:
    record = weighed(an_observation("3141-9", kg("68").value, 3))
    assert found(record) == set()
    assert drafted(record).ketamine.dose_mg == 34


AGES = [(0, set(), 34), (90, set(), 34), (91, STALE, 34), (365, STALE, 34), (366, VERY_STALE, None)]


@pytest.mark.parametrize(("days", "expected", "dose"), AGES)
def test_freshness(days: int, expected: set[str], dose: int | None) -> None:
    record = weighed(kg("68", days))
    course = drafted(record).ketamine
    assert found(record) == expected
    assert course.dose_mg == dose
    assert course.provisional is (expected == STALE)


def test_a_weight_over_a_year_old_gives_nothing() -> None:
    record = weighed(kg("120", 366))  # a body mass index of 39, were it used
    course = drafted(record).ketamine
    assert found(record) == VERY_STALE
    assert "OSA_SCREEN_DUE" not in told(record)
    assert (course.dosing_weight_kg, course.dosing_weight_basis, course.dose_mg) == (None, None, None)


def test_a_partial_date_is_as_old_as_it_may_be() -> None:
    month = When(AS_OF.replace(month=1, day=1), AS_OF.replace(month=1, day=31))
    year = When(AS_OF.replace(year=2025, month=1, day=1), AS_OF.replace(year=2025, month=12, day=31))
    assert found(weighed(kg("68", when=month))) == set()
    assert found(weighed(kg("68", when=year))) == VERY_STALE
    assert found(weighed(kg("68", when=None))) == VERY_STALE


def test_the_newest_weight_decides() -> None:
    for order in (1, -1):
        record = weighed(*[kg("68", 6), kg("75", 40), kg("60", 400)][::order])
        assert drafted(record).ketamine.dosing_weight_kg == Decimal("68.00")
        assert found(record) == set()


def test_a_weight_after_the_as_of_date_has_not_been_taken() -> None:
    assert found(weighed(kg("68", -1))) == MISSING


def test_a_mistaken_weight_is_none() -> None:
    assert found(weighed(kg("68", status="entered-in-error"))) == MISSING


# --- plausible ------------------------------------------------------------------------------------------

SHORT, TALL = [cm("140")], [cm("230")]
BOUNDS = [
    (kg("30"), SHORT, set()),
    (kg("29.9"), SHORT, IMPLAUSIBLE),
    (kg("300"), TALL, HEAVY),
    (kg("300.1"), TALL, IMPLAUSIBLE),
    (kg("185"), [cm("180")], HEAVY),
    (kg("36.75"), [cm("175")], set()),  # a body mass index of exactly 12
    (kg("36.7"), [cm("175")], IMPLAUSIBLE),
    (kg("214.375"), [cm("175")], HEAVY),  # exactly 70
    (kg("214.4"), [cm("175")], IMPLAUSIBLE),
    (kg("68"), [cm("1.65")], IMPLAUSIBLE),  # metres recorded as centimetres
]


@pytest.mark.parametrize(("weight", "height", "expected"), BOUNDS, ids=range(len(BOUNDS)))
def test_limits(weight: Observation, height: list[Observation], expected: set[str]) -> None:
    # Whether the body mass index is judged too once the weight is doubted is left open by the paper.
    assert found(weighed(weight, height=height)) - (HEAVY - expected) == expected


@pytest.mark.parametrize(
    ("weight", "height"), [(w, h) for w, h, expected in BOUNDS if expected == IMPLAUSIBLE]
)
def test_no_dose_on_a_weight_out_of_bounds(weight: Observation, height: list[Observation]) -> None:
    assert drafted(weighed(weight, height=height)).ketamine.dose_mg is None


CHANGES = [
    ("80", "68", 60, set()),  # exactly 15 %
    ("80.1", "68", 60, IMPLAUSIBLE),
    ("60", "69", 60, set()),
    ("60", "69.1", 60, IMPLAUSIBLE),
    ("80.1", "68", 84, IMPLAUSIBLE),  # 90 days before the assessment
    ("80.1", "68", 100, set()),
]


@pytest.mark.parametrize(("before", "now", "apart", "expected"), CHANGES)
def test_a_change_of_more_than_15_percent(before: str, now: str, apart: int, expected: set[str]) -> None:
    record = weighed(kg(before, 6 + apart), kg(now, 6))
    assert found(record) == expected
    assert drafted(record).ketamine.dosing_weight_kg == Decimal(now)


def test_pounds_read_as_kilograms_are_noticed() -> None:
    assert found(weighed(kg("84", 60), kg("185", 6), height=[cm("180")])) == IMPLAUSIBLE | HEAVY


# --- height and body mass index -----------------------------------------------------------------------------


def test_without_a_height_the_dose_is_provisional() -> None:
    record = a_ready_record(without=["height"])
    assert found(record) == {"HEIGHT_MISSING"}
    assert drafted(record).ketamine.provisional is True
    assert drafted(record).ketamine.dose_mg == 35


def test_ideal_weight_from_a_body_mass_index_of_30() -> None:
    record = weighed(kg("86.7"), height=[cm("170")])  # exactly 30
    course = drafted(record).ketamine
    assert found(record) == HEAVY
    assert course.dosing_weight_basis == "ideal"
    # Devine: 50.0 + 2.3 × (170 / 2.54 − 60)
    assert course.dosing_weight_kg == Decimal("65.94")
    assert course.dose_mg == 33
    below = drafted(weighed(kg("86.6"), height=[cm("170")]))
    assert below.ketamine.dosing_weight_basis == "actual"
    assert below.ketamine.dose_mg == 43


def test_devine_for_a_woman_and_where_sex_is_unknown() -> None:
    heavy = [kg("95")]
    height = [cm("165")]
    female = two_places(Decimal("45.5") + Decimal("2.3") * (Decimal(165) / Decimal("2.54") - 60))
    for patient in (woman(), a_patient(gender=None), a_patient(gender="male", birth_sex="F")):
        course = drafted(weighed(*heavy, height=height, patient=patient)).ketamine
        assert course.dosing_weight_kg == female == Decimal("56.91")
    course = drafted(
        weighed(*heavy, height=height, patient=a_patient(gender="female", birth_sex="M"))
    ).ketamine
    assert course.dosing_weight_kg == Decimal("61.41")


def test_adjusted_weight_is_shown_and_may_be_chosen() -> None:
    record = weighed(kg("95"), height=[cm("165")], patient=woman())
    options = {name: two_places(value) for name, value in judged(record).weight.options}
    assert options == {"actual": Decimal("95.00"), "ideal": Decimal("56.91"), "adjusted": Decimal("72.15")}
    assert drafted(record, basis="actual").ketamine.dose_mg == 48
    assert drafted(record, basis="adjusted").ketamine.dose_mg == 36


@pytest.mark.parametrize("height", ["80", "95", "99", "100", "110", "130"])
def test_the_formula_for_ideal_weight_never_gives_a_dose_of_nothing_or_less(height: str) -> None:
    """Devine falls below zero at about 102 cm (women) and 97 cm (men)."""
    weight = kg(str(Decimal(40) * (Decimal(height) / 100) ** 2))
    course = drafted(weighed(weight, height=[cm(height)], patient=woman())).ketamine
    assert course.dose_mg is None or course.dose_mg > 0


@pytest.mark.parametrize(("height", "due"), [("169.03", True), ("169.2", False)])
def test_stop_bang_is_due_from_35(height: str, due: bool) -> None:
    record = weighed(kg("100"), height=[cm(height)])
    assert ("OSA_SCREEN_DUE" in told(record)) is due
    asked = weighed(kg("100"), an_observation(None, 3, 200, text="STOP-BANG score"), height=[cm(height)])
    assert "OSA_SCREEN_DUE" not in told(asked)


# --- the dose -------------------------------------------------------------------------------------------

ROUNDING = [("77.0", 39), ("76.9", 38), ("68.0", 34), ("61.0", 31), ("75.0", 38), ("73.0", 37), ("81", 41)]


@pytest.mark.parametrize(("weight", "dose"), ROUNDING)
def test_doses_are_rounded_half_up(weight: str, dose: int) -> None:
    assert drafted(weighed(kg(weight), height=[cm("180")])).ketamine.dose_mg == dose


@pytest.mark.parametrize(("age", "mg_per_kg", "dose"), [(64, "0.5", 35), (65, "0.25", 18), (66, "0.25", 18)])
def test_from_65_the_first_dose_is_halved(age: int, mg_per_kg: str, dose: int) -> None:
    record = a_ready_record(patient=a_patient(birth_date=born(age)))
    assert found(record) == ({"AGE_GE_65"} if age >= 65 else set())
    assert drafted(record).ketamine.mg_per_kg == Decimal(mg_per_kg)
    assert drafted(record).ketamine.dose_mg == dose


def test_a_birthday_between_assessment_and_start_does_not_count() -> None:
    record = a_ready_record(patient=a_patient(birth_date=born(65, days_short=1)))
    assert found(record) == set()
    assert drafted(record).ketamine.mg_per_kg == Decimal("0.5")


def test_a_dose_above_80_mg_is_reviewed() -> None:
    assert found(weighed(kg("160"), height=[cm("235")])) == set()
    record = weighed(kg("161"), height=[cm("235")])
    assert found(record) == {"DOSE_ABS_GT_80"}
    assert drafted(record).ketamine.dose_mg == 81


def test_classes() -> None:
    for record, id in (
        (weighed(), "WEIGHT_MISSING"),
        (weighed(kg("68", 100)), "WEIGHT_STALE_91_365D"),
        (weighed(kg("68", 400)), "WEIGHT_STALE_GT_365D"),
        (weighed(kg("400")), "WEIGHT_IMPLAUSIBLE"),
        (a_ready_record(without=["height"]), "HEIGHT_MISSING"),
        (weighed(kg("110")), "DOSE_WEIGHT_BASIS_BMI_GE_30"),
    ):
        assert cls_of(record, id) is FindingClass.REVIEW
