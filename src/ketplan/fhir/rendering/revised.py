"""What a revision writes into resources that stand: a visit's new time, the plan's new period and words.

Each function gives a resource as it is to stand; which elements of it are set is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring
from zoneinfo import ZoneInfo

from ketplan.clinical.plan import Clinician, Visit, VisitKind
from ketplan.fhir.datatypes import Json
from ketplan.fhir.rendering import wording, xhtml
from ketplan.fhir.rendering.appointment import ACTORS, SERVICES
from ketplan.fhir.rendering.authoring import (
    CBT,
    FOLLOW_UP,
    FOLLOW_UP_VISIT,
    MENTAL_HEALTH,
    PLAN_SYSTEM,
    RELATIVE_REFERENCE,
    ROUTINE,
    AppointmentStatus,
    Intent,
    ParticipantRequired,
    ParticipationStatus,
    RequestStatus,
    concept,
    moment,
    reference,
    step_identifier,
    tidy,
)
from ketplan.fhir.rendering.provenance import assembler, author

MOVED = ("status", "start", "end", "minutesDuration", "slot", "participant", "comment", "requestedPeriod")
"""What of an Appointment a new time changes."""
REVISIONS, SCHEDULE = "Revisions", "Schedule"


@dataclass(frozen=True, slots=True)
class NewTime:
    """Where a visit is to stand: aware datetimes. `resources` are references with names, `slots` the EHR's
    Slots taken; both are empty where no calendar was consulted."""

    start: datetime
    end: datetime
    resources: tuple[tuple[str, str], ...] = ()
    slots: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the schedule as it is after the revision."""

    title: str
    start: datetime
    end: datetime
    where: str
    state: str


def moved(held: Json, to: NewTime, zone: str, why: str) -> Json:
    """An Appointment at another time. Without slots of its own it stays as firm as it was, unless it gives
    slots up: then it has to be booked again."""
    gave_up = bool(held.get("slot")) and not to.slots
    status = AppointmentStatus.BOOKED if to.slots else held["status"]
    at = {
        "status": AppointmentStatus.PROPOSED if gave_up and status == AppointmentStatus.BOOKED else status,
        **_times(to, zone),
        "slot": [reference(slot) for slot in to.slots],
        "participant": _participants(held.get("participant", []), to),
        "comment": "\n".join(filter(None, [str(held.get("comment", "")), why])),
        "requestedPeriod": [],
    }
    resource: Json = tidy({**held, **at})
    return resource


def added(plan_id: str, key: str, visit: Visit, to: NewTime, links: Mapping[str, Any], why: str) -> Json:
    """A visit's Appointment made anew. `links` has what the others of its kind have: patient, zone, created,
    care_plan, request, conditions, instruction."""
    booked = bool(to.slots)
    patient = {"actor": reference(links["patient"])}
    resource: Json = tidy(
        {
            "resourceType": "Appointment",
            "identifier": [step_identifier(plan_id, key)],
            "status": AppointmentStatus.BOOKED if booked else AppointmentStatus.PROPOSED,
            "serviceCategory": [concept(MENTAL_HEALTH)],
            "serviceType": [concept(SERVICES[visit.kind], text=wording.MODALITY[visit.kind])],
            "appointmentType": concept(FOLLOW_UP if visit.kind is VisitKind.FOLLOW_UP else ROUTINE),
            "reasonReference": links["conditions"],
            "description": visit.title,
            "supportingInformation": [reference(links["care_plan"])] if links["care_plan"] else [],
            **_times(to, links["zone"]),
            "slot": [reference(slot) for slot in to.slots],
            "created": links["created"],
            "comment": f"{why} Plan {plan_id}, {visit.key}.",
            "patientInstruction": links["instruction"],
            "basedOn": [reference(links["request"])] if links["request"] else [],
            "participant": _participants([patient], to),
        }
    )
    return resource


def _times(to: NewTime, zone: str) -> Json:
    return {
        "start": moment(to.start, zone),
        "end": moment(to.end, zone),
        "minutesDuration": to.minutes,
    }


