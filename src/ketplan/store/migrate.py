"""From one layout of the database to another, both ways. Alembic does it; only `ketplan db` comes here.

A new database is made whole by `open_database`; an old one is brought forward here, on purpose and after a
backup, never by a server that happens to start.
"""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ketplan.errors import ConfigError
from ketplan.store.database import engine_for, layout_of
from ketplan.store.schema import Schema
from ketplan.store.vault import Vault

SCRIPTS = Path(__file__).with_name("migrations")
NO_KEY = "only the layout is looked at, nothing is sealed"


def layouts() -> tuple[str, ...]:
    """Every layout there has been, oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return tuple(reversed([script.revision for script in scripts.walk_revisions()]))


def move(url: str, layout: str = "head") -> tuple[str | None, str | None]:
    """Bring the database at `url` to a layout ("base" empties it); from where to where, None for no tables.

    All or nothing. ConfigError for a layout that is not known or a database that cannot be changed.
    """
    if layout not in ("head", "base", *layouts()):
        raise ConfigError(f"There is no layout {layout}; known are {', '.join(layouts())}.")
    engine = engine_for(url)
    try:
        with engine.begin() as connection:
            before = layout_of(connection)
            _move(connection, before, layout)
            return before, layout_of(connection)
    except SQLAlchemyError:
        raise ConfigError("The database could not be brought to that layout; it is as it was.") from None
    finally:
        engine.dispose()


def _move(connection: Connection, before: str | None, layout: str) -> None:
    known = layouts()
    target = {"head": known[-1], "base": None}.get(layout, layout)
    forward = target is not None and (before is None or known.index(target) >= known.index(before))
    (command.upgrade if forward else command.downgrade)(_config(connection), layout)


def _config(connection: Connection | None = None) -> Config:
    logging.getLogger("alembic").setLevel(logging.ERROR)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes.update(connection=connection, metadata=Schema(Vault([NO_KEY])).metadata)
    return config
