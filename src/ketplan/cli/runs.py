"""The sub-commands about writing in the background: the worker, and what it has under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ketplan.cli.terminal import sentences

if TYPE_CHECKING:
    from ketplan.compose import Services
    from ketplan.writeback.engine import Runs


@click.command()
@click.option("--name", help="A name that survives a restart, so that its runs are carried on at once.")
@click.option("--at-once", type=click.IntRange(1, 64), default=8, show_default=True, help="Plans at a time.")
@sentences
def worker(name: str | None, at_once: int) -> None:
    """Write confirmed plans in the background. Any number may run, on any number of machines."""
    from ketplan.servers import run_worker

    run_worker(name, at_once)


@click.group(invoke_without_command=True)
@click.pass_context
@sentences
def runs(context: click.Context) -> None:
    """What is being written, what waits, and for whom. Without a sub-command: the list."""
    if context.invoked_subcommand is not None:
        return
    from ketplan import compose

    services, engine = _open()
    click.echo(f"{'plan':38}{'kind':12}{'state':12}{'steps':>9}  run")
    for plan in services.plans.list():
        entries = services.journal.entries(plan.plan_id)
        done = sum(entry.state == "done" for entry in entries)
        status = engine.status(plan.plan_id, plan.revision)
        run = f"{status.state.value}, round {status.round}" if status.round else "none"
        total = len(plan.payload["steps"])
        click.echo(f"{plan.plan_id:38}{plan.kind:12}{plan.state.value:12}{done:>4}/{total:<4}  {run}")
    living = services.workers.living(compose.utc_now())
    click.echo(f"Workers: {', '.join(living) or 'none is running'}.")


@runs.command()
@click.argument("plan_id")
@sentences
def show(plan_id: str) -> None:
    """The journal of one plan: each step, how often it was tried, what the EHR has. No patient data."""
    services, _ = _open()
    plan = services.plans.load(plan_id)
    click.echo(f"{plan.state.value}, last touched {plan.updated:%Y-%m-%d %H:%M} UTC")
    for entry in services.journal.entries(plan_id):
        where = f"{entry.resource_type}/{entry.resource_id}" if entry.resource_id else entry.resource_type
        status = entry.http_status or "-"
        click.echo(f"{entry.state.value:9}{entry.attempts:>3} tries {status!s:>4}  {entry.key:30}{where}")


@runs.command()
@click.argument("plan_id")
@sentences
def retry(plan_id: str) -> None:
    """Try a plan again now, whatever it waits for."""
    from ketplan import compose

    services, engine = _open()
    plan = services.plans.load(plan_id)
    if plan.state == "written":
        click.echo("It is written already.")
        return
    engine.retry(plan.plan_id, plan.revision)
    click.echo(
        "It will be tried at once." if services.workers.living(compose.utc_now()) else "No worker is running."
    )


def _open() -> tuple[Services, Runs]:
    from ketplan import compose, config
    from ketplan.writeback.engine import Runs, engine_url, prepare

    settings = config.from_environment()
    services = compose.open_services(settings)
    url = engine_url(settings.database_url)
    prepare(url)
    return services, Runs(url)
