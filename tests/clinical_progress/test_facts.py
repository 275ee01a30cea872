"""From a signed draft to the facts of a course; what has happened by a day."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.progress.facts import Happened, Missed, induction_doses, plan_facts, with_added
from ketplan.clinical.protocols import ketamine
from ketplan.clinical.record import NmdaCourse
from ketplan.errors import InputError
from tests.clinical.builders import START, a_condition, a_ready_record, drafted, with_facts
from tests.clinical_progress.builders import a_dose, a_rating, day

GAD = drafted(a_ready_record("GAD"))
FRAIL = drafted(with_facts(a_ready_record("GAD"), a_condition("248279007")))

INDUCTION = [("IV6_2PW", 6), ("IV6_3PW", 6), ("IV3_QW", 3), ("IV1", 1), ("ESK_LABEL", 8), ("NONE", 0)]


@pytest.mark.parametrize(("protocol", "count"), INDUCTION)
def test_doses_before_the_decision(protocol: str, count: int) -> None:
    assert induction_doses(ketamine.BY_ID[protocol]) == count


def test_the_facts_of_a_draft() -> None:
    plan = plan_facts(GAD, "plan-1", age=40, frail=False, lifetime_before=3, authorised_on=START)
    assert (plan.id, plan.disorder, plan.protocol.id) == ("plan-1", BY_ID["GAD"], "IV6_2PW")
    assert (plan.start, plan.planned, plan.dosing_weight_kg) == (START, 6, Decimal("70.00"))
    assert (plan.age, plan.frail, plan.lifetime_before, plan.authorised_on) == (40, False, 3, START)
    assert (plan.maintenance, plan.stopped_on, plan.interval_days) == (False, None, None)


@pytest.mark.parametrize("asked", [None, False, True])
def test_coded_frailty_counts_whatever_was_answered(asked: bool | None) -> None:
    assert plan_facts(FRAIL, "plan-1", frail=asked).frail is True
    assert plan_facts(GAD, "plan-1", frail=asked).frail is asked


def test_the_sites_own_protocol_is_used() -> None:
    own = replace(ketamine.BY_ID["IV6_2PW"], ceiling_mg_per_kg=Decimal("0.75"))
    assert plan_facts(GAD, "plan-1", protocol=own).protocol is own


@pytest.mark.parametrize(
    "draft",
    [replace(GAD, lead=None), replace(GAD, ketamine=replace(GAD.ketamine, protocol="IV9"))],
    ids=["no lead", "unknown protocol"],
)
def test_a_draft_without_lead_or_known_protocol_has_no_course(draft: object) -> None:
    with pytest.raises(InputError, match="no leading disorder"):
        plan_facts(draft, "plan-1")  # type: ignore[arg-type]


def test_added_doses_are_planned_too() -> None:
    assert with_added(plan_facts(GAD, "plan-1"), 2).planned == 8


def test_by_a_day_only_what_happened_and_nothing_twice() -> None:
    first, second, later = a_dose(1, 0), a_dose(2, 3), a_dose(3, 7)
    happened = Happened((later, second, first, first), (a_rating(50, 4), a_rating(60, -3)))
    past = happened.until(day(3))
    assert past.doses == (first, second)
    assert past.ratings == (a_rating(60, -3),)
    assert past.last_dose == second
    assert Happened(missed=(Missed("infusion-1", "Infusion 1", day(9)),)).until(day(8)).missed == ()
    assert Happened().last_dose is None


def test_induction_and_maintenance_are_told_apart() -> None:
    kept = a_dose(7, 24, maintenance=True)
    happened = Happened((a_dose(1, 0), kept))
    assert happened.maintenance == (kept,)
    assert happened.induction == (a_dose(1, 0),)


def test_a_draft_carries_the_terms_of_its_course() -> None:
    assert GAD.terms is not None
    own = replace(GAD.terms.protocol, ceiling_mg_per_kg=Decimal("0.75"))
    plan = plan_facts(replace(GAD, terms=replace(GAD.terms, protocol=own, lifetime_before=4)), "plan-1")
    assert (plan.protocol, plan.age, plan.lifetime_before) == (own, 40, 4)
    assert (plan.first_mg_per_kg, plan.first_mg) == (Decimal("0.5"), 35)
    assert plan_facts(replace(GAD, terms=None), "plan-1").age is None


@pytest.mark.parametrize(
    ("counts", "known"), [((), None), ((4,), 4), ((4, 3), 7), ((4, None), None), ((0,), 0)], ids=str
)
def test_doses_before_are_known_only_when_each_course_says_how_many(
    counts: tuple[int | None, ...], known: int | None
) -> None:
    courses = tuple(NmdaCourse(administrations=count) for count in counts)
    record = a_ready_record("GAD")
    told = replace(record, intake=replace(record.intake, nmda_courses=courses))
    assert drafted(told).terms == replace(GAD.terms, lifetime_before=known)  # type: ignore[type-var]
