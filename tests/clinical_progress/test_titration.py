"""Stepping the dose: 1.1 and 8b "Titration", a row per limit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.house import House
from ketplan.clinical.progress.limits import Limits
from ketplan.clinical.progress.proposals import Kind
from ketplan.clinical.progress.titration import ceiling
from tests.clinical_progress.builders import (
    IV6,
    a_dose,
    a_plan,
    a_rating,
    doses,
    fell,
    kinds,
    only,
    ratings,
    reviewed,
)

D = Decimal


def after_two(pct: float, **last: Any) -> set[Kind]:
    """Two doses of social anxiety treatment, improved by `pct` on the day of the third."""
    return kinds(reviewed(doses(2, **last), ratings(fell(pct, 7)), at=7))


AFTER_TWO = [(-10, True), (0, True), (19, True), (20, False), (50, False)]


@pytest.mark.parametrize(("pct", "proposed"), AFTER_TWO)
def test_after_two_infusions_below_20_percent(pct: float, proposed: bool) -> None:
    assert after_two(pct) == ({Kind.TITRATE_UP} if proposed else set())


def test_the_proposal_carries_dose_reasons_evidence_and_source() -> None:
    found = only(reviewed(doses(2), ratings(fell(10, 7)), at=7), Kind.TITRATE_UP)
    assert found.text == "Raise from 0.5 to 0.75 mg/kg (53 mg)."
    assert (found.effect.mg_per_kg, found.effect.mg) == (D("0.75"), 53)  # 52.5, half up
    assert (found.effect.lowest_mg_per_kg, found.effect.highest_mg_per_kg) == (D("0.25"), D("0.75"))
    assert found.id == "titrate_up/after-2"
    assert "short of 20 %" in found.reasons[0]
    assert [e.words for e in found.evidence] == [
        "LSAS 100",
        "LSAS 90",
        "Dose 1, 0.5 mg/kg, highest pressure 140/88",
        "Dose 2, 0.5 mg/kg, highest pressure 140/88",
    ]
    assert {e.when for e in found.evidence} == {"2026-02-27", "2026-03-09", "2026-03-02", "2026-03-05"}
    assert "1.1" in found.source and "8b" in found.source
    assert set(found.tags) >= {"found in a source", "from memory", "house default"}


# disorder, percentage improved after the fourth dose → is a rise proposed? The disorder's own response cut.
AFTER_FOUR = [
    ("SAD", 27, True),
    ("SAD", 28, False),
    ("PANIC", 35, True),
    ("PANIC", 40, False),
    ("GAD", 49, True),
    ("GAD", 50, False),
    ("OCD", 30, True),
    ("OCD", 35, False),
    ("PTSD", 29, True),
    ("PTSD", 30, False),
    ("SPECIFIC_PHOBIA", 49, True),
    ("SPECIFIC_PHOBIA", 50, False),
]


@pytest.mark.parametrize(("disorder", "pct", "proposed"), AFTER_FOUR)
def test_after_four_infusions_the_disorders_own_cut(disorder: str, pct: float, proposed: bool) -> None:
    rated = ratings(fell(pct, 14, disorder), disorder=disorder)
    found = reviewed(doses(4), rated, plan=a_plan(disorder), at=14)
    assert (Kind.TITRATE_UP in kinds(found)) is proposed


def test_ptsd_needs_15_points_as_well() -> None:
    rated = (a_rating(40, -3, "PTSD"), a_rating(27, 14, "PTSD"))  # 32.5 %, 13 points
    found = only(reviewed(doses(4), rated, plan=a_plan("PTSD"), at=14), Kind.TITRATE_UP)
    assert "30 % and 15 points" in found.reasons[0]


# doses given so far → proposed
STEPS = [
    ("0.5 0.5", "0.75"),
    ("0.5 0.5 0.5", "0.75"),
    ("0.5 0.5 0.5 0.5", "0.75"),
    ("0.5 0.5 0.75 0.75", "1.0"),
    ("0.5 0.5 0.75 0.75 0.75", "1.0"),
    ("0.6 0.6", "0.75"),
    ("0.4 0.4", "0.65"),
]


@pytest.mark.parametrize(("given", "proposed"), STEPS)
def test_a_step_is_at_most_a_quarter(given: str, proposed: str) -> None:
    so_far = [a_dose(n, IV6.day_offsets[n - 1], mg) for n, mg in enumerate(given.split(), 1)]
    found = reviewed(so_far, ratings(fell(0, 16)), at=16)
    assert only(found, Kind.TITRATE_UP).effect.mg_per_kg == D(proposed)


# The dose at the step and since: is it still the step's turn?
TURNS = [("0.4 0.5", True), ("0.5 0.5 0.75", False), ("0.3 0.5 0.5", True), ("0.5 ? 0.5", True)]


@pytest.mark.parametrize(("given", "turn"), TURNS)
def test_each_step_raises_once(given: str, turn: bool) -> None:
    so_far = [
        a_dose(n, IV6.day_offsets[n - 1], None if mg == "?" else mg) for n, mg in enumerate(given.split(), 1)
    ]
    assert (Kind.TITRATE_UP in kinds(reviewed(so_far, ratings(fell(0, 9)), at=9))) is turn


@pytest.mark.parametrize("given", [1, 6])
def test_no_rise_before_the_first_step_or_after_the_last_dose(given: int) -> None:
    assert Kind.TITRATE_UP not in kinds(reviewed(doses(given), ratings(fell(0, 18)), at=18))


@pytest.mark.parametrize("protocol", ["IV3_QW", "IV1", "SC_ASC_WEEKLY", "ESK_LABEL", "PO_SUPERVISED"])
def test_protocols_without_titration(protocol: str) -> None:
    plan = a_plan("PTSD", protocol, planned=12)
    for count in (1, 2, 3):
        found = reviewed(
            doses(count, protocol), ratings(fell(0, 60, "PTSD"), disorder="PTSD"), plan=plan, at=60
        )
        assert Kind.TITRATE_UP not in kinds(found)


BARS: list[tuple[dict[str, Any], bool]] = [
    ({"systolic": 164, "diastolic": 99}, False),
    ({"systolic": 165}, True),
    ({"diastolic": 100}, True),
    ({"systolic": 165, "diastolic": None}, True),
    ({"distressing_dissociation": True}, True),
    ({"vomiting": True}, True),
    ({"vomiting": None, "vomiting_despite_treatment": True}, True),
    ({"lowest_spo2": 94}, False),
    ({"lowest_spo2": 93}, True),
    ({"new_suicidal_ideation": True}, True),
]


@pytest.mark.parametrize(("what", "barred"), BARS, ids=range(len(BARS)))
@pytest.mark.parametrize("at_first", [True, False])
def test_never_up_after_a_bar_at_any_dose(what: dict[str, Any], barred: bool, at_first: bool) -> None:
    given = (a_dose(1, 0, **what), a_dose(2, 3)) if at_first else (a_dose(1, 0), a_dose(2, 3, **what))
    found = kinds(reviewed(given, ratings(fell(0, 7)), at=7))
    assert (Kind.TITRATE_UP in found) is not barred


UNRECORDED = ["systolic", "diastolic", "lowest_spo2", "distressing_dissociation", "vomiting"]


@pytest.mark.parametrize("field", [*UNRECORDED, "new_suicidal_ideation"])
def test_what_is_not_recorded_is_not_tolerated(field: str) -> None:
    found = reviewed(doses(2, **{field: None}), ratings(fell(0, 7)), at=7)
    assert kinds(found) == {Kind.FACT_NEEDED}
    assert only(found, Kind.FACT_NEEDED).id == "fact_needed/doses-2"


MISSING: list[tuple[dict[str, Any], str]] = [
    ({"age": None}, "the patient's age"),
    ({"frail": None}, "frailty"),
]


@pytest.mark.parametrize(("plan", "words"), MISSING)
def test_the_ceiling_needs_age_and_frailty(plan: dict[str, Any], words: str) -> None:
    found = reviewed(doses(2), ratings(fell(0, 7)), plan=a_plan(**plan), at=7)
    assert kinds(found) == {Kind.FACT_NEEDED}
    assert words in only(found, Kind.FACT_NEEDED).text


def test_the_current_dose_must_be_known() -> None:
    given = (a_dose(1, 0), a_dose(2, 3, None))
    found = reviewed(given, ratings(fell(0, 7)), at=7)
    assert "the dose last given" in only(found, Kind.FACT_NEEDED).text


def test_without_a_weight_there_is_no_dose_in_mg() -> None:
    plan = a_plan(dosing_weight_kg=None)
    found = only(reviewed(doses(2), ratings(fell(0, 7)), plan=plan, at=7), Kind.TITRATE_UP)
    assert found.effect.mg is None
    assert "no usable weight" in found.text


def test_more_than_80_mg_is_said() -> None:
    plan = a_plan(dosing_weight_kg=D(110))
    found = only(reviewed(doses(2), ratings(fell(0, 7)), plan=plan, at=7), Kind.TITRATE_UP)
    assert any("above 80 mg" in r for r in found.reasons)
    exactly = a_plan(dosing_weight_kg=D("106.6"))  # 79.95, rounded to 80 mg
    found = only(reviewed(doses(2), ratings(fell(0, 7)), plan=exactly, at=7), Kind.TITRATE_UP)
    assert found.effect.mg == 80
    assert not any("above 80 mg" in r for r in found.reasons)
    lower = only(
        reviewed(doses(2), ratings(fell(0, 7)), at=7, house=House(dose_absolute_review_mg=50)),
        Kind.TITRATE_UP,
    )
    assert any("above 50 mg" in r for r in lower.reasons)


# age, frail → ceiling
CEILINGS = [(40, False, "1.0"), (64, False, "1.0"), (65, False, "0.5"), (40, True, "0.5"), (80, True, "0.5")]


@pytest.mark.parametrize(("age", "frail", "expected"), CEILINGS)
def test_ceiling_by_age_and_frailty(age: int, frail: bool, expected: str) -> None:
    assert ceiling(a_plan(age=age, frail=frail), Limits()) == D(expected)


def test_from_65_the_rise_ends_at_half() -> None:
    old = a_plan(age=70)
    up = only(reviewed(doses(2, mg_per_kg="0.25"), ratings(fell(0, 7)), plan=old, at=7), Kind.TITRATE_UP)
    assert up.effect.mg_per_kg == D("0.5")
    assert kinds(reviewed(doses(2), ratings(fell(0, 7)), plan=old, at=7)) == set()


@pytest.mark.parametrize("protocol", ["ESK_LABEL", "NONE"])
def test_no_ceiling_without_a_weight_dosed_protocol(protocol: str) -> None:
    assert ceiling(a_plan(protocol=protocol), Limits()) is None


NOT_JUDGED = [
    ((), "no complete"),
    (ratings(), "no complete"),
    (ratings((7, None)), "no complete"),
    (ratings((3, 90)), "no complete"),  # on the day of the second dose, so made before it
    ((a_rating(90, 7),), "no Liebowitz Social Anxiety Scale within 14 days before"),
    (ratings((7, 90), before=-15), "within 14 days before"),
    ((*ratings((7, 90)), a_rating(70, 7)), "different totals on 2026-03-09"),
    ((*ratings((7, 90)), a_rating(70, -3)), "different totals on 2026-02-27"),
]


@pytest.mark.parametrize(("rated", "words"), NOT_JUDGED, ids=range(len(NOT_JUDGED)))
def test_without_a_comparison_nothing_is_proposed(rated: Any, words: str) -> None:
    found = reviewed(doses(2), rated, at=7)
    assert kinds(found) == {Kind.RATING_NEEDED}
    assert words in only(found, Kind.RATING_NEEDED).text


def test_gad7_is_not_judged_across_less_than_14_days() -> None:
    plan = a_plan("GAD")
    near = reviewed(doses(2), ratings((7, 16), disorder="GAD"), plan=plan, at=7)
    assert "10 days apart" in only(near, Kind.RATING_NEEDED).text
    far = reviewed(doses(2), ratings((7, 16), disorder="GAD", before=-7), plan=plan, at=7)
    assert kinds(far) == {Kind.TITRATE_UP}


def test_an_older_baseline_serves_where_the_newest_is_too_near() -> None:
    rated = (a_rating(16, -12, "GAD"), a_rating(4, -1, "GAD"), a_rating(16, 7, "GAD"))
    assert kinds(reviewed(doses(2), rated, plan=a_plan("GAD"), at=7)) == {Kind.TITRATE_UP}


@pytest.mark.parametrize(("before", "known"), [(-14, True), (-15, False), (0, True)])
def test_a_baseline_is_at_most_two_weeks_old(before: int, known: bool) -> None:
    found = kinds(reviewed(doses(2), ratings(fell(0, 7), before=before), at=7))
    assert found == ({Kind.TITRATE_UP} if known else {Kind.RATING_NEEDED})


def test_the_newest_rating_decides() -> None:
    assert after_ratings(fell(50, 6), fell(0, 7)) == {Kind.TITRATE_UP}
    assert after_ratings(fell(0, 6), fell(50, 7)) == set()


def after_ratings(*rated: tuple[int, float]) -> set[Kind]:
    return kinds(reviewed(doses(2), ratings(*rated), at=7))


def test_the_shorter_window_decides_on_a_day_with_both() -> None:
    month = [a_rating(60, o, "PTSD", recall_days=30) for o in (-3, 14)]
    week = [a_rating(60, -3, "PTSD"), a_rating(30, 14, "PTSD")]
    assert Kind.TITRATE_UP not in kinds(reviewed(doses(4), [*month, *week], plan=a_plan("PTSD"), at=14))
    assert Kind.TITRATE_UP in kinds(reviewed(doses(4), month, plan=a_plan("PTSD"), at=14))


# --- down -----------------------------------------------------------------------------------------------

DOWN: list[tuple[dict[str, Any], bool]] = [
    ({"systolic": 179, "diastolic": 109}, False),
    ({"systolic": 180}, True),
    ({"diastolic": 110}, True),
    ({"systolic": None, "diastolic": 110}, True),
    ({"distressing_dissociation": True}, True),
    ({"vomiting": True}, False),
    ({"vomiting": True, "vomiting_despite_treatment": True}, True),
]


@pytest.mark.parametrize(("what", "down"), DOWN, ids=range(len(DOWN)))
def test_step_down(what: dict[str, Any], down: bool) -> None:
    assert (Kind.STEP_DOWN in kinds(reviewed(doses(1, **what), at=1))) is down


@pytest.mark.parametrize(
    ("now", "then"), [("1.0", "0.75"), ("0.75", "0.50"), ("0.5", "0.25"), ("0.3", "0.25")]
)
def test_by_a_quarter_but_not_below_the_floor(now: str, then: str) -> None:
    found = only(reviewed(doses(2, mg_per_kg=now, systolic=185), at=4), Kind.STEP_DOWN)
    assert found.effect.mg_per_kg == D(then)
    assert found.effect.highest_mg_per_kg == D(then), "an edit may go lower, never higher"


HELD = [
    ("IV6_2PW", "0.25", "floor"),
    ("SC_ASC_WEEKLY", "0.5", "no lower step"),
    ("ESK_LABEL", "0.5", "no lower"),
]


@pytest.mark.parametrize(("protocol", "now", "words"), HELD)
def test_where_no_lower_dose_exists_dosing_is_held(protocol: str, now: str, words: str) -> None:
    plan = a_plan(protocol=protocol)
    found = reviewed(doses(1, protocol, now, systolic=185), plan=plan, at=1)
    assert kinds(found) == {Kind.HOLD}
    assert words in only(found, Kind.HOLD).text


def test_an_unknown_dose_is_held_and_not_guessed() -> None:
    given = (a_dose(1, 0, None, systolic=190, diastolic=None),)
    held = only(reviewed(given, at=1), Kind.HOLD)
    assert "not known" in held.text
    assert held.evidence[0].words == "Dose 1, highest pressure 190/?"


@pytest.mark.parametrize("protocol", ["IV3_QW", "IV6_3PW"])
def test_every_drip_steps_down(protocol: str) -> None:
    found = reviewed(doses(1, protocol, systolic=185), plan=a_plan(protocol=protocol), at=1)
    assert Kind.STEP_DOWN in kinds(found)


def test_after_the_last_dose_there_is_nothing_to_lower() -> None:
    found = reviewed(doses(6, systolic=185), ratings(fell(40, 18)), at=18)
    assert Kind.STEP_DOWN not in kinds(found)
    plan = a_plan(maintenance=True)
    in_maintenance = (*doses(6), a_dose(7, 24, maintenance=True, systolic=185))
    assert Kind.STEP_DOWN in kinds(reviewed(in_maintenance, plan=plan, at=24))
