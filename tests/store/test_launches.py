from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from ketplan.errors import LaunchError, SessionError
from ketplan.store.database import Database
from ketplan.store.grants import Grants
from ketplan.store.launches import LiveSessions, PendingLaunches
from tests.store.conftest import MINUTE, NOW

HOUR = 60 * MINUTE


def test_a_pending_launch_is_taken_once(database: Database) -> None:
    launches = PendingLaunches(database)
    launches.save("state-1", {"verifier": "v"}, "browser-1", NOW)
    assert launches.take("state-1", "browser-1", NOW + MINUTE) == {"verifier": "v"}
    with pytest.raises(LaunchError):
        launches.take("state-1", "browser-1", NOW + MINUTE)


def test_several_launches_of_one_browser_wait_side_by_side(database: Database) -> None:
    launches = PendingLaunches(database)
    launches.save("state-1", {"patient": 1}, "browser-1", NOW)
    launches.save("state-2", {"patient": 2}, "browser-1", NOW)
    assert launches.take("state-1", "browser-1", NOW) == {"patient": 1}
    assert launches.take("state-2", "browser-1", NOW) == {"patient": 2}


@pytest.mark.parametrize(
    ("after", "taken"), [(10 * MINUTE - timedelta(seconds=1), True), (10 * MINUTE, False)]
)
def test_a_pending_launch_lives_ten_minutes(database: Database, after: timedelta, taken: bool) -> None:
    launches = PendingLaunches(database)
    launches.save("state-1", {"n": 1}, "browser-1", NOW)
    if taken:
        assert launches.take("state-1", "browser-1", NOW + after) == {"n": 1}
    else:
        with pytest.raises(LaunchError):
            launches.take("state-1", "browser-1", NOW + after)


def test_another_browser_neither_gets_a_launch_nor_spoils_it(database: Database) -> None:
    launches = PendingLaunches(database)
    launches.save("state-1", {"n": 1}, "browser-1", NOW)
    with pytest.raises(LaunchError):
        launches.take("state-1", "browser-2", NOW)
    assert launches.take("state-1", "browser-1", NOW) == {"n": 1}


def test_of_two_callbacks_at_the_same_moment_one_wins(database: Database) -> None:
    launches = PendingLaunches(database)
    for number in range(5):
        launches.save(f"state-{number}", {"n": number}, "browser-1", NOW)
    together = Barrier(4)

    def callback(_: int) -> int:
        together.wait()
        won = 0
        for number in range(5):
            try:
                launches.take(f"state-{number}", "browser-1", NOW)
                won += 1
            except LaunchError:
                pass
        return won

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(callback, range(4))) == 5


def test_a_session_is_its_browsers_alone(database: Database) -> None:
    sessions = LiveSessions(database)
    sessions.create("lid-1", "browser-1", {"patient": "p1"}, NOW, NOW + HOUR)
    assert sessions.get("lid-1", "browser-1", NOW) == {"patient": "p1"}
    with pytest.raises(SessionError) as other:
        sessions.get("lid-1", "browser-2", NOW)
    with pytest.raises(SessionError) as none:
        sessions.get("lid-9", "browser-2", NOW)
    assert str(other.value) == str(none.value)


def test_two_launches_in_one_browser_never_mix(database: Database) -> None:
    sessions = LiveSessions(database)
    sessions.create("lid-1", "browser-1", {"patient": "p1"}, NOW, NOW + HOUR)
    sessions.create("lid-2", "browser-1", {"patient": "p2"}, NOW + MINUTE, NOW + HOUR)
    sessions.replace("lid-2", "browser-1", {"patient": "p2", "token": "new"}, NOW + MINUTE)
    assert sessions.get("lid-1", "browser-1", NOW + 2 * MINUTE) == {"patient": "p1"}
    assert sessions.get("lid-2", "browser-1", NOW + 2 * MINUTE) == {"patient": "p2", "token": "new"}


def test_idle_time_ends_a_session_and_a_touch_prolongs_it(database: Database) -> None:
    sessions = LiveSessions(database, idle=15 * MINUTE)
    sessions.create("lid-1", "browser-1", {"n": 1}, NOW, NOW + HOUR)
    sessions.touch("lid-1", "browser-1", NOW + 14 * MINUTE)
    assert sessions.get("lid-1", "browser-1", NOW + 28 * MINUTE) == {"n": 1}
    with pytest.raises(SessionError):
        sessions.get("lid-1", "browser-1", NOW + 29 * MINUTE)
    with pytest.raises(SessionError):
        sessions.touch("lid-1", "browser-1", NOW + 29 * MINUTE)


