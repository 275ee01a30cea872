"""Words that remind of a visit, for whoever sends them: ketplan itself sends nothing.

They say when and where and nothing else. What is written here may be read over somebody's shoulder.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.config import Site
from ketplan.fhir import r4
from ketplan.fhir.datatypes import BASE
from ketplan.fhir.rendering.authoring import PLAN_STEP_SYSTEM
from ketplan.paper.languages import language
from ketplan.store.visits import SyncedPlan, SyncedVisit

Json = dict[str, Any]

EXPECTED = frozenset({"booked", "pending"})
WORDS: Mapping[str, str] = {
    "en": "You have an appointment at {clinic} at {time} on {date}. To change it, call {telephone}.",
    "es": "Tiene una cita en {clinic} a las {time} del {date}. Para cambiarla, llame al {telephone}.",
}
WITHOUT_TELEPHONE: Mapping[str, str] = {
    "en": "You have an appointment at {clinic} at {time} on {date}.",
    "es": "Tiene una cita en {clinic} a las {time} del {date}.",
}
_IDS = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/reminder")
_COLUMNS = ("patient", "appointment", "date", "time", "language", "text")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Reminder:
    """`patient` and `appointment` are references in the EHR, `at` is the visit's start in the site's zone."""

    patient: str
    appointment: str
    visit: str
    at: datetime
    language: str
    text: str


def reminders(
    plans: Iterable[SyncedPlan], site: Site, on: date, codes: Iterable[str] = ("en",)
) -> tuple[Reminder, ...]:
    """For each visit that stands on the day `on`, in each language; in order of time."""
    zone = ZoneInfo(site.timezone)
    found = [
        _reminder(plan, visit, start, site, code)
        for plan in plans
        for visit, start in _on(plan, on, zone)
        for code in codes
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.appointment, one.language)))


def due_on(today: date, days: int) -> date:
    """The day of the visits to be reminded of: asked for every day, each visit comes up once."""
    return today + timedelta(days=days)


def as_csv(found: Iterable[Reminder]) -> str:
    """For a spreadsheet or a sender; no cell is a formula."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    table.writerows([_plain(cell) for cell in _row(one).values()] for one in found)
    return text.getvalue()


def as_rows(found: Iterable[Reminder]) -> list[dict[str, str]]:
    return [_row(one) for one in found]


def as_bundle(found: Sequence[Reminder], now: datetime) -> Json:
    """A CommunicationRequest for each, as a FHIR collection, checked against R4."""
    requests = [_request(one, now) for one in found]
    for request in requests:
        r4.shaped(request)
    entries = [
        {"fullUrl": f"urn:uuid:{_id(one)}", "resource": made}
        for one, made in zip(found, requests, strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": now.isoformat()}
    return bundle | ({"entry": entries} if entries else {})


def _on(plan: SyncedPlan, day: date, zone: ZoneInfo) -> Iterator[tuple[SyncedVisit, datetime]]:
    for visit in plan.visits:
        start = visit.start.astimezone(zone) if visit.start else None
        if start and start.date() == day and visit.status in EXPECTED:
            yield visit, start


def _reminder(plan: SyncedPlan, visit: SyncedVisit, start: datetime, site: Site, code: str) -> Reminder:
    tongue = language(code, site.country)
    words = {
        "{clinic}": site.name,
        "{date}": tongue.day(start.date()),
        "{time}": tongue.clock(start),
        "{telephone}": site.telephone,
    }
    text = site.reminders.get(code) or (WORDS if site.telephone else WITHOUT_TELEPHONE).get(code, WORDS["en"])
    for place, said in words.items():
        text = text.replace(place, said)
    patient, name = f"Patient/{plan.patient_id}", f"{plan.plan_id}/{visit.key}"
    return Reminder(patient, visit.reference, name, start, code, text)


def _row(one: Reminder) -> dict[str, str]:
    when = one.at.date().isoformat(), f"{one.at:%H:%M}"
    return dict(zip(_COLUMNS, (one.patient, one.appointment, *when, one.language, one.text), strict=True))


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _id(one: Reminder) -> uuid.UUID:
    return uuid.uuid5(_IDS, f"{one.visit} {one.at.isoformat()} {one.language}")


def _request(one: Reminder, now: datetime) -> Json:
    return {
        "resourceType": "CommunicationRequest",
        "identifier": [{"system": PLAN_STEP_SYSTEM, "value": f"{one.visit}/reminder-{one.at:%Y%m%d%H%M}"}],
        "status": "draft",
        "priority": "routine",
        "subject": {"reference": one.patient},
        "recipient": [{"reference": one.patient}],
        "about": [{"reference": one.appointment}],
        "payload": [{"contentString": one.text}],
        "authoredOn": now.isoformat(timespec="seconds"),
    }
