"""Alembic's way in. The connection is handed over by `ketplan.store.migrate`; nothing is read from a file."""

from __future__ import annotations

from typing import Any

from alembic import context


def _ours(_object: Any, name: str | None, kind: str, *_: Any) -> bool:
    """The engine of the durable runs keeps tables of its own in the same PostgreSQL database."""
    return kind != "table" or name in context.config.attributes["metadata"].tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    include_object=_ours,
)
with context.begin_transaction():
    context.run_migrations()
