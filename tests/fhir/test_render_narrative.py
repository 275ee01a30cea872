"""The narrative: complete on its own, safe whatever words it is given."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest

from ketplan.clinical.findings import Decision
from ketplan.clinical.plan import ConfirmedPlan, FollowUp
from ketplan.fhir.render import Unsigned, check, render
from ketplan.fhir.rendering import xhtml
from tests.fhir.plan_builders import (
    TRIAL,
    a_cbt_course,
    a_clinician,
    a_draft,
    a_finding,
    a_goal,
    a_ketamine_course,
    a_plan,
    a_resolution,
    a_timetable,
    an_unsigned,
    day,
    no_ketamine,
)

HOSTILE = "<script>alert('x')</script> & \"quoted\" \x00\x07\x1b\u202eevil\ud800 ]]> <!-- -->"


def markup(plan: ConfirmedPlan | Unsigned, unplaced: tuple[str, ...] = ()) -> str:
    steps = render(plan, a_timetable(plan.draft, unplaced))
    div = next(s.resource["text"]["div"] for s in steps if s.key == "care-plan")
    assert isinstance(div, str)
    return div


def words(plan: ConfirmedPlan | Unsigned, unplaced: tuple[str, ...] = ()) -> str:
    return " ".join(" ".join(fromstring(markup(plan, unplaced)).itertext()).split())


def test_it_tells_every_visit_with_its_time() -> None:
    draft = a_draft()
    rows = [
        " ".join(row.itertext())
        for row in fromstring(markup(a_plan(draft))).iter("{http://www.w3.org/1999/xhtml}tr")
    ]
    assert len(rows) == 1 + len(draft.visits)
    assert all(any(visit.title in row for row in rows) for visit in draft.visits)
    assert "Mon 9 Mar 2026 09:00-11:30 Ketamine infusion 3 of 6 Chair 1, Nurse Adler booked" in rows
    assert rows[1].startswith("Mon 2 Mar 2026")


def test_it_is_complete_on_its_own() -> None:
    draft = a_draft(decision=Decision.NEEDS_REVIEW, findings=(a_finding(),))
    said = words(a_plan(draft, resolutions=(a_resolution(),)))
    for needed in (
        "Generalized anxiety disorder",
        "NO_ESCORT",
        "His sister takes him home.",
        "0.5 mg/kg x 68.00 kg = 34.00 mg",
        "Ceiling of this plan: 1.0 mg/kg.",
        "Off-label use",
        TRIAL,
        "propose 0.75 mg/kg",
        "minutes 0, 10, 20",
        "Session topic 14",
        "Review 3 months",
        "America/New_York",
        "Where the truth is",
        "Signed by Dr Ada Rossi",
        "GAD-7 total below 5.",
    ):
        assert needed in said


def test_an_unplaced_visit_is_said_with_its_reason() -> None:
    said = words(a_plan(), ("cbt-3",))
    assert "Visits without a time: 1" in said
    assert "CBT 3: Session topic 3, due Tue 10 Mar 2026: No free chair in its window." in said


def test_a_follow_up_says_its_purpose_unless_its_title_does() -> None:
    purposes = (
        FollowUp("review_3_months", 91, day(91), purpose) for purpose in ("Review 3 months", "Scores.")
    )
    said = words(a_plan(a_draft(followups=tuple(purposes))))
    assert "Review 3 months, due Mon 1 Jun 2026. Review 3 months, due Mon 1 Jun 2026. Scores." in said


def test_sentences_end_where_the_next_begins() -> None:
    said = words(a_plan(a_draft(goals=(a_goal(text="GAD-7 below 5"),))))
    assert "GAD-7 below 5. By Mon 1 Jun 2026." in said


def test_without_any_time_it_says_so() -> None:
    draft = a_draft()
    assert "No visit has a time yet." in words(a_plan(draft), tuple(v.key for v in draft.visits))


def test_a_draft_says_that_nobody_signed_and_what_is_open() -> None:
    said = words(an_unsigned(a_draft(decision=Decision.NEEDS_REVIEW, findings=(a_finding(),))))
    assert "Nobody has signed it." in said
    assert "Not resolved yet." in said
    assert "Signed by" not in said


def test_an_asserted_identity_is_said() -> None:
    said = words(a_plan(clinician=a_clinician(asserted_by="command line")))
    assert "asserted on the command line" in said


def test_without_ketamine_nothing_is_said_about_it() -> None:
    said = words(a_plan(a_draft(ketamine=no_ketamine(), findings=(), sources=(), monitoring=None)))
    assert "etamine" not in said


def test_several_diagnoses_say_which_leads() -> None:
    said = words(a_plan(a_draft(disorders=("Panic disorder", "Specific phobia"), lead="Panic disorder")))
    assert "Leads the plan: Panic disorder" in said


@pytest.mark.parametrize(
    "draft",
    [
        a_draft(findings=(a_finding(text=HOSTILE),)),
        a_draft(sources=(HOSTILE,)),
        a_draft(disorders=(HOSTILE,)),
        a_draft(goals=(a_goal(text=HOSTILE, instrument=HOSTILE, loinc=None),)),
        a_draft(ketamine=a_ketamine_course(arithmetic=HOSTILE, titration=(HOSTILE,), product=HOSTILE)),
        a_draft(cbt=replace(a_cbt_course(), note=HOSTILE, source=HOSTILE)),
        a_draft(visits=tuple(replace(v, title=HOSTILE) for v in a_draft().visits)),
    ],
    ids=["finding", "source", "disorder", "goal", "ketamine", "cbt", "visit"],
)
def test_hostile_words_stay_words(draft: object) -> None:
    plan = a_plan(draft, resolutions=(a_resolution(reason=HOSTILE),), clinician=a_clinician(name=HOSTILE))  # type: ignore[arg-type]
    for step in render(plan, a_timetable(plan.draft)):
        assert check(step.resource, unlinked=True) == []
    div = markup(plan)
    assert "&lt;script&gt;alert('x')&lt;/script&gt; &amp;" in div
    assert "<script" not in div
    assert xhtml.problems(div) == []
    assert not set(div) & set("\x00\x07\x1b\u202e\ud800")


@pytest.mark.parametrize(
    "bad",
    [
        "<div><p>no namespace</p></div>",
        '<p xmlns="http://www.w3.org/1999/xhtml">no div</p>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x">x</p></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><a href="javascript:x">x</a></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>open</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"> <p> </p></div>',
        '<!DOCTYPE div [<!ENTITY a "b">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml">&nbsp;x</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml">a\x00b</div>',
        "plain words",
    ],
)
def test_unsafe_markup_is_found(bad: str) -> None:
    assert xhtml.problems(bad)
