"""The plan's name stands in lists and portals that more people see than the plan."""

from __future__ import annotations

import pytest

from ketplan.clinical.findings import FindingClass
from ketplan.fhir.render import Unsigned
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.course import Course
from tests.fhir.plan_builders import PLAN_ID, SIGNED_AT, a_draft, a_finding, a_timetable, no_ketamine


@pytest.mark.parametrize(
    ("changes", "title"),
    [({}, "Ketamine and CBT treatment plan"), ({"ketamine": no_ketamine()}, "CBT treatment plan")],
)
def test_the_title_tells_no_diagnosis_finding_or_score(changes: dict[str, object], title: str) -> None:
    told = a_finding(id="SI_HIGH", cls=FindingClass.HOLD, text="High suicide risk on the C-SSRS.")
    draft = a_draft(disorders=("Panic disorder",), lead="Panic disorder", findings=(told,), **changes)
    course = Course.of(Unsigned(PLAN_ID, draft, SIGNED_AT), a_timetable(draft))
    assert wording.title(course) == title
