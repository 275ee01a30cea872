"""The command line: one function per sub-command.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once. Exit codes
are those of `errors`: 0 done, 1 failed, 2 unusable input, 3 refused by a rule, 75 can be run again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ketplan import __version__
from ketplan.cli import audit, data, db, ehr, keys, reconcile, runs, sync
from ketplan.cli import submit as submitting
from ketplan.cli.terminal import bearer_token, say, sentences, wanted_patient
from ketplan.errors import InputError, RefusedError

if TYPE_CHECKING:
    from datetime import date, datetime

    from ketplan.workflow import Practice

MAX_FILE_MB = 200


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ketplan")
def main() -> None:
    """Combined ketamine + CBT care plans inside the EHR. A clinician decides; ketplan never does."""


_server_options = (
    click.option("--fhir", "fhir_url", metavar="URL", help="FHIR base URL (https, or http on loopback)."),
    click.option("--patient", "patient_id", metavar="ID", help="The patient's id on that server."),
    click.option(
        "--token-env", metavar="NAME", help="Environment variable that holds the bearer token, if any."
    ),
    click.option("--as-of", metavar="DATE", help="Assess as of this day (default: today)."),
    click.option("--timezone", "zone", metavar="ZONE", help="The site's time zone (default: the setting)."),
)


def _with_server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_server_options):
        command = option(command)
    return command


@main.command()
@click.argument("bundle", required=False, type=click.Path(dir_okay=False))
@_with_server_options
@click.option("--start", metavar="DATE", help="Day 0 of the course (default: the next possible Monday).")
@click.option("--protocol", metavar="ID", help="Another drug course of the library than the one proposed.")
@click.option("--basis", metavar="WEIGHT", help="Dosing weight: actual, ideal or adjusted.")
@click.option("--cbt-only", is_flag=True, help="A plan of therapy alone, assessed on its own.")
@click.option("--json", "as_json", is_flag=True, help="For scripts: the whole proposal as JSON.")
@sentences
def plan(
    bundle: str | None,
    fhir_url: str | None,
    patient_id: str | None,
    token_env: str | None,
    as_of: str | None,
    zone: str | None,
    start: str | None,
    protocol: str | None,
    basis: str | None,
    cbt_only: bool,
    as_json: bool,
) -> None:
    """Assess a record and propose a plan. Nothing is written.

    Reads a FHIR Bundle from the file BUNDLE, or a patient from a server with --fhir and --patient.
    """
    from ketplan import compose, config
    from ketplan.cli import report
    from ketplan.clinical.assessment import Choice
    from ketplan.fhir.r4 import to_json

    if bool(bundle) == bool(fhir_url):
        raise InputError("Give either a Bundle file or --fhir URL with --patient ID.")
    settings = config.from_environment()
    practice = _practice(settings.site, zone)
    now, today = _now(practice, as_of)
    first_day = _start(start, today)
    choice = Choice(protocol, None, basis, cbt_only)
    if bundle:
        sections: Any = _sections_of_file(bundle)
        patient, server, calendar = None, "", None
    else:
        patient, server = wanted_patient(patient_id), str(fhir_url)
        client = compose.chart(
            server, bearer_token(token_env), settings.site.parallel, known=compose.vendors(settings)
        )
        sections = compose.read_chart(client, patient)
        calendar = compose.read_calendar(client, first_day, practice)
    from ketplan.workflow import open_record, propose

    record = open_record(sections, patient, practice.zone)
    proposal = propose(
        record,
        server=server,
        as_of=today,
        start=first_day,
        practice=practice,
        now=now,
        calendar=calendar,
        choice=choice,
    )
    say(to_json(report.as_json(proposal)) if as_json else report.as_text(proposal), nl=as_json)


@main.command()
@_with_server_options
@click.option("--start", metavar="DATE", required=True, help="Day 0 of the course.")
@click.option("--clinician", metavar="Practitioner/ID", required=True, help="Who signs, as asserted by you.")
@click.option(
    "--resolve", multiple=True, metavar="FINDING=REASON", help="The clinician's answer to a finding."
)
@click.option("--cbt-only", is_flag=True, help="A plan of therapy alone, assessed and signed on its own.")
@click.option(
    "--below",
    type=click.Choice(["never", "if-needed", "also"]),
    default="never",
    show_default=True,
    help="What the server does not take stays here, becomes tasks, message or note, or also a note.",
)
@click.option("--visit", metavar="ID", default="", help="The Encounter that a note below belongs to.")
@click.option("--restricted", is_flag=True, help="What the record marks as restricted may stand below too.")
@click.option("--yes", is_flag=True, help="Write. Without it only what would be written is shown.")
@sentences
def submit(
    fhir_url: str | None,
    patient_id: str | None,
    token_env: str | None,
    as_of: str | None,
    zone: str | None,
    start: str,
    clinician: str,
    resolve: tuple[str, ...],
    cbt_only: bool,
    below: str,
    visit: str,
    restricted: bool,
    yes: bool,
) -> None:
    """Write a plan to a server: same guard and journal as the app. Running it twice writes nothing twice."""
    from ketplan import compose, config
    from ketplan.below import Wishes
    from ketplan.cli import order as ordering
    from ketplan.clinical.assessment import Choice
    from ketplan.writeback.ladder import Choice as Below

    if not fhir_url:
        raise InputError("Say which server to write to: --fhir URL.")
    settings = config.from_environment()
    practice = _practice(settings.site, zone)
    now, today = _now(practice, as_of)
    order = ordering.Order(
        server=fhir_url,
        patient_id=wanted_patient(patient_id),
        as_of=today,
        start=_start(start, today),
        choice=Choice(cbt_only=cbt_only),
        clinician=_clinician(clinician),
        resolutions=_resolutions(resolve, clinician, now),
        wishes=Wishes(Below(below), visit, restricted),
    )
    client = compose.chart(
        fhir_url, bearer_token(token_env), settings.site.parallel, known=compose.vendors(settings)
    )
    if not yes:
        submitting.show_preview(client, ordering.preview(client, order, practice, now))
        return
    services = compose.open_services(settings)
    receipt = ordering.submit(services, client, order, practice, compose.utc_now, submitting.show_row)
    submitting.show_receipt(receipt)
    sys.exit(receipt.exit_code)


@main.command()
@click.option(
    "--port", default=8400, show_default=True, help="Port of the app; the pretend EHR takes the next."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser, only print the address.")
@sentences
def demo(port: int, no_browser: bool) -> None:
    """Run the app and a pretend EHR with synthetic patients. Ctrl-C stops both."""
    from ketplan.servers import run_demo

    run_demo(port, open_browser=not no_browser)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8400, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Threads of each process.")
@click.option("--no-worker", is_flag=True, help="Start no worker beside it: ketplan worker runs elsewhere.")
@sentences
def serve(host: str, port: int, workers: int, threads: int, no_worker: bool) -> None:
    """Run the app for the EHRs listed in KETPLAN_CONFIG, and a worker that writes what is confirmed."""
    from ketplan.servers import run_app

    run_app(host, port, workers, threads, with_worker=not no_worker)


@main.command()
@click.option("--port", default=8401, show_default=True)
@click.option(
    "--app", "app_url", default="http://localhost:8400", show_default=True, help="ketplan's address."
)
@click.option("--open-access", is_flag=True, help="Answer FHIR requests without a token (for scripts).")
@click.option("--refuse-care-plan", is_flag=True, help="Fault: refuse to store a CarePlan.")
@click.option("--slow", default=0, metavar="MS", help="Fault: wait before each answer.")
@click.option("--drop-every", default=0, metavar="N", help="Fault: lose the answer of every Nth create.")
@click.option("--fault", "more", multiple=True, metavar="WORDS", help='Any fault: "503 on=create every=3".')
@click.option("--like", default="harbor", metavar="NAME", help="Behave like another EHR (see --list).")
@click.option("--list", "listing", is_flag=True, help="Print the EHRs it can be like, and the faults.")
@sentences
def sandbox(
    port: int,
    app_url: str,
    open_access: bool,
    refuse_care_plan: bool,
    slow: int,
    drop_every: int,
    more: tuple[str, ...],
    like: str,
    listing: bool,
) -> None:
    """Run only the pretend EHR, as itself or like another."""
    from ketplan import servers

    if listing:
        for line in servers.sandbox_list():
            click.echo(line)
        return
    faults = servers.sandbox_faults(refuse_care_plan, slow, drop_every, more)
    servers.run_sandbox(port, app_url, open_access, faults, like)


@main.command()
@click.option("--manual", "wanted", flag_value="markdown", help="The whole manual for review, as Markdown.")
@click.option("--html", "wanted", flag_value="html", help="The whole manual as one HTML page.")
@sentences
def protocols(wanted: str | None) -> None:
    """Print the library: drug courses, therapy courses, evidence, each with its source."""
    from ketplan import compose, config

    site = config.from_environment().site
    practice = compose.practice_of(site)
    if wanted:
        from ketplan import manual

        tables = manual.Tables(site.name, practice.clinic, practice.house, practice.library)
        click.echo(manual.html(tables) if wanted == "html" else manual.markdown(tables), nl=False)
        return
    from ketplan.cli.report import library

    for line in library(practice.library):
        click.echo(line)


@main.command()
@click.option("--example", "as_file", is_flag=True, help="As a settings file to begin with.")
@sentences
def settings(as_file: bool) -> None:
    """Print every setting with its meaning, default and an example."""
    from ketplan.config import describe

    if as_file:
        from ketplan.config.example import example

        click.echo(example(), nl=False)
        return
    for row in describe():
        click.echo(f"{row.table:12} {row.name}\n    {row.meaning}\n    default: {row.default}")
        click.echo(f"    example: {row.example}")


main.add_command(audit.audit)
main.add_command(db.db)
for command in (data.backup, data.export, data.purge, runs.runs, runs.worker):
    main.add_command(command)
main.add_command(ehr.doctor)
main.add_command(keys.keys)
main.add_command(keys.backend_check)
main.add_command(ehr.scopes)
main.add_command(reconcile.reconcile)
for command in (sync.sync, sync.subscribe, sync.calendar, sync.reminders):
    main.add_command(command)


# --- reading what was typed ---------------------------------------------------------------------------------


def _practice(site: Any, zone: str | None) -> Practice:
    from ketplan.compose import practice_of

    return practice_of(site, zone)


def _now(practice: Practice, as_of: str | None) -> tuple[datetime, date]:
    """This moment, and the day to assess on: today at the site unless another was given."""
    from ketplan.compose import utc_now

    now = utc_now()
    return now, _date(as_of, "--as-of") if as_of else now.astimezone(practice.zone).date()


def _start(start: str | None, today: date) -> date:
    from ketplan.workflow import next_start

    day = _date(start, "--start") if start else next_start(today)
    if day < today:
        raise InputError(f"The start {day} lies before the as-of date {today}.")
    return day


def _date(text: str, option: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} needs a date like 2026-03-02.") from None


def _sections_of_file(path: str) -> Any:
    import json
    import os
    from decimal import Decimal

    from ketplan.fhir.bundle import sections_of

    try:
        if os.path.getsize(path) > MAX_FILE_MB * 1_000_000:
            raise InputError(f"The file is larger than {MAX_FILE_MB} MB.")
        with open(path, "rb") as file:
            bundle = json.loads(file.read(), parse_float=Decimal)
    except OSError:
        raise InputError(f"The file {path} cannot be read.") from None
    except (ValueError, RecursionError):
        raise InputError(f"The file {path} holds no JSON.") from None
    return sections_of(bundle)


def _clinician(reference: str) -> Any:
    import re

    from ketplan.clinical.plan import Clinician

    if not re.fullmatch(r"Practitioner/[A-Za-z0-9\-._]{1,255}", reference):
        raise RefusedError("Only a practitioner can sign: --clinician Practitioner/ID.")
    return Clinician(reference, asserted_by="command line")


def _resolutions(pairs: tuple[str, ...], clinician: str, now: datetime) -> Any:
    from ketplan.clinical.plan import Resolution
    from ketplan.workflow import require_reason

    found = []
    for pair in pairs:
        finding, equals, reason = pair.partition("=")
        if not equals:
            raise InputError("--resolve needs FINDING=REASON.")
        require_reason(finding.strip(), reason)
        found.append(Resolution(finding.strip(), reason.strip(), clinician, now))
    return tuple(found)
