"""Suicide risk: protocol facts 8b, "Suicide risk comes first", and the C-SSRS rows of the gate."""

from __future__ import annotations

from typing import Any

import pytest

from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.record import LOINC, Answer, Code, Observation, PatientRecord
from tests.clinical.builders import (
    a_condition,
    a_ready_record,
    ago,
    an_observation,
    cls_of,
    drafted,
    found,
    judged,
    text_of,
)

WISH, THOUGHTS, METHOD, INTENT, PLAN = "93246-7", "93247-5", "93248-3", "93249-1", "93250-9"
LIFETIME, THREE_MONTHS, ITEM_9 = "93267-3", "93269-9", "44260-8"
LEVELS = {"SI_HIGH", "SI_MODERATE", "SI_LOW"}


def screened(*answers: tuple[str, Any, int]) -> PatientRecord:
    """A ready record with C-SSRS answers of (item, answer, days before AS_OF) besides its all-no."""
    return a_ready_record(also=[an_observation(code, value, days) for code, value, days in answers])


def complete(days: int = 2, **yes: str) -> PatientRecord:
    """A full C-SSRS of one day with yes to the items named."""
    items = (WISH, THOUGHTS, METHOD, INTENT, PLAN, LIFETIME, THREE_MONTHS)
    said = set(yes.values())
    return screened(*((item, "Yes" if item in said else "No", days) for item in items))


# Which answers of one complete screen lead to which level.
LEVEL = [
    ({}, set()),
    ({"a": WISH}, {"SI_LOW"}),
    ({"a": THOUGHTS}, {"SI_LOW"}),
    ({"a": METHOD}, {"SI_MODERATE"}),
    ({"a": LIFETIME}, {"SI_MODERATE"}),
    ({"a": INTENT}, {"SI_HIGH"}),
    ({"a": PLAN}, {"SI_HIGH"}),
    ({"a": THREE_MONTHS}, {"SI_HIGH"}),
    ({"a": LIFETIME, "b": THREE_MONTHS}, {"SI_HIGH"}),
]


@pytest.mark.parametrize(("yes", "expected"), LEVEL, ids=[str(list(y.values())) for y, _ in LEVEL])
def test_one_item_gives_its_level(yes: dict[str, str], expected: set[str]) -> None:
    assert found(complete(**yes)) == expected


def test_of_several_items_the_highest_level_is_there() -> None:
    assert "SI_HIGH" in found(complete(a=WISH, b=THOUGHTS, c=METHOD, d=INTENT, e=PLAN))
    assert found(complete(a=WISH, b=THOUGHTS, c=METHOD)) & LEVELS >= {"SI_MODERATE"}


@pytest.mark.parametrize(
    ("item", "days", "expected"),
    [
        (INTENT, 30, True),
        (INTENT, 31, False),
        (PLAN, 30, True),
        (PLAN, 31, False),
        (THREE_MONTHS, 90, True),
        (THREE_MONTHS, 91, False),
    ],
)
def test_a_yes_is_high_risk_for_its_period(item: str, days: int, expected: bool) -> None:
    assert ("SI_HIGH" in found(screened((item, "Yes", days)))) is expected


@pytest.mark.parametrize("item", [INTENT, PLAN, THREE_MONTHS])
def test_a_later_all_no_does_not_release_it(item: str) -> None:
    later = [(i, "No", 1) for i in (WISH, THOUGHTS, METHOD, INTENT, PLAN, LIFETIME, THREE_MONTHS)]
    assert "SI_HIGH" in found(screened((item, "Yes", 20), *later))


def test_an_undated_yes_might_be_recent() -> None:
    undated = an_observation(INTENT, "Yes", when=None)
    assert "SI_HIGH" in found(a_ready_record(also=[undated]))


def test_a_yes_after_the_as_of_date_has_not_happened() -> None:
    assert found(screened((INTENT, "Yes", -1))) == set()


LIFETIME_ROWS = [
    ([(LIFETIME, "Yes", 2)], {"SI_HIGH", "WORKUP_INCOMPLETE"}),
    ([(LIFETIME, "Yes", 2), (THREE_MONTHS, "No", 2)], {"SI_MODERATE"}),
    ([(LIFETIME, "Yes", 2), (THREE_MONTHS, "Yes", 2)], {"SI_HIGH"}),
    ([(LIFETIME, "Yes", 2), (THREE_MONTHS, "Refused", 2)], {"SI_HIGH", "WORKUP_INCOMPLETE"}),
]


@pytest.mark.parametrize(("answers", "expected"), LIFETIME_ROWS, ids=range(len(LIFETIME_ROWS)))
def test_lifetime_behaviour_asks_for_the_last_three_months(
    answers: list[tuple[str, Any, int]], expected: set[str]
) -> None:
    assert found(screened(*answers)) == expected


