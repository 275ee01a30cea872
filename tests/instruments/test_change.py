"""Bands, cuts, response, remission, reliable change; what may be compared with what."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.instruments.change import (
    Rating,
    band,
    change,
    cut_reached,
    not_comparable,
    rating,
    reliable_change,
    remission,
    response,
)
from ketplan.clinical.instruments.scoring import score
from ketplan.clinical.instruments.table import INSTRUMENTS, WITH_AGORAPHOBIA, instrument

DAY = date(2026, 3, 2)


def a_rating(id: str, total: int | str | None, days: int = 0, recall: int | None = None) -> Rating:
    return Rating(id, DAY + timedelta(days=days), None if total is None else Decimal(total), recall)


def after(
    id: str, before: int, now: int | None, days: int = 28, recall: int | None = None
) -> tuple[Rating, Rating]:
    if id == "PCL-5" and recall is None:
        recall = 30
    return a_rating(id, before, 0, recall), a_rating(id, now, days, recall)


BANDS = [
    ("GAD-7", 4, "", "minimal"),
    ("GAD-7", 5, "", "mild"),
    ("GAD-7", 9, "", "mild"),
    ("GAD-7", 10, "", "moderate"),
    ("GAD-7", 14, "", "moderate"),
    ("GAD-7", 15, "", "severe"),
    ("GAD-7", None, "", None),
    ("PDSS", 1, "", "normal"),
    ("PDSS", 2, "", "borderline"),
    ("PDSS", 2, WITH_AGORAPHOBIA, "normal"),
    ("PDSS", 3, WITH_AGORAPHOBIA, "borderline"),
    ("PDSS", 13, "", "moderately ill"),
    ("PDSS", 14, "", "markedly ill"),
    ("PDSS", 15, WITH_AGORAPHOBIA, "moderately ill"),
    ("PDSS", 16, WITH_AGORAPHOBIA, "markedly ill"),
    ("Y-BOCS", 7, "", "subclinical"),
    ("Y-BOCS", 8, "", "mild"),
    ("Y-BOCS", 16, "", "moderate"),
    ("Y-BOCS", 24, "", "severe"),
    ("Y-BOCS", 31, "", "severe"),
    ("Y-BOCS", 32, "", "extreme"),
    ("PHQ-9", 20, "", None),  # the source gives no bands
]


@pytest.mark.parametrize(("id", "total", "banding", "expected"), BANDS)
def test_bands(id: str, total: int | None, banding: str, expected: str | None) -> None:
    assert band(instrument(id), total, banding) == expected


CUTS = [
    ("GAD-7", 10, "", True),
    ("GAD-7", 9, "", False),
    ("GAD-7", None, "", None),
    ("PHQ-2", 3, "", True),
    ("PHQ-9", 9, "", False),
    ("HAM-A", 20, "", False),
    ("HAM-A", 21, "", True),
    ("AUDIT-C", 3, "men", False),
    ("AUDIT-C", 4, "men", True),
    ("AUDIT-C", 3, "women", True),
    ("AUDIT-C", 3, "", None),  # it depends on who it is
    ("AUDIT-C", 4, "", True),
    ("AUDIT-C", 2, "", False),
    ("AUDIT-C", 4, "children", None),
    ("SLUMS", 26, "high school", True),
    ("SLUMS", 26, "less than high school", False),
    ("SLUMS", 26, "", None),
    ("MoCA", 25, "", True),
    ("MoCA", 26, "", False),
    ("BPIC-SS", 19, "", True),
    ("LUTS", 1, "", True),
    ("MOAAS", 4, "", True),
    ("MOAAS", 5, "", False),
    ("LSAS", 29, "", False),
    ("LSAS", 30, "", True),
    ("LSAS", 59, "generalized", False),
    ("WSAS", 40, "", None),
]


@pytest.mark.parametrize(("id", "total", "group", "expected"), CUTS)
def test_cuts(id: str, total: int | None, group: str, expected: bool | None) -> None:
    assert cut_reached(instrument(id), total, group) is expected


RESPONSE = [
    ("GAD-7", 16, 8, True),
    ("GAD-7", 16, 9, False),
    ("LSAS", 100, 72, True),
    ("LSAS", 100, 73, False),
    ("LSAS", 144, 104, False),  # 27.8 %
    ("LSAS", 144, 103, True),
    ("PDSS", 20, 12, True),
    ("PDSS", 20, 13, False),
    ("Y-BOCS", 20, 13, True),
    ("Y-BOCS", 20, 14, False),
    ("PCL-5", 60, 42, True),  # 30 % and 18 points
    ("PCL-5", 60, 43, False),
    ("PCL-5", 40, 28, False),  # 30 % but only 12 points
    ("PCL-5", 40, 25, True),  # 15 points
    ("PCL-5", 40, 26, False),
    ("SMSP", 30, 15, True),
    ("HAM-A", 30, 16, False),
    ("PHQ-9", 20, 5, None),  # no response rule in the table
    ("GAD-7", 0, 0, None),  # nothing can fall from 0
    ("GAD-7", 16, None, None),
]


@pytest.mark.parametrize(("id", "before", "now", "expected"), RESPONSE)
def test_response(id: str, before: int, now: int | None, expected: bool | None) -> None:
    assert response(*after(id, before, now)) is expected


PARTIAL = [
    ("GAD-7", 16, 12, True),
    ("GAD-7", 16, 13, False),
    ("GAD-7", 16, 8, False),
    ("Y-BOCS", 20, 15, True),
    ("Y-BOCS", 20, 13, False),
    ("PCL-5", 40, 27, True),  # 32 %, yet short of 15 points
    ("LSAS", 100, 74, True),
    ("LSAS", 100, 72, False),
    ("GAD-7", 10, 15, False),
    ("GAD-7", 16, None, None),
    ("PHQ-9", 20, 10, None),  # without a response there is no part of one
]


@pytest.mark.parametrize(("id", "before", "now", "expected"), PARTIAL)
def test_partial_is_a_quarter_up_to_the_response(
    id: str, before: int, now: int | None, expected: bool | None
) -> None:
    assert change(*after(id, before, now)).partial() is expected


REMISSION = [
    ("GAD-7", 4, True),
    ("GAD-7", 5, False),
    ("PHQ-9", 4, True),
    ("PDSS", 5, True),
    ("PDSS", 6, False),
    ("LSAS", 35, True),
    ("LSAS", 36, False),
    ("Y-BOCS", 12, True),
    ("Y-BOCS", 13, False),
    ("PCL-5", 28, True),
    ("PCL-5", 29, False),
    ("SMSP", 0, None),
    ("GAD-7", None, None),
]


@pytest.mark.parametrize(("id", "total", "expected"), REMISSION)
def test_remission(id: str, total: int | None, expected: bool | None) -> None:
    assert remission(a_rating(id, total)) is expected


RELIABLE = [
    ("GAD-7", 12, 8, True),
    ("GAD-7", 12, 9, False),
    ("GAD-7", 8, 12, True),  # worse counts as well
    ("PHQ-9", 12, 7, True),
    ("PHQ-9", 12, 8, False),
    ("PCL-5", 50, 35, True),
    ("PCL-5", 50, 36, False),
    ("LSAS", 100, 10, None),
]


@pytest.mark.parametrize(("id", "before", "now", "expected"), RELIABLE)
def test_reliable_change(id: str, before: int, now: int, expected: bool | None) -> None:
    assert reliable_change(*after(id, before, now)) is expected


def test_the_change_in_numbers() -> None:
    found = change(*after("GAD-7", 17, 9))
    assert (found.points, found.pct, found.unknown) == (8, Decimal("47.1"), "")
    assert change(*after("GAD-7", 9, 17)).points == -8
    assert change(*after("GAD-7", 0, 3)).pct is None
    assert change(*after("SLUMS", 28, 24)).points == -4, "fewer points in SLUMS are worse"


NOT_COMPARABLE = [
    (a_rating("GAD-7", 16), a_rating("GAD-7", 8, 13), "13 days apart"),
    (a_rating("GAD-7", 16), a_rating("GAD-7", 8, 14), ""),
    (a_rating("GAD-7", 16), a_rating("GAD-7", 8, 0), "not later"),
    (a_rating("GAD-7", 16, 9), a_rating("GAD-7", 8, 0), "not later"),
    (a_rating("GAD-7", 16), a_rating("PHQ-9", 8, 28), "different instruments"),
    (a_rating("GAD-7", None), a_rating("GAD-7", 8, 28), "incomplete"),
    (a_rating("GAD-7", 16), a_rating("GAD-7", None, 28), "incomplete"),
    (a_rating("GAD-7", 16), a_rating("GAD-7", 8, 28, 7), "different or unknown periods"),
    (a_rating("GAD-7", 16, recall=14), a_rating("GAD-7", 8, 28), ""),
    (a_rating("PCL-5", 56, recall=30), a_rating("PCL-5", 30, 28, 7), "different or unknown periods"),
    (a_rating("PCL-5", 56, recall=7), a_rating("PCL-5", 30, 7, 7), ""),
    (a_rating("PCL-5", 56), a_rating("PCL-5", 30, 28), "different or unknown periods"),
    (a_rating("LSAS", 90), a_rating("LSAS", 40, 1), ""),
]


@pytest.mark.parametrize(("baseline", "now", "words"), NOT_COMPARABLE, ids=range(len(NOT_COMPARABLE)))
def test_only_equal_windows_are_compared(baseline: Rating, now: Rating, words: str) -> None:
    why = not_comparable(baseline, now)
    assert words in why
    assert bool(why) is bool(words)
    found = change(baseline, now)
    if words:
        assert found.unknown == why
        assert {found.points, found.pct, found.response, found.reliable, found.remission} == {None}
        assert found.partial() is None


def test_a_score_becomes_a_rating() -> None:
    gad7 = instrument("GAD-7")
    full = score(gad7, {i.id: 1 for i in gad7.items})
    assert rating(full, DAY, reference="Observation/1") == Rating(
        "GAD-7", DAY, Decimal(7), None, "Observation/1"
    )
    assert rating(score(gad7), DAY).total is None


@settings(deadline=None)
@given(st.sampled_from(INSTRUMENTS), st.integers(0, 144), st.integers(0, 144), st.integers(0, 100))
def test_no_answer_without_a_comparison(row: object, before: int, now: int, days: int) -> None:
    id = row.id  # type: ignore[attr-defined]
    found = change(a_rating(id, before), a_rating(id, now, days))
    if found.unknown:
        assert found.response is None
        assert found.improved_by(0) is None
    elif found.response:
        assert found.partial() is False
        assert now < before
