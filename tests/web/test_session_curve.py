"""What happened within a session, and a weight over time, as pictures with their numbers behind them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ketplan.clinical.record import Observation
from ketplan.clinical.session.ladder import Pressure
from ketplan.clinical.session.limits import SessionLimits
from ketplan.clinical.session.sheet import Measured, Sheet
from ketplan.clinical.view import View
from ketplan.web.pictures.picture import Axis, Dot, Level, apart, labelled
from ketplan.web.pictures.session_curve import session_curve
from ketplan.web.pictures.weight_curve import weight_curve
from ketplan.web.presenters import words
from tests.clinical.builders import AS_OF, a_record, kg

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def a_sheet() -> Sheet:
    return Sheet(
        before={"cadss6_before": 0},
        pressures=(Pressure(at(-15), 128, 80),),
        dose={"started": START, "ended": at(40), "cadss6_during": 7},
        sets=(
            Measured(at(10), 150, 92, moaas=5),
            Measured(at(40), 186, 104, moaas=4),
            Measured(at(60), 140, 84),
        ),
        leaving={"cadss6_leaving": 1, "left": at(130)},
    )


def test_a_session_shows_every_pressure_with_the_limits_that_pause_and_stop() -> None:
    found = session_curve(a_sheet(), SessionLimits())
    assert found
    systolic, diastolic = found.lines
    assert [d.text for d in systolic.dots] == ["128", "150", "186", "140"]
    assert [d.text for d in diastolic.dots] == ["80", "92", "104", "84"]
    heights = {level.words: level.y for level in found.levels}
    top = min(systolic.dots, key=lambda d: d.y)
    assert heights["stop: systolic 200"] < top.y < heights["pause: systolic 180"]
    assert "highest systolic 186 at minute 40" in found.summary


def test_dissociation_and_sedation_stand_below_and_in_the_table() -> None:
    found = session_curve(a_sheet(), SessionLimits())
    assert found
    lanes = {lane.name: [mark.words for mark in lane.marks] for lane in found.lanes}
    assert lanes == {"MOAA/S": ["5", "4"], "CADSS-6": ["0", "7", "1"]}
    assert ("40", "186/104", "4", "–") in found.rows
    assert ("during", "–", "–", "CADSS-6 7") in found.rows


def test_a_pressure_beyond_the_picture_is_drawn_at_its_edge_with_its_own_number() -> None:
    far = replace(a_sheet(), sets=(Measured(at(10), 290, 130),))
    found = session_curve(far, SessionLimits())
    assert found
    highest = found.lines[0].dots[-1]
    assert (highest.y, highest.text) == (found.top, "290")


def test_a_session_that_has_not_started_has_no_picture() -> None:
    assert session_curve(replace(a_sheet(), dose={}), SessionLimits()) is None
    unmeasured = replace(a_sheet(), pressures=(), sets=(Measured(at(5), heart_rate=70),))
    assert session_curve(unmeasured, SessionLimits()) is None


# --- weight -------------------------------------------------------------------------------------------------


def a_view(*facts: Observation) -> View:
    return View(a_record(*facts), AS_OF, AS_OF)


def test_weights_are_shown_in_kilograms_newest_first_in_the_table() -> None:
    found = weight_curve(a_view(kg(70, days=3), kg(150, days=20, unit="[lb_av]")), Decimal(70), 10)
    assert found
    assert found.rows == (
        (words.full_day(AS_OF - timedelta(days=3)), "70 kg"),
        (words.full_day(AS_OF - timedelta(days=20)), "68 kg"),
    )
    assert [level.words for level in found.levels] == ["new dose: 10 % up", "new dose: 10 % down"]


def test_one_weight_is_no_curve() -> None:
    assert weight_curve(a_view(kg(70)), None, 10) is None


# --- the shared helper --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "pixel"), [(0, 100), (50, 150), (100, 200)])
def test_an_axis_turns_values_into_pixels(value: int, pixel: float) -> None:
    assert Axis(0, 100, 100, 200)(value) == pixel


def test_labels_and_the_words_of_levels_keep_clear_of_each_other() -> None:
    dots = labelled(Dot(x, 0, "1", "") for x in (100, 0, 10))
    assert [(d.x, d.labelled) for d in dots] == [(0, True), (10, False), (100, True)]
    levels = apart([Level(52, "b", ""), Level(50, "a", ""), Level(100, "c", "")])
    assert [level.text_y for level in levels] == [54, 68, 104]
