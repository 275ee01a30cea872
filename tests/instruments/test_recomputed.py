"""Totals found in a chart beside what their answers add up to: shown, never resolved in silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ketplan import workflow
from ketplan.cli import report
from ketplan.clinical.draft import draft
from ketplan.clinical.instruments.on_record import totals
from ketplan.clinical.instruments.recomputed import contradictions
from ketplan.clinical.instruments.table import BY_ID
from ketplan.clinical.record import LOINC, Answer, Code, Observation, Value
from ketplan.clinical.view import View
from ketplan.compose import practice_of
from ketplan.config import Site
from tests.clinical.builders import AS_OF, START, a_ready_record, an_observation, found, judged

POINTS = {0: "LA6568-5", 1: "LA6569-3", 2: "LA6570-1", 3: "LA6571-9"}
DRINKS = ("68518-0", "68519-8", "68520-6")


def answers(id: str, points: list[int | None], days: int = 4, reference: str = "") -> list[Observation]:
    """Answers in LOINC's codes, one resource together where it has a reference."""
    items = BY_ID[id].scored_items
    given = [
        an_observation(item.loinc, Answer((Code(LOINC, POINTS[p]),)), days)
        for item, p in zip(items, points, strict=True)
        if p is not None
    ]
    return [replace(o, reference=reference) for o in given] if reference else given


def view_of(*also: Observation, disorder: str = "GAD") -> View:
    return View(a_ready_record(disorder, also=also), AS_OF, START)


AGREES: list[Any] = [
    [1, 1, 1, 1, 1, 1, 1, 1, 1],
    [None, 1, 1, 1, 1, 1, 1, 1, 1],
    [0, *[None] * 7, 0],
]
DIFFERS: list[Any] = [
    ([2, 2, 2, 2, 2, 2, 2, 0, 0], "9 is stated, its answers add up to 14"),
    ([0] * 9, "9 is stated, its answers add up to 0"),
    ([3, 3, 3, 3, None, None, None, None, None], "9 is stated, its answers add up to 12 to 27"),
    ([0, 0, 0, 0, 0, 0, 0, None, None], "9 is stated, its answers add up to 0 to 6"),
]


@pytest.mark.parametrize("points", AGREES)
@pytest.mark.parametrize("reference", ["", "QuestionnaireResponse/1"])
def test_a_total_its_answers_allow_stands(points: list[int | None], reference: str) -> None:
    """The ready record states PHQ-9 9; what is not answered is not zero."""
    view = view_of(*answers("PHQ-9", points, reference=reference))
    assert contradictions(view) == ()
    assert len(totals(view, BY_ID["PHQ-9"])) == 1


@pytest.mark.parametrize(("points", "words"), DIFFERS)
@pytest.mark.parametrize("reference", ["", "QuestionnaireResponse/1"])
def test_a_difference_is_told_and_leaves_the_work_up_open(
    points: list[int | None], words: str, reference: str
) -> None:
    told = answers("PHQ-9", points, reference=reference)
    (one,) = contradictions(view_of(*told))
    assert words in one.words
    assert {e.reference for e in one.evidence} == {o.reference for o in told}
    assessment = judged(a_ready_record("GAD", also=told))
    (open_,) = (f for f in assessment.findings if f.id == "WORKUP_INCOMPLETE")
    assert words in open_.text
    assert {o.reference for o in told} <= {e.reference for e in open_.evidence}


def test_answers_of_another_day_or_another_filling_in_do_not_count() -> None:
    assert contradictions(view_of(*answers("PHQ-9", [3] * 9, days=5))) == ()
    both = [
        *answers("PHQ-9", [3] * 9, reference="QuestionnaireResponse/1"),
        *answers("PHQ-9", [1] * 9, reference="QuestionnaireResponse/2"),
    ]
    assert contradictions(view_of(*both)) == ()


@pytest.mark.parametrize(
    "value",
    [2, "2", Answer((), "More than half the days"), Answer((), "more than half the days")],
    ids=["number", "text", "words", "small letters"],
)
def test_an_answer_is_read_as_number_and_as_words(value: Value) -> None:
    told = [an_observation(item.loinc, value, 4) for item in BY_ID["GAD-7"].items]
    (one,) = contradictions(view_of(*told))
    assert (one.stated, one.lowest) == (Decimal(17), 14)


def test_an_answer_that_is_none_is_unanswered() -> None:
    told = [an_observation(item.loinc, "sometimes", 4) for item in BY_ID["GAD-7"].items]
    assert contradictions(view_of(*told)) == ()


def test_a_rule_that_either_number_sets_off_is_set_off() -> None:
    """GAD-7 17 is stated and the answers say 7: below entry. AUDIT-C 1 is stated and they say 12."""
    low = answers("GAD-7", [1] * 7)
    assert "SEVERITY_BELOW_ENTRY" in found(a_ready_record("GAD", also=low))
    high = answers("GAD-7", [3] * 7)
    assert "SEVERITY_BELOW_ENTRY" not in found(a_ready_record("GAD", also=high))
    drinks = [an_observation(loinc, 4, 4) for loinc in DRINKS]
    assert "SUD_HISTORY" in found(a_ready_record("GAD", also=drinks))


def test_a_contradicted_total_is_no_baseline() -> None:
    (goal,) = draft(judged(a_ready_record("GAD", also=answers("GAD-7", [1] * 7)))).goals
    assert goal.baseline is None
    view = view_of(*answers("GAD-7", [1] * 7))
    assert {r.total for r in totals(view, BY_ID["GAD-7"])} == {17, 7}


def test_answers_to_our_own_form_are_compared_too() -> None:
    form = "https://ketplan.example/Questionnaire/pcl-5"
    told = [replace(an_observation("0", 1, 4), codes=(Code(form, item.id),)) for item in BY_ID["PCL-5"].items]
    (one,) = contradictions(view_of(*told, disorder="PTSD"))
    assert (one.instrument, one.stated, one.lowest) == ("PCL-5", 56, 20)


def test_the_print_out_asks_which_is_right() -> None:
    proposal = workflow.propose(
        a_ready_record("GAD", also=answers("PHQ-9", [3] * 9)),
        server="",
        as_of=AS_OF,
        start=START,
        practice=practice_of(Site(timezone="America/Chicago")),
        now=datetime(2026, 2, 16, 15, tzinfo=UTC),
    )
    sentence = "PHQ-9 of 2026-02-12: 9 is stated, its answers add up to 27"
    assert report.as_json(proposal)["contradicted_totals"] == [sentence]
    assert f"Which is right? {sentence}." in report.as_text(proposal)
