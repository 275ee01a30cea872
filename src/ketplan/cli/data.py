"""The sub-commands about what is kept: taking it along, backing it up, letting it go."""

from __future__ import annotations

from typing import IO

import click

from ketplan.cli.terminal import sentences


@click.command()
@click.option("--to", "out", type=click.File("w", "utf-8", lazy=True), default="-", help="File to write.")
@sentences
def export(out: IO[str]) -> None:
    """Hand out everything kept, as FHIR: one collection Bundle per patient and line (NDJSON).

    It holds patients' data in the clear. The audit trail has a way out of its own: ketplan audit export.
    """
    from ketplan import compose, config
    from ketplan.export import bundles
    from ketplan.fhir.r4 import to_json

    count = 0
    for bundle in bundles(compose.open_services(config.from_environment())):
        out.write(to_json(bundle) + "\n")
        count += 1
    click.echo(f"{count} patients.", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False))
@sentences
def backup(file: str) -> None:
    """Copy the SQLite database to FILE while ketplan runs. It stays sealed: keep the secret key as well.

    PostgreSQL has its own tool for this, pg_dump.
    """
    from ketplan import config
    from ketplan.store.database import copy_database

    copy_database(config.from_environment().database_url, file)
    click.echo(f"Backed up to {file}. It can be opened only with the same secret key.")


@click.command()
@click.option(
    "--days", type=click.IntRange(min=30), help="Untouched for so long; default: keep_days in [site]."
)
@click.option("--yes", is_flag=True, help="Remove it. Without it only how much would go is said.")
@sentences
def purge(days: int | None, yes: bool) -> None:
    """Let go of patients whose things nobody has touched for long. What stands in the EHR stays there.

    Nobody goes while something of theirs is still to be written. The audit trail stays.
    """
    from datetime import timedelta

    from ketplan import compose, config
    from ketplan.errors import InputError

    settings = config.from_environment()
    kept_days = days or settings.site.keep_days
    if kept_days is None:
        raise InputError("Say for how long things are kept: --days, or keep_days in [site].")
    services = compose.open_services(settings)
    due = services.retention.due(compose.utc_now() - timedelta(days=kept_days))
    if yes:
        for kept in due:
            services.retention.forget(kept.iss, kept.patient_id)
    click.echo(f"{len(due)} patients untouched for {kept_days} days{' are gone' if yes else '; add --yes'}.")
