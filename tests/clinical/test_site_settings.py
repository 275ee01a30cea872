"""A site's settings file: what it may change, how far, and the sentence that refuses the rest."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal

import pytest

from ketplan import config
from ketplan.clinical import site_settings
from ketplan.clinical.house import GROUPS, House, group
from ketplan.clinical.library import SHIPPED, Library
from ketplan.clinical.setting import described, settable
from ketplan.errors import ConfigError


def read(toml: str, country: str = "US") -> tuple[House, Library]:
    return site_settings.read(tomllib.loads(toml, parse_float=Decimal), country)


def test_without_settings_everything_is_as_shipped() -> None:
    assert read("", "DE") == (House(country="DE"), SHIPPED)


def test_protocols_are_switched_and_set() -> None:
    _, library = read(
        """
        [protocol.IV6_2PW]
        mg_per_kg = 0.4
        minutes = 60
        day_offsets = [0, 4, 7, 11, 14, 18]
        titration = [{ after = 3, improvement_below_pct = 25, mg_per_kg = 0.65 }]
        ceiling_mg_per_kg = 0.75
        floor_mg_per_kg = 0.3
        [protocol.SC_ASC_WEEKLY]
        enabled = true
        mg_per_kg = [0.25, 0.5, 0.75]
        [protocol.ESK_LABEL]
        enabled = false
        """
    )
    drip, spray = library.protocol("IV6_2PW"), library.protocol("ESK_LABEL")
    (step,) = drip.titration
    assert (drip.mg_per_kg, drip.minutes) == ((Decimal("0.4"),), 60)
    assert drip.day_offsets == (0, 4, 7, 11, 14, 18)
    assert (step.after, step.improvement_below_pct, step.mg_per_kg) == (3, 25, Decimal("0.65"))
    assert (drip.floor_mg_per_kg, drip.ceiling_mg_per_kg) == (Decimal("0.3"), Decimal("0.75"))
    assert library.protocol("SC_ASC_WEEKLY").mg_per_kg[-1] == Decimal("0.75")
    assert library.offered("SC_ASC_WEEKLY") is not None
    assert library.offered("ESK_LABEL") is None and spray.day_offsets
    assert library.protocol("IV1") == SHIPPED.protocol("IV1")


def test_courses_are_set() -> None:
    _, library = read(
        "[course.CBT_GAD_14]\nminutes = 50\n[course.OST_PHOBIA_4_CBTONLY]\nday_offsets = [0, 2, 9, 30]"
    )
    assert {library.course("CBT_GAD_14").minutes_of(n) for n in range(1, 15)} == {50}
    assert library.course("OST_PHOBIA_4_CBTONLY").offsets == (0, 2, 9, 30)
    assert library.course("CBT_SAD_14") == SHIPPED.course("CBT_SAD_14")


def test_a_session_can_have_its_own_length() -> None:
    _, library = read("[course.OST_PHOBIA_4_CBTONLY]\nminutes = [60, 150, 45, 45]")
    assert [library.course("OST_PHOBIA_4_CBTONLY").minutes_of(n) for n in range(1, 5)] == [60, 150, 45, 45]


def test_house_defaults_are_set() -> None:
    house, _ = read(
        """
        [house]
        trial_days = 42
        ecg_for_all = true
        first_dose_mg_per_kg_from_65 = 0.3
        esketamine_first_mg_from_65 = 28
        cbt_window_hours = [24, 48]
        """
    )
    assert house == House(
        trial_days=42,
        ecg_for_all=True,
        first_dose_mg_per_kg_from_65=Decimal("0.3"),
        esketamine_first_mg_from_65=28,
        cbt_window_hours=(24, 48),
    )


IV = "[protocol.IV6_2PW]\n"
SC = "[protocol.SC_ASC_WEEKLY]\n"
PO = "[protocol.PO_SUPERVISED]\n"
GAD = "[course.CBT_GAD_14]\n"
HOUSE = "[house]\n"
# Courses that go on where the widest gap between doses is set.
_TIGHTER = ("IV6_2PW", "IV3_QW", "SC_ASC_WEEKLY", "ESK_LABEL")
WIDE = "".join(f"[protocol.{id}]\nenabled = false\n" for id in _TIGHTER)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        # hard ceilings
        (IV + "mg_per_kg = 1.2", "IV6_2PW: 1.2 mg/kg is above the ceiling of 1.0 mg/kg."),
        (IV + "mg_per_kg = 1.001", "IV6_2PW: 1.001 mg/kg is above the ceiling of 1.0 mg/kg."),
        (
            IV + "mg_per_kg = 1.2\nceiling_mg_per_kg = 1.5",
            "IV6_2PW: a ceiling of 1.5 mg/kg is above the hard ceiling of 1.0 mg/kg.",
        ),
        (SC + "mg_per_kg = [0.5, 1.0, 1.5]", "SC_ASC_WEEKLY: 1.5 mg/kg is above the ceiling of 1.0 mg/kg."),
        (PO + "mg_per_kg = 3", "PO_SUPERVISED: 3 mg/kg is above the ceiling of 2.5 mg/kg."),
        (
            PO + "ceiling_mg_per_kg = 2.6",
            "PO_SUPERVISED: a ceiling of 2.6 mg/kg is above the hard ceiling of 2.5 mg/kg.",
        ),
        (
            HOUSE + "first_dose_mg_per_kg_from_65 = 0.6",
            "first_dose_mg_per_kg_from_65 in [house]: 0.6 mg/kg is above the most allowed, 0.5 mg/kg"
            " (ceiling from 65 on, 8b).",
        ),
        (
            HOUSE + "dose_gap_hours = 47",
            "dose_gap_hours in [house]: 47 h is below the least allowed, 48 h"
            " (the tightest schedule tested is every two days).",
        ),
        (
            IV + "day_offsets = [0, 1, 7, 10, 14, 17]",
            "IV6_2PW: doses on days 0 and 1 are closer than the gap of 48 h.",
        ),
        (
            HOUSE + "dose_gap_hours = 72",
            "IV6_3PW: doses on days 0 and 2 are closer than the gap of 72 h.",
        ),
        (HOUSE + "esketamine_first_mg_from_65 = 84", "84 mg is above the most allowed, 56 mg"),
        (
            HOUSE + "esketamine_first_mg_from_65 = 42",
            "esketamine_first_mg_from_65 in [house]: 42 mg is not a whole number of 28 mg devices.",
        ),
        # within the protocol
        (IV + "mg_per_kg = 0.2", "IV6_2PW: 0.2 mg/kg is below the floor of 0.25 mg/kg."),
        (
            IV + "mg_per_kg = 0.05\nfloor_mg_per_kg = 0.05",
            "IV6_2PW: 0.05 mg/kg is below 0.1 mg/kg, the least that was studied.",
        ),
        (
            IV + "floor_mg_per_kg = 0.05",
            "IV6_2PW: a floor of 0.05 mg/kg is below 0.1 mg/kg, the least that was studied.",
        ),
        (IV + "ceiling_mg_per_kg = 0.4", "IV6_2PW: 0.5 mg/kg is above the ceiling of 0.4 mg/kg."),
        (SC + "mg_per_kg = [0.5, 0.25, 1.0]", "SC_ASC_WEEKLY: ascending doses must not go down."),
        (SC + "mg_per_kg = 0.5", "SC_ASC_WEEKLY: mg_per_kg takes 3 doses."),
        (IV + "mg_per_kg = [0.5, 0.5]", "IV6_2PW: mg_per_kg takes one dose."),
        (IV + "minutes = 30", "IV6_2PW: an infusion over 30 min is outside 40 to 60 min."),
        (IV + "minutes = 61", "IV6_2PW: an infusion over 61 min is outside 40 to 60 min."),
        (SC + "minutes = 40", "SC_ASC_WEEKLY: only an infusion has minutes."),
        ("[protocol.ESK_LABEL]\nmg_per_kg = 0.5", "ESK_LABEL: esketamine is dosed by device, not by weight."),
        ("[protocol.ESK_LABEL]\nceiling_mg_per_kg = 1", "ESK_LABEL: esketamine has no limit by weight."),
        (
            IV + "day_offsets = [0, 3, 7, 10, 14]",
            "IV6_2PW: day_offsets must be a list of 6 whole numbers.",
        ),
        (IV + "day_offsets = [1, 3, 7, 10, 14, 17]", "IV6_2PW: the first dose is on day 0, not on day 1."),
        (
            "[protocol.IV3_QW]\nday_offsets = [0, 7, 92]",
            "IV3_QW: a dose on day 92 is later than day 91, when a course is authorised anew.",
        ),
        # titration
        (
            "[protocol.IV1]\ntitration = [{ after = 1, improvement_below_pct = 20, mg_per_kg = 0.75 }]",
            "IV1: this protocol has no titration.",
        ),
        (
            IV + "titration = [{ after = 2, improvement_below_pct = 20, mg_per_kg = 0.8 }]",
            "IV6_2PW: a titration step from 0.5 to 0.8 mg/kg is not a step up of at most 0.25 mg/kg.",
        ),
        (
            IV + "titration = [{ after = 2, improvement_below_pct = 20, mg_per_kg = 0.5 }]",
            "IV6_2PW: a titration step from 0.5 to 0.5 mg/kg is not a step up of at most 0.25 mg/kg.",
        ),
        (
            IV + "mg_per_kg = 0.9\ntitration = [{ after = 2, improvement_below_pct = 20, mg_per_kg = 1.1 }]",
            "IV6_2PW: a titration step to 1.1 mg/kg is above the ceiling of 1.0 mg/kg.",
        ),
        (
            IV + "titration = [{ after = 6, improvement_below_pct = 20, mg_per_kg = 0.75 }]",
            "IV6_2PW: a titration step after dose 6 does not fit 6 doses.",
        ),
        (
            IV + "titration = [{ after = 2, improvement_below_pct = 80, mg_per_kg = 0.75 }]",
            "IV6_2PW: a titration step below 80 % improvement is outside 1 to 50 %.",
        ),
        (
            IV + "titration = [{ after = 2 }]",
            "IV6_2PW: titration: every step needs after, improvement_below_pct, mg_per_kg.",
        ),
        (IV + "titration = false", "IV6_2PW: titration must be a list of steps, [] for none."),
        # therapy
        (GAD + "minutes = 20", "CBT_GAD_14: a session of 20 min is outside 30 to 180 min."),
        (GAD + "minutes = [60, 60]", "CBT_GAD_14: minutes must be a list of 14 whole numbers."),
        (
            GAD + "day_offsets = [0, 4, 8, 11, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78]",
            "CBT_GAD_14: no session on day 0, the day of the first dose, or before day -7.",
        ),
        (
            "[course.OST_PHOBIA_4_WITH_K]\nday_offsets = [-8, 1, 8, 22]",
            "OST_PHOBIA_4_WITH_K: no session on day 0, the day of the first dose, or before day -7.",
        ),
        (
            "[course.OST_PHOBIA_4_WITH_K]\nday_offsets = [-1, 8, 8, 22]",
            "OST_PHOBIA_4_WITH_K: there is one session a day, each later than the one before.",
        ),
        # house defaults
        (HOUSE + "trial_days = 10", "trial_days in [house]: 10 days is below the least allowed, 28 days."),
        (
            HOUSE + "cbt_window_hours = [12, 72]",
            "cbt_window_hours in [house]: 12 h is below the least allowed, 17 h (17 h after a dose [M:WIL17]"
            " to 14 days [F:ROD16] is what trials did).",
        ),
        (
            HOUSE + "cbt_window_hours = [72, 24]",
            "cbt_window_hours in [house]: 72 h does not come before",
        ),
        (HOUSE + "cbt_window_hours = 24", "cbt_window_hours in [house] must be a list of 2 whole numbers."),
        # the other tables
        (
            "[pressure]\nhold_systolic = 170",
            "hold_systolic in [pressure]: 170 mmHg is above the most allowed, 160 mmHg"
            " (8b; nearest published is 165/100 [F:ROD20]).",
        ),
        (
            "[session]\nstop_systolic = 180\npause_systolic = 181",
            "pause_systolic in [session]: 181 mmHg is above the most allowed, 180 mmHg",
        ),
        (
            "[results]\nqtc_hold = 471\nqtc_review = 480",
            "qtc_review in [results]: 480 ms is above the most allowed, 470 ms",
        ),
        (
            "[freshness]\npregnancy = 8",
            "pregnancy in [freshness]: 8 days is above the most allowed, 7 days (3.3, 8b).",
        ),
        ("[freshness]\nvitals = 0", "vitals in [freshness]: 0 days is below the least allowed, 1 days"),
        (
            "[review]\nliver_stop_multiple = 6",
            "liver_stop_multiple in [review]: 6 times is above the most allowed",
        ),
        (
            "[review]\nlate_review_days = [91, 91, 364]",
            "late_review_days in [review]: 91 days does not come before 91 days.",
        ),
        (
            "[review]\nlate_review_days = [91, 182]",
            "late_review_days in [review] must be a list of 3 whole numbers.",
        ),
        ("[session]\nfood_hours = 5.5", "food_hours in [session]: 5.5 h is below the least allowed, 6 h"),
        ("[weight]\nlongest_days = 400", "longest_days in [weight]: 400 days is above the most allowed"),
        ("[entry]\nlsas = 20", "lsas in [entry]: 20 points is below the least allowed, 30 points"),
        ("[entry]\nphq_9 = 10", "phq_9 is not known in [entry]; known are gad_7, lsas, "),
        (
            "[pressure]\nreview_systolic = 140\nhold_systolic = 141\ncrisis_systolic = 159",
            "crisis_systolic in [pressure]: 159 mmHg is below the least allowed, 160 mmHg",
        ),
        # what is not known, and wrong kinds
        (HOUSE + "trial_weeks = 8", "trial_weeks is not known in [house]; known are "),
        (HOUSE + 'country = "DE"', "country is not known in [house]; known are "),
        (IV + "dose = 0.5", "dose is not known in [protocol.IV6_2PW]; known are enabled, mg_per_kg, "),
        (GAD + "titles = []", "titles is not known in [course.CBT_GAD_14]; known are minutes, day_offsets."),
        ("[protocol.IV9]\nenabled = false", "There is no protocol IV9; known are IV6_2PW, "),
        ("[protocol.NONE]\nenabled = false", "There is no protocol NONE; known are IV6_2PW, "),
        ("[course.CBT]\nminutes = 50", "There is no course CBT; known are CBT_GAD_14, "),
        ("protocol = 3", "A protocol is set in a table of its own, such as [protocol.IV6_2PW]."),
        ("[protocol]\nIV1 = 3", "In [protocol.IV1] a table is expected."),
        ("house = 3", "In [house] a table is expected."),
        (IV + 'enabled = "no"', "IV6_2PW: enabled must be true or false."),
        (IV + "mg_per_kg = true", "IV6_2PW: mg_per_kg must be a number."),
        (IV + "mg_per_kg = nan", "IV6_2PW: mg_per_kg must be a number."),
        (IV + 'mg_per_kg = "0.5"', "IV6_2PW: mg_per_kg must be a number."),
        (IV + "minutes = 40.5", "IV6_2PW: minutes must be a whole number."),
        (HOUSE + "trial_days = true", "trial_days in [house] must be a whole number."),
        (HOUSE + "ecg_for_all = 1", "ecg_for_all in [house] must be true or false."),
    ],
)
def test_what_is_refused_is_told_in_one_sentence(toml: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(toml)
    assert sentence in str(caught.value)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


def test_a_larger_gap_fits_once_the_tight_course_is_off() -> None:
    house, _ = read(HOUSE + "dose_gap_hours = 72\n[protocol.IV6_3PW]\nenabled = false")
    assert house.dose_gap_hours == 72


def test_the_settings_file_is_documented_as_it_is_read() -> None:
    rows = config.describe()
    for table in GROUPS:
        lines = [line for line in described(group(House(), table)) if line.name != "country"]
        told = {r.name: (r.default, r.meaning) for r in rows if r.table == table}
        assert {name: default for name, (default, _) in told.items()} == {x.name: x.shipped for x in lines}
        assert all(x.words in told[x.name][1] and x.allowed in told[x.name][1] for x in lines)
    assert [r.name for r in rows if r.table == "protocol"] == list(site_settings.PROTOCOL_KEYS)
    assert [r.name for r in rows if r.table == "course"] == list(site_settings.COURSE_KEYS)


@pytest.mark.parametrize(
    "row", [r for r in config.describe() if r.table in config.CLINICAL], ids=lambda r: f"{r.table}-{r.name}"
)
def test_every_example_is_one_that_is_read_and_changes_something(row: config.Setting) -> None:
    heading = {"protocol": "protocol.IV6_2PW", "course": "course.CBT_GAD_14"}.get(row.table, row.table)
    extra = "[protocol.IV6_3PW]\nenabled = false\n" if row.name == "dose_gap_hours" else ""
    assert read(f"{extra}[{heading}]\n{row.name} = {row.example}") != (House(), SHIPPED)


def test_every_range_holds_the_shipped_value_and_both_its_edges() -> None:
    for table in GROUPS:
        shipped = group(House(), table)
        for f in settable(shipped):
            if f.metadata["allowed"] is None or isinstance(f.default, tuple):
                continue
            low, high = f.metadata["allowed"]
            assert low <= f.default <= high, f.name
            for edge in {low, high}:
                read(f"[{table}]\n{f.name} = {edge}\n[protocol.IV6_3PW]\nenabled = false\n{WIDE}")


def test_the_ladder_is_one_for_the_assessment_and_the_day_of_a_dose() -> None:
    house, _ = read("[pressure]\nhold_systolic = 150\n[session]\nstay_minutes = 150")
    assert house.pressure is house.session.pressure
    assert (house.pressure.hold_systolic, house.session.stay_minutes) == (150, 150)


def test_the_tables_are_those_the_settings_file_knows() -> None:
    assert config.CLINICAL == site_settings.TABLES
