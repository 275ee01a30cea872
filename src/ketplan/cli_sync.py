"""The sub-commands about many patients at once: looking at the EHR's calendar, calendars, reminders."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ketplan.errors import InputError, KetplanError
from ketplan.terminal import bearer_token, sentences

if TYPE_CHECKING:
    from ketplan.config import Ehr
    from ketplan.nightly import Nightly
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
    from ketplan.cli_reconcile import client_for
    from ketplan.syncing import sync as look

    services = compose.open_services(config.from_environment())
    plan = services.plans.load(plan_id)
    client = client_for(services, plan, token_env)
    return _told(plan_id, look(services, client, plan.iss, compose.utc_now, (plan_id,)))


def _servers(name: str | None, token_env: str | None) -> list[tuple[Ehr, Tally | KetplanError]]:
    from ketplan import compose, config
    from ketplan.cli_ehr import configured
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
