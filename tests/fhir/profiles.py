"""The compiled profiles, and plans rendered with their references filled in, to check by them."""

from __future__ import annotations

from ketplan.clinical.plan import ConfirmedPlan
from ketplan.fhir.datatypes import BASE, Json
from ketplan.fhir.render import Unsigned, Verb, link, render
from tests.fhir.plan_builders import a_timetable
from tests.fhir.snapshots import GENERATED, PROFILES, Definitions, read

PROFILE = {
    "Appointment": "ketplan-appointment",
    "CarePlan": "ketplan-care-plan",
    "Goal": "ketplan-goal",
    "Provenance": "ketplan-provenance",
    "ServiceRequest": "ketplan-service-request",
}
# Those of records: a type may have several, by what is recorded.
RECORD_PROFILES = (
    "ketplan-session",
    "ketplan-administration",
    "ketplan-session-observation",
    "ketplan-score",
    "ketplan-answers",
    "ketplan-adverse-event",
)
US_CORE_CARE_PLAN = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan"
STRUCTURES = [
    r for r in read(*sorted(GENERATED.glob("*.json"))) if r["resourceType"] == "StructureDefinition"
]


def known(us_core: str) -> Definitions:
    published = sorted(GENERATED.glob("*.json"))
    return Definitions(read(PROFILES / "r4-core.json", PROFILES / f"us-core-{us_core}.json", *published))


KNOWN = {version: known(version) for version in ("6.1.0", "8.0.0")}


def profile_url(name: str) -> str:
    return f"{BASE}/StructureDefinition/{name}"


CHECK = {kind: KNOWN["6.1.0"].checker(profile_url(name)) for kind, name in PROFILE.items()}
RECORD_CHECK = {name: KNOWN["6.1.0"].checker(profile_url(name)) for name in RECORD_PROFILES}


def linked(plan: ConfirmedPlan | Unsigned, unplaced: tuple[str, ...] = ()) -> dict[str, Json]:
    """Every resource that the steps of a plan write, with its references filled in, by step."""
    steps = render(plan, a_timetable(plan.draft, unplaced))
    ids = {s.key: f"{s.type}/{n}" for n, s in enumerate(steps) if s.verb is Verb.CREATE}
    return {s.key: link(s.resource, ids) for s in steps}
