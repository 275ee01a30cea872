"""Planted faults: the compiled profiles find each at its element, and refuse what they could not check."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ketplan.fhir.datatypes import Json
from tests.fhir.plan_builders import PATIENT, a_draft, a_finding, a_plan, a_resolution
from tests.fhir.profiles import CHECK, KNOWN, STRUCTURES, US_CORE_CARE_PLAN, linked
from tests.fhir.snapshots import PROFILES, Definitions, read

# --- planted faults ---------------------------------------------------------------------------------------

_RESOLVED = replace(a_resolution(), clinician="Practitioner/rossi")
GOOD = linked(a_plan(a_draft(findings=(a_finding(),)), resolutions=(_RESOLVED,)))
VISIT, PLAN, ACTIVE, GOAL, REQUEST, PROVENANCE = (
    "appointment-infusion-1",
    "care-plan",
    "care-plan-activities",
    "goal-1",
    "request-infusion",
    "provenance",
)
Fault = Callable[[Any], object]


def put(*path: str | int, to: object) -> Fault:
    def plant(resource: Any) -> None:
        for part in path[:-1]:
            resource = resource[part]
        resource[path[-1]] = to

    return plant


def drop(*path: str | int) -> Fault:
    def plant(resource: Any) -> None:
        for part in path[:-1]:
            resource = resource[part]
        del resource[path[-1]]

    return plant


def add(*path: str | int, item: object) -> Fault:
    def plant(resource: Any) -> None:
        for part in path:
            resource = resource[part]
        resource.append(item)

    return plant


_UNKNOWN_EXTENSION = {"url": "https://elsewhere.example/x"}
FAULTS: dict[str, tuple[str, Fault, str]] = {
    # cardinality
    "required element": (VISIT, drop("start"), "Appointment.start: required"),
    "required below": (GOAL, drop("target", 0, "measure"), "Goal.target[0].measure: required"),
    "required of a choice": (REQUEST, drop("occurrenceTiming"), "ServiceRequest.occurrence[x]: required"),
    "one too many": (GOAL, add("target", item={}), "Goal.target: 2 where 1 to 1 are due"),
    "two categories": (VISIT, add("serviceCategory", item={"text": "x"}), "Appointment.serviceCategory: 2"),
    "empty list": (PLAN, put("note", to=[]), "CarePlan.note: not a list with content"),
    "a list where one is due": (
        PLAN,
        put("subject", to=[{"reference": PATIENT}]),
        "CarePlan.subject: not",
    ),
    "one where a list is due": (PLAN, put("goal", to={"reference": "Goal/1"}), "CarePlan.goal: not a list"),
    "what we rule out": (REQUEST, put("doNotPerform", to=True), "ServiceRequest.doNotPerform: not allowed"),
    "detail of an activity": (
        ACTIVE,
        put("activity", 0, "detail", to={"status": "scheduled"}),
        "CarePlan.activity[0].detail: not allowed",
    ),
    "two types of one choice": (GOAL, put("startCodeableConcept", to={"text": "x"}), "startCodeableConcept"),
    # structure
    "unknown element": (PLAN, put("colour", to="blue"), "CarePlan.colour: no such element"),
    "unknown element below": (PLAN, put("period", "from", to="x"), "CarePlan.period.from: no such element"),
    "another resource": (PLAN, put("resourceType", to="Goal"), "Goal.resourceType: not CarePlan"),
    "contained": (
        PLAN,
        put("contained", to=[{"resourceType": "Goal"}]),
        "CarePlan.contained[0]: not",
    ),
    "text for a number": (VISIT, put("minutesDuration", to="180"), "minutesDuration: not a positiveInt"),
    "zero minutes": (VISIT, put("minutesDuration", to=0), "minutesDuration: not spelled"),
    "truth for a number": (VISIT, put("minutesDuration", to=True), "minutesDuration: not a positiveInt"),
    "float": (
        GOAL,
        put("target", 0, "detailQuantity", "value", to=4.5),
        "value: not a decimal",
    ),
    "blank": (PLAN, put("title", to="  "), "CarePlan.title: not spelled"),
    "time without zone": (VISIT, put("start", to="2026-03-02T09:00:00"), "Appointment.start: not spelled"),
    "no such day": (PLAN, put("period", "start", to="2026-02-30"), "CarePlan.period.start: no such day"),
    "empty object": (PLAN, put("period", to={}), "CarePlan.period: not an object with content"),
    "script in the narrative": (
        PLAN,
        put("text", "div", to='<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'),
        "CarePlan.text.div: txt-1",
    ),
    "extension that says nothing": (PLAN, put("extension", to=[_UNKNOWN_EXTENSION]), "extension[0]: ext-1"),
    # fixed values
    "an order": (REQUEST, put("intent", to="order"), "ServiceRequest.intent: not the value that is fixed"),
    "a proposal": (PLAN, put("intent", to="proposal"), "CarePlan.intent: not the value that is fixed"),
    "another comparator": (
        GOAL,
        put("target", 0, "detailQuantity", "comparator", to=">"),
        "Goal.target[0].detailQuantity.comparator: not the value",
    ),
    "a crisis line": (
        VISIT,
        put("serviceCategory", 0, "coding", 0, "code", to="36"),
        "Appointment.serviceCategory[0]: not the value",
    ),
    "entity role": (
        PROVENANCE,
        put("entity", 0, "role", to="revision"),
        "entity[0].role: not the value",
    ),
    # slices
    "no US Core category": (PLAN, drop("category", 0), "CarePlan.category:AssessPlan: 0"),
    "US Core category twice": (
        PLAN,
        lambda r: r["category"].append(r["category"][0]),
        "CarePlan.category:AssessPlan: 2",
    ),
    "not our identifier": (GOAL, put("identifier", 0, "system", to="urn:other"), "Goal.identifier:step: 0"),
    "our identifier without value": (
        GOAL,
        drop("identifier", 0, "value"),
        "Goal.identifier[0].value: required",
    ),
    "no software": (PROVENANCE, drop("agent", 1), "Provenance.agent:assembler: 0"),
    "an agent of no slice": (
        PROVENANCE,
        add("agent", item={"who": {"display": "x"}}),
        "[2]: in no slice",
    ),
    "author by software": (
        PROVENANCE,
        put("agent", 0, "who", to={"reference": "Device/1"}),
        "Provenance.agent[0].who: refers to a type",
    ),
    # bindings
    "unknown status": (PLAN, put("status", to="zzz"), "CarePlan.status: not a code"),
    "status in capitals": (REQUEST, put("status", to="Active"), "ServiceRequest.status: not a code"),
    "narrative status": (PLAN, put("text", "status", to="empty"), "CarePlan.text.status: not a code"),
    "appointment type": (
        VISIT,
        put("appointmentType", "coding", 0, "code", to="SOMETIME"),
        "Appointment.appointmentType: not a code",
    ),
    "measure of another system": (
        GOAL,
        put("target", 0, "measure", "coding", 0, "system", to="urn:other"),
        "Goal.target[0].measure: not a code",
    ),
    "identifier use": (
        PLAN,
        put("identifier", 0, "use", to="mine"),
        "identifier[0].use: not a code",
    ),
    "unit of time": (
        REQUEST,
        put("occurrenceTiming", to={"repeat": {"duration": 1, "durationUnit": "minutes"}}),
        "repeat.durationUnit: not a code",
    ),
    # reference targets
    "a group": (GOAL, put("subject", to={"reference": "Group/1"}), "Goal.subject: refers to a type"),
    "a plan for an appointment": (
        VISIT,
        put("basedOn", to=[{"reference": "CarePlan/1"}]),
        "Appointment.basedOn[0]: refers to a type",
    ),
    "an activity that is a goal": (
        ACTIVE,
        put("activity", 0, "reference", to={"reference": "Goal/1"}),
        "CarePlan.activity[0].reference: refers to a type",
    ),
    "by type alone": (PLAN, put("subject", to={"type": "Device"}), "CarePlan.subject: refers to a type"),
    "an absolute reference": (
        PLAN,
        put("addresses", to=[{"reference": "https://other.example/Condition/1"}]),
        "CarePlan.addresses[0].reference: not of the form",
    ),
    "unlinked": (PLAN, put("goal", 0, to={"reference": "step:goal-1"}), "CarePlan.goal[0].reference: not of"),
    # invariants
    "active without author": (ACTIVE, drop("author"), "CarePlan: ketplan-signed"),
    "active without requester": (REQUEST, drop("requester"), "ServiceRequest: ketplan-requester"),
    "booked without slot": (VISIT, drop("slot"), "Appointment: ketplan-booked-slots"),
    "two patients": (
        VISIT,
        lambda r: r["participant"].append(r["participant"][0]),
        "Appointment: ketplan-one-patient",
    ),
    "app-4": (VISIT, put("cancelationReason", to={"text": "x"}), "Appointment: app-4"),
    "per-1": (PLAN, put("period", "end", to="2020-01-01"), "CarePlan.period: per-1"),
    "qty-3": (REQUEST, put("quantityQuantity", "code", to="{visits}"), "quantityQuantity: qty-3"),
    "tim-2": (
        REQUEST,
        put("occurrenceTiming", to={"repeat": {"period": 7}}),
        "Timing.repeat: tim-2",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_at_its_place(name: str) -> None:
    key, plant, expected = FAULTS[name]
    resource = deepcopy(GOOD[key])
    check_of = CHECK[resource["resourceType"]]
    assert check_of(resource) == []
    plant(resource)
    found = check_of(resource)
    assert any(expected in problem for problem in found), found


def test_us_core_asks_for_its_category_until_8() -> None:
    plan = deepcopy(GOOD[PLAN])
    del plan["category"][0]
    found = {version: known.checker(US_CORE_CARE_PLAN)(plan) for version, known in KNOWN.items()}
    assert found == {"6.1.0": ["CarePlan.category:AssessPlan: 0 where 1 to 1 are due"], "8.0.0": []}


# --- the checker itself -----------------------------------------------------------------------------------


def a_profile(**root: Any) -> Json:
    element = {"id": "Period", "path": "Period", "min": 0, "max": "*", **root}
    return {
        "resourceType": "StructureDefinition",
        "url": "urn:x",
        "kind": "complex-type",
        "type": "Period",
        "snapshot": {"element": [element]},
    }


def test_an_invariant_nobody_has_written_down_stops_the_compiling() -> None:
    strange = a_profile(constraint=[{"key": "new-1", "severity": "error"}])
    with pytest.raises(KeyError, match="new-1"):
        Definitions([strange]).checker("urn:x")
    remark = a_profile(constraint=[{"key": "new-1", "severity": "warning"}])
    Definitions([remark]).checker("urn:x")


def test_a_slicing_that_is_not_understood_stops_the_compiling() -> None:
    profile = deepcopy(next(s for s in STRUCTURES if s["id"] == "ketplan-provenance"))
    agent = next(e for e in profile["snapshot"]["element"] if e["id"] == "Provenance.agent")
    agent["slicing"]["discriminator"] = [{"type": "profile", "path": "who"}]
    with pytest.raises(NotImplementedError, match=r"Provenance\.agent"):
        Definitions([*read(PROFILES / "r4-core.json"), profile]).checker(profile["url"])


def test_the_checker_keeps_decimals_apart_from_floats() -> None:
    goal = deepcopy(GOOD[GOAL])
    goal["target"][0]["detailQuantity"]["value"] = Decimal("4.50")
    assert CHECK["Goal"](goal) == []
