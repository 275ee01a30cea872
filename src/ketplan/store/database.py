"""Opening the database: SQLite in a file by default, PostgreSQL by URL."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from ketplan.errors import ConfigError
from ketplan.store.schema import AUDIT_HEAD, LAYOUT, VERSION, Schema
from ketplan.store.vault import Vault

BUSY_SECONDS = 15
CREATION_LOCK = 0x6B6574  # any number, as long as every ketplan takes the same one
CANARY = "ketplan"
# Below WARNING SQLAlchemy writes statements, and at DEBUG whole rows, which `hide_parameters` does not hide.
logging.getLogger("sqlalchemy.engine.Engine").addFilter(lambda entry: entry.levelno >= logging.WARNING)


class Database:
    """An open database: `reading()` and `writing()` each give a connection within one transaction."""

    def __init__(self, engine: Engine, schema: Schema) -> None:
        self._engine = engine
        self.schema = schema

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _plain_words(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """SQLite takes its write lock at once here, so that what was read still holds when it is written."""
        with _plain_words(), self._engine.connect() as fresh:
            connection = fresh.execution_options(ketplan_begin="BEGIN IMMEDIATE")
            with connection.begin():
                yield connection

    def close(self) -> None:
        self._engine.dispose()


def open_database(url: str, keys: Sequence[str]) -> Database:
    """Open, and on first use create, the database at `url` (`sqlite:///path` or `postgresql://…`).

    `keys` go to `Vault`. ConfigError, one sentence, when the URL or a key is unusable, the database cannot be
    reached, was made by another version, or was first sealed with a key that is not among `keys`.
    """
    vault = Vault(keys)
    database = Database(engine_for(url), Schema(vault))
    try:
        _prepare(database, vault)
    except BaseException:
        database.close()
        raise
    return database


def engine_for(url: str) -> Engine:
    """The engine for `url`; a SQLite file is for this user alone. ConfigError as `open_database`."""
    parsed = _parsed(url)
    if parsed.get_backend_name() == "postgresql":
        return _create(parsed, pool_pre_ping=True)
    _private_file(parsed)
    engine = _create(parsed, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def copy_database(url: str, target: str) -> None:
    """A consistent copy of a SQLite database in use, for this user's eyes only. ConfigError when it fails."""
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError("This database is PostgreSQL: back it up with pg_dump.")
    path = Path(target)
    if path.exists():
        raise ConfigError("The backup would overwrite a file that is there: choose another name.")
    if not Path(str(parsed.database)).exists():
        raise ConfigError("There is no database to back up yet.")
    _private_file(parsed.set(database=str(path)))
    try:
        with closing(sqlite3.connect(str(parsed.database))) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
    except sqlite3.Error:
        raise ConfigError("The backup could not be written.") from None


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise ConfigError("The database URL cannot be read.") from None
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise ConfigError("The database URL must name a SQLite file or a PostgreSQL database.")


def _create(url: URL, **options: Any) -> Engine:
    try:
        # Parameters hold what the sealed columns are there to hide, so no error may print them.
        return create_engine(url, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError):
        raise ConfigError("PostgreSQL needs the extra ketplan[postgres] installed.") from None


def _private_file(url: URL) -> None:
    """The file and its folder are for this user's eyes only; SQLite's side files inherit the mode."""
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError:
        raise ConfigError("The database file cannot be created or written.") from None
    if os.name == "posix" and path.stat().st_mode & 0o007:
        raise ConfigError("Everybody on this machine can open the database file; take that away (chmod o=).")


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open or close transactions of its own; `_begin_sqlite` does.
    connection.isolation_level = None
    wait = f"busy_timeout = {BUSY_SECONDS * 1000}"
    for pragma in (wait, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("ketplan_begin", "BEGIN"))


def layout_of(connection: Connection) -> str | None:
    """The layout of the tables that are there; None when there are none."""
    if not inspect(connection).has_table(LAYOUT.name):
        return None
    return connection.execute(select(LAYOUT.c.version_num)).scalar()


def _prepare(database: Database, vault: Vault) -> None:
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": CREATION_LOCK})
        layout = layout_of(connection)
        if layout is None:
            database.schema.metadata.create_all(connection)
            LAYOUT.create(connection, checkfirst=True)
            connection.execute(insert(LAYOUT).values(version_num=VERSION))
        elif layout != VERSION:
            raise ConfigError(
                f"The database has layout {layout}, this ketplan needs {VERSION}:"
                " back it up, then run ketplan db upgrade."
            )
        meta = database.schema.meta
        known = {row.name: row.value for row in connection.execute(select(meta))}
        if not known:
            sealed = {"canary": vault.seal(CANARY), AUDIT_HEAD: vault.seal("0:")}
            connection.execute(insert(meta), [{"name": n, "value": v} for n, v in sealed.items()])
            return
    vault.unseal(known["canary"])


@contextmanager
def _plain_words() -> Iterator[None]:
    """A database that is locked, full, read-only or gone is the site's to mend: one sentence, no SQL."""
    try:
        yield
    except DatabaseError as error:
        if type(error) not in (DatabaseError, OperationalError):  # a mistake of ours keeps its own name
            raise
        raise ConfigError(_reason(error)) from None


def _reason(error: DatabaseError) -> str:
    if "locked" in str(error.orig):
        return "The database is busy with another process and did not answer in time."
    return "The database cannot be reached or written."
