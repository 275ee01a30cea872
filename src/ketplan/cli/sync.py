"""The sub-commands about many patients at once: looking at the EHR's calendar, calendars, reminders."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ketplan.cli.terminal import bearer_token, say, sentences
from ketplan.errors import InputError, KetplanError

if TYPE_CHECKING:
    from ketplan.config import Ehr
    from ketplan.nightly import Nightly
    from ketplan.store.visits import SyncedPlan
    from ketplan.syncing import Tally

DECIDE, NOT_LOOKED = 1, 75


@click.command()
@click.option("--server", "name", metavar="NAME", help="One EHR of the settings file.")
@click.option("--all", "everything", is_flag=True, help="Every EHR with a backend_client_id.")
@click.option("--plan", "plan_id", metavar="ID", help="One plan alone.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds a bearer token.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: counts as JSON.")
@sentences
def sync(
    name: str | None, everything: bool, plan_id: str | None, token_env: str | None, as_json: bool
) -> None:
    """Look at the visits of every course in the EHR now, as the worker does by night. Reads only.

    Exit code 0: nothing to decide; 1: somebody must decide; 75: not everything could be looked at.
    """
    if sum(map(bool, (name, everything, plan_id))) != 1:
        raise InputError("Say one of --server NAME, --all or --plan ID.")
    if plan_id:
        told = [_one_plan(plan_id, token_env)]
    else:
        told = [_told(ehr.name, result) for ehr, result in _servers(name, token_env)]
    click.echo(json.dumps(told, indent=2) if as_json else "\n".join(map(_in_words, told)))
    ends = [row["exit_code"] for row in told]
    sys.exit(DECIDE if DECIDE in ends else max(ends, default=0))


def _one_plan(plan_id: str, token_env: str | None) -> dict[str, Any]:
    from ketplan import compose, config
    from ketplan.cli.reconcile import client_for
    from ketplan.syncing import sync as look

    services = compose.open_services(config.from_environment())
    plan = services.plans.load(plan_id)
    client = client_for(services, plan, token_env)
    return _told(plan_id, look(services, client, plan.iss, compose.utc_now, (plan_id,)))


def _servers(name: str | None, token_env: str | None) -> list[tuple[Ehr, Tally | KetplanError]]:
    from ketplan import compose, config
    from ketplan.cli.ehr import configured
    from ketplan.syncing import sync as look

    settings = config.from_environment()
    nightly = _nightly()
    if name is None:
        return list(nightly.through())
    ehr = configured(settings, name)
    if token := bearer_token(token_env):
        client = compose.chart(ehr.iss, token, settings.site.parallel, known=nightly.services.vendors)
        return [(ehr, look(nightly.services, client, ehr.iss.rstrip("/"), compose.utc_now))]
    return [(ehr, nightly.sync(ehr))]


def _nightly() -> Nightly:
    from ketplan import compose, config
    from ketplan.access import open_access
    from ketplan.ehr.discovery import Discovery
    from ketplan.ehr.peers import Peers
    from ketplan.ehr.transport import Http
    from ketplan.nightly import Nightly
    from ketplan.runs import new_name

    services, peers = compose.open_services(config.from_environment()), Peers()
    http = Http(peers=peers)
    access = open_access(services, Discovery(http, resolve=peers.addresses), compose.utc_now, new_name)
    return Nightly(services, access.discovery, http, access.keyring.sign, compose.utc_now)


def _told(what: str, result: Tally | KetplanError) -> dict[str, Any]:
    if isinstance(result, KetplanError):
        return {"what": what, "problem": str(result), "exit_code": NOT_LOOKED}
    return {"what": what, **vars(result), "exit_code": result.exit_code}


def _in_words(told: dict[str, Any]) -> str:
    if "problem" in told:
        return f"{told['what']}  could not be looked at: {told['problem']}"
    return (
        f"{told['what']}  plans {told['plans']}, visits {told['visits']}, changed {told['changed']},"
        f" to decide {told['conflicts']}, not read {told['failed']}, left {told['left']}"
    )


@click.command()
@click.argument("name", metavar="EHR")
@sentences
def subscribe(name: str) -> None:
    """Ask an EHR to say when a visit has changed (an R4 Subscription), as a hint to look again.

    It is told no more than ketplan's address and a secret of its own. Said twice, it is one Subscription.
    """
    from ketplan.cli.ehr import configured
    from ketplan.config import signing_key
    from ketplan.ehr.subscription import secret_for
    from ketplan.ehr.subscription import subscribe as ask

    nightly = _nightly()
    settings = nightly.services.settings
    ehr = configured(settings, name)
    if not ehr.hints:
        raise InputError(f"[[ehr]] {name} does not say hints = true, so nobody would listen.")
    endpoint = f"{settings.public_url}/hooks/{name}"
    id = ask(nightly.client(ehr), endpoint, secret_for(signing_key(settings), ehr.iss))
    say(f"The EHR keeps it as Subscription/{id}.")


@click.command()
@click.option("--server", "name", metavar="NAME", required=True, help="An EHR of the settings file.")
@click.option("--of", "reference", metavar="REFERENCE", help="Whose: Practitioner/ID or Location/ID.")
@click.option("--to", "target", type=click.Path(dir_okay=False), help="A file instead of the terminal.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds a bearer token.")
@sentences
def calendar(name: str, reference: str | None, target: str | None, token_env: str | None) -> None:
    """The visits of a chair or a person as an iCalendar file, as the last sync saw them.

    Without --of: whose calendars there are. Names of patients stand in it only where the settings say so.
    """
    from ketplan.calendar_file import calendar_file
    from ketplan.clinic_calendars import calendar_of, whose

    nightly, ehr, plans = _synced(name)
    people = whose(plans)
    if reference is None:
        for one, called in people.items():
            say(f"{one:40} {called}")
        return
    if reference not in people:
        raise InputError("No visit takes this person or place; leave out --of for a list.")
    services, names = nightly.services, None
    if services.settings.site.calendar_names:
        names = _names(nightly, ehr, token_env, [plan.patient_id for plan in plans])
    found = calendar_of(reference, plans, names)
    text = calendar_file(found, services.practice.zone, people[reference], nightly.now())
    _give(text, target)


@click.command()
@click.option("--server", "name", metavar="NAME", required=True, help="An EHR of the settings file.")
@click.option("--days", type=click.IntRange(0, 60), default=2, show_default=True, help="So many days ahead.")
@click.option("--language", "codes", multiple=True, default=("en",), show_default=True)
@click.option("--as", "form", type=click.Choice(["csv", "json", "fhir"]), default="csv", show_default=True)
@click.option("--to", "target", type=click.Path(dir_okay=False), help="A file instead of the terminal.")
@sentences
def reminders(name: str, days: int, codes: tuple[str, ...], form: str, target: str | None) -> None:
    """The words to remind of the visits of one day, for whoever sends them. ketplan sends nothing.

    Run every day, each visit comes up once. As CommunicationRequest resources with --as fhir.
    """
    from ketplan import reminders as making
    from ketplan.fhir import r4

    nightly, _, plans = _synced(name)
    site, now = nightly.services.settings.site, nightly.now()
    day = making.due_on(now.astimezone(nightly.services.practice.zone).date(), days)
    found = making.reminders(plans, site, day, codes)
    if form == "csv":
        text = making.as_csv(found)
    elif form == "json":
        text = json.dumps(making.as_rows(found), indent=2, ensure_ascii=False) + "\n"
    else:
        text = r4.to_json(making.as_bundle(found, now)) + "\n"
    _give(text.encode(), target)


def _synced(name: str) -> tuple[Nightly, Ehr, tuple[SyncedPlan, ...]]:
    """What the last sync of an EHR saw of the courses that are under way."""
    from ketplan.cli.ehr import configured
    from ketplan.syncing import under_way

    nightly = _nightly()
    ehr = configured(nightly.services.settings, name)
    iss = ehr.iss.rstrip("/")
    going = {plan.plan_id for plan in under_way(nightly.services, iss)}
    found = nightly.services.visits.of_server(iss)
    return nightly, ehr, tuple(plan for plan in found if plan.plan_id in going)


def _names(nightly: Nightly, ehr: Ehr, token_env: str | None, ids: list[str]) -> dict[str, str]:
    from ketplan import compose
    from ketplan.ehr.across import find_patients
    from ketplan.fhir.across import read_contact

    zone, token = nightly.services.practice.zone, bearer_token(token_env)
    client = compose.chart(ehr.iss, token) if token else nightly.client(ehr)
    today = nightly.now().astimezone(zone).date()
    contacts = [read_contact(raw, zone, today) for raw in find_patients(client, ids).resources]
    return {contact.id: contact.name for contact in contacts}


def _give(text: bytes, target: str | None) -> None:
    """To the terminal, or to a file for this user's eyes only."""
    if target is None:
        click.echo(text, nl=False)
        return
    import os

    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
    except OSError:
        raise InputError(f"The file {target} cannot be written.") from None
