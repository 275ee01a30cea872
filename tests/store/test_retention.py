"""Everything of a patient goes together, and never while something is still to be written."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from ketplan.store.database import Database
from ketplan.store.drafts import DraftWorks
from ketplan.store.journal import Journal, Planned
from ketplan.store.plans import Plans, PlanState
from ketplan.store.retention import Retention
from ketplan.store.reviews import Reviews
from ketplan.store.sheets import SheetKey, Sheets
from tests.store.conftest import NOW

ISS = "https://ehr.example.org/fhir"
DAY = timedelta(days=1)


def a_course(database: Database, patient: str, at: datetime, state: PlanState = PlanState.WRITTEN) -> None:
    plans, plan = Plans(database), f"plan-{patient}"
    plans.save(plan, ISS, patient, 1, {"steps": []}, at)
    plans.move(plan, PlanState.WRITING, at)
    if state is not PlanState.WRITING:
        plans.move(plan, state, at)
    Journal(database).plan(plan, [Planned("goal", "Goal", "create", {})], at)
    DraftWorks(database).save(ISS, patient, {"escort": "yes"}, 0, at)
    Sheets(database).save(SheetKey(ISS, patient, plan, "infusion-1"), {"x": 1}, 0, at)
    Reviews(database).add(plan, ISS, patient, f"review-{patient}", {"y": 1}, 0, at)


def rows(database: Database) -> int:
    with database.reading() as connection:
        return sum(
            len(connection.execute(select(table)).all())
            for table in database.schema.metadata.sorted_tables
            if table.name != "meta"
        )


def test_only_who_was_untouched_for_long_is_due(database: Database) -> None:
    a_course(database, "old", NOW - 400 * DAY)
    a_course(database, "new", NOW)
    kept = Retention(database)
    assert [k.patient_id for k in kept.patients()] == ["old", "new"]
    assert [k.patient_id for k in kept.due(NOW - 365 * DAY)] == ["old"]
    DraftWorks(database).save(ISS, "old", {"escort": "no"}, 1, NOW)
    assert kept.due(NOW - 365 * DAY) == ()


@pytest.mark.parametrize("state", [PlanState.WRITING, PlanState.INCOMPLETE, PlanState.WAITING])
def test_what_is_still_to_be_written_stays(database: Database, state: PlanState) -> None:
    a_course(database, "old", NOW - 400 * DAY, state)
    assert Retention(database).due(NOW) == ()


def test_forgotten_is_everything_and_nobody_else(database: Database) -> None:
    a_course(database, "p1", NOW)
    before = rows(database)
    a_course(database, "p2", NOW)
    Retention(database).forget(ISS, "p2")
    assert rows(database) == before
    assert [k.patient_id for k in Retention(database).patients()] == ["p1"]
