"""Sealing everything anew with the present secret key, so that the former one can be forgotten."""

from __future__ import annotations

from sqlalchemy import Connection, Table, Text, select, type_coerce, update

from ketplan.store.columns import Sealed
from ketplan.store.database import Database


def reseal(database: Database) -> int:
    """Seal every sealed value with the newest key; how many there were.

    In one transaction per table: what others write meanwhile waits, and a crash leaves every row readable
    with one of the keys. ConfigError when a value can be opened with none of them.
    """
    done = 0
    for table in database.schema.metadata.sorted_tables:
        sealed = [column.name for column in table.columns if isinstance(column.type, Sealed)]
        if sealed:
            with database.writing() as connection:
                done += sum(_resealed(connection, database, table, name) for name in sealed)
    with database.writing() as connection:
        meta = database.schema.meta
        rows = connection.execute(select(meta).with_for_update()).all()
        for row in rows:
            fresh = database.schema.vault.reseal(row.value)
            connection.execute(update(meta).where(meta.c.name == row.name).values(value=fresh))
    return done + len(rows)


def _resealed(connection: Connection, database: Database, table: Table, name: str) -> int:
    key = list(table.primary_key.columns)
    text = type_coerce(table.c[name], Text)
    asking = select(*key, text.label("sealed")).where(text.is_not(None)).with_for_update()
    rows = connection.execute(asking).all()
    for row in rows:
        fresh = database.schema.vault.reseal(row.sealed)
        mine = [column == value for column, value in zip(key, row[:-1], strict=True)]
        connection.execute(update(table).where(*mine).values({table.c[name]: type_coerce(fresh, Text)}))
    return len(rows)
