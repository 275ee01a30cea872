"""The worklist, the board and the figures, from what was seen of the visits alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ketplan.errors import InputError
from ketplan.scheduling.clinic_hours import Clinic
from ketplan.scheduling.coordinating import absence
from ketplan.scheduling.coordinating.board import By, month, week
from ketplan.scheduling.coordinating.choosing import PAGE, Sort, Wanted, chosen, part
from ketplan.scheduling.coordinating.figures import outcomes
from ketplan.scheduling.coordinating.kinds import KINDS, TO_DO, Kind, Owner, Way
from ketplan.scheduling.coordinating.seen import CourseSeen, VisitSeen
from ketplan.scheduling.coordinating.worklist import Item, Moment, items
from ketplan.scheduling.series.model import Request

ZONE = ZoneInfo("Australia/Lord_Howe")
# A Wednesday, ten in the morning at the clinic.
NOW = datetime(2026, 4, 8, 10, tzinfo=ZONE).astimezone(UTC)
CLINIC = Clinic(ZONE.key, closures={date(2026, 4, 10): "Good Friday"})
MOMENT = Moment(NOW, CLINIC)
CHAIR, ANNA, BEN = ("Location/1", "Chair 1"), ("Practitioner/a", "Anna"), ("Practitioner/b", "Ben")


def a_visit(
    key: str = "infusion-3", days: float = 5, *, off: int = 0, hours: float = 2, **more: Any
) -> VisitSeen:
    """A visit so many days from now, signed for a day `off` days before that."""
    start = NOW + timedelta(days=days)
    planned = start.astimezone(ZONE).date() - timedelta(days=off)
    how = {"status": "booked", "seen": NOW, "resources": (CHAIR,)} | more
    return VisitSeen(key, key.replace("-", " "), start, start + timedelta(hours=hours), planned, **how)


def a_course(*visits: VisitSeen, plan: str = "p1", **more: Any) -> CourseSeen:
    how = {
        "name": f"Patient {plan}",
        "born": "",
        "telephone": ("555",),
        "clinician": "Dr X",
        "synced": NOW,
    } | more
    return CourseSeen(plan=plan, patient=f"id-{plan}", visits=visits, **how)


def only(*courses: CourseSeen) -> Item:
    (found,) = items(courses, MOMENT)
    return found


def test_every_kind_is_in_the_table_and_the_order_is_its_own() -> None:
    assert set(KINDS) == set(Kind)
    assert sorted(row.urgency for row in KINDS.values()) == list(range(1, len(Kind) + 1))
    assert [KINDS[kind].urgency for kind in Kind] == sorted(KINDS[kind].urgency for kind in Kind)
    assert set(TO_DO) == set(Kind) - {Kind.BOOKED}
    for kind, row in KINDS.items():
        assert row.label, kind
        assert row.words, kind
        assert row.step, kind
        assert (row.way is Way.NONE) == (row.owner is Owner.NOBODY), kind


@pytest.mark.parametrize(
    ("visit", "kind"),
    [
        (a_visit(status=""), Kind.NOT_BOOKED),
        (a_visit(status="proposed"), Kind.NOT_BOOKED),
        (a_visit(status="waitlist"), Kind.NOT_BOOKED),
        (a_visit(status="cancelled"), Kind.NOT_BOOKED),
        (a_visit(status="pending"), Kind.HELD),
        (a_visit(), Kind.BOOKED),
        (a_visit(days=2, unanswered=True), Kind.UNCONFIRMED),
        (a_visit(days=9, unanswered=True), Kind.BOOKED),
        (a_visit(off=3), Kind.BOOKED),
        (a_visit(off=4), Kind.OUT_OF_WINDOW),
        (a_visit(off=-4), Kind.OUT_OF_WINDOW),
        (a_visit("cbt-2", off=5), Kind.BOOKED),
        (a_visit("cbt-2", off=6), Kind.OUT_OF_WINDOW),
        (a_visit(days=-1), Kind.MISSED),
        (a_visit(days=-1, status="noshow"), Kind.MISSED),
        (a_visit(days=-1, status="noshow", said="The EHR has another status."), Kind.MISSED),
        (a_visit(days=-1, status="cancelled"), Kind.MISSED),
        (a_visit(days=-1, status=""), Kind.MISSED),
        (a_visit(said="The EHR has another time."), Kind.CONFLICT),
        (a_visit(days=-1, said="The EHR has another time."), Kind.CONFLICT),
    ],
)
def test_what_is_the_matter_with_one_visit(visit: VisitSeen, kind: Kind) -> None:
    found = only(a_course(visit))
    assert found.kind is kind
    assert found.why.endswith(".")


@pytest.mark.parametrize(
    "visit",
    [
        a_visit(days=-1, status="fulfilled"),
        a_visit(days=-1, status="arrived"),
        a_visit(days=-1, done=True),
        a_visit(days=-0.2),
        a_visit(days=-60, status="noshow"),
        a_visit(days=40, status=""),
    ],
)
def test_what_is_no_row(visit: VisitSeen) -> None:
    kinds = {one.kind for one in items([a_course(visit)], MOMENT)}
    assert kinds <= {Kind.MEASUREMENT}


def test_nobody_looked_and_nothing_there_are_two_things() -> None:
    assert "no appointment" in only(a_course(a_visit(status=""))).why
    assert "not been looked at" in only(a_course(a_visit(status="", seen=None), synced=None)).why


def test_a_course_on_hold_wants_no_times_and_what_still_stands_is_shown() -> None:
    assert items([a_course(a_visit(status=""), held=True)], MOMENT) == []
    assert only(a_course(a_visit(), held=True)).kind is Kind.BOOKED


def test_two_patients_in_one_chair_are_both_told() -> None:
    one, other = a_course(a_visit()), a_course(a_visit("infusion-1"), plan="p2")
    found = items([one, other], MOMENT)
    assert {(i.kind, i.course.plan, i.step, i.way) for i in found} == {
        (Kind.CONFLICT, plan, "Give one of the two another time.", Way.REPLAN) for plan in ("p1", "p2")
    }


@pytest.mark.parametrize(
    "other",
    [
        a_visit("infusion-1", resources=(("Location/2", "Chair 2"),)),
        a_visit("infusion-1", days=5 + 2 / 24),
        a_visit("infusion-1", status="cancelled"),
        a_visit("infusion-1", status="proposed"),
        a_visit("review_3_months", resources=(ANNA,)),
    ],
)
def test_no_clash(other: VisitSeen) -> None:
    mine = a_visit(resources=(CHAIR, ANNA))
    found = items([a_course(mine), a_course(other, plan="p2")], MOMENT)
    assert Kind.CONFLICT not in {one.kind for one in found}


def test_a_long_visit_clashes_with_every_one_inside_it() -> None:
    whole = a_course(a_visit(hours=6))
    others = [a_course(a_visit("infusion-1", days=5 + n / 24, hours=1), plan=f"q{n}") for n in (1, 3)]
    clashing = {one.course.plan for one in items([whole, *others], MOMENT) if one.kind is Kind.CONFLICT}
    assert clashing == {"p1", "q1", "q3"}


def test_a_new_authorisation_is_due_two_weeks_ahead_while_doses_are_to_come() -> None:
    today = MOMENT.today
    for days, due in ((15, False), (14, True), (0, True), (-1, True)):
        course = a_course(a_visit(), authorised_until=today + timedelta(days=days))
        kinds = {one.kind for one in items([course], MOMENT)}
        assert (Kind.REAUTHORISE in kinds) is due, days
    over = a_course(a_visit("cbt-3"), authorised_until=today)
    assert only(over).kind is Kind.BOOKED


@pytest.mark.parametrize(
    ("days", "measured", "due"),
    [(-5, None, True), (-2, None, False), (-5, -5, False), (-5, -6, True), (-40, None, False)],
)
def test_a_scale_is_overdue_three_days_after_a_dose(days: int, measured: int | None, due: bool) -> None:
    on = MOMENT.today + timedelta(days=measured) if measured is not None else None
    found = items([a_course(a_visit(days=days, status="fulfilled"), measured=on)], MOMENT)
    assert [one.kind for one in found] == ([Kind.MEASUREMENT] if due else [])


def test_what_waits_for_a_clinician_comes_first() -> None:
    course = a_course(a_visit(status="noshow", days=-1), waits="The plan: refused by the EHR.", conflicts=2)
    assert [one.kind for one in items([course], MOMENT)][:2] == [Kind.NEEDS_CLINICIAN, Kind.CONFLICT]


# --- choosing -----------------------------------------------------------------------------------------------


def many() -> list[CourseSeen]:
    return [
        a_course(
            a_visit(days=1 + n % 20, status="", resources=()),
            a_visit("cbt-1", days=1 + n % 20, resources=(ANNA if n % 2 else BEN,)),
            plan=f"p{n:03}",
            clinician=f"Dr {'XYZ'[n % 3]}",
        )
        for n in range(120)
    ]


def test_filters_counts_and_pages_agree() -> None:
    found = items(many(), MOMENT)
    first = part(found, Wanted(), MOMENT)
    assert (first.total, first.pages, len(first.items)) == (
        sum(first.counts[kind] for kind in TO_DO),
        -(-first.total // PAGE),
        PAGE,
    )
    pages = [part(found, Wanted(page=n), MOMENT).items for n in range(1, first.pages + 1)]
    ids = [item.id for page in pages for item in page]
    assert len(set(ids)) == len(ids) == first.total
    assert part(found, Wanted(page=99), MOMENT).page == first.pages
    assert {i.course.clinician for i in chosen(found, Wanted(clinician="Dr X"), MOMENT)} == {"Dr X"}
    assert {i.course.therapists for i in chosen(found, Wanted(therapist="Anna"), MOMENT)} == {("Anna",)}
    monday = date(2026, 4, 13)
    week_only = chosen(found, Wanted(week=monday), MOMENT)
    assert week_only
    assert all(monday <= MOMENT.day(i.due) < monday + timedelta(days=7) for i in week_only)


@pytest.mark.parametrize("sort", list(Sort))
def test_every_order_holds_all_rows(sort: Sort) -> None:
    found = items(many(), MOMENT)
    ordered = chosen(found, Wanted(sort=sort), MOMENT)
    assert {i.id for i in ordered} == {i.id for i in chosen(found, Wanted(), MOMENT)}
    if sort is Sort.DUE:
        assert [i.due for i in ordered] == sorted(i.due for i in ordered)


# --- board and figures --------------------------------------------------------------------------------------


def test_a_week_has_its_lines_lanes_and_closures() -> None:
    doses = [a_course(a_visit(days=1 + n / 24, resources=(CHAIR, ANNA)), plan=f"p{n}") for n in range(3)]
    found = week(doses, date(2026, 4, 6), By.CHAIRS, MOMENT)
    assert [line.name for line in found.lines] == ["Chair 1"]
    assert [stay.lane for stay in found.lines[0].stays] == [0, 1, 0]
    assert found.closed[4] == "the clinic is closed (Good Friday)"
    assert found.closed[3] is None
    assert [line.name for line in week(doses, date(2026, 4, 6), By.PEOPLE, MOMENT).lines] == ["Anna"]


def test_what_has_no_chair_has_a_line_and_what_is_only_planned_is_not_sure() -> None:
    course = a_course(a_visit(days=1, status="", resources=()), a_visit("cbt-1", days=1, resources=(BEN,)))
    (line,) = week([course], date(2026, 4, 6), By.CHAIRS, MOMENT).lines
    assert (line.name, [stay.sure for stay in line.stays]) == ("No chair named", [False])


def test_a_saturday_is_shown_when_something_is_on_it() -> None:
    found = week([a_course(a_visit("24h_check_call", days=3))], date(2026, 4, 6), By.PEOPLE, MOMENT)
    assert [day.weekday() for day in found.days] == [0, 1, 2, 3, 4, 5]


def test_a_month_counts_what_stands_and_the_chair_hours() -> None:
    days = month([a_course(a_visit(days=1), a_visit("cbt-1", days=1, resources=(BEN,)))], *APRIL, MOMENT)
    assert len(days) == 30
    ninth = days[8]
    assert (ninth.doses, ninth.sessions, ninth.reviews, ninth.chair_hours, ninth.chairs_open) == (
        1,
        1,
        0,
        2,
        10,
    )
    assert days[9].chairs_open == 0


APRIL = (date(2026, 4, 1), date(2026, 4, 30))


def test_figures_count_each_past_visit_once_and_say_of_how_many() -> None:
    past = [
        a_visit(days=-3, status="fulfilled"),
        a_visit("infusion-2", days=-4, status="noshow"),
        a_visit("infusion-1", days=-5, done=True),
        a_visit("cbt-1", days=-2, status="cancelled"),
        a_visit("cbt-2", days=-2),
        a_visit("cbt-3", days=2),
    ]
    *kinds, whole = outcomes([a_course(*past)], MOMENT)
    assert (whole.attended, whole.missed, whole.cancelled, whole.unknown, whole.planned) == (2, 1, 1, 1, 5)
    assert whole.planned == sum(line.planned for line in kinds)
    assert whole.missed_share == pytest.approx(1 / 3)
    assert outcomes([], MOMENT)[-1].missed_share is None


# --- somebody away ------------------------------------------------------------------------------------------

DATES = (MOMENT.today, MOMENT.today + timedelta(days=6))


def test_who_is_concerned_when_somebody_is_away() -> None:
    mine = a_course(a_visit("cbt-1", days=2, resources=(ANNA,)), a_visit("cbt-2", days=9, resources=(ANNA,)))
    others = [
        a_course(a_visit("cbt-1", days=2, resources=(BEN,)), plan="p2"),
        a_course(a_visit("cbt-1", days=2, resources=(ANNA,), status="cancelled"), plan="p3"),
        a_course(a_visit("cbt-1", days=-0.1, resources=(ANNA,)), plan="p4"),
    ]
    (found,) = absence.affected([*others, mine], ANNA[0], DATES, MOMENT)
    assert [visit.key for visit in found.visits] == ["cbt-1"]


def test_what_took_place_is_never_touched_and_what_fails_says_why() -> None:
    course = a_course(a_visit(days=-3, status="fulfilled"), a_visit("cbt-1", days=2, resources=(ANNA,)))
    spots = absence.standing(course)
    assert spots["infusion-3"].firmness > spots["cbt-1"].firmness

    def cannot(_: CourseSeen, __: Any) -> Request:
        raise InputError("This plan was kept without its visits.")

    found = absence.affected([course], ANNA[0], DATES, MOMENT)
    (proposed,) = absence.proposals(found, ANNA[0], DATES, [], cannot, MOMENT)
    assert (proposed.why, proposed.moved) == ("This plan was kept without its visits.", ())


def test_the_last_day_away_is_not_before_the_first() -> None:
    assert absence.days_between(*reversed(DATES)) is None
    assert absence.days_between(*DATES) == DATES
    assert absence.days_between(DATES[0], DATES[0] + timedelta(days=400)) is None
