"""What the user's grant returns of our patients and their visits, read beside the request that asked for it.

It stays in this process's memory, for its session alone, and is forgotten when nobody looks. Whoever the EHR
does not return is nowhere: not shown, not counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, cast

from flask import current_app

from ketplan.ehr.across import find_appointments, find_patients
from ketplan.errors import EhrError, KetplanError
from ketplan.fhir.across import Contact, Stands, read_contact, read_stands
from ketplan.web.context import desk

if TYPE_CHECKING:
    from ketplan.web.clinic.sessions import ClinicSession
    from ketplan.web.context import Run

log = logging.getLogger("ketplan.web")

KEPT_UNSEEN = timedelta(minutes=20)
BEHIND, AHEAD = timedelta(days=42), timedelta(days=49)
"""The days of the calendar that are asked for; what lies outside is known from the last sync alone."""
NAME = "ketplan_clinic"

Place = tuple[str, str, str]
"""The id of a patient, a plan's id, and the key of a visit."""


@dataclass
class Gathering:
    """One reading, under way or done. `stands` has what was found; `calendar` says that
    every appointment of these days was asked for and came."""

    began: datetime
    seen: datetime
    contacts: Mapping[str, Contact] = field(default_factory=dict, repr=False)
    stands: Mapping[Place, Stands] = field(default_factory=dict, repr=False)
    calendar: bool = False
    problems: tuple[str, ...] = ()
    read_at: datetime | None = None
    error: KetplanError | None = None
    done: Event = field(default_factory=Event)
    built: Any = field(default=None, repr=False)


class Gatherings:
    """One per process. `run` starts a job, `now` is the process's clock."""

    def __init__(self, run: Run, now: Callable[[], datetime]) -> None:
        self._run, self._now = run, now
        self._kept: dict[str, Gathering] = {}
        self._lock = Lock()

    def of(self, session: ClinicSession) -> Gathering:
        """The session's gathering; begun now where there is none yet."""
        now = self._now()
        with self._lock:
            for lid in [lid for lid, g in self._kept.items() if now - g.seen > KEPT_UNSEEN]:
                del self._kept[lid]
            known = self._kept.get(session.lid)
            if known is not None:
                known.seen = now
                return known
            known = self._kept[session.lid] = Gathering(now, now)
        self._run(lambda: _gather(known, session))
        return known

    def forget(self, lid: str) -> None:
        with self._lock:
            self._kept.pop(lid, None)


def gatherings() -> Gatherings:
    """Those of the app that handles this request."""
    return cast(Gatherings, current_app.extensions[NAME])


def _gather(gathering: Gathering, session: ClinicSession) -> None:
    """Nobody waits for the job's return: whatever happens is left in the gathering, and it ends as done."""
    try:
        _read(gathering, session)
    except KetplanError as error:
        gathering.error = error
    except Exception as error:
        log.error("reading a worklist failed: %s", type(error).__name__)
        gathering.error = EhrError("The worklist could not be read because of a fault in ketplan.")
    finally:
        gathering.done.set()


def _read(gathering: Gathering, session: ClinicSession) -> None:
    services, zone, now = desk().services, desk().practice.zone, desk().now()
    client = desk().connect(session.iss, session.token)
    people = services.plans.people(session.iss)
    found = find_patients(client, people)
    contacts = [read_contact(raw, zone, desk().today()) for raw in found.resources]
    gathering.contacts = {contact.id: contact for contact in contacts if contact.id}
    first, last = (now - BEHIND).date(), (now + AHEAD).date()
    visits = find_appointments(client, list(gathering.contacts), first, last)
    gathering.stands = _stands(visits.resources, gathering.contacts, session.iss)
    gathering.calendar = not visits.problems
    gathering.problems = (*found.problems, *visits.problems)
    gathering.read_at = now


def _stands(
    resources: Sequence[dict[str, Any]], contacts: Mapping[str, Contact], iss: str
) -> dict[Place, Stands]:
    """Of several appointments for one visit the one that still stands. One of somebody else that names the
    plan of another is kept apart."""
    synced = desk().services.visits.of_server(iss)
    named = {v.reference: (p.plan_id, v.key) for p in synced for v in p.visits if v.reference}
    found: dict[Place, Stands] = {}
    for raw in resources:
        one = read_stands(raw, desk().practice.zone, named)
        if one is None or one.patient not in contacts:
            continue
        place = one.patient, one.plan, one.key
        known = found.get(place)
        if known is None or _ended(known) or not _ended(one):
            found[place] = one
    return found


def _ended(one: Stands) -> bool:
    return one.status in ("cancelled", "noshow", "entered-in-error")
