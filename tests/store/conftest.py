"""A database per test: SQLite in a fresh folder, and PostgreSQL too where KETPLAN_TEST_POSTGRES names one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import create_engine, text

from ketplan.store.database import Database, open_database

KEY = "0wX3-a-synthetic-test-key-9vQ7zL2m"
NOW = datetime(2026, 3, 7, 16, 30, tzinfo=ZoneInfo("America/New_York"))
MINUTE = timedelta(minutes=1)
POSTGRES = os.environ.get("KETPLAN_TEST_POSTGRES", "")

Opener = Callable[..., Database]


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'ketplan.db'}"
    engine = create_engine(POSTGRES)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return POSTGRES


@pytest.fixture
def opened(url: str) -> Iterator[Opener]:
    """Opens the test's database, as often as asked, and closes every one afterwards."""
    databases: list[Database] = []

    def opener(*keys: str) -> Database:
        databases.append(open_database(url, keys or (KEY,)))
        return databases[-1]

    yield opener
    for database in databases:
        database.close()


@pytest.fixture
def database(opened: Opener) -> Database:
    return opened()
