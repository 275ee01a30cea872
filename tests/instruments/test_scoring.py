"""Scoring: missing is missing, out of range is refused, totals are recomputed and compared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.scoring import Check, Score, score
from ketplan.clinical.instruments.table import INSTRUMENTS, instrument
from ketplan.errors import InputError

GAD7 = instrument("GAD-7")
WITH_ITEMS = [i for i in INSTRUMENTS if i.items]


def answered(row: Instrument, points: int) -> dict[str, int | None]:
    return {item.id: points for item in row.scored_items}


def test_a_full_form_has_a_total() -> None:
    found = score(GAD7, answered(GAD7, 2))
    assert found == Score("GAD-7", 14, answers=tuple((f"gad7-{n}", 2) for n in range(1, 8)))


@pytest.mark.parametrize("left_out", [{"gad7-4": None}, {}])
def test_a_missing_answer_is_no_zero(left_out: dict[str, int | None]) -> None:
    answers = answered(GAD7, 2)
    del answers["gad7-4"]
    found = score(GAD7, answers | left_out)
    assert found.total is None
    assert found.missing == ("gad7-4",)


def test_nothing_answered_is_everything_missing() -> None:
    found = score(GAD7)
    assert (found.total, len(found.missing)) == (None, 7)


STATED = [
    (14, Check.AGREES),
    (13, Check.DIFFERS),
    (None, Check.NOT_STATED),
]


@pytest.mark.parametrize(("stated", "check"), STATED)
def test_a_stated_total_is_compared(stated: int | None, check: Check) -> None:
    found = score(GAD7, answered(GAD7, 2), stated)
    assert (found.total, found.stated, found.check) == (14, stated, check)


def test_a_stated_total_does_not_fill_in_for_missing_answers() -> None:
    found = score(GAD7, {"gad7-1": 2}, 14)
    assert (found.total, found.stated, found.check) == (None, 14, Check.NOT_CHECKED)


REFUSED: list[tuple[str, dict[str, int | None], int | None]] = [
    ("GAD-7", {"gad7-1": 4}, None),
    ("GAD-7", {"gad7-1": -1}, None),
    ("GAD-7", {"gad7-1": True}, None),
    ("GAD-7", {"gad7-1": 1.0}, None),  # type: ignore[dict-item]
    ("GAD-7", {"gad7-8": 1}, None),
    ("GAD-7", {}, 22),
    ("GAD-7", {}, -1),
    ("PSWQ", {}, 15),
    ("PSWQ", {}, 81),
    ("CGI-S", {"cgi-s": 0}, None),
    ("CGI-S", {"cgi-s": 8}, None),
    ("VAS", {"vas-anxiety": 101}, None),
    ("TWO-ITEM", {"two-mood": 11}, None),
    ("BSI", {}, -1),
    ("LSAS", {"lsas-1": 1}, 30),
    ("C-SSRS", {}, 3),
    ("C-SSRS", {}, None),
]


@pytest.mark.parametrize(("id", "answers", "stated"), REFUSED, ids=range(len(REFUSED)))
def test_out_of_range_is_refused(id: str, answers: dict[str, int | None], stated: int | None) -> None:
    with pytest.raises(InputError):
        score(instrument(id), answers, stated)


@pytest.mark.parametrize(("id", "total"), [("LSAS", 0), ("LSAS", 144), ("PSWQ", 16), ("PSWQ", 80)])
def test_the_ends_of_the_range_are_in_it(id: str, total: int) -> None:
    assert score(instrument(id), {}, total).total == total


def test_the_refusal_says_the_range_and_no_answer() -> None:
    with pytest.raises(InputError, match=r"^GAD-7: a total lies in 0 to 21\.$"):
        score(GAD7, {}, 99)
    with pytest.raises(InputError, match="0 or more"):
        score(instrument("BSI"), {}, -5)


def test_an_instrument_without_items_takes_a_total() -> None:
    lsas = instrument("LSAS")
    assert score(lsas, {}, 92) == Score("LSAS", 92, (), 92, Check.NOT_CHECKED)
    assert score(lsas).missing == ("total",)
    assert score(lsas).total is None
    assert score(instrument("BSI"), {}, 300).total == 300


def test_the_question_on_difficulty_neither_counts_nor_is_missed() -> None:
    phq9 = instrument("PHQ-9")
    assert score(phq9, answered(phq9, 1)).total == 9
    assert score(phq9, answered(phq9, 1) | {"phq9-difficulty": 3}).total == 9


ALARMS: list[tuple[str, dict[str, int | None], tuple[str, ...]]] = [
    ("PHQ-9", {"phq9-9": 1}, ("phq9-9",)),
    ("PHQ-9", {"phq9-9": 0}, ()),
    ("PHQ-9", {"phq9-8": 3}, ()),
    ("LUTS", {"luts-blood": 1}, ("luts-blood",)),
    ("LUTS", {"luts-pain": 1}, ()),
]


@pytest.mark.parametrize(("id", "answers", "alarms"), ALARMS, ids=range(len(ALARMS)))
def test_some_answers_call_for_a_clinician_by_themselves(
    id: str, answers: dict[str, int | None], alarms: tuple[str, ...]
) -> None:
    found = score(instrument(id), answers)
    assert found.alarms == alarms
    assert found.total is None


@st.composite
def forms(draw: st.DrawFn) -> tuple[Instrument, dict[str, int | None]]:
    row = draw(st.sampled_from(WITH_ITEMS))
    answers: dict[str, int | None] = {}
    for item in row.items:
        allowed = [c.points for c in item.choices] or list(range(item.span[0], item.span[1] + 1))  # type: ignore[index]
        answers[item.id] = draw(st.none() | st.sampled_from(allowed))
    return row, answers


@settings(deadline=None)
@given(forms())
def test_missing_is_never_scored_as_zero(form: tuple[Instrument, dict[str, int | None]]) -> None:
    row, answers = form
    found = score(row, answers)
    missing = tuple(i.id for i in row.scored_items if answers[i.id] is None)
    assert found.missing == missing
    if missing:
        assert found.total is None
    else:
        assert found.total == sum(answers[i.id] or 0 for i in row.scored_items)


@settings(deadline=None)
@given(forms(), st.randoms())
def test_the_order_of_answers_means_nothing(
    form: tuple[Instrument, dict[str, int | None]], random: object
) -> None:
    row, answers = form
    shuffled = list(answers.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert score(row, dict(shuffled)) == score(row, answers)
