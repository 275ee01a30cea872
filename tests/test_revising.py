"""A running course and what a wish makes of it, without an EHR."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.plan import Visit, VisitKind
from ketplan.clinical.record import Patient, PatientRecord
from ketplan.errors import InputError
from ketplan.revising import Running, State, VisitNow, Wish, outcome
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.series.replanning import Scope
from ketplan.scheduling.series.rules import Rule
from ketplan.workflow import Calendar, Practice
from ketplan.writeback.looking import PatientNow, Report
from ketplan.writeback.revision import Standing, What

ZONE = ZoneInfo("Europe/London")
PRACTICE = Practice(Clinic("Europe/London"))
RECORD = PatientRecord(Patient("Patient/p1"))
NOW = datetime(2026, 3, 3, 9, tzinfo=ZONE)
LOOKED = Report("plan", NOW, PatientNow(), (), {})


def a_visit(number: int, day: date) -> Visit:
    return Visit(f"infusion-{number}", VisitKind.INFUSION, number, f"Infusion {number}", 3 * number, day, 150)


def a_course(*states: State) -> Running:
    """Infusions on the Mondays and Thursdays from 2 March on."""
    visits = []
    for number, state in enumerate(states, 1):
        start = datetime(2026, 3, 2, 10, tzinfo=ZONE) + timedelta(days=(0, 3, 7, 10)[number - 1])
        times = (None, None) if state is State.OPEN else (start, start + timedelta(minutes=150))
        visits.append(VisitNow(a_visit(number, start.date()), state, *times, status="proposed"))
    return Running("plan", tuple(visits), Standing(), LOOKED)


def of(course: Running, wish: Wish) -> list[tuple[str, What, date]]:
    found = outcome(course, wish, RECORD, PRACTICE, Calendar(), NOW)
    return [(e.visit.key, e.what, e.to.start.date()) for e in found.edits if e.to]


def test_a_missed_visit_is_placed_from_the_day_wanted_on() -> None:
    course = a_course(State.MISSED, State.COMING)
    wish = Wish({"infusion-1": date(2026, 3, 3)}, scope=Scope.FOLLOWING)
    found = {key: (what, day) for key, what, day in of(course, wish)}
    assert found["infusion-1"][0] is What.AGAIN
    assert found["infusion-1"][1] >= date(2026, 3, 3)


def test_what_is_done_is_never_touched() -> None:
    course = a_course(State.DONE, State.COMING, State.COMING)
    wish = Wish({"infusion-2": date(2026, 3, 6)}, scope=Scope.FOLLOWING)
    assert "infusion-1" not in {key for key, _, _ in of(course, wish)}


def test_a_time_given_by_hand_is_that_time() -> None:
    at = datetime(2026, 3, 6, 13, tzinfo=ZONE)
    found = outcome(
        a_course(State.DONE, State.COMING), Wish(at={"infusion-2": at}), RECORD, PRACTICE, Calendar(), NOW
    )
    assert [edit.to.start for edit in found.edits if edit.to] == [at]
    assert found.call == ("the patient",)


def test_a_dropped_visit_leaves_the_schedule() -> None:
    found = outcome(
        a_course(State.DONE, State.COMING), Wish(dropped=("infusion-2",)), RECORD, PRACTICE, Calendar(), NOW
    )
    assert [(edit.what, edit.to) for edit in found.edits] == [(What.DROPPED, None)]
    assert [visit.key for visit, _ in found.lines] == ["infusion-1"]


def test_an_added_visit_finds_its_time() -> None:
    new = replace(a_visit(3, date(2026, 3, 9)), offset=7)
    assert ("infusion-3", What.ADDED, date(2026, 3, 9)) in of(
        a_course(State.DONE, State.COMING), Wish(added=(new,))
    )


def test_doses_too_far_apart_are_a_conflict_until_the_longer_gap_is_accepted() -> None:
    course, wish = a_course(State.DONE, State.COMING), Wish({"infusion-2": date(2026, 3, 23)})
    first = outcome(course, wish, RECORD, PRACTICE, Calendar(), NOW)
    assert first.conflict is not None
    assert {named.rule for named in first.conflict.rules} >= {Rule.DOSE_LAPSE}
    assert [visit.key for visit, _ in first.lines][:1] == ["infusion-1"]
    assert of(course, replace(wish, longer_gap=True))[0][2] >= date(2026, 3, 23)


def test_a_visit_that_is_not_of_this_course_is_refused() -> None:
    with pytest.raises(InputError):
        a_course(State.DONE).get("infusion-9")
