"""The sheet of a dosing visit: what was typed, what it means, and what may be passed with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.findings import Finding, FindingClass
from ketplan.clinical.rules import finding
from ketplan.clinical.screens.limits import PressureLimits
from ketplan.clinical.session.asked import BEFORE, DOSE, LEAVING, SET, Field, Kind, read, read_symptoms
from ketplan.clinical.session.day_of_dose import DayFacts, go_no_go
from ketplan.clinical.session.during import Symptom
from ketplan.clinical.session.ladder import Pressure
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.lines import Line, Verdict
from ketplan.clinical.session.sheet import (
    ChartFacts,
    Measured,
    Override,
    PlannedDose,
    Sheet,
    day_facts,
    leaving_facts,
    mg_per_kg,
)
from ketplan.clinical.session.starting import Way, bars, chart_lines, fingerprint, way_past

NY = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=-5)))
PLANNED = PlannedDose(
    "plan-1", "infusion-1", "Infusion 1", 1, "IV", "ketamine", "6130", 40, 35, Decimal("0.5"), Decimal(70)
)
ALL_WELL = DayFacts(
    on=NOW.date(),
    route="IV",
    dose_number=1,
    age=40,
    pressures=(Pressure(NOW, 120, 78),),
    heart_rate=70,
    spo2=98,
    cssrs_change=False,
    alcohol_24h=False,
    cannabis_24h=False,
    hours_since_food=Decimal(9),
    hours_since_fluid=Decimal(3),
    escort=True,
    asked_for_pregnancy=True,
    hcg_on=NOW.date(),
    hcg_positive=False,
    new_medication=False,
    febrile=False,
    new_urinary_symptoms=False,
    weight_kg=Decimal(70),
    planned_weight_kg=Decimal(70),
    consent_reaffirmed=True,
    antihypertensive_prescribed=False,
    contraindications_attested=True,
)


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


# --- what was typed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("heart_rate", " 72 ", 72),
        ("weight_kg", "70,5", Decimal("70.5")),
        ("escort", "no", False),
        ("hcg_result", "negative", "negative"),
        ("hcg_on", "2026-03-01", date(2026, 3, 1)),
        ("last_food", "2026-03-01T22:00", datetime(2026, 3, 2, 3, 0, tzinfo=timezone(timedelta()))),
        ("escort_name", "Ana", "Ana"),
    ],
)
def test_what_is_typed_is_understood_in_the_site_s_time(name: str, text: str, value: object) -> None:
    found = read(BEFORE, {name: text}, NY, NOW)
    assert (found.values[name], found.problems) == (value, {})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("heart_rate", "72.5"),
        ("heart_rate", "19"),
        ("heart_rate", "251"),
        ("heart_rate", "٧٢"),
        ("spo2", "101"),
        ("weight_kg", "NaN"),
        ("weight_kg", "1e3"),
        ("escort", "maybe"),
        ("hcg_on", "2026-03-03"),
        ("hcg_on", "2025-12-01"),
        ("last_food", "2026-03-02T09:30"),
        ("last_food", "yesterday"),
        ("escort_name", "x" * 1001),
    ],
)
def test_what_is_not_understood_is_marked_and_does_not_count(name: str, text: str) -> None:
    found = read(BEFORE, {name: text, "spo2": "98"} if name != "spo2" else {name: text}, NY, NOW)
    assert name in found.problems and name not in found.values


# What a slip of the finger cannot be: the lowest and the highest that is believed.
RANGES = {
    "systolic": (40, 300),
    "diastolic": (20, 200),
    "heart_rate": (20, 250),
    "spo2": (50, 100),
    "weight_kg": (30, 300),
    "cadss6_before": (0, 24),
    "cadss_before": (0, 92),
    "cadss6_during": (0, 24),
    "cadss_during": (0, 92),
    "cadss6_leaving": (0, 24),
    "cadss_leaving": (0, 92),
    "mg": (1, 500),
    "moaas": (0, 5),
    "padss": (0, 10),
    "aldrete": (0, 10),
}
NUMBERS = {f.name: f for f in (*BEFORE, *DOSE, *SET, *LEAVING) if f.kind in (Kind.WHOLE, Kind.DECIMAL)}


def test_every_number_has_its_range_and_its_ends_belong_to_it() -> None:
    assert NUMBERS.keys() == RANGES.keys()
    for name, (low, high) in RANGES.items():
        for text in (str(low), str(high)):
            assert read([NUMBERS[name]], {name: text}, NY, NOW).values == {name: int(text)}
        for text in (str(low - 1), str(high + 1)):
            assert read([NUMBERS[name]], {name: text}, NY, NOW).problems.keys() == {name}


def test_a_test_of_today_and_of_sixty_days_ago_may_be_entered() -> None:
    today = NOW.date()
    for days, understood in ((0, True), (60, True), (61, False), (-1, False)):
        on = today - timedelta(days=days)
        assert ("hcg_on" in read(BEFORE, {"hcg_on": on.isoformat()}, NY, NOW).values) is understood


def test_minutes_stay_right_in_the_night_the_clocks_change() -> None:
    later = datetime(2026, 3, 8, 8, 0, tzinfo=timezone(timedelta()))
    typed = {"started": "2026-03-08T01:30", "ended": "2026-03-08T03:30"}
    found = read(DOSE, typed, NY, later).values
    assert found["ended"] - found["started"] == minutes(60)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([f.name for f in (*BEFORE, *DOSE, *SET, *LEAVING)]), st.text()))
def test_anything_may_be_typed(typed: dict[str, str]) -> None:
    for fields in (BEFORE, DOSE, SET, LEAVING):
        found = read(fields, typed, NY, NOW)
        assert not found.values.keys() & found.problems.keys()


def test_symptoms_not_ticked_were_not_asked() -> None:
    assert read_symptoms([]) == (None, "")
    assert read_symptoms(["none"]) == (frozenset(), "")
    assert read_symptoms(["seizure", "odd"])[0] == {Symptom.SEIZURE}
    found, problem = read_symptoms(["none", "seizure"])
    assert found == {Symptom.SEIZURE} and problem


def test_every_field_has_words_and_a_range() -> None:
    for field in (*BEFORE, *DOSE, *SET, *LEAVING):
        assert field.words
        if field.kind in (Kind.WHOLE, Kind.DECIMAL):
            assert field.low < field.high
        assert bool(field.choices) is (field.kind is Kind.CHOICE)
    assert Field("x", "x", Kind.WORDS, routes=("IN",)).asked_by("IV") is False


# --- what it means ----------------------------------------------------------------------------------------


def facts_of(sheet: Sheet, chart: ChartFacts | None = None, at: datetime = NOW) -> DayFacts:
    return day_facts(sheet, PLANNED, chart or ChartFacts(), at, NY)


def test_only_readings_of_the_day_before_the_moment_count() -> None:
    readings = (
        Pressure(NOW - timedelta(days=1), 110, 70),
        Pressure(NOW - minutes(5), 120, 80),
        Pressure(NOW + minutes(5), 190, 120),
    )
    assert facts_of(Sheet(pressures=readings)).pressures == readings[1:2]


def test_hours_count_back_from_the_moment() -> None:
    sheet = Sheet({"last_food": NOW - minutes(90)})
    assert facts_of(sheet).hours_since_food == Decimal("1.5")
    assert facts_of(sheet, at=NOW + minutes(30)).hours_since_food == 2
    assert facts_of(sheet).hours_since_fluid is None


@pytest.mark.parametrize(
    ("entered", "chart", "newest"),
    [
        ({}, (date(2026, 2, 20), False), (date(2026, 2, 20), False)),
        ({"hcg_on": NOW.date(), "hcg_result": "negative"}, (date(2026, 2, 20), True), (NOW.date(), False)),
        ({"hcg_on": date(2026, 2, 1), "hcg_result": "negative"}, (NOW.date(), True), (NOW.date(), True)),
        ({"hcg_on": NOW.date(), "hcg_result": "negative"}, (NOW.date(), True), (NOW.date(), True)),
        ({"hcg_on": NOW.date()}, (None, None), (NOW.date(), None)),
        ({"hcg_on": NOW.date(), "hcg_result": "positive"}, (NOW.date(), None), (NOW.date(), True)),
        ({"hcg_on": NOW.date(), "hcg_result": "positive"}, (NOW.date(), False), (NOW.date(), True)),
        ({"hcg_on": NOW.date()}, (NOW.date(), False), (NOW.date(), False)),
    ],
)
def test_of_two_pregnancy_tests_the_newer_counts_and_of_one_day_a_positive_one(
    entered: dict[str, Any], chart: tuple[date | None, bool | None], newest: tuple[date, bool | None]
) -> None:
    facts = facts_of(Sheet(entered), ChartFacts(hcg_on=chart[0], hcg_positive=chart[1]))
    assert (facts.hcg_on, facts.hcg_positive) == newest


def test_leaving_is_judged_from_the_start_of_a_dose_that_was_given() -> None:
    sheet = Sheet(
        {"cadss6_before": 1},
        dose={"started": NOW, "ended": NOW + minutes(40)},
        sets=(Measured(NOW + minutes(120), 120, 80, 70, 98, 5, frozenset()),),
        leaving={"cadss6_leaving": 2, "walks_unaided": True},
    )
    facts = leaving_facts(sheet, PLANNED, NOW + minutes(125))
    assert facts is not None
    assert (facts.minute, facts.end_minute, facts.last.minute) == (125, 40, 120)
    assert (facts.cadss6, facts.cadss6_before, facts.walks_unaided, facts.on_air) == (2, 1, True, None)
    assert leaving_facts(replace(sheet, dose={}), PLANNED, NOW) is None
    assert leaving_facts(replace(sheet, dose={**sheet.dose, "outcome": "not-given"}), PLANNED, NOW) is None


def test_the_dose_by_weight_is_that_of_the_dosing_weight() -> None:
    assert mg_per_kg(PLANNED, Decimal(35)) == Decimal("0.50")
    assert mg_per_kg(replace(PLANNED, route="IN"), Decimal(56)) is None
    assert mg_per_kg(replace(PLANNED, dosing_weight_kg=None), Decimal(35)) is None
    assert mg_per_kg(replace(PLANNED, dosing_weight_kg=Decimal(0)), Decimal(35)) is None
    assert mg_per_kg(PLANNED, None) is None


# --- what stands in the way -------------------------------------------------------------------------------


def ways(**changes: Any) -> dict[str, Way]:
    facts = replace(ALL_WELL, **changes)
    return {bar.line.id: bar.way for bar in bars(go_no_go(facts), facts, ())}


def test_when_all_is_well_nothing_stands_in_the_way() -> None:
    assert ways() == {}


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({"cssrs_change": True}, Way.FIVE_PARTS),
        ({"cssrs_change": None}, Way.ANSWER),
        ({"pressures": ()}, Way.ANSWER),
        ({"pressures": (Pressure(NOW, 150, 80),)}, Way.ANSWER),
        ({"pressures": (Pressure(NOW - minutes(20), 150, 80), Pressure(NOW, 148, 80))}, Way.REASON),
        ({"pressures": (Pressure(NOW, 172, 104),)}, Way.REASON),
        ({"pressures": (Pressure(NOW - minutes(10), 190, 80), Pressure(NOW, 185, 80))}, Way.NEVER),
        ({"spo2": 92}, Way.REASON),
        ({"spo2": None}, Way.ANSWER),
        ({"hcg_positive": True}, Way.NEVER),
        ({"hcg_on": None, "hcg_positive": None}, Way.REASON),
        ({"weight_kg": Decimal(90)}, Way.REASON),
        ({"consent_reaffirmed": False}, Way.NEVER),
        ({"escort": False}, Way.REASON),
    ],
)
def test_how_each_line_may_be_passed(changes: dict[str, Any], way: Way) -> None:
    assert list(ways(**changes).values()) == [way]


def test_rems_is_there_or_is_not() -> None:
    found = ways(route="IN", rems_confirmed=False, uses_nasal_spray=False)
    assert found == {"REMS_NOT_CONFIRMED": Way.NEVER}


def a_finding(id: str, cls: FindingClass) -> Finding:
    return Finding(id=id, cls=cls, text=f"{id}.", source="3.1")


def test_what_the_chart_excludes_is_never_passed_and_suicide_risk_stands_first() -> None:
    findings = [
        a_finding("ALLERGY_KETAMINE", FindingClass.BLOCK),
        a_finding("SEIZURE", FindingClass.REVIEW),
        a_finding("SI_HIGH", FindingClass.HOLD),
    ]
    lines = chart_lines(findings, replace(PLANNED, no_dose=("Hold dosing.",)))
    assert [line.id for line in lines] == ["SI_HIGH", "ALLERGY_KETAMINE", "COURSE"]
    assert [way_past(line, ALL_WELL) for line in lines] == [Way.FIVE_PARTS, Way.NEVER, Way.NEVER]


def test_a_qtc_over_500_holds_until_somebody_gives_a_reason() -> None:
    held = finding("QTC_GT_500", "QTc 512 ms.")
    (line,) = chart_lines([held, finding("BP_HOLD_GE_160_100", "Blood pressure 172/104.")], PLANNED)
    assert (line.id, line.verdict, line.resolves) == ("QTC_GT_500", Verdict.HOLD, held.resolves)
    assert way_past(line, ALL_WELL) is Way.REASON


STRICT = SessionLimits(
    pressure=PressureLimits(
        review_systolic=130, review_systolic_over_65=130, hold_systolic=150, crisis_systolic=170
    )
)


@pytest.mark.parametrize(
    ("readings", "way"),
    [
        ([(0, 135, 78)], Way.ANSWER),
        ([(0, 135, 78), (20, 134, 78)], Way.REASON),
        ([(0, 152, 80)], Way.REASON),
        ([(0, 172, 100), (10, 173, 100)], Way.NEVER),
    ],
)
def test_a_stricter_site_is_stricter_about_reasons_too(
    readings: list[tuple[int, int, int]], way: Way
) -> None:
    pressures = tuple(Pressure(NOW + minutes(at), high, low) for at, high, low in readings)
    facts = replace(ALL_WELL, pressures=pressures)
    (bar,) = bars(go_no_go(facts, STRICT), facts, (), STRICT)
    assert (bar.line.id, bar.way) == ("BLOOD_PRESSURE", way)


def a_reason(line: Line, facts: DayFacts) -> Override:
    return Override(line.id, fingerprint(line, facts), "seen", "Practitioner/1", "", NOW)


def test_a_reason_counts_for_what_the_line_said_and_no_longer() -> None:
    facts = replace(ALL_WELL, pressures=(Pressure(NOW, 172, 104),))
    (bar,) = bars(go_no_go(facts), facts, ())
    passed = bars(go_no_go(facts), facts, [a_reason(bar.line, facts)])
    assert [b.override is None for b in passed] == [False]
    newer = replace(facts, pressures=(*facts.pressures, Pressure(NOW + minutes(20), 178, 108)))
    (again,) = bars(go_no_go(newer), newer, [a_reason(bar.line, facts)])
    assert again.override is None


@settings(deadline=None)
@given(st.sampled_from([f.name for f in BEFORE if f.kind is Kind.YES_NO]), st.booleans())
def test_no_reason_ever_passes_what_is_absolute(name: str, value: bool) -> None:
    if not hasattr(ALL_WELL, name):
        return
    facts = replace(ALL_WELL, hcg_positive=True, **{name: value})
    lines = go_no_go(facts)
    given_ = [a_reason(line, facts) for line in lines]
    assert any(b.line.id == "PREGNANCY_TEST" and b.override is None for b in bars(lines, facts, given_))
    unknown = {line.id for line in lines if line.verdict is Verdict.UNKNOWN}
    assert all(b.override is None for b in bars(lines, facts, given_) if b.line.id in unknown)
