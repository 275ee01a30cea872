"""Ratings and tests of a course under way, on the days on which the plan asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from random import Random

from ketplan import workflow
from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.instruments.filling import filled_in
from ketplan.clinical.instruments.model import Instrument
from ketplan.clinical.instruments.table import instrument
from ketplan.demo_clinic.course import PSYCHIATRIST, Signed
from ketplan.demo_clinic.free_time import Json
from ketplan.demo_clinic.roster import Twist
from ketplan.fhir.rendering.survey_response import FilledIn
from ketplan.sandbox.patients.build import SNOMED, Chart

AT = time(10, 40)
UNRATED_SINCE = timedelta(weeks=3)
NEWEST = 2
WEEKLY = 4
"""So many weeks long every week, then every other one."""
_FIRST = {"GAD": 17, "SAD": 96, "OCD": 28, "PTSD": 56}
_PHQ9 = 9


@dataclass(frozen=True)
class Rating:
    on: date
    instrument: Instrument
    total: int


def ratings(course: Signed) -> tuple[Rating, ...]:
    """The scale of the disorder through the course, PHQ-9 every other time; oldest first."""
    days = tuple(_rating_days(course))
    return tuple(rating for place, day in enumerate(days) for rating in _rated(course, day, place, len(days)))


def _rated(course: Signed, day: date, place: int, count: int) -> Iterator[Rating]:
    share = _share(course, place, count)
    scale = instrument(BY_ID[course.patient.disorder].scale.id)
    yield Rating(day, scale, round(_FIRST[course.patient.disorder] * share))
    if place % 2:
        yield Rating(day, instrument("PHQ-9"), round(_PHQ9 * share))


def forms(course: Signed) -> Iterator[FilledIn]:
    """What was filled in with ketplan: the newest rating, and the questions on passing urine after a dose."""
    for rating in ratings(course)[-NEWEST:]:
        yield _filled(course, rating)
    for dose in course.doses(course.over)[-1:]:
        urine = instrument("LUTS")
        answers = {item.id: 0 for item in urine.items}
        yield _as_form(course, urine, dose.start.date(), answers, None)


def scores(course: Signed) -> Iterator[Json]:
    """The older ratings, as the EHR's own forms leave them: a total."""
    for rating in ratings(course)[:-NEWEST]:
        row = rating.instrument
        chart = Chart(course.person, rating.on, course.clinic.practice.zone)
        made = chart.score(row.loinc_total, f"{row.id} total score", rating.total, 0)
        yield {**made, "id": f"{made['id']}-{row.id.lower()}-{rating.on:%Y%m%d}"}


def _rating_days(course: Signed) -> Iterator[date]:
    """Every Wednesday of the course at first, until yesterday or until nobody asked any more."""
    last = course.until.date() - timedelta(days=1)
    if course.patient.twist is Twist.UNRATED:
        last -= UNRATED_SINCE
    week = 1
    while (day := course.start + timedelta(days=7 * week - 5)) <= last:
        if week <= WEEKLY or week % 2:
            yield day
        week += 1


def _share(course: Signed, place: int, count: int) -> float:
    """What is left of the first score: a steady fall, or one that is lost again at the end."""
    left = course.patient.left_percent / 100
    share = 1 - (1 - left) * min(1.0, (place + 1) / max(1, min(count, WEEKLY + 1)))
    if course.patient.twist is Twist.RELAPSING and place >= count - 2:
        share = left + (0.25, 0.38)[place - count + 2]
    chance = Random(f"{course.patient.id} {place}")  # noqa: S311  pretend measurements
    return share + chance.uniform(-0.03, 0.03)


def _filled(course: Signed, rating: Rating) -> FilledIn:
    scale, day = rating.instrument, rating.on
    if not scale.items:
        return _as_form(course, scale, day, None, rating.total)
    left, answers = rating.total, {}
    for place, item in enumerate(scale.scored_items):
        share = -(-left // (len(scale.scored_items) - place))
        answers[item.id] = share
        left -= share
    return _as_form(course, scale, day, answers, None)


def _as_form(
    course: Signed, scale: Instrument, day: date, answers: dict[str, int] | None, total: int | None
) -> FilledIn:
    clinic = course.clinic
    return FilledIn(
        workflow.record_id_for(clinic.server, course.person.id, scale.id, f"demo-{day}"),
        filled_in(scale, dict(answers) if answers else None, total),
        course.reference,
        PSYCHIATRIST,
        True,
        clinic.at(day, AT),
        clinic.practice.zone.key,
    )


def tests(course: Signed) -> Iterator[Json]:
    """Liver, urine and prescriptions at the end of induction and twelve weeks in, as the laboratory sends
    them."""
    if course.patient.twist is Twist.UNTESTED:
        return
    doses = course.doses(course.visits)
    days = [doses[-1].start.date() + timedelta(days=4)] if doses else []
    days.append(course.start + timedelta(weeks=12))
    for day in days:
        if day < course.clinic.today:
            yield from _tested(course, day)


def _tested(course: Signed, day: date) -> Iterator[Json]:
    chart = Chart(course.person, day, course.clinic.practice.zone)
    chart.measure("1742-6", "Alanine aminotransferase (ALT)", course.chance.randint(16, 34), "U/L", 0)
    chart.measure("1920-8", "Aspartate aminotransferase (AST)", course.chance.randint(15, 32), "U/L", 0)
    chart.screen("19659-2", "Phencyclidine [Presence] in Urine by Screen method", False, 0)
    monitoring = (SNOMED, "461621000124108", "Review of prescription drug monitoring program")
    chart.procedure("Prescription drug monitoring program reviewed", monitoring, 0)
    for resource in chart.resources[1:]:
        yield {**resource, "id": f"{resource['id']}-{day:%Y%m%d}"}
