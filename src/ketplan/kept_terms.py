"""The terms of a signed plan and its visits, kept beside it: a review or a revision need not guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, tzinfo
from typing import Any

from ketplan.clinical.disorders import BY_ID
from ketplan.clinical.plan import ConfirmedPlan, Visit, VisitKind
from ketplan.clinical.progress.facts import PlanFacts, plan_facts
from ketplan.clinical.protocols.ketamine import KetamineProtocol, TitrationStep
from ketplan.errors import InputError
from ketplan.store.plans import StoredPlan

VERSION = 1
_NOT_KEPT = "This plan was kept without what a review goes by: review the course by hand."
_NO_VISITS = "This plan was kept without its visits: change its appointments in the EHR by hand."


def terms_payload(plan: ConfirmedPlan) -> dict[str, Any] | None:
    """What was signed, as JSON; None for a plan that no disorder leads. Decimals stay decimals."""
    try:
        facts = plan_facts(plan.draft, plan.id)
    except InputError:
        return None
    return {
        "version": VERSION,
        "disorder": facts.disorder.id,
        "protocol": _listed(asdict(facts.protocol)),
        "start": facts.start.isoformat(),
        "planned": facts.planned,
        "dosing_weight_kg": facts.dosing_weight_kg,
        "age": facts.age,
        "frail": facts.frail,
        "lifetime_before": facts.lifetime_before,
        "first_mg_per_kg": facts.first_mg_per_kg,
        "first_mg": facts.first_mg,
        "deviations": list(plan.draft.deviations),
    }


def plan_facts_of(kept: StoredPlan, zone: tzinfo) -> PlanFacts:
    """The plan as it was signed, authorised on the day of the signature in `zone`.

    Raises InputError for a plan that no disorder leads, and for one kept without its course.
    """
    course = kept.payload.get("terms")
    if course is None or course["version"] != VERSION:
        raise InputError(_NOT_KEPT)
    signed = datetime.fromisoformat(kept.payload["confirmed_at"]).astimezone(zone)
    facts = PlanFacts(
        kept.plan_id,
        BY_ID[course["disorder"]],
        _protocol(course["protocol"]),
        date.fromisoformat(course["start"]),
        course["planned"],
        authorised_on=signed.date(),
    )
    names = ("dosing_weight_kg", "age", "frail", "lifetime_before", "first_mg_per_kg", "first_mg")
    return replace(facts, **{name: course[name] for name in names})


def visits_payload(visits: Iterable[Visit]) -> list[dict[str, Any]]:
    """The visits as the protocol wanted them, those without a time too, as JSON."""
    return [asdict(v) | {"kind": v.kind.value, "target": v.target.isoformat()} for v in visits]


def visits_from(payload: Mapping[str, Any]) -> tuple[Visit, ...]:
    """Raises InputError for what was kept without them."""
    if "visits" not in payload:
        raise InputError(_NO_VISITS)
    return tuple(
        Visit(**v | {"kind": VisitKind(v["kind"]), "target": date.fromisoformat(v["target"])})
        for v in payload["visits"]
    )


def _listed(value: Any) -> Any:
    """As JSON gives it back: tuples as lists."""
    if isinstance(value, dict):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


def _protocol(kept: Mapping[str, Any]) -> KetamineProtocol:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
    return KetamineProtocol(**values | {"titration": tuple(TitrationStep(**s) for s in kept["titration"])})
