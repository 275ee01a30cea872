"""How the visits of a plan stood in the EHR, kept from look to look."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from ketplan.store.database import Database
from ketplan.store.plans import Plans
from ketplan.store.retention import Retention
from ketplan.store.visits import SyncedVisit, SyncedVisits
from tests.store.conftest import MINUTE, NOW, Opener

ISS = "https://ehr.example.org/fhir"
DAY = timedelta(days=1)


def a_visit(
    key: str = "infusion-1", start: datetime | None = NOW + DAY, status: str = "booked"
) -> SyncedVisit:
    end = start + 2 * timedelta(hours=1) if start else None
    chair = ("Location/chair-1", "Chair 1")
    return SyncedVisit(key, "Appointment/a1", status, start, end, (chair,), "Infusion 1", 'W/"1"', "", NOW)


@pytest.fixture
def visits(database: Database) -> SyncedVisits:
    for patient in ("p1", "p2"):
        Plans(database).save(f"plan-{patient}", ISS, patient, 1, {}, NOW)
    return SyncedVisits(database)


def test_what_was_seen_is_found_again(visits: SyncedVisits, opened: Opener) -> None:
    seen = (a_visit(), a_visit("cbt-1", None, "proposed"))
    kept = visits.save("plan-p1", ISS, "p1", seen, 2, NOW)
    assert SyncedVisits(opened()).of_plan("plan-p1") == kept
    assert (kept.visits, kept.synced_at, kept.conflicts) == (seen, NOW, 2)
    assert visits.of_plan("plan-p2") is None


@pytest.mark.parametrize(
    ("later", "sequence"),
    [
        (a_visit(), 0),
        (replace(a_visit(), version='W/"2"', title="Other words"), 0),
        (a_visit(start=NOW + 2 * DAY), 1),
        (a_visit(status="cancelled"), 1),
    ],
)
def test_the_sequence_grows_with_what_matters_to_a_calendar(
    visits: SyncedVisits, later: SyncedVisit, sequence: int
) -> None:
    visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW)
    assert visits.save("plan-p1", ISS, "p1", [later], 0, NOW + MINUTE).visits[0].sequence == sequence
    again = visits.save("plan-p1", ISS, "p1", [later], 0, NOW + 2 * MINUTE)
    assert again.visits[0].sequence == sequence


def test_whom_a_visit_once_took_is_remembered(visits: SyncedVisits) -> None:
    other, former = ("Location/chair-2", "Chair 2"), ("Location/chair-1", "Chair 1")
    visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW)
    [moved] = visits.save("plan-p1", ISS, "p1", [replace(a_visit(), resources=(other,))], 0, NOW).visits
    assert (moved.sequence, moved.former) == (1, (former,))
    [back] = visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW).visits
    assert (back.sequence, back.former) == (2, (other,))


def test_a_look_that_failed_leaves_what_was_seen_before(visits: SyncedVisits) -> None:
    visits.save("plan-p1", ISS, "p1", [a_visit()], 1, NOW)
    visits.failed("plan-p1", ISS, "p1", "The EHR did not answer.", NOW + MINUTE)
    found = visits.of_plan("plan-p1")
    assert found is not None
    assert (found.synced_at, found.tried_at, found.problem) == (NOW, NOW + MINUTE, "The EHR did not answer.")
    assert (found.visits, found.conflicts) == ((a_visit(),), 1)
    assert visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW + 2 * MINUTE).problem == ""


def test_a_first_look_that_fails_was_no_look(visits: SyncedVisits) -> None:
    visits.failed("plan-p2", ISS, "p2", "The EHR did not answer.", NOW)
    assert [(p.plan_id, p.synced_at) for p in visits.of_server(ISS)] == [("plan-p2", None)]
    assert visits.of_server("https://other.example.org") == ()


def test_they_go_with_the_patient_are_handed_out_and_keep_nobody(
    visits: SyncedVisits, database: Database
) -> None:
    kept = Retention(database)
    visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW + 500 * DAY)
    assert [one.last for one in kept.patients()] == [NOW, NOW]
    assert [name for name, _ in kept.loose(ISS, "p1")] == ["synced_visits plan-p1"]
    kept.forget(ISS, "p1")
    assert visits.of_plan("plan-p1") is None
    visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW)
    assert visits.of_plan("plan-p1") is None, "nothing is kept of a plan that was forgotten meanwhile"


def test_they_cannot_be_read_in_the_file(visits: SyncedVisits, database: Database) -> None:
    visits.save("plan-p1", ISS, "p1", [a_visit()], 0, NOW)
    with database.reading() as connection:
        raw = connection.execute(text("SELECT content FROM synced_visits")).scalar_one()
    assert "Infusion" not in str(raw) and "booked" not in str(raw)
