"""The clinician's print-out says what the signed plan says, and where it stands now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ketplan.clinical.findings import Decision
from ketplan.clinical.record import Patient
from ketplan.errors import InputError, KetplanError
from ketplan.fhir.datatypes import parse_when
from ketplan.fhir.render import Step, render
from ketplan.paper import Written, plan_html
from ketplan.paper.print_out import chapters
from ketplan.paper.visits import Now, visits
from tests.fhir.plan_builders import (
    SIGNED_AT,
    ZONE,
    a_draft,
    a_finding,
    a_plan,
    a_resolution,
    a_timetable,
    an_unsigned,
)

SITE = ZoneInfo(ZONE)
HOSTILE = "Alva <script>alert(1)</script> {{ 7*7 }} \u202egnp"


def signed_steps() -> tuple[Step, ...]:
    draft = a_draft(
        findings=(*a_draft().findings, a_finding()),
        decision=Decision.NEEDS_REVIEW,
        emergency_plan="Rescuer: Dr Weiss.",
    )
    return render(a_plan(draft, resolutions=(a_resolution(),)), a_timetable(draft))


def a_patient(name: str = "Alva Samplewood") -> Patient:
    return Patient("p1", name, "female", "F", parse_when("1988-04-12", SITE), identifiers=(("MRN", "0012"),))


def test_the_steps_alone_make_a_whole_page_that_stands_alone() -> None:
    page = plan_html(signed_steps())
    for words in (
        "First dose 34 mg.",
        "Arithmetic:",
        "His sister takes him home.",
        "Rescuer: Dr Weiss.",
        "Observation for at least 120 minutes",
        "GAD-7 total below 5",
        "Abdallah 2022",
        "Signed by Dr Ada Rossi",
        "CBT 14:",
    ):
        assert words in page
    assert "DRAFT" not in page
    assert "<link" not in page and "src=" not in page and "http" not in page


def test_it_tells_whose_it_is_where_it_was_written_and_what_has_moved() -> None:
    steps = signed_steps()
    first = visits(steps, SITE)[0]
    later = Now(first.start + timedelta(days=1), first.end + timedelta(days=1))
    page = plan_html(
        steps,
        patient=a_patient(),
        site="Riverside Clinic",
        zone=SITE,
        standing={first.key: later},
        written=[Written("care plan", "Treatment plan", "written", "CarePlan/12")],
        printed=SIGNED_AT,
    )
    for words in ("Riverside Clinic", "Alva Samplewood", "1988-04-12", "0012", "female", "CarePlan/12"):
        assert words in page
    assert page.count("signed for") == 1
    assert page.count("Chair 1") == 6


def test_nobody_takes_an_unsigned_draft_for_a_plan() -> None:
    draft = a_draft()
    page = plan_html(render(an_unsigned(draft), a_timetable(draft)))
    assert "DRAFT, not signed" in page
    assert "Signed by" not in page


def test_hostile_words_stay_words() -> None:
    page = plan_html(signed_steps(), patient=a_patient(HOSTILE), site="<b>Clinic</b>")
    assert "<script" not in page and "<b>Clinic" not in page
    assert "&lt;script&gt;" in page and "{{ 7*7 }}" in page
    assert "\u202e" not in page


def test_the_title_and_the_head_name_nobody() -> None:
    page = plan_html(signed_steps(), patient=a_patient())
    head = page.partition("<style>")[0]
    assert "<title>Treatment plan</title>" in head
    assert "Samplewood" not in head


def test_paper_is_cut_as_the_country_cuts_it() -> None:
    assert "size: letter" in plan_html(signed_steps())
    assert "size: A4" in plan_html(signed_steps(), country="DE")


def test_steps_without_a_plan_and_markup_of_others_are_refused() -> None:
    steps = signed_steps()
    with pytest.raises(InputError):
        plan_html([s for s in steps if s.type == "Goal"])
    plan = next(s for s in steps if s.key == "care-plan")
    markup = '<div xmlns="http://www.w3.org/1999/xhtml"><h3>A</h3><p onclick="x()">b</p></div>'
    told = replace(plan, resource={**plan.resource, "text": {"status": "generated", "div": markup}})
    with pytest.raises(KetplanError):
        chapters(told.resource)


def test_visits_are_told_in_order_with_kind_number_and_place() -> None:
    found = visits(signed_steps(), SITE)
    assert [v.start for v in found] == sorted(v.start for v in found)
    doses = [v for v in found if v.kind == "infusion"]
    assert [v.number for v in doses] == [1, 2, 3, 4, 5, 6]
    assert doses[0].where == ("Chair 1", "Nurse Adler")
    assert {v.key for v in found if v.kind == "follow_up"} >= {"24h_check_call"}


def test_a_visit_the_ehr_called_off_is_called_off_here() -> None:
    steps = signed_steps()
    first = visits(steps, SITE)[0]
    now = visits(steps, SITE, {first.key: Now(first.start, first.end, called_off=True)})[0]
    assert now.called_off and now.signed is None
