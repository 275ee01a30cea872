"""A resource in three versions, element by element, as the page of differences says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from ketplan.fhir.render import Step, describe
from ketplan.web.presenters import words
from ketplan.writeback.looking import Report
from ketplan.writeback.reconcile import STOPS, Difference, Kind, Looked
from ketplan.writeback.references import references, tail

NOT_THERE = "not there"
ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "activity": "activities",
        "addresses": "treats",
        "basedOn": "requested by",
        "code": "what",
        "description": "title",
        "doNotPerform": "do not perform",
        "end": "ends",
        "goal": "goals",
        "lifecycleStatus": "status",
        "note": "notes",
        "occurrenceDateTime": "when",
        "occurrencePeriod": "when",
        "occurrenceTiming": "when",
        "participant": "who and where",
        "patientInstruction": "instruction",
        "quantityQuantity": "how many",
        "reasonReference": "because of",
        "requestedPeriod": "acceptable days",
        "slot": "calendar slot",
        "start": "starts",
        "startDate": "starts",
        "supportingInformation": "belongs to",
    }
)
_MOMENTS = frozenset({"start", "end"})
_LONGEST = 400


@dataclass(frozen=True)
class DifferenceRow:
    """`mine` is what the plan says now."""

    element: str
    base: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class DifferenceView:
    """One resource that differs. `can_edit` for a visit, `stops` where nothing may be decided here."""

    key: str
    type: str
    kind: str
    title: str
    happened: str
    reference: str
    href: str
    seen: str
    rows: tuple[DifferenceRow, ...]
    start: str
    can_edit: bool
    can_write: bool
    stops: bool

    @property
    def mine_words(self) -> str:
        return "write it again as it was signed" if not self.seen else "write ours back"

    @property
    def theirs_words(self) -> str:
        return "accept that it is gone" if not self.seen else "the plan goes by what the EHR says"


def differing(report: Report, iss: str, zone: ZoneInfo) -> tuple[DifferenceView, ...]:
    return tuple(view(one, iss, zone, not report.patient.merged_into) for one in report.differing)


def view(one: Looked, iss: str, zone: ZoneInfo, may_decide: bool = True) -> DifferenceView:
    about = one.authored
    visit = about.type == "Appointment"
    start = about.ours.get("start")
    local = datetime.fromisoformat(start).astimezone(zone) if visit and start else None
    stops = one.kind in STOPS or not may_decide
    return DifferenceView(
        about.key,
        about.type,
        words.TYPES.get(about.type, about.type),
        title(about.type, about.ours),
        one.kind.value,
        about.reference,
        f"{iss}/{about.reference}" if one.seen and not stops else "",
        one.seen,
        () if stops else tuple(row(difference, zone) for difference in one.rows),
        local.strftime("%Y-%m-%dT%H:%M") if local else "",
        visit and one.kind is not Kind.GONE,
        about.type != "Provenance",
        stops,
    )


def row(difference: Difference, zone: ZoneInfo) -> DifferenceRow:
    name = difference.element
    values = (difference.base, difference.ours, difference.theirs)
    return DifferenceRow(ELEMENTS.get(name, name), *(said(name, value, zone) for value in values))


def title(kind: str, resource: Mapping[str, Any]) -> str:
    """What it is called on a page, from our own version of it."""
    if kind == "Appointment":
        return str(resource.get("description", ""))
    try:
        return describe(Step("", dict(resource)))[1]
    except (KeyError, TypeError):
        return ""


def said(name: str, value: Any, zone: ZoneInfo) -> str:
    """One value in words, for people."""
    if value is None or value == []:
        return NOT_THERE
    if name in _MOMENTS and isinstance(value, str):
        return _moment(value, zone)
    if name == "participant":
        return words.listed(_people(value)) or NOT_THERE
    if found := [*references(value)]:
        return words.listed(dict.fromkeys(map(words.short, found)))
    if isinstance(value, str):
        return (
            value.replace("-", " ") if name in ("status", "lifecycleStatus", "intent") else value[:_LONGEST]
        )
    return words.listed(dict.fromkeys(_leaves(value)))[:_LONGEST]


def _moment(value: str, zone: ZoneInfo) -> str:
    try:
        return words.moment(datetime.fromisoformat(value).astimezone(zone), zone)
    except ValueError:
        return value[:40]


def _people(value: Any) -> Iterator[str]:
    """Everybody but the patient, who is the one on the page."""
    for part in value if isinstance(value, list) else []:
        actor = part.get("actor") if isinstance(part, dict) else None
        if isinstance(actor, dict) and not tail(actor.get("reference")).startswith("Patient/"):
            told = str(actor.get("display") or words.short(tail(actor.get("reference"))))
            yield f"{told} (declined)" if part.get("status") == "declined" else told
        elif part == {} or actor:
            yield "the patient"


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
            return
        for name, inner in value.items():
            if name not in ("system", "id", "extension"):
                yield from _leaves(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
