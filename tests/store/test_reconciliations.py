"""The last look at a plan."""

from __future__ import annotations

from sqlalchemy import text

from ketplan.store.database import Database
from ketplan.store.plans import Plans
from ketplan.store.reconciliations import Reconciliations
from ketplan.store.retention import Retention
from tests.store.conftest import MINUTE, NOW, Opener

ISS = "https://ehr.example.org/fhir"


def test_the_last_look_takes_the_place_of_the_one_before(opened: Opener) -> None:
    Plans(opened()).save("plan-1", ISS, "p1", 1, {}, NOW)
    looks = Reconciliations(opened())
    assert looks.load("plan-1") is None
    looks.save("plan-1", {"differing": 0}, NOW)
    looks.save("plan-1", {"differing": 2}, NOW + MINUTE)
    found = Reconciliations(opened()).load("plan-1")
    assert found is not None
    assert (found.at, found.content) == (NOW + MINUTE, {"differing": 2})
    assert looks.all() == (found,)


def test_it_goes_with_its_plan(database: Database) -> None:
    Plans(database).save("plan-1", ISS, "p1", 1, {}, NOW)
    looks = Reconciliations(database)
    looks.save("plan-1", {}, NOW)
    Retention(database).forget(ISS, "p1")
    assert looks.load("plan-1") is None


def test_it_cannot_be_read_in_the_file(database: Database) -> None:
    Plans(database).save("plan-1", ISS, "p1", 1, {}, NOW)
    Reconciliations(database).save("plan-1", {"words": "cancelled"}, NOW)
    with database.reading() as connection:
        raw = connection.execute(text("SELECT content FROM reconciliation")).scalar_one()
    assert "cancelled" not in str(raw)
