"""A whole course planned at once: clock changes, leap day, year end, patients' lives, and partial booking."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from ketplan.scheduling import series
from ketplan.scheduling.checking.series import faults
from ketplan.scheduling.series.model import Patient, Request, Series
from ketplan.scheduling.series.rules import Rule
from tests.scheduling.builders import MONDAY
from tests.scheduling.series.builders import a_whole_course


def sound(request: Request) -> Series:
    found = series.plan(request)
    assert faults(request, found) == []
    return found


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("America/New_York", date(2026, 3, 2)),
        ("Europe/London", date(2026, 10, 19)),
        ("Australia/Sydney", date(2026, 3, 30)),
        ("Australia/Lord_Howe", date(2026, 9, 28)),
        ("Asia/Kolkata", date(2026, 3, 2)),
        ("Europe/London", date(2028, 2, 21)),  # a leap day in the second week
        ("America/New_York", date(2026, 12, 21)),  # year end
    ],
)
def test_a_course_from_a_monday_stands_on_its_targets_whatever_the_clocks_do(zone: str, start: date) -> None:
    found = sound(a_whole_course(zone, start))
    assert not found.refused
    assert {c.visit.key: c.start.date() for c in found.chosen} == {
        c.visit.key: c.visit.target for c in found.chosen
    }
    doses = [c for c in found.chosen if c.visit.key.startswith("infusion")]
    assert {c.start.time() for c in doses} == {time(9)}


def test_a_week_away_that_no_window_spans_is_named() -> None:
    away = (MONDAY, MONDAY + timedelta(days=6))
    found = sound(a_whole_course(patient=Patient(away=(away,))))
    assert "infusion-1" in {r.visit.key for r in found.refused}
    assert found.conflict is not None
    assert [rule.rule for rule in found.conflict.rules] == [Rule.ABSOLUTE, Rule.AWAY]
    assert {key for rule in found.conflict.rules for key in rule.keys} == {"infusion-1"}
    assert all(r.why for r in found.refused)
