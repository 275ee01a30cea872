"""What an EHR refused is remembered by type, for two weeks at most, and only until it takes one."""

from __future__ import annotations

from datetime import timedelta

from ketplan.store.database import Database
from ketplan.store.observed import KEPT, ObservedRefusals, Refusal
from tests.store.conftest import NOW

ISS = "https://ehr.example.org/fhir"
OTHER = "https://other.example.org/fhir"


def test_a_refusal_is_remembered_with_its_day(database: Database) -> None:
    seen = ObservedRefusals(database)
    seen.refused(ISS, "CarePlan", "create", 403, NOW)
    seen.refused(ISS, "CarePlan", "update", 405, NOW)
    found = seen.of(ISS, NOW + timedelta(days=1))
    assert found == {
        ("CarePlan", "create"): Refusal(403, NOW),
        ("CarePlan", "update"): Refusal(405, NOW),
    }
    assert seen.of(OTHER, NOW) == {}


def test_the_newest_refusal_counts(database: Database) -> None:
    seen, later = ObservedRefusals(database), NOW + timedelta(days=3)
    seen.refused(ISS, "Goal", "create", 404, NOW)
    seen.refused(ISS, "Goal", "create", 405, later)
    assert seen.of(ISS, later) == {("Goal", "create"): Refusal(405, later)}


def test_it_is_forgotten_when_one_is_taken(database: Database) -> None:
    seen = ObservedRefusals(database)
    seen.refused(ISS, "Goal", "create", 403, NOW)
    seen.refused(ISS, "CarePlan", "create", 403, NOW)
    seen.refused(OTHER, "Goal", "create", 403, NOW)
    seen.taken(ISS, "Goal", "create")
    assert set(seen.of(ISS, NOW)) == {("CarePlan", "create")}
    assert set(seen.of(OTHER, NOW)) == {("Goal", "create")}


def test_it_is_forgotten_after_two_weeks(database: Database) -> None:
    seen = ObservedRefusals(database)
    seen.refused(ISS, "Goal", "create", 403, NOW)
    assert seen.of(ISS, NOW + KEPT - timedelta(seconds=1))
    assert seen.of(ISS, NOW + KEPT) == {}
    seen.refused(OTHER, "Goal", "create", 403, NOW + KEPT)
    assert seen.of(ISS, NOW) == {}, "the row itself is gone"
