"""PlanDefinitions: when each visit of a protocol is due, and on which other days it is still acceptable.

Offsets count from the action `day-0`. Beside each stands its acceptable window, by the extension of HL7's
schedule of activities (Vulcan), in the same days as the offset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from ketplan.clinical.disorders import DISORDERS
from ketplan.clinical.house import House
from ketplan.clinical.plan import Visit, VisitKind
from ketplan.clinical.protocols import cbt, evidence, ketamine
from ketplan.clinical.protocols.cbt import CbtProtocol
from ketplan.clinical.protocols.ketamine import KetamineProtocol
from ketplan.fhir.datatypes import Json
from ketplan.fhir.definitions.canonical import canonical, citation, header, quantity, with_literature
from ketplan.fhir.definitions.visits import Planned, dose_series, sessions_alone, sessions_beside_doses
from ketplan.fhir.rendering import wording
from ketplan.fhir.rendering.authoring import (
    CBT,
    FOLLOW_UP_VISIT,
    IV_INFUSION,
    TELEPHONE_FOLLOW_UP,
    coding,
    concept,
    tidy,
)

ACCEPTABLE_OFFSET_RANGE = (
    "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/AcceptableOffsetRangeSoa"
)
DAY_0 = "day-0"

_TYPE = concept(
    coding(
        "http://terminology.hl7.org/CodeSystem/plan-definition-type", "clinical-protocol", "Clinical Protocol"
    )
)
_WEEKENDS = (
    "Offsets are calendar days from day 0. A target at a weekend moves to the next business day, before day 0"
    " to the previous one; a telephone call keeps its day."
)
_CBT_WINDOW = evidence.cbt_window(House().cbt_window_hours)
_WINDOWS = citation("Acceptable windows", "[H] house default; a clinic may set others")


def drug_plan(protocol: KetamineProtocol) -> Json:
    """The PlanDefinition of a dose series: doses, calls and reviews. A draft where shipped switched off."""
    series = dose_series(protocol)
    doses = [p for p in series if p.visit.kind is VisitKind.INFUSION]
    gaps = {p.visit.key: _gap(before.visit) for before, p in pairwise(doses)}
    definition: Json = tidy(
        {
            **header("PlanDefinition", protocol.id, protocol.title, active=protocol.enabled),
            "type": _TYPE,
            "description": wording.sentence(protocol.evidence),
            "usage": " ".join([wording.OFF_LABEL, wording.NOT_AN_ORDER, _WEEKENDS]),
            "relatedArtifact": with_literature(
                [
                    citation("Days and doses", protocol.source),
                    _WINDOWS,
                    citation("Minimum gap", "1.1 [H] from start to start") if gaps else None,
                    *_trials(protocol),
                ]
            ),
            "action": [
                _day_0("Day 0: the start of the course"),
                *(_visit(p, _dose(protocol, p.visit), gaps.get(p.visit.key)) for p in series),
            ],
        }
    )
    return definition


def therapy_plan(course: CbtProtocol) -> Json:
    """The PlanDefinition of a therapy course, with the calendar beside doses and the one without."""
    beside, alone = sessions_beside_doses(course), sessions_alone(course)
    definition: Json = tidy(
        {
            **header("PlanDefinition", course.id, course.title),
            "type": _TYPE,
            "description": "Session titles only, in ketplan's own words; the manual is the therapist's.",
            "usage": f"{_WEEKENDS} Never on the day of a dose. {_CBT_WINDOW}",
            "relatedArtifact": with_literature(
                [
                    citation("Sessions and days", course.source),
                    citation("Window after a dose", "2.1 [H]"),
                    _WINDOWS,
                ]
            ),
            "action": [
                _day_0("Day 0: the first dose, or without ketamine the start"),
                {
                    "id": "calendar",
                    "title": "One of the two calendars",
                    "selectionBehavior": "exactly-one",
                    "action": [
                        _calendar("beside-doses", "Beside a dose series", course, beside),
                        _calendar("alone", "Without ketamine", course, alone),
                    ],
                },
            ],
        }
    )
    return definition


def _trials(protocol: KetamineProtocol) -> Iterator[Json]:
    """The evidence for each disorder this protocol is the default of, null results included."""
    for disorder in DISORDERS:
        if disorder.default_protocol == protocol.id:
            for trial in evidence.TRIALS[disorder.id]:
                yield citation(disorder.title, f"{trial.sentence()} {trial.source}", "justification")


def _day_0(title: str) -> Json:
    return {"id": DAY_0, "title": title}


def _calendar(id: str, title: str, course: CbtProtocol, visits: Iterable[Planned]) -> Json:
    return {
        "id": id,
        "title": title,
        "action": [_visit(p, _session(course, p.visit), prefix=f"{id}.") for p in visits],
    }


def _visit(planned: Planned, what: Json, gap: Json | None = None, prefix: str = "") -> Json:
    visit = planned.visit
    return {
        "id": f"{prefix}{visit.key.replace('_', '-')}",
        "title": visit.title,
        **what,
        "relatedAction": [_offset(planned), gap],
        "timingTiming": {"repeat": {"duration": visit.minutes, "durationUnit": "min"}},
    }


def _offset(planned: Planned) -> Json:
    """Before day 0 the days count backwards, so the window turns round."""
    days, first, last = planned.visit.offset, planned.first, planned.last
    later = days >= 0
    low, high = (first, last) if later else (-last, -first)
    return {
        "extension": [
            {
                "url": ACCEPTABLE_OFFSET_RANGE,
                "valueRange": {"low": quantity(low, "d"), "high": quantity(high, "d")},
            }
        ],
        "actionId": DAY_0,
        "relationship": "after-start" if later else "before-start",
        "offsetDuration": quantity(abs(days), "d"),
    }


def _gap(before: Visit) -> Json:
    return {
        "actionId": before.key,
        "relationship": "after-start",
        "offsetRange": {"low": quantity(ketamine.MIN_GAP_HOURS, "h")},
    }


def _dose(protocol: KetamineProtocol, visit: Visit) -> Json:
    if visit.kind is not VisitKind.INFUSION:
        return _follow_up(visit)
    ascending = protocol.mg_per_kg[visit.number - 1] if len(protocol.mg_per_kg) > 1 else None
    return {
        "description": f"{ascending} mg/kg." if ascending else "",
        "code": [concept(IV_INFUSION)] if protocol.route == "IV" else [],
        "definitionCanonical": canonical("ActivityDefinition", protocol.id),
    }


def _session(course: CbtProtocol, visit: Visit) -> Json:
    if visit.kind is not VisitKind.CBT:
        return _follow_up(visit)
    return {"code": [concept(CBT)], "definitionCanonical": canonical("ActivityDefinition", course.id)}


def _follow_up(visit: Visit) -> Json:
    return {"code": [concept(TELEPHONE_FOLLOW_UP if visit.telephone else FOLLOW_UP_VISIT)]}


def plan_definitions() -> Iterator[Json]:
    yield from (drug_plan(protocol) for protocol in ketamine.PROTOCOLS if protocol.day_offsets)
    yield from map(therapy_plan, cbt.COURSES)
