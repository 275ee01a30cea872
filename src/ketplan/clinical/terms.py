"""What the later review of a course goes by, as it is known on the day of the draft."""

from __future__ import annotations

from ketplan.clinical.assessment import Assessment
from ketplan.clinical.plan import Terms
from ketplan.clinical.view import View


def terms_of(assessment: Assessment) -> Terms:
    """The protocol as the site has it, age and earlier doses."""
    view = assessment.view
    return Terms(assessment.protocol, oldest_age(view), lifetime_doses(view))


def oldest_age(view: View) -> int | None:
    """The oldest possible age in years; None without a date of birth."""
    ages = view.age_range(view.as_of)
    return ages[1] if ages else None


def lifetime_doses(view: View) -> int | None:
    """Doses of ketamine or esketamine before this course, anywhere; None unless each earlier course says how
    many it had. Nothing on file is not none.
    """
    counts = [course.administrations for course in view.record.intake.nmda_courses]
    known = [count for count in counts if count is not None]
    return sum(known) if counts and len(known) == len(counts) else None
