"""What a launch may use at its EHR: one generation in the place of another, gone with its session."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ketplan.store.database import Database
from ketplan.store.grants import Grants
from ketplan.store.launches import LiveSessions
from tests.store.conftest import MINUTE, NOW

LATER = NOW + 60 * MINUTE


@pytest.fixture
def sessions(database: Database) -> LiveSessions:
    made = LiveSessions(database)
    for lid in ("lid-1", "lid-2"):
        made.create(lid, "browser-1", {}, NOW, LATER)
    return made


@pytest.fixture
def grants(database: Database, sessions: LiveSessions) -> Grants:
    made = Grants(database)
    made.create("lid-1", {"access": "a1"})
    made.create("lid-2", {"access": "b1"})
    return made


def payload(grants: Grants, lid: str) -> object:
    held = grants.load(lid)
    return held and held.payload


def test_the_next_generation_takes_the_place_of_the_one_it_was_made_from_once(grants: Grants) -> None:
    assert grants.replace("lid-1", 0, {"access": "a2"})
    assert not grants.replace("lid-1", 0, {"access": "stale"})
    held = grants.load("lid-1")
    assert held is not None
    assert (held.payload, held.generation, held.ended) == ({"access": "a2"}, 1, "")
    assert payload(grants, "lid-2") == {"access": "b1"}


def test_an_ended_grant_keeps_no_tokens_and_takes_no_new_ones(grants: Grants) -> None:
    grants.end("lid-1", 0, "refused")
    assert not grants.replace("lid-1", 0, {"access": "a2"})
    held = grants.load("lid-1")
    assert held is not None
    assert (held.payload, held.ended) == ({}, "refused")
    assert payload(grants, "lid-2") == {"access": "b1"}


def test_only_the_generation_that_was_refused_is_ended(grants: Grants) -> None:
    grants.replace("lid-1", 0, {"access": "a2"})
    grants.end("lid-1", 0, "refused")
    assert payload(grants, "lid-1") == {"access": "a2"}


def test_it_goes_with_its_session(grants: Grants, sessions: LiveSessions) -> None:
    sessions.end("lid-1", "browser-1")
    assert grants.load("lid-1") is None
    sessions.purge(LATER + timedelta(seconds=1))
    assert grants.load("lid-2") is None


def test_one_at_a_time_may_spend_it_and_another_grant_is_free(grants: Grants) -> None:
    assert grants.lock("lid-1", "me", NOW, 60)
    assert not grants.lock("lid-1", "you", NOW, 60)
    assert grants.lock("lid-2", "you", NOW, 60)
    grants.unlock("lid-1", "me")
    assert grants.lock("lid-1", "you", NOW, 60)


def test_what_was_sealed_with_a_lost_key_counts_as_none(grants: Grants, database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE ehr_grant SET payload = 'sealed with a key nobody has'")
    assert grants.load("lid-1") is None
