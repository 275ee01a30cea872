"""What `ketplan submit` tells: what would be written and where it would stand, what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ketplan.cli.terminal import say

if TYPE_CHECKING:
    from ketplan.cli.order import Foreseen
    from ketplan.ehr.client import FhirClient
    from ketplan.writeback.steps import Receipt, Row


def show_preview(client: FhirClient, foreseen: Foreseen) -> None:
    """Each resource with the rung it would stand on, and what this server does not keep."""
    from ketplan.ehr.ability import Known
    from ketplan.errors import EhrError
    from ketplan.web.presenters import rungs, writing

    try:
        statement = client.capabilities()
    except EhrError:
        statement = None
    rows = writing.preview(foreseen.steps, client.base, Known(client.profile, statement), None)
    ladder = rungs.ladder(foreseen.steps, rows)
    for found in ladder.rows:
        where = f"  [not taken: {found.stands}]" if found.stands else ""
        say(f"{found.row.verb:7} {found.row.type:16} {found.row.words}{where}")
    for kind, what in writing.lost(found.row for found in ladder.rows):
        say(f"Not kept of each {kind}: {what}.")
    if foreseen.marked.labels:
        said = ", ".join(label["code"] for label in foreseen.marked.labels)
        click.echo(f"The plan rests on entries marked as restricted ({said}): see --restricted.")
    still_open = ", ".join(f.id for f in foreseen.proposal.open_findings)
    if still_open:
        click.echo(f"To be resolved first: {still_open}.")
    decision = foreseen.proposal.draft.decision.value
    click.echo(f"Decision: {decision}. Nothing was written: add --yes to write.")


def show_row(row: Row) -> None:
    detail = f"  {row.detail}" if row.detail else ""
    say(f"{row.outcome:13} {row.type:16} {row.reference or '-':40} {row.key}{detail}")


def show_receipt(receipt: Receipt) -> None:
    """How many stand, and where the rest can be read, if anywhere."""
    from ketplan.writeback.steps import STANDS, Outcome

    stands = sum(row.outcome in STANDS for row in receipt.rows)
    again = " Run the same command again to carry on." if receipt.exit_code == 75 else ""
    click.echo(f"{stands} of {len(receipt.rows)} steps stand in the EHR.{again}")
    for row in receipt.rows:
        if row.outcome is Outcome.REPLACED:
            say(f"Not taken: {row.type} {row.key}. {row.detail}")
    lost = [row for row in receipt.rows if row.outcome is Outcome.REFUSED]
    if lost:
        click.echo(f"{len(lost)} stand nowhere in the EHR; what they say is kept only here.")