def test_no_touch_outlives_the_absolute_end(database: Database) -> None:
    sessions = LiveSessions(database, idle=15 * MINUTE)
    sessions.create("lid-1", "browser-1", {"n": 1}, NOW, NOW + 20 * MINUTE)
    sessions.touch("lid-1", "browser-1", NOW + 10 * MINUTE)
    with pytest.raises(SessionError):
        sessions.get("lid-1", "browser-1", NOW + 20 * MINUTE)


def test_an_ended_session_is_gone_and_only_its_browser_ends_it(database: Database) -> None:
    sessions = LiveSessions(database)
    sessions.create("lid-1", "browser-1", {"n": 1}, NOW, NOW + HOUR)
    sessions.end("lid-1", "browser-2")
    assert sessions.get("lid-1", "browser-1", NOW) == {"n": 1}
    sessions.end("lid-1", "browser-1")
    with pytest.raises(SessionError):
        sessions.get("lid-1", "browser-1", NOW)


def test_purging_forgets_the_dead_only(database: Database) -> None:
    sessions = LiveSessions(database, idle=15 * MINUTE)
    sessions.create("expired", "browser-1", {}, NOW, NOW + 5 * MINUTE)
    sessions.create("idle", "browser-1", {}, NOW - 10 * MINUTE, NOW + HOUR)
    sessions.create("alive", "browser-1", {"n": 1}, NOW, NOW + HOUR)
    assert sessions.purge(NOW + 6 * MINUTE) == []
    assert sessions.get("alive", "browser-1", NOW + 6 * MINUTE) == {"n": 1}
    for lid in ("expired", "idle"):
        sessions.create(lid, "browser-1", {}, NOW, NOW + HOUR)


def test_purging_hands_out_what_the_dead_could_still_use(database: Database) -> None:
    sessions, grants = LiveSessions(database, idle=15 * MINUTE), Grants(database)
    for lid, expires in (("idle", HOUR), ("refused", HOUR), ("alive", HOUR), ("without", HOUR)):
        sessions.create(lid, "browser-1", {}, NOW, NOW + expires)
        if lid != "without":
            grants.create(lid, {"access": lid})
    grants.end("refused", 0, "refused")
    sessions.touch("alive", "browser-1", NOW + 10 * MINUTE)
    assert sessions.purge(NOW + 15 * MINUTE) == [{"access": "idle"}]
    assert [grants.load(lid) is not None for lid in ("idle", "refused", "alive")] == [False, False, True]
    assert sessions.purge(NOW + 15 * MINUTE) == []


def test_tokens_sealed_with_a_lost_key_keep_nobody_from_purging(database: Database) -> None:
    sessions = LiveSessions(database)
    sessions.create("lid-1", "browser-1", {}, NOW, NOW + MINUTE)
    Grants(database).create("lid-1", {})
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE ehr_grant SET payload = 'sealed with a key nobody has'")
    assert sessions.purge(NOW + HOUR) == []
    assert Grants(database).load("lid-1") is None


def test_what_was_sealed_with_a_lost_key_counts_as_ended(database: Database) -> None:
    launches, sessions = PendingLaunches(database), LiveSessions(database)
    launches.save("state-1", {}, "browser-1", NOW)
    sessions.create("lid-1", "browser-1", {}, NOW, NOW + HOUR)
    spoil = "UPDATE {} SET payload = 'sealed with a key nobody has'"
    with database.writing() as connection:
        for table in ("pending_launch", "live_session"):
            connection.exec_driver_sql(spoil.format(table))
    with pytest.raises(LaunchError):
        launches.take("state-1", "browser-1", NOW)
    with pytest.raises(SessionError):
        sessions.get("lid-1", "browser-1", NOW)


def test_tokens_states_and_ids_are_not_readable_in_the_tables(database: Database) -> None:
    PendingLaunches(database).save("state-1", {"verifier": "seeded-secret"}, "browser-1", NOW)
    LiveSessions(database).create("lid-1", "browser-1", {"token": "seeded-secret"}, NOW, NOW + HOUR)
    with database.reading() as connection:
        rows = [
            str(row)
            for table in ("pending_launch", "live_session")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert len(rows) == 2
    for secret in ("seeded-secret", "state-1", "lid-1", "browser-1"):
        assert not any(secret in row for row in rows)
