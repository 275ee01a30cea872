"""Words, comparisons and geometry behind the pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from ketplan import compose, workflow
from ketplan.clinical.findings import Evidence, FindingClass
from ketplan.clinical.record import SectionState
from ketplan.clinical.rules import RULES, finding
from ketplan.ehr.ability import Known
from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.fetch import RawSection
from ketplan.ehr.profiles.load import shipped
from ketplan.fhir.render import Step, Verb
from ketplan.sandbox.patients import CASES
from ketplan.web.pictures.timeline import BIGGEST, timeline
from ketplan.web.plan.work import Answer, Work, fingerprint
from ketplan.web.presenters import words, writing
from ketplan.web.presenters.readiness import standing
from ketplan.workflow import Proposal
from ketplan.writeback.steps import Outcome
from tests.web.conftest import SITE
from tests.web.support import NOW

PRACTICE = compose.practice_of(SITE)
TODAY = NOW.astimezone(PRACTICE.zone).date()
GRANTED = (
    "openid user/CarePlan.crus user/Appointment.cruds patient/*.rs user/Goal.write user/Observation.read"
)


def proposal(patient: str, start: date | None = None) -> Proposal:
    case = next(c for c in CASES if c.person.id == patient)
    section = RawSection("chart", "found", case.resources(TODAY, PRACTICE.zone))
    return workflow.propose(
        workflow.open_record([section], patient, PRACTICE.zone),
        server="",
        as_of=TODAY,
        start=start or workflow.next_start(TODAY),
        practice=PRACTICE,
        now=NOW,
    )


# --- words --------------------------------------------------------------------------------------------------


def test_every_member_has_its_word() -> None:
    assert set(words.SECTION_STATES) == set(SectionState)
    assert set(words.OUTCOMES) == set(Outcome)
    assert set(words.EXCLUSIONS) == {id for id, rule in RULES.items() if rule.cls is FindingClass.BLOCK}


@pytest.mark.parametrize(
    ("said", "shown"),
    [("2026-03-02", "2 Mar 2026"), ("2026-03", "Mar 2026"), ("2026", "2026"), ("soon", "soon"), ("", "")],
)
def test_a_date_is_shown_as_precisely_as_it_was_recorded(said: str, shown: str) -> None:
    assert words.recorded(said) == shown


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), "that day"),
        (date(2026, 3, 3), date(2026, 3, 5), "3–5 Mar"),
        (date(2026, 3, 30), date(2026, 4, 2), "30 Mar – 2 Apr"),
    ],
)
def test_windows(first: date, last: date, shown: str) -> None:
    assert words.span(first, last) == shown


def test_the_year_is_said_where_it_is_another() -> None:
    assert words.day(date(2026, 3, 2), date(2026, 1, 1)) == "Mon 2 Mar"
    assert words.day(date(2027, 3, 1), date(2026, 1, 1)) == "Mon 1 Mar 2027"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-3, "0 s ago"), (12, "12 s ago"), (600, "10 min ago"), (9000, "2 h ago")]
)
def test_ago(seconds: int, shown: str) -> None:
    assert words.ago(NOW, NOW + timedelta(seconds=seconds)) == shown


def test_long_references_are_shortened_short_ones_not() -> None:
    assert words.short("CarePlan/38cee091-6621-4190-9504-e384b6ba75f1") == "CarePlan/38cee091…"
    assert words.short("CarePlan/12") == "CarePlan/12"


def test_where_a_rule_stands() -> None:
    said = standing("Columbia triage [M]; [H], 8b", "warning")
    assert [s.partition(":")[0].partition(" ")[0] for s in said] == ["Label", "House", "From"]
    assert standing("Spravato label [F:SPR25]", "none") == ()


# --- answers to findings ------------------------------------------------------------------------------------


def a_finding(text: str = "The newest weight is 112 days old.", when: str = "2025-10-28") -> object:
    return finding("WEIGHT_STALE_91_365D", text, [Evidence("Observation/1", "Body weight: 68 kg", when)])


def test_a_finding_that_only_grew_a_day_older_is_the_same() -> None:
    assert fingerprint(a_finding()) == fingerprint(a_finding("The newest weight is 113 days old."))


@pytest.mark.parametrize(
    "other",
    [a_finding("The newest weight has no unit."), a_finding(when="2025-10-29"), replace(a_finding(), id="X")],
)
def test_a_finding_that_says_something_else_is_another(other: object) -> None:
    assert fingerprint(a_finding()) != fingerprint(other)


def test_an_answer_lapses_when_the_finding_changes() -> None:
    given = workflow.Resolution("WEIGHT_STALE_91_365D", "Fine.", "Practitioner/1", NOW)
    work = Work().answered(Answer(given, "Dr A", fingerprint(a_finding())))
    assert work.answer_to(a_finding()) and not work.lapsed(a_finding())
    newer = a_finding(when="2025-11-02")
    assert work.lapsed(newer) and not work.answer_to(newer)
    assert work.without("WEIGHT_STALE_91_365D").answers == ()


# --- what would be written ----------------------------------------------------------------------------------


def abilities(**interactions: str) -> Capabilities:
    return Capabilities("4.0.1", interactions={k: frozenset(v.split()) for k, v in interactions.items()})


def known(statement: Capabilities | None = None, profile: str = "generic") -> Known:
    return Known(shipped()[profile], statement)


def test_what_the_ehr_does_not_offer_is_said_before_what_it_did_not_grant() -> None:
    offered = known(abilities(CarePlan="create read"))
    assert writing.refusal("CarePlan", Verb.CREATE, offered, GRANTED) == ""
    assert "update care plans" in writing.refusal("CarePlan", Verb.UPDATE, offered, GRANTED)
    assert "create goals" in writing.refusal("Goal", Verb.CREATE, offered, GRANTED)
    assert writing.refusal("CarePlan", Verb.CREATE, known(), GRANTED) == "", (
        "an EHR that says nothing is tried"
    )


def test_what_this_kind_of_ehr_never_takes_is_told_in_its_own_words() -> None:
    said = writing.refusal("CarePlan", Verb.CREATE, known(profile="epic"), GRANTED)
    assert said == "Epic shows care plans and takes none over FHIR."


def a_visit_step(*actors: str) -> Step:
    people = [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors]
    visit = {
        "resourceType": "Appointment",
        "status": "proposed",
        "description": "Infusion 1",
        "start": "2026-03-02T09:00:00-05:00",
        "end": "2026-03-02T11:30:00-05:00",
        "serviceType": [{"text": "ketamine"}],
        "basedOn": [{"reference": "step:request"}],
        "participant": people,
    }
    return Step("visit", visit)


def test_what_is_lost_on_this_ehr_is_shown_before_signing() -> None:
    steps = [a_visit_step("Patient/1", "Location/2"), a_visit_step("Patient/1", "Location/2")]
    rows = writing.preview(steps, "https://ehr", known(profile="oracle-health"), "user/*.*")
    assert [row.refused for row in rows] == ["", ""]
    assert writing.lost(rows) == (("appointment", "the link to the request it carries out (basedOn)"),)
    assert writing.lost(writing.preview(steps, "https://ehr", known(), "user/*.*")) == ()


def test_what_the_ehr_would_refuse_for_want_of_something_says_what() -> None:
    (row,) = writing.preview(
        [a_visit_step("Patient/1")], "https://ehr", known(profile="oracle-health"), "user/*.*"
    )
    assert "takes no Appointment without a place (Location)" in row.refused
    assert row.lost == ()


def a_step(key: str = "goal-1", text: str = "GAD-7 below 5") -> Step:
    return Step(key, {"resourceType": "Goal", "description": {"text": text}})


def test_changes_are_told_by_their_words() -> None:
    shown = writing.manifest([a_step("goal-1"), a_step("goal-2")])
    assert writing.changes(shown, [a_step("goal-1"), a_step("goal-2")]) == ()
    assert writing.changes(shown, [a_step("goal-1", "LSAS below 36"), a_step("goal-3")]) == (
        "Changed: goal, LSAS below 36",
        "New: goal, GAD-7 below 5",
        "No longer there: goal-2",
    )


def test_what_was_shown_survives_the_form() -> None:
    shown = writing.manifest([a_step("goal-1"), a_step("appointment-cbt-1")])
    assert writing.unpacked(writing.packed(shown)) == shown
    assert writing.unpacked("nonsense") == {}


def test_a_signature_a_moment_later_is_the_same_plan() -> None:
    """The preview's promise: confirmed as if at one fixed moment, only content makes a difference."""
    now, then = proposal("gad-ready"), replace(proposal("gad-ready"), at=NOW + timedelta(hours=1))
    clinician = workflow.Clinician("Practitioner/1", "Dr A")
    fixed = datetime(2000, 1, 1, tzinfo=UTC)
    first, second = (writing.manifest(workflow.confirm(p, (), clinician, fixed)[1]) for p in (now, then))
    assert first == second


