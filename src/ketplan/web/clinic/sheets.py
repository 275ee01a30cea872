"""On paper: whom to call about what, and the note for whoever takes over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Response, render_template, request, url_for

from ketplan.scheduling.coordinating.choosing import Wanted, chosen
from ketplan.scheduling.coordinating.kinds import KINDS, TO_DO, Owner
from ketplan.scheduling.coordinating.worklist import Item
from ketplan.web.clinic import tasks
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.rows import Row, listed
from ketplan.web.clinic.sessions import note
from ketplan.web.clinic.worklist import asked
from ketplan.web.context import desk
from ketplan.web.presenters import words

routes = room("sheets", __name__)

LONGEST_NOTE = 200
"""Rows in a hand-over note; what is beyond is counted."""


@dataclass(frozen=True)
class Call:
    """One patient to be called, about these rows."""

    rows: tuple[Row, ...]

    @property
    def who(self) -> Row:
        return self.rows[0]


@routes.get("/calls")
def calls(lid: str) -> str:
    """Whom to call about what: the chosen rows, or all that a call would help."""
    clinic = open_clinic()
    ids = request.args.getlist("row")
    rows = listed(clinic, _chosen(clinic, ids) if ids else _to_call(clinic))
    note(clinic.session, "list-handed-out")
    return render_template(
        "clinic/calls.html",
        session=clinic.session,
        calls=_by_patient(rows),
        picked=bool(ids),
        todos=tasks.noted(clinic),
        printed=words.moment(desk().now(), desk().practice.zone),
    )


@routes.get("/handover")
def handover(lid: str) -> str:
    """Everything that is to do, by whose it is."""
    clinic = open_clinic()
    note(clinic.session, "list-handed-out")
    return render_template(
        "clinic/handover.html",
        session=clinic.session,
        text=_note(clinic),
        as_text=url_for(".handover_text", lid=lid),
    )


@routes.get("/handover.txt")
def handover_text(lid: str) -> Response:
    clinic = open_clinic()
    note(clinic.session, "list-handed-out")
    answer = Response(_note(clinic), mimetype="text/plain")
    answer.headers["Content-Disposition"] = 'attachment; filename="hand-over.txt"'
    return answer


def _chosen(clinic: Clinic, ids: Sequence[str]) -> list[Item]:
    return [item for item in map(clinic.item, dict.fromkeys(ids)) if item is not None]


def _to_call(clinic: Clinic) -> list[Item]:
    wanted = asked(request.args)
    return [item for item in chosen(clinic.items, wanted, clinic.moment) if item.row.call]


def _by_patient(rows: Iterable[Row]) -> list[Call]:
    """One call for each patient, the most urgent first."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.item.course.plan].append(row)
    return [Call(tuple(mine)) for mine in found.values()]


def _note(clinic: Clinic) -> str:
    """Plain text, a line for each row: fit to be read aloud, or put into a message of the clinic's own."""
    now, zone = desk().now(), desk().practice.zone
    site, by = desk().services.settings.site.name, clinic.session.user_name or "unnamed user"
    lines = [f"Hand-over, {site}, {words.moment(now, zone)}, by {by}", ""]
    noted = tasks.noted(clinic)
    rows = listed(clinic, chosen(clinic.items, Wanted(), clinic.moment))
    for owner in (Owner.COORDINATOR, Owner.CLINICIAN):
        mine = [row for row in rows if row.item.row.owner is owner][:LONGEST_NOTE]
        lines.append(f"For the {owner.value}: {words.count(len(mine), 'row')}")
        for row in mine:
            item = row.item
            lines.append(f"- {item.row.label}: {row.name}, {item.title} ({row.due}). {item.why}")
            lines += [f"    {said}" for said in noted.get(row.id, ())]
        lines.append("")
    counts = {kind: sum(row.item.kind is kind for row in rows) for kind in TO_DO}
    said = [f"{number} {KINDS[kind].label.lower()}" for kind, number in counts.items() if number]
    lines.append(f"In all: {', '.join(said) or 'nothing to do'}.")
    lines.append("A list shows only what the EHR lets its reader see.")
    return "\n".join(lines) + "\n"
