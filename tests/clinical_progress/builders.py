"""Builders with keyword defaults: a course of a patient of 40 on 70 kg, every dose tolerated and recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ketplan.clinical import disorders
from ketplan.clinical.instruments.change import Rating
from ketplan.clinical.progress.facts import (
    Check,
    CheckKind,
    DoseGiven,
    Event,
    EventKind,
    Happened,
    Lab,
    PlanFacts,
    Urinary,
    induction_doses,
)
from ketplan.clinical.progress.proposals import Kind, Proposal
from ketplan.clinical.progress.review import review
from ketplan.clinical.protocols import ketamine

START = date(2026, 3, 2)  # a Monday
IV6 = ketamine.BY_ID["IV6_2PW"]
# A score well above entry and one recall window per disorder.
BASELINE = {"GAD": 16, "SAD": 100, "PANIC": 20, "SPECIFIC_PHOBIA": 30, "OCD": 20, "PTSD": 60}
RECALL = {"PTSD": 7}


def day(offset: int) -> date:
    return START + timedelta(days=offset)


def a_plan(disorder: str = "SAD", protocol: str = "IV6_2PW", **changes: Any) -> PlanFacts:
    course = ketamine.BY_ID[protocol]
    defaults: dict[str, Any] = {
        "id": "plan-1",
        "disorder": disorders.BY_ID[disorder],
        "protocol": course,
        "start": START,
        "planned": induction_doses(course),
        "dosing_weight_kg": Decimal(70),
        "age": 40,
        "frail": False,
        "lifetime_before": 0,
    }
    return PlanFacts(**defaults | changes)


def a_dose(number: int, offset: int, mg_per_kg: str | None = "0.5", **changes: Any) -> DoseGiven:
    """A dose with everything recorded and nothing wrong."""
    defaults: dict[str, Any] = {
        "systolic": 140,
        "diastolic": 88,
        "lowest_spo2": 97,
        "distressing_dissociation": False,
        "vomiting": False,
        "vomiting_despite_treatment": False,
        "new_suicidal_ideation": False,
    }
    size = None if mg_per_kg is None else Decimal(mg_per_kg)
    return DoseGiven(number, day(offset), size, **defaults | changes)


def doses(
    count: int, protocol: str = "IV6_2PW", mg_per_kg: str = "0.5", **last: Any
) -> tuple[DoseGiven, ...]:
    """The first `count` doses of a protocol; `last` changes the last one."""
    given = [a_dose(n, o, mg_per_kg) for n, o in enumerate(ketamine.BY_ID[protocol].day_offsets[:count], 1)]
    if last:
        given[-1] = a_dose(count, (given[-1].on - START).days, **{"mg_per_kg": mg_per_kg} | last)
    return tuple(given)


def a_rating(total: float | str | None, offset: int, disorder: str = "SAD", **changes: Any) -> Rating:
    scale = disorders.BY_ID[disorder].scale
    value = None if total is None else Decimal(str(total))
    recall = changes.pop("recall_days", RECALL.get(disorder))
    return Rating(changes.pop("instrument", scale.id), day(offset), value, recall)


def ratings(*later: tuple[int, float | None], disorder: str = "SAD", before: int = -3) -> tuple[Rating, ...]:
    """A baseline, then (offset, total)."""
    return (
        a_rating(BASELINE[disorder], before, disorder),
        *(a_rating(total, offset, disorder) for offset, total in later),
    )


def fell(pct: float, offset: int, disorder: str = "SAD") -> tuple[int, float]:
    """A rating so many per cent below the baseline."""
    return offset, BASELINE[disorder] * (100 - pct) / 100


def checks(on: int = 0) -> dict[str, Any]:
    """Everything section 7 asks for, done on one day."""
    return {
        "labs": tuple(Lab(test, day(on), Decimal(22), Decimal(40)) for test in ("ALT", "AST")),
        "checks": tuple(Check(kind, day(on)) for kind in CheckKind),
        "urinary": (Urinary(day(on), False, False, False, False),),
    }


def an_event(kind: EventKind, offset: int) -> Event:
    return Event(kind, day(offset))


def reviewed(
    given: Iterable[DoseGiven] = (),
    rated: Iterable[Rating] = (),
    *,
    plan: PlanFacts | None = None,
    at: int = 0,
    limits: Any = None,
    house: Any = None,
    **facts: Any,
) -> tuple[Proposal, ...]:
    happened = Happened(tuple(given), tuple(rated), **facts)
    return review(plan or a_plan(), happened, day(at), limits=limits, house=house)


def kinds(proposals: Iterable[Proposal]) -> set[Kind]:
    """Which kinds there are, without the checks of section 7 (they have tests of their own)."""
    routine = {Kind.BLADDER_CHECK, Kind.COGNITION_CHECK, Kind.LIVER_CHECK, Kind.ABUSE_CHECK}
    return {p.kind for p in proposals} - routine


def only(proposals: Iterable[Proposal], kind: Kind) -> Proposal:
    found = [p for p in proposals if p.kind is kind]
    assert len(found) == 1, f"{len(found)} of {kind}"
    return found[0]