# --- the picture --------------------------------------------------------------------------------------------


def test_every_placed_visit_is_in_the_picture() -> None:
    plan = proposal("gad-ready")
    picture = timeline(plan)
    assert picture is not None
    assert len(picture.marks) == len(plan.timetable.placed)
    assert [m.label for m in picture.marks if m.kind == "infusion"] == ["1", "2", "3", "4", "5", "6"]
    assert picture.score and picture.score.dot_words == "17 · 21 Feb 2026"
    assert picture.score.goal and picture.score.goal.words == "goal: below 5"


@pytest.mark.parametrize("patient", ["gad-ready", "ocd-erp", "ptsd-pe", "phobia-cbt", "no-weight"])
def test_marks_stay_within_the_picture_in_order_and_apart(patient: str) -> None:
    picture = timeline(proposal(patient))
    assert picture is not None
    for kind in ("infusion", "cbt", "follow_up"):
        xs = [m.x for m in picture.marks if m.kind == kind]
        assert xs == sorted(xs)
        assert all(b - a >= 4 for a, b in pairwise(xs))
    for mark in picture.marks:
        assert picture.left - 4 <= mark.x - mark.size / 2
        assert mark.x + mark.size / 2 <= picture.width
        assert 0 < mark.size <= BIGGEST
        assert mark.window_x <= mark.x <= mark.window_x + mark.window_width + mark.size


def test_a_moved_visit_shows_where_it_was_meant_to_be() -> None:
    wednesday = date(2026, 3, 4)
    moved = [m for m in timeline(proposal("gad-ready", wednesday)).marks if m.target_x is not None]
    assert moved


def test_the_picture_is_also_told_in_words() -> None:
    said = timeline(proposal("gad-ready")).summary
    assert "6 Infusion visits from Mon 2 Mar to Thu 19 Mar" in said
    assert "goal GAD-7 below 5, now 17" in said


def test_no_visit_no_picture() -> None:
    assert timeline(proposal("pregnant")) is None
