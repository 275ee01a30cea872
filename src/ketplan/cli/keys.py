"""ketplan's own keys and the site's secret key: what an operator does with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ketplan.cli.ehr import configured
from ketplan.cli.terminal import sentences

if TYPE_CHECKING:
    from ketplan.keyring import Keyring
    from ketplan.store.keys import StoredKey


@click.group()
def keys() -> None:
    """The keys with which ketplan proves itself to EHRs, and the secret key that seals what is stored."""


@keys.command("list")
@sentences
def list_keys() -> None:
    """Print every key that is published, with what it is doing."""
    with _keyring() as ring:
        rows = ring.rows()
    for key, doing in rows:
        click.echo(f"{key.kid}  {key.algorithm}  {doing:8}  {_from(key)}")
    if not rows:
        click.echo("There are no keys yet; an EHR with client_auth key makes the first ones.")


@keys.command()
@click.option("--at-once", is_flag=True, help="Sign with the new keys now; EHRs may not know them yet.")
@sentences
def rotate(at_once: bool) -> None:
    """Publish new keys; they sign from a day later on, when every EHR has seen them."""
    from datetime import timedelta

    from ketplan.keyring import LEAD

    with _keyring() as ring:
        for key in ring.rotate(timedelta(0) if at_once else LEAD):
            click.echo(f"{key.kid}  {key.algorithm}  {_from(key)}")


@keys.command()
@click.argument("kid")
@click.option("--compromised", is_flag=True, help="Take it away even if it still signs.")
@sentences
def retire(kid: str, compromised: bool) -> None:
    """Publish the key KID no more. What it signed is then believed by nobody."""
    with _keyring() as ring:
        ring.retire(kid, compromised)
    click.echo("The key is gone.")


@keys.command()
@sentences
def reseal() -> None:
    """Seal everything stored with the present secret key, so that former ones can be forgotten."""
    from ketplan import config
    from ketplan.store.database import open_database
    from ketplan.store.reseal import reseal as reseal_all

    settings = config.from_environment()
    database = open_database(settings.database_url, config.secret_keys(settings))
    try:
        count = reseal_all(database)
    finally:
        database.close()
    click.echo(f"{count} values are sealed with the present key; KETPLAN_OLD_SECRET_KEYS can go.")


@click.command("backend-check")
@click.argument("name", metavar="EHR")
@sentences
def backend_check(name: str) -> None:
    """Fetch a token as the nightly sync would, and say what the EHR allows it. Nothing is read."""
    from ketplan import config
    from ketplan.compose import utc_now
    from ketplan.ehr.backend import check
    from ketplan.ehr.discovery import Discovery
    from ketplan.ehr.transport import Http

    ehr = configured(config.from_environment(), name)
    with _keyring() as ring:
        found = check(ehr, Discovery(Http()), ring.sign, utc_now)
    click.echo(f"The EHR allows: {' '.join(sorted(found.scopes)) or 'nothing'}.")
    if found.left_out:
        click.echo(f"It leaves out: {' '.join(sorted(found.left_out))}.")


def _from(key: StoredKey) -> str:
    return f"signs from {key.signs_from:%Y-%m-%d %H:%M} UTC"


@contextmanager
def _keyring() -> Iterator[Keyring]:
    import secrets

    from ketplan import config
    from ketplan.compose import utc_now
    from ketplan.keyring import Keyring
    from ketplan.store.database import open_database
    from ketplan.store.keys import SigningKeys

    settings = config.from_environment()
    database = open_database(settings.database_url, config.secret_keys(settings))
    try:
        yield Keyring(SigningKeys(database), utc_now, lambda: secrets.token_urlsafe(32))
    finally:
        database.close()
