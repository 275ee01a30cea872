"""Answers: accepted, edited and rejected are all kept, with reason; edits stay within the tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.progress.history import Answer, Edit, History, Verdict, keep, unanswered
from ketplan.clinical.progress.proposals import Kind, Proposal, standing
from ketplan.errors import InputError, RefusedError
from tests.clinical_progress.builders import a_dose, doses, fell, only, ratings, reviewed

NOW = datetime(2026, 3, 9, 9, 30, tzinfo=ZoneInfo("America/New_York"))
UP = only(reviewed(doses(2), ratings(fell(0, 7)), at=7), Kind.TITRATE_UP)
ADD = only(reviewed(doses(6), ratings(fell(26, 24)), at=24), Kind.ADD_INFUSIONS)
START = only(reviewed(doses(6), ratings(fell(60, 24)), at=24), Kind.START_MAINTENANCE)
DOWN = only(reviewed(doses(2, mg_per_kg="0.75", systolic=185), at=4), Kind.STEP_DOWN)
MID = only(reviewed(doses(3), ratings(fell(60, 9)), at=9), Kind.MID_COURSE_REVIEW)


def an_answer(to: Proposal = UP, verdict: Verdict = Verdict.ACCEPTED, **changes: Any) -> Answer:
    defaults: dict[str, Any] = {"clinician": "Practitioner/1", "at": NOW, "reason": "Discussed today."}
    return Answer(to.id, verdict, **defaults | changes)


def edited(to: Proposal, edit: Edit) -> Answer:
    return an_answer(to, Verdict.EDITED, edit=edit)


def test_all_three_are_kept_in_order() -> None:
    history = keep(History(), UP, an_answer(UP, reason=""))
    history = keep(history, ADD, edited(ADD, Edit(doses_added=1)))
    history = keep(history, START, an_answer(START, Verdict.REJECTED))
    assert [e.answer.verdict for e in history.entries] == [*Verdict]
    assert [e.proposal for e in history.entries] == [UP, ADD, START]
    assert history.entries[1].answer.edit == Edit(doses_added=1)


def test_a_second_answer_stands_beside_the_first() -> None:
    first = an_answer(UP, Verdict.REJECTED)
    second = an_answer(UP, at=NOW + timedelta(hours=1))
    history = keep(keep(History(), UP, first), UP, second)
    assert len(history.entries) == 2
    assert history.last(UP.id) == second
    assert history.last("taper/maintenance-4") is None


def test_an_answered_question_is_not_put_again_unless_it_changed() -> None:
    again = reviewed(doses(2), ratings(fell(5, 7)), at=7)
    history = keep(History(), UP, an_answer(UP, Verdict.REJECTED))
    assert unanswered([UP], History()) == (UP,)
    assert unanswered([only(again, Kind.TITRATE_UP)], history) == (), "the same dose is proposed"
    given = (a_dose(1, 0, "0.4"), a_dose(2, 3, "0.4"))
    other = only(reviewed(given, ratings(fell(0, 7)), at=7), Kind.TITRATE_UP)
    assert other.id == UP.id
    assert unanswered([other], history) == (other,), "another dose is another proposal"


REFUSED: list[tuple[Proposal, Answer, str]] = [
    (UP, an_answer(ADD), "another proposal"),
    (UP, an_answer(clinician=" "), "names the clinician"),
    (UP, an_answer(at=datetime(2026, 3, 9, 9, 30)), "time zone"),
    (UP, an_answer(verdict=Verdict.REJECTED, reason=" "), "only with a reason"),
    (UP, an_answer(verdict=Verdict.EDITED, reason="", edit=Edit(mg_per_kg=Decimal("0.6"))), "with a reason"),
    (UP, an_answer(verdict=Verdict.EDITED), "says what is wanted"),
    (UP, an_answer(edit=Edit(mg_per_kg=Decimal("0.6"))), "says what is wanted"),
    (UP, edited(UP, Edit()), "changes nothing"),
    (UP, edited(UP, Edit(doses_added=1)), "no such value"),
    (MID, edited(MID, Edit(interval_days=7)), "no such value"),
]


@pytest.mark.parametrize(("to", "answer", "words"), REFUSED, ids=range(len(REFUSED)))
def test_an_answer_must_be_whole(to: Proposal, answer: Answer, words: str) -> None:
    with pytest.raises(InputError, match=words):
        keep(History(), to, answer)


EDITS: list[tuple[Proposal, Edit, bool]] = [
    (UP, Edit(mg_per_kg=Decimal("0.75")), True),
    (UP, Edit(mg_per_kg=Decimal("0.76")), False),
    (UP, Edit(mg_per_kg=Decimal("0.25")), True),
    (UP, Edit(mg_per_kg=Decimal("0.24")), False),
    (DOWN, Edit(mg_per_kg=Decimal("0.5")), True),
    (DOWN, Edit(mg_per_kg=Decimal("0.51")), False),
    (DOWN, Edit(mg_per_kg=Decimal("0.25")), True),
    (ADD, Edit(doses_added=1), True),
    (ADD, Edit(doses_added=2), True),
    (ADD, Edit(doses_added=3), False),
    (ADD, Edit(doses_added=0), False),
    (START, Edit(interval_days=7), True),
    (START, Edit(interval_days=14), True),
    (START, Edit(interval_days=6), False),
]


@pytest.mark.parametrize(("to", "edit", "allowed"), EDITS, ids=range(len(EDITS)))
def test_an_edit_stays_within_the_tables(to: Proposal, edit: Edit, allowed: bool) -> None:
    if allowed:
        assert keep(History(), to, edited(to, edit)).last(to.id) is not None
    else:
        with pytest.raises(RefusedError):
            keep(History(), to, edited(to, edit))


STANDING = [
    ("1.6 [H]", ("house default",)),
    ("[F:GLU18]", ("found in a source",)),
    ("[F:PHI19][P], rest [H]", ("found in a source", "house default", "extrapolated")),
    ("[M:ROD20]", ("from memory",)),
    ("[M]", ("from memory",)),
    ("7 [H]; [F:KETPT, weak]", ("weak source", "found in a source", "house default")),
    ("8b", ()),
]


@pytest.mark.parametrize(("source", "expected"), STANDING)
def test_the_standing_of_a_source_in_words(source: str, expected: tuple[str, ...]) -> None:
    assert standing(source) == expected
