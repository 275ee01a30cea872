"""A clinic's settings, its closed days, and where public holidays come from."""

from __future__ import annotations

from datetime import date, time

import pytest

from ketplan.clinical.plan import VisitKind
from ketplan.errors import InputError
from ketplan.scheduling.clinic_hours import HOUSE_WINDOW_DAYS
from ketplan.scheduling.holidays_calendar import public_holidays
from tests.scheduling.builders import a_clinic

THURSDAY, SATURDAY = date(2026, 11, 26), date(2026, 11, 28)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "America"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InputError, match="zone"):
        a_clinic(zone)


@pytest.mark.parametrize(
    "settings",
    [
        {"hours": {0: (time(18), time(8))}},
        {"on_call": (time(8), time(8))},
        {"grid_minutes": 0},
        {"search_days": -1},
        {"cbt_window_hours": (72, 24)},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InputError):
        a_clinic(**settings)


def test_closed_days_say_why() -> None:
    clinic = a_clinic(closures={THURSDAY: "Thanksgiving Day"}, hours={3: (time(8), time(18))})
    assert clinic.closed(THURSDAY) == "the clinic is closed (Thanksgiving Day)"
    assert clinic.closed(SATURDAY) == "the clinic is closed at weekends"
    assert clinic.closed(date(2026, 11, 25)) == "the clinic does not open on that weekday"
    assert clinic.closed(date(2026, 11, 19)) is None


def test_every_kind_of_visit_has_a_window_and_a_preferred_time() -> None:
    assert {kind.value for kind in VisitKind} <= HOUSE_WINDOW_DAYS.keys()
    assert a_clinic().preferred.keys() == set(VisitKind)


def test_a_visit_without_a_line_has_its_kinds_window() -> None:
    assert a_clinic().window_for("review_9_weeks", VisitKind.FOLLOW_UP) == HOUSE_WINDOW_DAYS["follow_up"]


def test_public_holidays_by_country_and_part() -> None:
    assert public_holidays("US/NY", [2026])[THURSDAY] == "Thanksgiving Day"
    england, scotland = (public_holidays(name, (2026, 2027)) for name in ("GB/ENG", "GB/SCT"))
    assert date(2026, 11, 30) in scotland.keys() - england.keys()
    assert {day.year for day in england} == {2026, 2027}


@pytest.mark.parametrize("name", ["", "XX", "US/ZZ"])
def test_an_unknown_holiday_calendar_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="holiday"):
        public_holidays(name, [2026])