GATE = [
    ([(THOUGHTS, "Yes", 2)], True),
    ([(THOUGHTS, "Yes", 2), (METHOD, "No", 2), (INTENT, "No", 2)], True),
    ([(THOUGHTS, "Yes", 2), (METHOD, "No", 2), (INTENT, "No", 2), (PLAN, "No", 2)], False),
    ([(WISH, "Yes", 2)], False),
]


@pytest.mark.parametrize(("answers", "incomplete"), GATE, ids=range(len(GATE)))
def test_thoughts_call_for_three_more_items(answers: list[tuple[str, Any, int]], incomplete: bool) -> None:
    assert ("WORKUP_INCOMPLETE" in found(screened(*answers))) is incomplete


@pytest.mark.parametrize("item", ["cssrs_wish", "cssrs_thoughts", "cssrs_behaviour"])
def test_each_of_the_three_first_items_is_wanted(item: str) -> None:
    assert found(a_ready_record(without=[item])) == {"WORKUP_INCOMPLETE"}
    assert found(a_ready_record(days={item: 14})) == set()
    assert found(a_ready_record(days={item: 15})) == {"WORKUP_INCOMPLETE"}


def test_an_answer_that_is_neither_yes_nor_no_is_unanswered() -> None:
    record = a_ready_record(without=["cssrs_wish"], also=[an_observation(WISH, "Patient refused", 2)])
    assert found(record) == {"WORKUP_INCOMPLETE"}


@pytest.mark.parametrize(
    "value",
    [True, "Yes", "yes", Answer((Code(LOINC, "LA33-6", "Yes"),)), Answer((Code("", "373066001"),))],
    ids=str,
)
def test_yes_is_understood_however_it_is_recorded(value: Any) -> None:
    assert "SI_HIGH" in found(screened((INTENT, value, 2)))


# --- PHQ-9 item 9 ---------------------------------------------------------------------------------------

ITEM_ROWS = [
    (0, 3, set()),
    (1, 3, {"PHQ9_ITEM9_POSITIVE"}),
    (3, 3, {"PHQ9_ITEM9_POSITIVE"}),
    (1, 4, set()),  # the C-SSRS is of the same day
    (1, 5, set()),  # and this one of a later day
    (Answer((Code(LOINC, "LA6569-3", "Several days"),)), 3, {"PHQ9_ITEM9_POSITIVE"}),
    (Answer((Code(LOINC, "LA6568-5", "Not at all"),)), 3, set()),
]


@pytest.mark.parametrize(("value", "days", "expected"), ITEM_ROWS, ids=range(len(ITEM_ROWS)))
def test_item_nine_wants_a_columbia_screen_of_that_day_or_later(
    value: Any, days: int, expected: set[str]
) -> None:
    assert found(screened((ITEM_9, value, days))) == expected


def test_a_newer_zero_settles_item_nine() -> None:
    assert found(screened((ITEM_9, 2, 3), (ITEM_9, 0, 2))) == set()


# --- first, whatever else there is ------------------------------------------------------------------------


def test_classes() -> None:
    assert cls_of(complete(a=INTENT), "SI_HIGH") is FindingClass.HOLD
    assert cls_of(complete(a=METHOD), "SI_MODERATE") is FindingClass.REVIEW
    assert cls_of(complete(a=WISH), "SI_LOW") is FindingClass.REVIEW


def test_it_stands_first_even_above_a_block() -> None:
    record = a_ready_record(also=[a_condition("58214004"), an_observation(INTENT, "Yes", 3)])
    verdict = judged(record)
    assert verdict.decision is Decision.BLOCKED
    assert verdict.findings[0].id == "SI_HIGH"
    assert verdict.findings[0].evidence
    assert "uicide" in drafted(record).alternative_steps[0]


def test_it_is_computed_without_a_target_disorder_and_for_therapy_alone() -> None:
    answer = an_observation(PLAN, "Yes", 3)
    assert "SI_HIGH" in found(a_ready_record(without=["disorder"], also=[answer]))
    assert "SI_HIGH" in found(a_ready_record(also=[answer]), cbt_only=True)


def test_the_finding_says_to_escalate() -> None:
    assert "alone" in text_of(complete(a=PLAN), "SI_HIGH")


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_an_answer_that_was_a_mistake_is_none(status: str) -> None:
    mistake = Observation(
        "Observation/x", (Code(LOINC, INTENT),), value=Answer((), "Yes"), when=ago(1), status=status
    )
    assert found(a_ready_record(also=[mistake])) == set()
