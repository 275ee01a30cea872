"""The sub-commands about an EHR: whether ketplan will work with it, and what ketplan asks to be allowed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ketplan.cli.terminal import bearer_token, say, sentences, wanted_patient
from ketplan.errors import InputError

if TYPE_CHECKING:
    from ketplan.config import Ehr, Settings
    from ketplan.ehr.ability import Observed

UNREGISTERED = "(from the registration)"


@click.command()
@click.argument("url", required=False)
@click.option("--ehr", "name", metavar="NAME", help="An EHR of the settings file instead of a URL.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds a bearer token, if any.")
@click.option(
    "--patient", "patient_id", metavar="ID", help="Try each search for this patient; only counts show."
)
@click.option("--scope", help="What the EHR granted, to weigh the writes by it.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: the report as JSON.")
@sentences
def doctor(
    url: str | None,
    name: str | None,
    token_env: str | None,
    patient_id: str | None,
    scope: str | None,
    as_json: bool,
) -> None:
    """Will ketplan work with the EHR whose FHIR base is URL? Nothing is written there.

    Exit codes: 0 it will (green, amber), 1 it will not (red), 2 unusable address, 75 nobody answers.
    """
    import json

    from ketplan import config
    from ketplan.ehr.doctor.examination import examine
    from ketplan.ehr.profiles.load import with_own

    if bool(url) == bool(name):
        raise InputError("Give either the FHIR address of an EHR or --ehr NAME.")
    settings = config.from_environment()
    report = examine(
        configured(settings, name) if name else config.Ehr("doctor", str(url), UNREGISTERED),
        f"{settings.public_url}/callback",
        token=bearer_token(token_env),
        patient_id=wanted_patient(patient_id) if patient_id else None,
        profiles=with_own(settings.profiles),
        observed=_observed(settings, name) if name else None,
        scope=scope,
    )
    say(json.dumps(report.as_json(), indent=2) if as_json else "\n".join(report.as_text()))
    sys.exit(report.exit_code)


@click.command()
@click.option(
    "--ehr", "name", metavar="NAME", help="An EHR of the settings file, which may have its own list."
)
@click.option("--v1", is_flag=True, help="In the older dialect, .read and .write.")
@sentences
def scopes(name: str | None, v1: bool) -> None:
    """Print each scope that is asked for with its reason, for an app gallery's form."""
    from ketplan import config
    from ketplan.ehr.scopes import reasons

    own = configured(config.from_environment(), name).scopes if name else ()
    rows = reasons(v1, own)
    width = max(len(word) for word, _ in rows)
    for word, reason in rows:
        click.echo(f"{word:{width}}  {reason}")


def _observed(settings: Settings, name: str) -> Observed:
    """What this EHR refused of late; nothing where ketplan has kept nothing yet."""
    from ketplan import config
    from ketplan.compose import utc_now
    from ketplan.store.database import open_database
    from ketplan.store.observed import ObservedRefusals

    database = open_database(settings.database_url, config.secret_keys(settings))
    try:
        return ObservedRefusals(database).of(configured(settings, name).iss.rstrip("/"), utc_now())
    finally:
        database.close()


def configured(settings: Settings, name: str) -> Ehr:
    """The EHR of the settings file with this name; InputError when there is none."""
    for ehr in settings.ehrs:
        if ehr.name == name:
            return ehr
    known = ", ".join(ehr.name for ehr in settings.ehrs) or "none"
    raise InputError(f"There is no EHR {name} in the settings file; there is: {known}.")