def _participants(now: Sequence[Json], to: NewTime) -> list[Json]:
    """The patient, and whoever has the time now; nobody else is named where no calendar was consulted."""
    patients = [p for p in now if str(p.get("actor", {}).get("reference", "")).startswith("Patient/")]
    if not to.resources:
        return list(now) if len(now) > len(patients) else [_expected(p["actor"], to) for p in patients]
    found = dict(to.resources)
    actors = [reference(target, found[target]) for target in found if _may_act(target)]
    return [_expected(actor, to) for actor in [*(p["actor"] for p in patients), *actors]]


def _expected(actor: Json, to: NewTime) -> Json:
    status = ParticipationStatus.ACCEPTED if to.slots else ParticipationStatus.NEEDS_ACTION
    return {"actor": actor, "required": ParticipantRequired.REQUIRED, "status": status}


def _may_act(target: str) -> bool:
    shape = RELATIVE_REFERENCE.fullmatch(target)
    return shape is not None and shape[1] in ACTORS


def new_request(plan_id: str, key: str, kind: VisitKind, links: Mapping[str, Any]) -> Json:
    """The ServiceRequest of a modality that the plan did not have."""
    code = concept(CBT) if kind is VisitKind.CBT else concept(FOLLOW_UP_VISIT)
    resource: Json = tidy(
        {
            "resourceType": "ServiceRequest",
            "identifier": [step_identifier(plan_id, key)],
            "basedOn": [reference(links["care_plan"])] if links["care_plan"] else [],
            "status": RequestStatus.ACTIVE,
            "intent": Intent.PLAN,
            "code": {**code, "text": wording.MODALITY[kind]},
            "subject": reference(links["patient"]),
            "authoredOn": links["created"],
            "requester": links["author"],
            "reasonReference": links["conditions"],
        }
    )
    return resource


def timing(starts: Iterable[datetime], zone: str) -> Json:
    return {"event": sorted(moment(start, zone) for start in starts)}


def narrative(before: str, said: Iterable[str], lines: Sequence[Line], zone: str) -> Json:
    """The plan's own words with its schedule as it is now, and each revision told under a heading."""
    root = fromstring(before)  # noqa: S314  what we made ourselves
    parts = [_bare(child) for child in root]
    table = _table(lines, zone)
    place = _after(parts, SCHEDULE)
    if place is None:
        parts += [xhtml.node("h4", SCHEDULE), table]
    else:
        parts[place : _until_heading(parts, place)] = [table]
    told = _after(parts, REVISIONS)
    if told is None:
        parts[2:2] = [xhtml.node("h4", REVISIONS), xhtml.bullets(said)]
    else:
        parts[told].extend(xhtml.bullets(said))
    return {"status": "generated", "div": xhtml.div(*parts)}


def _bare(item: Element) -> Element:
    """The same without its namespace, which the root has."""
    made = Element(item.tag.rpartition("}")[2])
    made.text, made.tail = item.text, item.tail
    made.extend(_bare(child) for child in item)
    return made


def _after(parts: Sequence[Element], heading: str) -> int | None:
    places = (n for n, part in enumerate(parts, 1) if part.tag == "h4" and part.text == heading)
    return next(places, None)


def _until_heading(parts: Sequence[Element], start: int) -> int:
    return next((n for n in range(start, len(parts)) if parts[n].tag == "h4"), len(parts))


def _table(lines: Sequence[Line], zone: str) -> Element:
    local = ZoneInfo(zone)
    rows = []
    for line in sorted(lines, key=lambda found: found.start):
        start, end = line.start.astimezone(local), line.end.astimezone(local)
        hours = f"{start:%H:%M}-{end:%H:%M}"
        rows.append((wording.day(start), hours, line.title, line.where or "to be arranged", line.state))
    head = ("Date", "Time", "Visit", "Where, with whom", "State")
    return xhtml.table(f"{len(rows)} visits; all times in {zone}", head, rows)


def provenance(name: str, targets: Sequence[str], clinician: Clinician, at: str, said: Sequence[str]) -> Json:
    """Who revised what, when and why; `name` tells this revision from the signature and from the others."""
    activity, reason = said
    source = {"identifier": {"system": PLAN_SYSTEM, "value": name}, "display": "As ketplan keeps it"}
    resource: Json = tidy(
        {
            "resourceType": "Provenance",
            "target": [reference(target) for target in targets],
            "occurredDateTime": at,
            "recorded": at,
            "reason": [{"text": reason}],
            "activity": {"text": activity},
            "agent": [author(clinician), assembler()],
            "entity": [{"role": "source", "what": source}],
        }
    )
    return resource
