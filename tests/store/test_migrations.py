"""The layout of the database, brought up and taken down by Alembic, is the one the program works with."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from ketplan.errors import ConfigError
from ketplan.store.database import engine_for, open_database
from ketplan.store.drafts import DraftWorks
from ketplan.store.migrate import layouts, move
from ketplan.store.schema import LAYOUT, VERSION, Schema
from ketplan.store.vault import Vault
from tests.store.conftest import KEY, NOW

ISS = "https://ehr.example.org/fhir"


def tables(url: str) -> set[str]:
    engine = engine_for(url)
    with engine.connect() as connection:
        found = set(inspect(connection).get_table_names())
    engine.dispose()
    return found - {LAYOUT.name}


def test_the_program_works_with_the_newest_layout() -> None:
    assert layouts()[-1] == VERSION


def test_brought_up_it_is_what_the_program_would_have_made(url: str) -> None:
    assert move(url) == (None, VERSION)
    metadata = Schema(Vault([KEY])).metadata
    engine = engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _o, name, kind, *_: name != LAYOUT.name}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    database = open_database(url, [KEY])
    assert DraftWorks(database).save(ISS, "p1", {"escort": "yes"}, 0, NOW).version == 1
    database.close()


def test_a_database_of_today_stays_as_it_is(url: str) -> None:
    database = open_database(url, [KEY])
    DraftWorks(database).save(ISS, "p1", {"escort": "yes"}, 0, NOW)
    assert move(url) == (VERSION, VERSION)
    assert DraftWorks(database).load(ISS, "p1").content == {"escort": "yes"}
    database.close()


def test_taken_down_nothing_is_left_and_it_can_be_made_again(url: str) -> None:
    move(url)
    for layout in (*reversed(layouts()[:-1]), "base"):
        move(url, layout)
    assert tables(url) == set()
    open_database(url, [KEY]).close()
    assert move(url)[0] == VERSION


def test_a_layout_that_never_was_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no layout 4711"):
        move(url, "4711")
