"""The schedule of a signed plan: from its own day 0, on the days its visits really stand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ketplan.clinical.instruments.administrations import Moment, administrations
from ketplan.clinical.instruments.signed import signed_administrations
from ketplan.clinical.progress.facts import plan_facts
from ketplan.clinical.progress.limits import Limits
from tests.clinical.builders import DISORDERS, START, a_ready_record, drafted


@pytest.mark.parametrize("disorder", DISORDERS)
def test_a_signed_plan_asks_for_what_its_draft_asked_for(disorder: str) -> None:
    draft = drafted(a_ready_record(disorder))
    assert signed_administrations(plan_facts(draft, "p"), Limits()) == administrations(draft)


def test_it_counts_from_the_day_0_that_was_signed() -> None:
    signed = signed_administrations(plan_facts(drafted(a_ready_record("GAD")), "p"), Limits())
    later = administrations(drafted(a_ready_record("GAD"), start=START + timedelta(days=28)))
    weekly = [a.on for a in signed if a.moment is Moment.WEEKLY]
    assert weekly[0] == date(2026, 3, 9)
    assert next(a.on for a in later if a.moment is Moment.WEEKLY) == date(2026, 4, 6)


def test_a_visit_that_was_moved_is_asked_on_its_new_day() -> None:
    moved = {"infusion-2": date(2026, 3, 6), "review_3_months": date(2026, 6, 4)}
    signed = signed_administrations(plan_facts(drafted(a_ready_record("GAD")), "p"), Limits(), moved)
    assert {a.on for a in signed if a.visit == "infusion-2"} == {date(2026, 3, 6)}
    assert {a.on for a in signed if a.visit == "infusion-3"} == {date(2026, 3, 9)}
    assert {a.on for a in signed if a.visit == "review_3_months"} == {date(2026, 6, 4)}
