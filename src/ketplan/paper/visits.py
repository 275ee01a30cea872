"""The visits of a plan as they stand in its resources, whether they were signed or only proposed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ketplan.clinical.plan import VisitKind
from ketplan.fhir.datatypes import Json, parse_when
from ketplan.fhir.render import Step
from ketplan.fhir.rendering.authoring import visit_of_step

_CALLED_OFF = frozenset({"cancelled", "noshow", "entered-in-error"})
_KINDS = {"infusion": VisitKind.INFUSION, "cbt": VisitKind.CBT}


@dataclass(frozen=True, slots=True)
class Now:
    """How a visit stands in the EHR today."""

    start: datetime
    end: datetime
    called_off: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """`key` is the visit's within its plan ("infusion-1"); times are at the site. `where` names rooms and
    people, as the EHR calls them; `signed` is the start that was signed where it is another one now."""

    key: str
    kind: VisitKind
    number: int
    title: str
    start: datetime
    end: datetime
    where: tuple[str, ...] = ()
    status: str = "proposed"
    signed: datetime | None = None

    @property
    def called_off(self) -> bool:
        return self.status in _CALLED_OFF


def visits(
    steps: Iterable[Step], zone: ZoneInfo, standing: Mapping[str, Now] | None = None
) -> tuple[Visit, ...]:
    """Every visit with a time, in order. `standing` tells by key which of them the EHR has otherwise now."""
    made = (
        _visit(step, zone, standing or {})
        for step in steps
        if step.type == "Appointment" and not step.updates
    )
    return tuple(sorted((v for v in made if v), key=lambda v: (v.start, v.key)))


def _visit(step: Step, zone: ZoneInfo, standing: Mapping[str, Now]) -> Visit | None:
    resource, key = step.resource, str(visit_of_step(step.key))
    start, end = (_instant(resource.get(name), zone) for name in ("start", "end"))
    status, now, signed = resource["status"], standing.get(key), None
    if now:
        status = "cancelled" if now.called_off else status
        if start and now.start != start:
            signed = start
        start, end = now.start.astimezone(zone), now.end.astimezone(zone)
    if start is None or end is None:
        return None
    family, _, number = key.partition("-")
    kind = _KINDS.get(family, VisitKind.FOLLOW_UP)
    order = int(number) if number.isdecimal() else 0
    return Visit(
        key, kind, order, resource.get("description", ""), start, end, _where(resource), status, signed
    )


def _instant(written: str | None, zone: ZoneInfo) -> datetime | None:
    when = parse_when(written, zone)
    return when.instant.astimezone(zone) if when and when.instant else None


def _where(resource: Json) -> tuple[str, ...]:
    actors = [p.get("actor", {}) for p in resource.get("participant", ())]
    named = (a.get("display", "") for a in actors if not a.get("reference", "").startswith("Patient/"))
    return tuple(dict.fromkeys(filter(None, named)))
