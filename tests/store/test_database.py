from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text, update

from ketplan.errors import ConfigError
from ketplan.store.database import open_database
from ketplan.store.drafts import DraftWorks
from ketplan.store.plans import Plans
from ketplan.store.schema import LAYOUT
from tests.store.conftest import KEY, NOW, Opener

ISS = "https://ehr.example.org/fhir"
NEWER_KEY = "another-synthetic-test-key-5kT8wR1p"


def test_what_was_stored_is_there_after_opening_again(opened: Opener) -> None:
    DraftWorks(opened()).save(ISS, "p1", {"escort": "yes"}, 0, NOW)
    assert DraftWorks(opened()).load(ISS, "p1").content == {"escort": "yes"}


def test_moments_come_back_in_utc_and_a_naive_one_is_refused(database) -> None:
    plans = Plans(database)
    plans.save("plan-1", ISS, "p1", 1, {}, NOW)
    created = plans.load("plan-1").created
    assert created == NOW
    assert created.tzinfo is UTC
    with pytest.raises(Exception, match="without a time zone"):
        plans.save("plan-2", ISS, "p1", 1, {}, datetime(2026, 3, 7, 12, 0))


def test_nothing_private_stands_in_the_file(url: str, opened: Opener, tmp_path: Path) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("looks into the SQLite file")
    DraftWorks(opened()).save(ISS, "p1", {"diagnosis": "Kanarienvogel"}, 0, NOW)
    files = list((tmp_path / "data").iterdir())
    assert any(b"draft_work" in file.read_bytes() for file in files)
    assert not any(b"Kanarienvogel" in file.read_bytes() for file in files)


def test_the_sqlite_file_is_for_its_owner_only(url: str, opened: Opener, tmp_path: Path) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("looks at the SQLite file")
    DraftWorks(opened()).save(ISS, "p1", {}, 0, NOW)
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
    assert modes == {0o600}


def test_sqlite_runs_with_a_write_ahead_log_and_foreign_keys(url: str, opened: Opener) -> None:
    if not url.startswith("sqlite"):
        pytest.skip("asks SQLite's pragmas")
    with opened().reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 15_000}


def test_many_processes_may_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        databases = list(pool.map(lambda _: open_database(url, [KEY]), range(8)))
    with databases[0].reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta")).scalar_one() == 2
    for database in databases:
        database.close()


def test_an_older_key_still_opens_and_a_lost_one_is_said_at_once(opened: Opener) -> None:
    DraftWorks(opened(KEY)).save(ISS, "p1", {"escort": "yes"}, 0, NOW)
    assert DraftWorks(opened(NEWER_KEY, KEY)).load(ISS, "p1").content == {"escort": "yes"}
    with pytest.raises(ConfigError, match="secret key"):
        opened(NEWER_KEY)


def test_a_database_of_another_layout_is_refused(opened: Opener) -> None:
    database = opened()
    with database.writing() as connection:
        connection.execute(update(LAYOUT).values(version_num="99"))
    with pytest.raises(ConfigError, match="layout 99"):
        opened()


@pytest.mark.parametrize("keys", [(), ("too short",)])
def test_no_or_a_weak_key_is_refused(url: str, keys: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="secret key"):
        open_database(url, keys)


@pytest.mark.parametrize("bad", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_serve_is_refused(bad: str) -> None:
    with pytest.raises(ConfigError, match="URL"):
        open_database(bad, [KEY])


def test_a_file_that_is_no_database_and_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear all, this is not a database." * 100)
    letter.chmod(0o600)
    with pytest.raises(ConfigError, match="cannot be reached or written"):
        open_database(f"sqlite:///{tmp_path / 'letter.txt'}", [KEY])
    with pytest.raises(ConfigError, match="cannot be created"):
        open_database(f"sqlite:///{tmp_path / 'letter.txt' / 'ketplan.db'}", [KEY])


def test_a_failed_transaction_leaves_nothing(database) -> None:
    with pytest.raises(KeyError), database.writing() as connection:
        connection.execute(text("INSERT INTO meta (name, value) VALUES ('half', 'done')"))
        raise KeyError
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM meta WHERE name = 'half'")).scalar_one() == 0
