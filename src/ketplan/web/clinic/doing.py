"""Chosen rows: what would happen is shown first, and happens after the named user has confirmed it."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.errors import InputError
from ketplan.scheduling.coordinating.worklist import Item
from ketplan.web.clinic import tasks
from ketplan.web.clinic.desk import Clinic, open_clinic
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.rows import listed
from ketplan.web.clinic.tasks import Doing

routes = room("doing", __name__)

MOST_ROWS = 50


@routes.post("/preview")
def preview(lid: str) -> Response | str:
    """What would happen with each chosen row. Nothing does."""
    clinic, doing = open_clinic(), _doing()
    items = _chosen(clinic)
    if doing is Doing.CALLS:
        return redirect(url_for("clinic_sheets.calls", lid=lid, row=[item.id for item in items]), 303)
    taking = tasks.takes_tasks(clinic.session) if doing is Doing.TASK else None
    return render_template(
        "clinic/preview.html",
        session=clinic.session,
        rows=listed(clinic, items),
        doing=doing,
        taking=taking,
        todos=tasks.noted(clinic),
    )


@routes.post("/confirm")
def confirm(lid: str) -> Response:
    """Do it, once: sent in again it changes nothing."""
    clinic, doing = open_clinic(), _doing()
    items = _chosen(clinic)
    if doing is Doing.TASK:
        tasks.carry(clinic.session, tasks.give(clinic, items))
    elif doing is Doing.CALLED:
        tasks.called(clinic, items)
    return redirect(url_for("clinic_worklist.show", lid=lid), 303)


def _doing() -> Doing:
    try:
        return Doing(request.form.get("do", ""))
    except ValueError:
        raise InputError("The form does not say what is to be done: look at the list again.") from None


def _chosen(clinic: Clinic) -> list[Item]:
    """The rows of the form, as they are now and as far as this user may see them."""
    ids = list(dict.fromkeys(request.form.getlist("row")))[:MOST_ROWS]
    if not ids:
        raise InputError("No row was chosen: go back and choose one or more.")
    found = [clinic.item(id) for id in ids]
    known = [item for item in found if item is not None]
    if len(known) < len(found):
        raise InputError("The list has changed meanwhile: go back, look at it again, and choose once more.")
    return known
