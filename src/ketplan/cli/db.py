"""`ketplan db`: the layout of the database, moved forward and back on purpose."""

from __future__ import annotations

import click

from ketplan.cli.terminal import sentences


@click.group()
def db() -> None:
    """Look at and change the layout of ketplan's database. Back it up first."""


@db.command()
@sentences
def layouts() -> None:
    """List every layout there has been, oldest first."""
    from ketplan.store.migrate import layouts as known

    for layout in known():
        click.echo(layout)


@db.command()
@click.argument("layout", default="head")
@sentences
def upgrade(layout: str) -> None:
    """Bring an older database to the newest layout, or to LAYOUT."""
    _move(layout)


@db.command()
@click.argument("layout")
@click.option("--yes", is_flag=True, help="Really go back: what the older layout cannot hold is lost.")
@sentences
def downgrade(layout: str, yes: bool) -> None:
    """Bring the database back to LAYOUT; "base" removes every table."""
    if not yes:
        click.echo("Going back loses what the older layout cannot hold: back up, then add --yes.")
        return
    _move(layout)


def _move(layout: str) -> None:
    from ketplan import config
    from ketplan.store.migrate import move

    before, after = move(config.from_environment().database_url, layout)
    click.echo(f"The database had layout {before or 'none'} and has {after or 'none'} now.")
