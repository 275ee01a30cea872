"""The picture of a score over a course: where the marks stand and what they say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.progress.course_now import CourseNow, course_now
from ketplan.clinical.progress.facts import Happened
from ketplan.clinical.progress.history import History
from ketplan.clinical.progress.limits import Limits
from ketplan.web.pictures.curve import curve
from ketplan.web.pictures.picture import Picture
from tests.clinical_progress.builders import a_plan

START = date(2026, 3, 2)


def rated(*totals: int | None, every: int = 14) -> tuple[Rating, ...]:
    known = [None if t is None else Decimal(t) for t in totals]
    days = [START - timedelta(days=3) + timedelta(days=every * n) for n in range(len(known))]
    return tuple(Rating("GAD-7", on, total, 14) for on, total in zip(days, known, strict=True))


def drawn(*totals: int | None) -> Picture | None:
    return curve(gad(rated(*totals)), Limits())


def gad(ratings: tuple[Rating, ...]) -> CourseNow:
    as_of = START + timedelta(days=60)
    plan = a_plan("GAD", start=START)
    return course_now(plan, Happened(ratings=ratings), History(), as_of, ZoneInfo("Europe/Zurich"))


def test_each_rating_stands_at_its_day_and_height() -> None:
    found = drawn(16, 12, 7)
    assert found
    assert [d.text for d in found.lines[0].dots] == ["16", "12", "7"]
    assert [d.reached for d in found.lines[0].dots] == [False, False, True]
    assert [d.x for d in found.lines[0].dots] == sorted({d.x for d in found.lines[0].dots})
    assert found.lines[0].dots[0].y < found.lines[0].dots[1].y < found.lines[0].dots[2].y
    assert found.lines[0].path.startswith(f"M{found.lines[0].dots[0].x} {found.lines[0].dots[0].y} L")


def test_the_bands_fill_the_scale_without_a_gap() -> None:
    found = drawn(16, 12)
    assert found
    assert [s.words for s in found.stripes] == ["minimal", "mild", "moderate", "severe"]
    assert sum(s.height for s in found.stripes) == pytest.approx(found.bottom - found.top, abs=0.5)


def test_reliable_change_response_and_remission_are_lines_with_their_numbers() -> None:
    found = drawn(16, 12)
    assert found
    assert [level.words for level in found.levels] == [
        "reliable: 12 or less",
        "response: 8 or less",
        "remission: below 5",
    ]


@pytest.mark.parametrize("totals", [(), (16,), (16, None)])
def test_one_number_is_no_curve(totals: tuple[int | None, ...]) -> None:
    assert drawn(*totals) is None


def test_who_cannot_see_it_is_told_the_same() -> None:
    found = drawn(16, 12, 7)
    assert found
    assert "16 on 27 Feb 2026 to 7 on 27 Mar 2026, a change of 9" in found.summary
    assert found.lines[0].dots[2].said == "27 Mar 2026: 7, response, reliable change"


def test_near_ratings_keep_their_labels_apart() -> None:
    found = curve(gad(rated(16, 15, 14, 13, every=1)), Limits())
    assert found
    assert [d.labelled for d in found.lines[0].dots] == [True, False, False, True]
