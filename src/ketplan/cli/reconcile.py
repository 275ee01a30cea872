"""The sub-command that holds kept plans against the EHR."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ketplan.cli.terminal import bearer_token, sentences, wanted_patient
from ketplan.errors import EhrError, InputError

if TYPE_CHECKING:
    from ketplan.compose import Services
    from ketplan.ehr.client import FhirClient
    from ketplan.store.plans import StoredPlan
    from ketplan.writeback.looking import Report

SAME, DIFFERENT, NOT_LOOKED = 0, 1, 75


@click.command()
@click.argument("plan_id", required=False)
@click.option("--fhir", "fhir_url", metavar="URL", help="FHIR base URL, instead of a plan's id.")
@click.option("--patient", "patient_id", metavar="ID", help="The patient's id on that server.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds a bearer token.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: ids and names of elements as JSON.")
@sentences
def reconcile(
    plan_id: str | None, fhir_url: str | None, patient_id: str | None, token_env: str | None, as_json: bool
) -> None:
    """What has become of a written plan in the EHR. Reads only; exit code 0 same, 1 differs, 75 not seen.

    For PLAN_ID, by the permission of the launch that carried it or by a token; or for a patient of a server.
    """
    from ketplan import compose, config
    from ketplan.reconciling import look_at, named_plans

    if bool(plan_id) == bool(fhir_url):
        raise InputError("Give either a plan's id or --fhir URL with --patient ID.")
    services = compose.open_services(config.from_environment())
    iss = str(fhir_url or "").rstrip("/")
    plans = named_plans(services, plan_id, iss, wanted_patient(patient_id) if fhir_url else "")
    ends, told = [], []
    for plan in plans:
        try:
            report = look_at(services, client_for(services, plan, token_env), plan, compose.utc_now())
        except EhrError as error:
            ends.append(NOT_LOOKED)
            told.append({"plan": plan.plan_id, "problem": str(error)})
        else:
            ends.append(report.exit_code)
            told.append(_told(report))
    click.echo(json.dumps(told, indent=2) if as_json else "\n".join(map(_in_words, told)))
    sys.exit(DIFFERENT if DIFFERENT in ends else max(ends))


def client_for(services: Services, plan: StoredPlan, token_env: str | None) -> FhirClient:
    """By the token given; else as the launch that carried the plan may; else as one nobody signed in at."""
    from ketplan import compose
    from ketplan.access import open_access
    from ketplan.ehr.discovery import Discovery
    from ketplan.ehr.transport import Http
    from ketplan.runs import connector

    token, parallel = bearer_token(token_env), services.settings.site.parallel
    if token is None and plan.launch:
        http = Http()
        access = open_access(services, Discovery(http), compose.utc_now, lambda: plan.plan_id)
        if client := connector(services, access, http)(plan):
            return client
    return compose.chart(plan.iss, token, parallel, known=services.vendors)


def _told(report: Report) -> dict[str, Any]:
    content = report.content()
    return {"plan": report.plan_id} | {name: content[name] for name in ("patient", "total", "found")}


def _in_words(told: dict[str, Any]) -> str:
    if "problem" in told:
        return f"{told['plan']}  could not be looked at: {told['problem']}"
    lines = [f"  {o['reference']:40} {o['key']:30} {o['kind']}{_elements(o)}" for o in told["found"]]
    as_written = told["total"] - len(told["found"])
    lines += [f"  {told['patient']}"] if told["patient"] else []
    return "\n".join([f"{told['plan']}  {as_written} of {told['total']} as written", *lines])


def _elements(one: dict[str, Any]) -> str:
    return f": {', '.join(one['elements'])}" if one["elements"] else ""
