"""Go or no-go: the list of 8b "Day of dose", a row per limit; the blood-pressure ladder of 4.2."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.session.day_of_dose import DayFacts, go_no_go
from ketplan.clinical.session.ladder import Pressure, Rung, Standing, before_dose
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Verdict, overall
from ketplan.clinical.session.notes import EMERGENCY_PLAN, MEDICATION_NOTES
from ketplan.clinical.session.starting import Way, way_past
from tests.clinical_progress.builders import day

GO, HOLD, UNKNOWN = Verdict.GO, Verdict.HOLD, Verdict.UNKNOWN
NINE = datetime(2026, 3, 9, 9, 0, tzinfo=ZoneInfo("America/New_York"))


def at(minute: int, systolic: int | None, diastolic: int | None) -> Pressure:
    return Pressure(NINE + timedelta(minutes=minute), systolic, diastolic)


def facts(**changes: Any) -> DayFacts:
    """Everything asked, everything well, the third infusion."""
    defaults: dict[str, Any] = {
        "on": day(7),
        "route": "IV",
        "dose_number": 3,
        "age": 40,
        "pressures": (at(0, 128, 80),),
        "heart_rate": 72,
        "spo2": 98,
        "cssrs_change": False,
        "alcohol_24h": False,
        "cannabis_24h": False,
        "hours_since_food": Decimal(8),
        "hours_since_fluid": Decimal(3),
        "uses_nasal_spray": False,
        "escort": True,
        "asked_for_pregnancy": True,
        "hcg_on": day(-3),
        "hcg_positive": False,
        "last_dose_on": day(3),
        "new_medication": False,
        "febrile": False,
        "new_urinary_symptoms": False,
        "weight_kg": Decimal(70),
        "planned_weight_kg": Decimal(70),
        "consent_reaffirmed": True,
        "antihypertensive_prescribed": False,
        "contraindications_attested": True,
        "rems_confirmed": True,
    }
    return DayFacts(**defaults | changes)


def line(id: str, limits: SessionLimits | None = None, **changes: Any) -> Line:
    return next(found for found in go_no_go(facts(**changes), limits) if found.id == id)


ORDER = [
    "CSSRS_CHANGE",
    "BLOOD_PRESSURE",
    "HEART_RATE",
    "SPO2",
    "INTOXICATION",
    "FASTING",
    "DOSE_GAP",
    "PREGNANCY_TEST",
    "WEIGHT_CHANGE",
    "ANTIHYPERTENSIVE",
    "NO_ESCORT",
    "NEW_MEDICATION",
    "FEBRILE_ILLNESS",
    "URINARY_SYMPTOMS",
    "CONSENT_REAFFIRMED",
    "CONTRAINDICATIONS_ATTESTED",
]


def test_the_whole_list_suicide_risk_first() -> None:
    lines = go_no_go(facts())
    assert [found.id for found in lines] == ORDER
    assert overall(lines) is GO
    esketamine = go_no_go(facts(route="IN"))
    assert [found.id for found in esketamine] == [*ORDER, "NASAL_SPRAY", "REMS_NOT_CONFIRMED"]
    assert overall(esketamine) is GO


def test_nothing_known_is_unknown_everywhere_and_no_go() -> None:
    for route in ("IV", "IN"):
        lines = go_no_go(DayFacts(day(0), route, 1))
        known = {"DOSE_GAP", "WEIGHT_CHANGE"} if route == "IN" else {"DOSE_GAP"}  # of a first dose
        assert {found.id for found in lines if found.verdict is GO} == known
        assert {found.verdict for found in lines} <= {GO, UNKNOWN}
        assert overall(lines) is UNKNOWN


def test_every_line_says_its_source_and_every_open_one_what_to_do() -> None:
    for known in (facts(), DayFacts(day(0), "IN", 1)):
        for found in go_no_go(known):
            assert found.text and found.source
            assert bool(found.resolves) is (found.verdict is not GO)


ROWS: list[tuple[str, dict[str, Any], Verdict]] = [
    ("CSSRS_CHANGE", {"cssrs_change": True}, HOLD),
    ("CSSRS_CHANGE", {"cssrs_change": None}, UNKNOWN),
    ("HEART_RATE", {"heart_rate": 49}, HOLD),
    ("HEART_RATE", {"heart_rate": 50}, GO),
    ("HEART_RATE", {"heart_rate": 110}, GO),
    ("HEART_RATE", {"heart_rate": 111}, HOLD),
    ("HEART_RATE", {"heart_rate": None}, UNKNOWN),
    ("SPO2", {"spo2": 93}, HOLD),
    ("SPO2", {"spo2": 94}, GO),
    ("SPO2", {"spo2": None}, UNKNOWN),
    ("INTOXICATION", {"alcohol_24h": True, "cannabis_24h": None}, HOLD),
    ("INTOXICATION", {"cannabis_24h": True}, HOLD),
    ("INTOXICATION", {"alcohol_24h": None}, UNKNOWN),
    ("INTOXICATION", {"cannabis_24h": None}, UNKNOWN),
    ("FASTING", {"hours_since_food": Decimal("5.9")}, HOLD),
    ("FASTING", {"hours_since_food": Decimal(6), "hours_since_fluid": Decimal(2)}, GO),
    ("FASTING", {"hours_since_fluid": Decimal("1.9")}, HOLD),
    ("FASTING", {"hours_since_food": None}, UNKNOWN),
    ("FASTING", {"hours_since_food": None, "hours_since_fluid": Decimal(1)}, HOLD),
    ("FASTING", {"hours_since_fluid": None}, UNKNOWN),
    ("FASTING", {"route": "IN", "hours_since_food": Decimal(2), "hours_since_fluid": Decimal("0.5")}, GO),
    ("FASTING", {"route": "IN", "hours_since_food": Decimal("1.9")}, HOLD),
    ("FASTING", {"route": "IN", "hours_since_fluid": Decimal("0.4")}, HOLD),
    ("NO_ESCORT", {"escort": False}, HOLD),
    ("NO_ESCORT", {"escort": None}, UNKNOWN),
    ("NEW_MEDICATION", {"new_medication": True}, HOLD),
    ("NEW_MEDICATION", {"new_medication": None}, UNKNOWN),
    ("FEBRILE_ILLNESS", {"febrile": True}, HOLD),
    ("FEBRILE_ILLNESS", {"febrile": None}, UNKNOWN),
    ("URINARY_SYMPTOMS", {"new_urinary_symptoms": True}, HOLD),
    ("URINARY_SYMPTOMS", {"new_urinary_symptoms": None}, UNKNOWN),
    ("CONSENT_REAFFIRMED", {"consent_reaffirmed": False}, HOLD),
    ("CONSENT_REAFFIRMED", {"consent_reaffirmed": None}, UNKNOWN),
    ("CONTRAINDICATIONS_ATTESTED", {"contraindications_attested": False}, HOLD),
    ("CONTRAINDICATIONS_ATTESTED", {"contraindications_attested": None}, UNKNOWN),
    ("WEIGHT_CHANGE", {"weight_kg": Decimal(77)}, GO),
    ("WEIGHT_CHANGE", {"weight_kg": Decimal("77.1")}, HOLD),
    ("WEIGHT_CHANGE", {"weight_kg": Decimal(63)}, GO),
    ("WEIGHT_CHANGE", {"weight_kg": Decimal("62.9")}, HOLD),
    ("WEIGHT_CHANGE", {"weight_kg": None}, UNKNOWN),
    ("WEIGHT_CHANGE", {"planned_weight_kg": None}, UNKNOWN),
    ("WEIGHT_CHANGE", {"planned_weight_kg": Decimal(0)}, UNKNOWN),
    ("WEIGHT_CHANGE", {"weight_kg": Decimal(0)}, UNKNOWN),
    ("WEIGHT_CHANGE", {"route": "IN", "weight_kg": None}, GO),
    ("ANTIHYPERTENSIVE", {"antihypertensive_prescribed": None}, UNKNOWN),
    ("ANTIHYPERTENSIVE", {"antihypertensive_prescribed": True}, UNKNOWN),
    ("ANTIHYPERTENSIVE", {"antihypertensive_prescribed": True, "antihypertensive_taken": False}, HOLD),
    ("ANTIHYPERTENSIVE", {"antihypertensive_prescribed": True, "antihypertensive_taken": True}, GO),
    ("NASAL_SPRAY", {"route": "IN", "uses_nasal_spray": None}, UNKNOWN),
    ("NASAL_SPRAY", {"route": "IN", "uses_nasal_spray": True}, UNKNOWN),
    (
        "NASAL_SPRAY",
        {"route": "IN", "uses_nasal_spray": True, "hours_since_nasal_spray": Decimal("0.9")},
        HOLD,
    ),
    ("NASAL_SPRAY", {"route": "IN", "uses_nasal_spray": True, "hours_since_nasal_spray": Decimal(1)}, GO),
    ("REMS_NOT_CONFIRMED", {"route": "IN", "rems_confirmed": False}, HOLD),
    ("REMS_NOT_CONFIRMED", {"route": "IN", "rems_confirmed": None}, UNKNOWN),
]


@pytest.mark.parametrize(("id", "changes", "expected"), ROWS, ids=range(len(ROWS)))
def test_each_line(id: str, changes: dict[str, Any], expected: Verdict) -> None:
    assert line(id, **changes).verdict is expected
    assert overall(go_no_go(facts(**changes))) is expected


# --- pregnancy ------------------------------------------------------------------------------------------

FIRST: dict[str, Any] = {"dose_number": 1, "last_dose_on": None}
MAINTAINED: dict[str, Any] = {"maintenance": True, "dose_number": 1}
PREGNANCY: list[tuple[dict[str, Any], Verdict]] = [
    ({"asked_for_pregnancy": False, "hcg_on": None, "hcg_positive": None}, GO),
    ({"asked_for_pregnancy": None}, UNKNOWN),
    ({"hcg_on": None}, HOLD),
    ({"hcg_positive": None}, UNKNOWN),
    ({"hcg_positive": True}, HOLD),
    ({"hcg_on": None, "hcg_positive": True}, HOLD),
    (FIRST | {"hcg_on": day(0)}, GO),  # seven days before
    (FIRST | {"hcg_on": day(-1)}, HOLD),
    ({"hcg_on": day(-21)}, GO),  # 28 days before
    ({"hcg_on": day(-22)}, HOLD),
    (MAINTAINED | {"hcg_on": day(4)}, GO),
    (MAINTAINED | {"hcg_on": day(3)}, HOLD),  # not since the last dose
    (MAINTAINED | {"hcg_on": day(4), "last_dose_on": None}, UNKNOWN),
    (MAINTAINED | {"hcg_on": day(-22), "last_dose_on": day(-40)}, HOLD),
]


@pytest.mark.parametrize(("changes", "expected"), PREGNANCY, ids=range(len(PREGNANCY)))
def test_pregnancy_test_due(changes: dict[str, Any], expected: Verdict) -> None:
    assert line("PREGNANCY_TEST", **changes).verdict is expected


# --- the ladder -----------------------------------------------------------------------------------------

LADDER: list[tuple[list[Pressure], int | None, Rung]] = [
    ([], 40, Rung.UNKNOWN),
    ([at(0, 140, 90)], 40, Rung.PROCEED),
    ([at(0, 141, 80)], 40, Rung.REPEAT),
    ([at(0, 120, 91)], 40, Rung.REPEAT),
    ([at(0, 150, 90)], 65, Rung.REPEAT),  # over 65, not from 65 on
    ([at(0, 150, 90)], 66, Rung.PROCEED),
    ([at(0, 151, 90)], 66, Rung.REPEAT),
    ([at(0, 150, 91)], 66, Rung.REPEAT),
    ([at(0, 150, 90)], None, Rung.REPEAT),  # an unknown age gets the lower limit
    ([at(0, 159, 99)], 40, Rung.REPEAT),
    ([at(0, 160, 80)], 40, Rung.HOLD),
    ([at(0, 120, 100)], 40, Rung.HOLD),
    ([at(0, 120, None)], 40, Rung.UNKNOWN),
    ([at(0, None, 80)], 40, Rung.UNKNOWN),
    ([at(0, None, 100)], 40, Rung.HOLD),
    ([at(0, 150, 92), at(15, 138, 88)], 40, Rung.PROCEED),
    ([at(0, 150, 92), at(14, 138, 88)], 40, Rung.REPEAT),  # too soon to clear it
    ([at(0, 150, 92), at(15, 148, 91)], 40, Rung.WEIGH),
    ([at(0, 150, 85), at(15, 135, 95)], 40, Rung.PROCEED),  # the lower of each
    ([at(0, 165, 92), at(5, 138, 88)], 40, Rung.PROCEED),
    ([at(0, 165, 92), at(4, 138, 88)], 40, Rung.HOLD),
    ([at(0, 165, 92), at(5, 150, 88)], 40, Rung.WEIGH),
    ([at(0, 165, 92), at(10, 162, 90)], 40, Rung.HOLD),
    ([at(0, 130, 80), at(1, 150, 95)], 40, Rung.PROCEED),  # the lower of the last two decides
    ([at(0, 120, 80), at(10, 165, 95), at(15, 170, 90)], 40, Rung.HOLD),
    ([at(0, 185, 95), at(5, 182, 95)], 40, Rung.CRISIS),
    ([at(0, 120, 80), at(5, 185, 95), at(10, 182, 95)], 40, Rung.CRISIS),
    ([at(0, 185, 95), at(4, 182, 95)], 40, Rung.HOLD),
    ([at(0, 185, 95), at(5, 150, 112)], 40, Rung.CRISIS),
    ([at(0, 185, 95)], 40, Rung.HOLD),
    ([at(0, 185, 95), at(3, 130, 80), at(10, 182, 95)], 40, Rung.PROCEED),
]


@pytest.mark.parametrize(("readings", "age", "rung"), LADDER, ids=range(len(LADDER)))
def test_the_ladder(readings: list[Pressure], age: int | None, rung: Rung) -> None:
    assert before_dose(readings, age).rung is rung
    assert before_dose(readings[::-1], age).rung is rung


def test_when_to_measure_again() -> None:
    assert before_dose([at(0, 150, 92)], 40).repeat_from == NINE + timedelta(minutes=15)
    assert before_dose([at(0, 165, 92)], 40).repeat_from == NINE + timedelta(minutes=5)
    assert line("BLOOD_PRESSURE", pressures=(at(0, 150, 92),)).resolves == "Measure again from 09:15 on."
    held = before_dose([at(0, 165, 92), at(10, 162, 90)], 40)
    assert held == Standing(Rung.HOLD, at(10, 162, 90), None)


def test_a_raised_pressure_needs_the_prescribers_recorded_reason() -> None:
    raised = {"pressures": (at(0, 150, 92), at(15, 148, 91))}
    assert line("BLOOD_PRESSURE", **raised).verdict is HOLD
    assert line("BLOOD_PRESSURE", **raised, pressure_reason="White coat, at home 130/80.").verdict is GO
    assert line("BLOOD_PRESSURE", **raised, pressure_reason="  ").verdict is HOLD
    for other in ((at(0, 165, 92),), (at(0, 150, 92),), ()):
        assert line("BLOOD_PRESSURE", pressures=other, pressure_reason="Go on.").verdict is not GO


def test_the_limits_are_named() -> None:
    assert line("HEART_RATE", heart_rate=45).text == "Heart rate 45 is outside 50 to 110."
    assert line("SPO2", spo2=90).text == "Oxygen saturation 90 is outside 94 or more."


def test_a_crisis_is_said() -> None:
    crisis = line("BLOOD_PRESSURE", pressures=(at(0, 185, 95), at(5, 182, 95)))
    assert crisis.text == "Blood pressure 182/95 on repeat: urgent medical review."
    held = line("BLOOD_PRESSURE", pressures=(at(0, 170, None),))
    assert held.text == "Blood pressure 170/? is at or above 160/100: hold, treat, book again."


LIMITS: list[tuple[SessionLimits, str, dict[str, Any]]] = [
    (SessionLimits(lowest_heart_rate=60), "HEART_RATE", {"heart_rate": 55}),
    (SessionLimits(highest_heart_rate=100), "HEART_RATE", {"heart_rate": 105}),
    (SessionLimits(lowest_spo2=96), "SPO2", {"spo2": 95}),
    (SessionLimits(food_hours=Decimal(10)), "FASTING", {}),
    (SessionLimits(fluid_hours=Decimal(4)), "FASTING", {}),
    (SessionLimits(weight_change_pct=5), "WEIGHT_CHANGE", {"weight_kg": Decimal(75)}),
    (SessionLimits(hcg_days=9), "PREGNANCY_TEST", {}),
    (SessionLimits(hcg_days_first=2), "PREGNANCY_TEST", {"dose_number": 1}),
]


@pytest.mark.parametrize(("limits", "id", "changes"), LIMITS, ids=range(len(LIMITS)))
def test_a_stricter_site_holds_earlier(limits: SessionLimits, id: str, changes: dict[str, Any]) -> None:
    assert line(id, limits, **changes).verdict is HOLD


def test_overall() -> None:
    lines = {v: Line("X", v, "text", "source") for v in Verdict}
    for mixed in permutations(lines.values()):
        assert overall(mixed) is HOLD
    assert overall([lines[GO], lines[UNKNOWN]]) is UNKNOWN
    assert overall([lines[GO], lines[GO]]) is GO
    assert overall([]) is UNKNOWN


CLEARED = ["cssrs_change", "heart_rate", "spo2", "alcohol_24h", "hours_since_food", "escort", "weight_kg"]


@settings(deadline=None)
@given(st.sets(st.sampled_from([*CLEARED, "febrile", "consent_reaffirmed", "new_medication"]), min_size=1))
def test_forgetting_anything_is_never_a_go(forgotten: set[str]) -> None:
    assert overall(go_no_go(facts(**dict.fromkeys(forgotten)))) is UNKNOWN


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(90, 220), st.integers(50, 130)), min_size=1, max_size=4
    ),
    st.none() | st.integers(18, 90),
)
def test_the_ladder_never_proceeds_at_160_100(readings: list[tuple[int, int, int]], age: int | None) -> None:
    found = before_dose([at(*r) for r in readings], age)
    assert found.decided is not None
    if found.rung in (Rung.PROCEED, Rung.REPEAT, Rung.WEIGH):
        assert (found.decided.systolic or 0) < 160
        assert (found.decided.diastolic or 0) < 100


def test_notes_are_shown_never_ordered() -> None:
    assert {n.topic.split(",")[0] for n in MEDICATION_NOTES} == {"Stimulant", "MAOI", "Insulin", "Nausea"}
    assert EMERGENCY_PLAN == ("named rescuer", "equipment", "drugs", "transfer number")
    assert not any("stop taking" in n.words.lower() for n in MEDICATION_NOTES)


# --- hours between doses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days_ago", "hours", "verdict"),
    [(0, 48, HOLD), (1, 48, HOLD), (2, 48, GO), (2, 49, HOLD), (3, 72, GO), (None, 48, UNKNOWN)],
)
def test_a_dose_keeps_its_distance_from_the_last_one(
    days_ago: int | None, hours: int, verdict: Verdict
) -> None:
    last = None if days_ago is None else day(7 - days_ago)
    assert line("DOSE_GAP", last_dose_on=last, dose_gap_hours=hours).verdict is verdict


def test_a_second_dose_of_one_day_is_passed_by_no_reason() -> None:
    today, yesterday = facts(last_dose_on=day(7)), facts(last_dose_on=day(6))
    assert way_past(line("DOSE_GAP", last_dose_on=day(7)), today) is Way.NEVER
    assert way_past(line("DOSE_GAP", last_dose_on=day(6)), yesterday) is Way.REASON
