"""Planted faults: each is found, at its element, and the message never repeats the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ketplan.errors import KetplanError
from ketplan.fhir.invariants import CODES, TARGETS, TIMES, check, patients, require_valid
from ketplan.fhir.render import Verb, link, render
from tests.fhir.plan_builders import (
    PATIENT,
    a_draft,
    a_finding,
    a_plan,
    a_resolution,
    a_timetable,
)

_PLAN = a_plan(
    a_draft(findings=(a_finding(),)), resolutions=(replace(a_resolution(), clinician="Practitioner/rossi"),)
)
_STEPS = render(_PLAN, a_timetable(_PLAN.draft))
_IDS = {s.key: f"{s.type}/{n}" for n, s in enumerate(_STEPS) if s.verb is Verb.CREATE}
GOOD = {s.key: link(s.resource, _IDS) for s in _STEPS}
# A request none of whose visits has a time yet.
WAITING = next(
    link(s.resource, _IDS)
    for s in render(_PLAN, a_timetable(_PLAN.draft, tuple(v.key for v in _PLAN.draft.visits)))
    if s.key == "request-infusion"
)
VISIT, PLAN, ACTIVE, GOAL, REQUEST, PROVENANCE = (
    "appointment-infusion-1",
    "care-plan",
    "care-plan-activities",
    "goal-1",
    "request-infusion",
    "provenance",
)

Fault = Callable[[Any], object]


def put(**elements: object) -> Fault:
    return lambda r: r.update(elements)


def drop(*names: str) -> Fault:
    return lambda r: [r.pop(name) for name in names]


def at(*path: str | int, to: object) -> Fault:
    def plant(resource: Any) -> None:
        for part in path[:-1]:
            resource = resource[part]
        resource[path[-1]] = to

    return plant


FAULTS: dict[str, tuple[str, Fault, str]] = {
    "unknown status": (PLAN, put(status="zzz"), "CarePlan.status"),
    "order": (PLAN, put(intent="order"), "CarePlan.intent"),
    "request as order": (REQUEST, put(intent="order"), "ServiceRequest.intent"),
    "request status": (REQUEST, put(status="Active"), "ServiceRequest.status"),
    "goal status": (GOAL, put(lifecycleStatus="draft"), "Goal.lifecycleStatus"),
    "appointment status": (VISIT, put(status="confirmed"), "Appointment.status"),
    "participant status": (
        VISIT,
        at("participant", 0, "status", to="yes"),
        "Appointment.participant[0].status",
    ),
    "participant required": (VISIT, at("participant", 0, "required", to="true"), "participant[0].required"),
    "no participant status": (VISIT, lambda r: r["participant"][0].pop("status"), "participant[0].status"),
    "narrative status": (PLAN, at("text", "status", to="empty"), "CarePlan.text.status"),
    "comparator": (GOAL, at("target", 0, "detailQuantity", "comparator", to="less"), "comparator"),
    "entity role": (PROVENANCE, at("entity", 0, "role", to="x"), "Provenance.entity[0].role"),
    "no subject": (PLAN, drop("subject"), "CarePlan.subject: required"),
    "no narrative": (PLAN, drop("text"), "CarePlan.text: required"),
    "no identifier": (VISIT, drop("identifier"), "Appointment.identifier: required"),
    "no code": (REQUEST, drop("code"), "ServiceRequest.code: required"),
    "no US Core category": (PLAN, lambda r: r["category"].pop(0), "CarePlan.category"),
    "cpl-3": (ACTIVE, at("activity", 0, "detail", to={"status": "scheduled"}), "CarePlan.activity[0]: cpl-3"),
    "activity without reference": (
        ACTIVE,
        at("activity", 0, to={"progress": [{"text": "x"}]}),
        "activity[0]",
    ),
    "app-1": (
        VISIT,
        lambda r: r["participant"].append({"status": "accepted"}),
        "Appointment.participant[3]: app-1",
    ),
    "app-2": (VISIT, drop("end"), "app-2"),
    "app-3": (VISIT, drop("start", "end"), "app-3"),
    "app-4": (VISIT, put(cancelationReason={"text": "x"}), "app-4"),
    "proposed without time or period": (
        VISIT,
        lambda r: (r.update(status="proposed"), r.pop("start"), r.pop("end")),
        "Appointment.requestedPeriod",
    ),
    "end before start": (VISIT, put(end="2026-03-02T08:00:00-05:00"), "Appointment.end"),
    "end at start, other zone": (VISIT, put(end="2026-03-02T15:00:00+01:00"), "Appointment.end"),
    "requested period reversed": (
        VISIT,
        put(requestedPeriod=[{"start": "2026-03-03", "end": "2026-03-02"}]),
        "Appointment.requestedPeriod",
    ),
    "period reversed": (PLAN, put(period={"start": "2026-03-02", "end": "2026-03-01"}), "CarePlan.period"),
    "instant without zone": (VISIT, put(start="2026-03-02T09:00:00"), "Appointment.start"),
    "instant without time": (VISIT, put(start="2026-03-02"), "Appointment.start"),
    "dateTime without zone": (PLAN, put(created="2026-03-02T09:00:00"), "CarePlan.created"),
    "impossible date": (GOAL, put(startDate="2026-02-30"), "Goal.startDate"),
    "event without zone": (REQUEST, at("occurrenceTiming", "event", 0, to="2026-03-02T09:00:00"), "event[0]"),
    "date with time": (GOAL, put(startDate="2026-03-02T09:00:00Z"), "Goal.startDate"),
    "recorded without zone": (PROVENANCE, put(recorded="2026-03-02T09:00:00"), "Provenance.recorded"),
    "id of 65 characters": (PLAN, put(id="a" * 65), "CarePlan.id"),
    "id with a blank": (PLAN, put(id="a b"), "CarePlan.id"),
    "wrong target": (PLAN, put(addresses=[{"reference": "Observation/1"}]), "CarePlan.addresses[0]"),
    "activity target": (
        ACTIVE,
        at("activity", 0, "reference", to={"reference": "Goal/1"}),
        "CarePlan.activity[0].reference",
    ),
    "group as subject": (GOAL, put(subject={"reference": "Group/1"}), "Goal.subject"),
    "appointment based on a plan": (
        VISIT,
        put(basedOn=[{"reference": "CarePlan/1"}]),
        "Appointment.basedOn[0]",
    ),
    "organization as actor": (
        VISIT,
        at("participant", 1, "actor", to={"reference": "Organization/1"}),
        "Appointment.participant[1].actor",
    ),
    "agent by type": (PROVENANCE, at("agent", 1, "who", "type", to="Location"), "Provenance.agent[1].who"),
    "absolute reference": (
        PLAN,
        put(addresses=[{"reference": "https://other.example/Condition/1"}]),
        "CarePlan.addresses[0]",
    ),
    "unlinked": (PLAN, put(goal=[{"reference": "step:goal-1"}]), "CarePlan.goal[0]"),
    "empty string": (PLAN, put(title=""), "CarePlan.title"),
    "blank string": (PLAN, put(title="  "), "CarePlan.title"),
    "control character": (PLAN, put(title="a\x07b"), "CarePlan.title"),
    "null": (PLAN, put(title=None), "CarePlan.title"),
    "empty list": (PLAN, put(note=[]), "CarePlan.note"),
    "empty object": (PLAN, put(period={}), "CarePlan.period"),
    "float": (GOAL, at("target", 0, "detailQuantity", "value", to=0.5), "detailQuantity.value"),
    "coding without system": (
        PLAN,
        at("category", 1, "coding", 0, to={"code": "x"}),
        "category[1].coding[0]",
    ),
    "two patients": (
        VISIT,
        lambda r: r["participant"].append({"actor": {"reference": "Patient/john"}, "status": "accepted"}),
        "Appointment: must be about exactly one patient",
    ),
    "the patient twice": (
        VISIT,
        lambda r: r["participant"].append(r["participant"][0]),
        "Appointment: must be about exactly one patient",
    ),
    "no patient": (
        VISIT,
        lambda r: r["participant"].pop(0),
        "Appointment: must be about exactly one patient",
    ),
    "another patient": (GOAL, put(subject={"reference": "Patient/john"}), "Goal: is about another patient"),
    "script in the narrative": (
        PLAN,
        at("text", "div", to='<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>'),
        "CarePlan.text.div",
    ),
    "gol-1": (GOAL, lambda r: r["target"][0].pop("measure"), "Goal.target[0]: gol-1"),
    "prr-1": (REQUEST, lambda r: (r.pop("code"), r.update(orderDetail=[{"text": "x"}])), "prr-1"),
    "agent without who": (PROVENANCE, lambda r: r["agent"][0].pop("who"), "Provenance.agent[0].who"),
    "an order for a drug": (REQUEST, put(resourceType="MedicationRequest"), "resourceType"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_rendered_has_no_fault(name: str) -> None:
    assert check(GOOD[name], patient=None if name == PROVENANCE else PATIENT) == []


@pytest.mark.parametrize("name", FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_a_planted_fault_is_found_at_its_place(name: str) -> None:
    key, plant, place = FAULTS[name]
    resource = deepcopy(GOOD[key])
    plant(resource)
    found = check(resource, patient=None if key == PROVENANCE else PATIENT)
    assert any(place in problem for problem in found), found


def spots(value: Any, element: str) -> Iterator[tuple[Any, str | int]]:
    """Where `element` stands in a resource: (container, key) of each value, lists looked through."""
    if isinstance(value, list):
        for item in value:
            yield from spots(item, element)
        return
    name, _, rest = element.partition(".")
    if not isinstance(value, dict) or name not in value:
        return
    if rest:
        yield from spots(value[name], rest)
    elif isinstance(value[name], list):
        yield from ((value[name], place) for place in range(len(value[name])))
    else:
        yield value, name


def planted(element: str, wrong: object) -> list[str]:
    """What is found when each `element` of everything rendered holds `wrong`; fails if none holds it."""
    kind, _, path = element.partition(".")
    found = []
    for resource in deepcopy([r for r in [*GOOD.values(), WAITING] if r["resourceType"] == kind]):
        for container, key in list(spots(resource, path)):
            container[key] = wrong
            found.append(bool([p for p in check(resource) if _bare(p).startswith(f"{element}:")]))
    assert found, f"nothing rendered holds {element}"
    return ["missed" for hit in found if not hit]


def _bare(problem: str) -> str:
    return re.sub(r"\[\d+\]", "", problem)


@pytest.mark.parametrize("element", CODES)
def test_every_bound_code_is_checked(element: str) -> None:
    assert planted(element, "zzz") == []


@pytest.mark.parametrize("element", TARGETS)
def test_every_reference_is_held_to_its_types(element: str) -> None:
    assert planted(element, {"reference": "Basic/1"}) == []


@pytest.mark.parametrize("element", TIMES)
@pytest.mark.parametrize("wrong", ["2026-03-02T09:00:00", "2026-02-30", "2026-13-01T09:00:00Z", "soon"])
def test_every_time_is_whole_and_has_a_zone(element: str, wrong: str) -> None:
    assert planted(element, wrong) == []


def test_require_valid_names_the_place_and_not_the_value() -> None:
    plan = {**GOOD[PLAN], "status": "Jane Doe"}
    with pytest.raises(KetplanError, match=r"CarePlan\.status") as caught:
        require_valid(plan)
    assert "Jane" not in str(caught.value)
    require_valid(GOOD[PLAN], patient=PATIENT)


def test_placeholders_pass_only_while_unlinked() -> None:
    waiting = {**GOOD[PLAN], "goal": [{"reference": "step:goal-1"}]}
    assert check(waiting, unlinked=True) == []
    assert check(waiting) == ["CarePlan.goal[0]: refers to a step that has not been done"]


def test_patients_are_read_from_subject_and_participants() -> None:
    assert patients(GOOD[PLAN]) == [PATIENT]
    assert patients(GOOD[VISIT]) == [PATIENT]
    assert patients(GOOD[PROVENANCE]) == []
    assert patients({"participant": "nonsense", "subject": 3}) == []


@pytest.mark.parametrize("broken", [{}, {"resourceType": "Patient"}, {"resourceType": "CarePlan"}])
def test_a_broken_resource_is_a_problem_not_a_crash(broken: dict[str, object]) -> None:
    assert check(broken)
