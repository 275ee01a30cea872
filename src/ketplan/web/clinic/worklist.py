"""The worklist: what needs a hand, over all patients whom the user's grant returns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeVar

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan.scheduling.coordinating.choosing import Sort, Wanted, monday, part
from ketplan.scheduling.coordinating.kinds import KINDS, Kind
from ketplan.web.clinic import sessions
from ketplan.web.clinic.desk import open_clinic
from ketplan.web.clinic.gathering import gatherings
from ketplan.web.clinic.guard import room
from ketplan.web.clinic.rows import listed
from ketplan.web.clinic.sessions import note
from ketplan.web.clinic.tasks import noted
from ketplan.web.context import desk
from ketplan.web.presenters import words

routes = room("worklist", __name__)

T = TypeVar("T")


@routes.get("/")
def show(lid: str) -> str:
    clinic = open_clinic()
    session = clinic.session
    note(session, "list-read")
    wanted = asked(request.args)
    found = part(clinic.items, wanted, clinic.moment)
    return render_template(
        "clinic/worklist.html",
        session=session,
        clinic=clinic,
        wanted=wanted,
        part=found,
        rows=listed(clinic, found.items),
        kinds=KINDS,
        todos=noted(clinic),
        asked_at=words.moment(clinic.gathering.read_at or clinic.moment.now, desk().practice.zone),
        sorts=tuple(Sort),
        address=lambda **change: url_for(".show", lid=lid, **(_query(wanted) | change)),
    )


@routes.post("/refresh")
def refresh(lid: str) -> Response:
    """Ask the EHR again."""
    gatherings().forget(lid)
    return redirect(url_for(".show", lid=lid), 303)


@routes.post("/end")
def end(lid: str) -> str:
    session = sessions.current()
    gatherings().forget(lid)
    sessions.end(session)
    note(session, "session-ended")
    return render_template("clinic/ended.html")


@routes.get("/left")
def left(lid: str) -> dict[str, int]:
    """Looked at, not used: asking does not keep the session alive."""
    return sessions.left(lid)


@routes.post("/stay")
def stay(lid: str) -> dict[str, int]:
    return sessions.left(lid)


def asked(given: Mapping[str, str]) -> Wanted:
    """What the address asks for; whatever cannot be understood is left out."""
    page = given.get("page", "")
    return Wanted(
        kind=_one(Kind, given.get("kind", "")),
        clinician=given.get("clinician", "")[:200],
        therapist=given.get("therapist", "")[:200],
        week=week_of(given.get("week", "")),
        sort=_one(Sort, given.get("sort", "")) or Sort.URGENCY,
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def week_of(text: str) -> date | None:
    """The Monday of a week as a form sends it: "2026-W10", or a day in it."""
    try:
        return monday(date.fromisoformat(text[:10])) if text else None
    except ValueError:
        return None


def _one(kind: type[T], text: str) -> T | None:
    try:
        return kind(text)  # type: ignore[call-arg]
    except ValueError:
        return None


def _query(wanted: Wanted) -> dict[str, str]:
    """The address of this very list, without its page."""
    said = {
        "kind": wanted.kind or "",
        "clinician": wanted.clinician,
        "therapist": wanted.therapist,
        "week": wanted.week.isoformat() if wanted.week else "",
        "sort": "" if wanted.sort is Sort.URGENCY else wanted.sort,
    }
    return {name: str(value) for name, value in said.items() if value}
