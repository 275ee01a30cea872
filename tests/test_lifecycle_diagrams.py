"""The life of a course as its table has it, and the page that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ketplan.clinical.course_states import (
    ACTIONS,
    COURSE_STATES,
    FINAL,
    Action,
    CourseState,
    actions_in,
    state_after,
)
from ketplan.errors import RefusedError
from ketplan.lifecycle_diagrams import page

PAGE = Path(__file__).parents[1] / "docs" / "lifecycle.md"


def test_the_page_shows_the_tables_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m ketplan.lifecycle_diagrams docs/lifecycle.md"


def test_every_state_has_a_rule_and_every_action_a_way() -> None:
    assert set(COURSE_STATES) == set(CourseState)
    assert set(ACTIONS) == set(Action)
    assert all(rule.leads and rule.who == "signer" and len(rule.asks) == 2 for rule in ACTIONS.values())


@pytest.mark.parametrize("state", CourseState, ids=lambda s: s.value)
def test_a_state_goes_on_or_is_final_and_then_bars_dosing(state: CourseState) -> None:
    onward = set(actions_in(state, doses_given=1))
    assert bool(onward) is (state not in FINAL)
    assert bool(COURSE_STATES[state].no_dose) is (state in FINAL or state is CourseState.ON_HOLD)


def test_a_course_with_a_dose_was_no_error() -> None:
    assert state_after(Action.VOID, CourseState.ACTIVE, 0) is CourseState.IN_ERROR
    with pytest.raises(RefusedError):
        state_after(Action.VOID, CourseState.ACTIVE, 1)
