"""During a dose and leaving after it: 4.1, 4.2, 4.3, 8b."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.session.discharge import LeavingFacts, discharge
from ketplan.clinical.session.during import (
    Action,
    Due,
    Symptom,
    Vitals,
    due,
    during,
    falling,
    observed_until,
    vital_minutes,
)
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Verdict, overall

GO, HOLD, UNKNOWN = Verdict.GO, Verdict.HOLD, Verdict.UNKNOWN
NO_SYMPTOM: frozenset[Symptom] = frozenset()


def vitals(minute: int = 20, systolic: int | None = 140, diastolic: int | None = 85, **more: Any) -> Vitals:
    return Vitals(
        minute,
        systolic,
        diastolic,
        **{"heart_rate": 80, "spo2": 97, "moaas": 5, "symptoms": NO_SYMPTOM} | more,
    )


# --- thresholds -----------------------------------------------------------------------------------------

DURING: list[tuple[int | None, int | None, Action]] = [
    (179, 109, Action.CONTINUE),
    (180, 80, Action.PAUSE),
    (120, 110, Action.PAUSE),
    (199, 119, Action.PAUSE),
    (200, 80, Action.STOP),
    (120, 120, Action.STOP),
    (200, None, Action.STOP),
    (None, 110, Action.PAUSE),
    (None, 80, Action.UNKNOWN),
    (140, None, Action.UNKNOWN),
    (None, None, Action.UNKNOWN),
]


@pytest.mark.parametrize(("systolic", "diastolic", "action"), DURING)
def test_pressure_during_a_dose(systolic: int | None, diastolic: int | None, action: Action) -> None:
    assert during(vitals(20, systolic, diastolic)).action is action


@pytest.mark.parametrize("symptom", Symptom)
def test_each_symptom_stops_whatever_the_pressure(symptom: Symptom) -> None:
    for systolic in (120, None):
        call = during(vitals(20, systolic, 80, symptoms=frozenset({symptom})))
        assert call.action is Action.STOP
        assert symptom in call.text


def test_symptoms_not_asked_are_not_none() -> None:
    call = during(vitals(symptoms=None))
    assert (call.action, call.text) == (Action.UNKNOWN, "Not recorded: symptoms.")
    assert during(vitals(20, 185, 80, symptoms=None)).action is Action.PAUSE
    assert during(vitals(20, None, 80)).text == "Not recorded: systolic pressure."
    assert during(vitals(20, 185, None)).text == "Pause: blood pressure 185/?. Physician review."


def test_a_site_may_pause_and_stop_earlier() -> None:
    strict = SessionLimits(pause_systolic=170, stop_diastolic=112)
    assert during(vitals(20, 170, 80), strict).action is Action.PAUSE
    assert during(vitals(20, 150, 112), strict).action is Action.STOP


@settings(deadline=None)
@given(st.integers(60, 260), st.integers(40, 160), st.integers(0, 40), st.integers(0, 30))
def test_a_higher_pressure_is_never_milder(systolic: int, diastolic: int, more: int, still: int) -> None:
    order = [Action.CONTINUE, Action.PAUSE, Action.STOP]
    lower = during(vitals(20, systolic, diastolic)).action
    higher = during(vitals(20, systolic + more, diastolic + still)).action
    assert order.index(higher) >= order.index(lower)


# --- when -----------------------------------------------------------------------------------------------

DRIP = (0, 10, 20, 30, 40, 55, 70, 85, 100, 120)


def test_the_times_of_the_table() -> None:
    assert vital_minutes("IV", 40) == DRIP
    assert vital_minutes("SC") == DRIP
    assert vital_minutes("IN") == (0, 40, 120)
    assert vital_minutes("") == ()


DUE: list[tuple[int, list[int], Due]] = [
    (0, [], Due(0, 0, (), 10)),
    (3, [0], Due(10, 0, (), 20)),
    (12, [0], Due(10, 2, (), 20)),
    (12, [0, 11], Due(20, 0, (), 30)),
    (35, [0], Due(30, 5, (10, 20), 40)),
    (20, [0], Due(20, 0, (10,), 30)),
    (35, [0, 10, 31], Due(40, 0, (20,), 55)),
    (120, [0, 10, 20, 30, 40, 55, 70, 85, 100], Due(120, 0, (), None)),
    (130, list(DRIP), Due(None)),
    (130, [0, 120], Due(None, 0, (10, 20, 30, 40, 55, 70, 85, 100))),
    (-5, [], Due(0, 0, (), 10)),
    (48, [0, 10, 20, 30, 47], Due(55, 0, (), 70)),  # 47 is nearest to 40
    (49, [0, 10, 20, 30, 48], Due(70, 0, (40,), 85)),  # 48 is nearest to 55
]


@pytest.mark.parametrize(("now", "recorded", "expected"), DUE, ids=range(len(DUE)))
def test_what_is_due_next(now: int, recorded: list[int], expected: Due) -> None:
    assert due(DRIP, now, recorded) == expected
    assert due(DRIP, now, recorded[::-1]) == expected


def test_esketamine_is_measured_at_40_and_120() -> None:
    assert due((0, 40, 120), 20, [0]) == Due(40, 0, (), 120)
    assert due((), 20) == Due(None)


@settings(deadline=None)
@given(st.integers(-10, 200), st.lists(st.integers(0, 150)))
def test_due_never_points_at_something_done(now: int, recorded: list[int]) -> None:
    found = due(DRIP, now, recorded)
    done = {min(DRIP, key=lambda s: (abs(s - m), s)) for m in recorded}
    assert found.minute not in done
    assert not set(found.missed) & done
    assert found.overdue == max(0, now - found.minute) if found.minute is not None else not found.overdue


UNTIL = [("IV", 40, 120), ("IV", 60, 120), ("IV", 61, 121), ("SC", 0, 120), ("IN", 10, 130), ("PO", 0, 120)]


@pytest.mark.parametrize(("route", "end", "minute"), UNTIL)
def test_how_long_a_patient_is_observed(route: str, end: int, minute: int) -> None:
    assert observed_until(route, end) == minute


FALLING: list[tuple[list[tuple[int | None, int | None]], bool | None]] = [
    ([], None),
    ([(120, 80)], None),
    ([(120, 80), (150, 95), (140, 90)], True),
    ([(120, 80), (140, 90), (150, 95)], False),
    ([(120, 80), (150, 95), (140, 95)], False),  # the diastolic is not
    ([(120, 80), (120, 80)], True),  # it never rose
    ([(120, 80), (150, 95), (140, None)], None),
    ([(None, 80), (150, 95), (140, 90)], None),
    ([(120, 80), (None, 95), (118, 90)], True),
]


@pytest.mark.parametrize(("course", "expected"), FALLING, ids=range(len(FALLING)))
def test_falling(course: list[tuple[int | None, int | None]], expected: bool | None) -> None:
    sets = [vitals(10 * n, *numbers) for n, numbers in enumerate(course)]
    assert falling(sets) is expected
    assert falling(sets[::-1]) is expected


# --- leaving --------------------------------------------------------------------------------------------


def leaving(**changes: Any) -> LeavingFacts:
    """Everything recorded, everything well."""
    last = {k: changes.pop(k) for k in ("systolic", "diastolic", "spo2", "moaas") if k in changes}
    final = vitals(120, **{"systolic": 130, "diastolic": 80} | last)
    defaults: dict[str, Any] = {
        "route": "IV",
        "minute": 120,
        "end_minute": 40,
        "vitals": (vitals(0, 124, 78), vitals(40, 150, 92), final),
        "cadss6": 1,
        "cadss6_before": 0,
        "padss": 9,
        "on_air": True,
        "walks_unaided": True,
        "uncontrolled_vomiting": False,
        "cssrs_new_risk": False,
        "escort_present": True,
    }
    return LeavingFacts(**defaults | changes)


def line(id: str, **changes: Any) -> Line:
    return next(found for found in discharge(leaving(**changes)) if found.id == id)


ORDER = [
    "CSSRS_DISCHARGE",
    "STAY",
    "AWAKE",
    "DISSOCIATION",
    "BLOOD_PRESSURE",
    "SPO2",
    "RECOVERY_SCORE",
    "WALKS_UNAIDED",
    "VOMITING",
    "ESCORT_PRESENT",
]


def test_the_checklist_suicide_risk_first() -> None:
    lines = discharge(leaving())
    assert [found.id for found in lines] == ORDER
    assert overall(lines) is GO


def test_nothing_recorded_is_unknown_everywhere() -> None:
    assert {found.verdict for found in discharge(LeavingFacts("IV", 200))} == {UNKNOWN}


NO_SCORE: dict[str, Any] = {"cadss6": None, "cadss6_before": None}
LEAVING: list[tuple[str, dict[str, Any], Verdict]] = [
    ("CSSRS_DISCHARGE", {"cssrs_new_risk": True}, HOLD),
    ("CSSRS_DISCHARGE", {"cssrs_new_risk": None}, UNKNOWN),
    ("STAY", {"minute": 119}, HOLD),
    ("STAY", {"minute": 120, "end_minute": 61}, HOLD),
    ("STAY", {"minute": 121, "end_minute": 61}, GO),
    ("STAY", {"end_minute": None}, UNKNOWN),
    ("STAY", {"route": "IN", "minute": 129, "end_minute": 10}, HOLD),
    ("AWAKE", {"moaas": 4}, HOLD),
    ("AWAKE", {"moaas": None}, UNKNOWN),
    ("DISSOCIATION", {"cadss6": 2}, HOLD),
    ("DISSOCIATION", {"cadss6": 3, "cadss6_before": 2}, GO),
    ("DISSOCIATION", {"cadss6_before": None}, UNKNOWN),
    ("DISSOCIATION", {"cadss6": None}, UNKNOWN),
    ("DISSOCIATION", NO_SCORE | {"cadss": 6, "cadss_before": 2}, GO),
    ("DISSOCIATION", NO_SCORE | {"cadss": 7, "cadss_before": 2}, HOLD),
    ("DISSOCIATION", {"cadss6": 9, "cadss": 6, "cadss_before": 2}, GO),  # either scale will do
    ("BLOOD_PRESSURE", {"systolic": 160, "diastolic": 90}, HOLD),  # still the session's highest
    ("BLOOD_PRESSURE", {"systolic": 149, "diastolic": 91}, GO),
    ("BLOOD_PRESSURE", {"systolic": 161, "diastolic": 80}, HOLD),
    ("BLOOD_PRESSURE", {"systolic": 120, "diastolic": 101}, HOLD),
    ("BLOOD_PRESSURE", {"systolic": 120, "diastolic": None}, UNKNOWN),
    ("BLOOD_PRESSURE", {"systolic": None, "diastolic": 101}, HOLD),
    ("BLOOD_PRESSURE", {"vitals": (vitals(120),)}, UNKNOWN),
    ("BLOOD_PRESSURE", {"vitals": (vitals(0, 124, 78), vitals(40, 175, 105), vitals(120, 160, 100))}, GO),
    ("SPO2", {"spo2": 93}, HOLD),
    ("SPO2", {"spo2": 94}, GO),
    ("SPO2", {"spo2": None}, UNKNOWN),
    ("SPO2", {"on_air": False}, HOLD),
    ("SPO2", {"on_air": None}, UNKNOWN),
    ("RECOVERY_SCORE", {"padss": 8}, HOLD),
    ("RECOVERY_SCORE", {"padss": None}, UNKNOWN),
    ("RECOVERY_SCORE", {"padss": 8, "aldrete": 9}, GO),
    ("RECOVERY_SCORE", {"padss": None, "aldrete": 9}, GO),
    ("WALKS_UNAIDED", {"walks_unaided": False}, HOLD),
    ("WALKS_UNAIDED", {"walks_unaided": None}, UNKNOWN),
    ("VOMITING", {"uncontrolled_vomiting": True}, HOLD),
    ("VOMITING", {"uncontrolled_vomiting": None}, UNKNOWN),
    ("ESCORT_PRESENT", {"escort_present": False}, HOLD),
    ("ESCORT_PRESENT", {"escort_present": None}, UNKNOWN),
]


@pytest.mark.parametrize(("id", "changes", "expected"), LEAVING, ids=range(len(LEAVING)))
def test_each_line_of_the_checklist(id: str, changes: dict[str, Any], expected: Verdict) -> None:
    found = line(id, **changes)
    assert found.verdict is expected
    assert bool(found.resolves) is (expected is not GO)


def test_each_line_is_tried() -> None:
    assert {id for id, _, _ in LEAVING} == set(ORDER)


def test_the_newest_set_decides_in_any_order() -> None:
    sets = (vitals(0, 124, 78), vitals(40, 150, 92, moaas=3), vitals(120, 130, 80))
    for order in (sets, sets[::-1]):
        assert overall(discharge(leaving(vitals=order))) is GO
