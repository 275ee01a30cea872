"""The sub-commands about the audit trail: whether it is whole, and the way out of it."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from ketplan.cli.terminal import sentences

if TYPE_CHECKING:
    from ketplan.fhir.audit_event import Event
    from ketplan.store.audit import AuditRow, AuditTrail


@click.group()
def audit() -> None:
    """The trail of who did what to whose record, and how it ended."""


@audit.command()
@sentences
def verify() -> None:
    """Check that no row was changed, added or taken away. Exit code 0 when the trail is whole, else 1."""
    trail = _trail()
    newest = next(iter(trail.rows(1)), None)
    _say_where_broken(trail)
    click.echo(f"The audit trail is whole: {newest.number if newest else 0} rows.")


@audit.command()
@click.option("--from", "first", type=click.IntRange(min=1), default=1, show_default=True, help="First row.")
@click.option("--to", "out", type=click.File("w", "utf-8", lazy=True), default="-", help="File to write.")
@sentences
def export(first: int, out: IO[str]) -> None:
    """Print the rows as FHIR R4 AuditEvent resources, one line of JSON each (NDJSON), oldest first.

    They name references, never a name or a value. A broken trail is exported all the same, with exit code 1.
    """
    from ketplan.fhir.audit_event import render_audit_event
    from ketplan.fhir.r4 import to_json

    trail = _trail()
    for row in trail.all_rows(first):
        out.write(to_json(render_audit_event(_event(row))) + "\n")
    _say_where_broken(trail)


def _trail() -> AuditTrail:
    from ketplan import compose, config

    return compose.open_services(config.from_environment()).audit


def _say_where_broken(trail: AuditTrail) -> None:
    broken = trail.broken_at()
    if broken is not None:
        click.echo(f"The audit trail is not as it was written, from row {broken} on.", err=True)
        sys.exit(1)


def _event(row: AuditRow) -> Event:
    from dataclasses import asdict

    from ketplan.fhir.audit_event import Event

    return Event(number=row.number, at=row.at, hash=row.hash, **asdict(row.event))
