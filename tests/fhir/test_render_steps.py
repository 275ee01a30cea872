"""The whole plan as steps: order, identifiers, links, and that every resource may be sent."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ketplan.clinical.findings import Decision, FindingClass
from ketplan.clinical.plan import ConfirmedPlan, Draft, VisitKind
from ketplan.errors import KetplanError, RefusedError
from ketplan.fhir import r4
from ketplan.fhir.render import (
    PLAN_STEP_SYSTEM,
    Step,
    Unsigned,
    Verb,
    check,
    describe,
    final,
    link,
    render,
    step_identifier,
    to_json,
)
from ketplan.scheduling.timetable import Timetable
from tests.fhir.plan_builders import (
    ERP17,
    PATIENT,
    PLAN_ID,
    REVIEWS,
    a_cbt_course,
    a_draft,
    a_finding,
    a_goal,
    a_ketamine_course,
    a_plan,
    a_resolution,
    a_timetable,
    an_unsigned,
    no_ketamine,
)

WEIGHT_UNKNOWN = a_ketamine_course(
    dose_mg=None,
    dose_mg_unrounded=None,
    dosing_weight_kg=None,
    dosing_weight_basis=None,
    arithmetic="",
    provisional=True,
)


def of(plan: ConfirmedPlan | Unsigned, unplaced: tuple[str, ...] = ()) -> tuple[Step, ...]:
    return render(plan, a_timetable(plan.draft, unplaced))


CASES: dict[str, tuple[Step, ...]] = {
    "six infusions with CBT": of(a_plan()),
    "one infusion with ERP": of(
        a_plan(a_draft(ketamine=a_ketamine_course((0,)), cbt=a_cbt_course(ERP17, "ERP_OCD_17")))
    ),
    "CBT only": of(a_plan(a_draft(ketamine=no_ketamine(), monitoring=None))),
    "ketamine only": of(a_plan(a_draft(cbt=None))),
    "no dose without a weight": of(a_plan(a_draft(ketamine=WEIGHT_UNKNOWN))),
    "an unplaced visit": of(a_plan(), ("infusion-2", "cbt-14")),
    "no goal, no condition": of(a_plan(a_draft(goals=(), addresses=()))),
    "goal without a LOINC code or a cut": of(
        a_plan(a_draft(goals=(a_goal(instrument="Y-BOCS", loinc=None), a_goal(target_below=None))))
    ),
    "a finding resolved": of(
        a_plan(
            a_draft(decision=Decision.NEEDS_REVIEW, findings=(a_finding(),)), resolutions=(a_resolution(),)
        )
    ),
    "unsigned": of(an_unsigned()),
}


@pytest.fixture(params=CASES, ids=lambda name: name.replace(" ", "-"))
def steps(request: pytest.FixtureRequest) -> tuple[Step, ...]:
    return CASES[request.param]


def ids_for(steps: tuple[Step, ...]) -> dict[str, str]:
    return {s.key: f"{s.type}/{n}" for n, s in enumerate(steps) if s.verb is Verb.CREATE}


def test_every_resource_linked_passes_models_and_invariants(steps: tuple[Step, ...]) -> None:
    ids = ids_for(steps)
    for step in steps:
        linked = link(step.resource, ids)
        assert check(linked) == []
        assert r4.build(linked) is linked


def test_no_resource_may_be_sent_before_it_is_linked(steps: tuple[Step, ...]) -> None:
    for step in steps:
        waiting = [p for p in check(step.resource) if "has not been done" in p]
        assert bool(waiting) == ("step:" in to_json(step.resource))


def test_a_step_comes_after_all_it_refers_to(steps: tuple[Step, ...]) -> None:
    done: set[str] = set()
    for step in steps:
        assert set(step.after) <= done
        done.add(step.key)


def test_identifiers_are_one_per_created_resource(steps: tuple[Step, ...]) -> None:
    made = [s for s in steps if s.verb is Verb.CREATE and s.type != "Provenance"]
    values = [s.resource["identifier"][0]["value"] for s in made]
    assert len(set(values)) == len(made)
    assert all(s.resource["identifier"][0]["system"] == PLAN_STEP_SYSTEM for s in made)
    assert all(value.endswith(f"/{s.key}") for s, value in zip(made, values, strict=True))


def test_everything_is_about_the_one_patient(steps: tuple[Step, ...]) -> None:
    assert all(check(s.resource, unlinked=True, patient=PATIENT) == [] for s in steps)
    assert all(
        check(s.resource, unlinked=True, patient="Patient/john") for s in steps if s.type != "Provenance"
    )


def test_models_keep_every_element_that_is_sent(steps: tuple[Step, ...]) -> None:
    for step in steps:
        kept = json.loads(r4._model(step.type).model_validate(step.resource).model_dump_json())
        assert shape(kept) == shape(json.loads(to_json(step.resource)))


def shape(value: Any) -> Any:
    """Keys and list lengths, without the values that a model spells in its own way."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None


def test_the_order_of_a_saga() -> None:
    steps = CASES["six infusions with CBT"]
    kinds = list(dict.fromkeys(f"{s.verb} {s.type}" for s in steps))
    assert kinds == [
        "create Goal",
        "create CarePlan",
        "create ServiceRequest",
        "create Appointment",
        "update CarePlan",
        "create Provenance",
    ]
    assert [s.key for s in steps if s.type == "ServiceRequest"] == [
        "request-infusion",
        "request-cbt",
        "request-follow-up",
    ]
    assert sum(s.type == "Appointment" for s in steps) == 6 + 14 + len(REVIEWS)


def test_modalities_that_are_not_there_are_not_requested() -> None:
    cbt_only = {s.key for s in CASES["CBT only"] if s.type == "ServiceRequest"}
    assert cbt_only == {"request-cbt", "request-follow-up"}
    assert "request-cbt" not in {s.key for s in CASES["ketamine only"]}


def test_the_update_changes_status_and_activity_only() -> None:
    steps = CASES["six infusions with CBT"]
    created = next(s for s in steps if s.key == "care-plan").resource
    update = next(s for s in steps if s.verb is Verb.UPDATE)
    changed = {key for key in update.resource if update.resource[key] != created.get(key)}
    assert changed == set(update.changes)
    assert update.updates == "care-plan"
    assert "care-plan" in update.after


def test_activities_are_all_requests_and_appointments() -> None:
    steps = CASES["six infusions with CBT"]
    update = next(s for s in steps if s.verb is Verb.UPDATE)
    listed = {a["reference"]["reference"] for a in update.resource["activity"]}
    assert listed == {f"step:{s.key}" for s in steps if s.type in ("ServiceRequest", "Appointment")}


def test_an_unplaced_visit_gets_no_appointment() -> None:
    keys = {s.key for s in CASES["an unplaced visit"]}
    assert "appointment-infusion-1" in keys
    assert not keys & {"appointment-infusion-2", "appointment-cbt-14"}


def test_the_same_plan_renders_to_the_same_steps() -> None:
    assert of(a_plan()) == of(a_plan())


def test_link_needs_every_step_it_meets() -> None:
    request = next(s for s in CASES["CBT only"] if s.type == "ServiceRequest")
    with pytest.raises(KetplanError, match="care-plan has not been done"):
        link(request.resource, {"goal-1": "Goal/1"})


def test_link_leaves_words_and_the_original_alone() -> None:
    note = {"note": [{"text": "step:care-plan"}], "subject": {"reference": "step:care-plan"}}
    assert link(note, {"care-plan": "CarePlan/7"}) == {
        "note": [{"text": "step:care-plan"}],
        "subject": {"reference": "CarePlan/7"},
    }
    assert note["subject"] == {"reference": "step:care-plan"}


def test_a_blocked_draft_writes_nothing_and_a_blocked_plan_is_refused() -> None:
    blocked = a_draft(decision=Decision.BLOCKED)
    assert of(an_unsigned(blocked)) == ()
    with pytest.raises(RefusedError):
        of(a_plan(blocked))


@pytest.mark.parametrize("cls", [FindingClass.HOLD, FindingClass.REVIEW])
def test_a_signed_plan_with_an_open_finding_is_refused(cls: FindingClass) -> None:
    draft = a_draft(decision=Decision.NEEDS_REVIEW, findings=(a_finding(cls=cls),))
    with pytest.raises(RefusedError, match="resolved"):
        of(a_plan(draft, resolutions=(a_resolution("ANOTHER_FINDING"),)))


def test_nothing_to_treat_gives_no_steps() -> None:
    empty: Draft = replace(a_draft(ketamine=no_ketamine(), cbt=None), visits=(), followups=())
    assert render(an_unsigned(empty), Timetable("America/New_York")) == ()


def test_nobody_signs_a_draft() -> None:
    resources = [s.resource for s in CASES["unsigned"]]
    written = "".join(map(to_json, resources))
    assert "Practitioner/rossi" not in written
    statuses = {(r["resourceType"], r.get("status") or r.get("lifecycleStatus")) for r in resources}
    assert statuses == {
        ("Goal", "proposed"),
        ("CarePlan", "draft"),
        ("ServiceRequest", "draft"),
        ("Appointment", "proposed"),
        ("Provenance", None),
    }
    assert not any("slot" in r for r in resources)


def test_signed_resources_are_active_and_plans_never_orders() -> None:
    steps = CASES["six infusions with CBT"]
    assert {s.resource["status"] for s in steps if s.type == "ServiceRequest"} == {"active"}
    assert {s.resource["intent"] for s in steps if "intent" in s.resource} == {"plan"}
    assert [s.resource["status"] for s in steps if s.type == "CarePlan"] == ["draft", "active"]


def test_final_holds_each_resource_once_as_it_will_stand() -> None:
    steps = CASES["CBT only"]
    standing = final(steps)
    plans = [r for r in standing if r["resourceType"] == "CarePlan"]
    assert len(standing) == len(steps) - 1
    assert [p["status"] for p in plans] == ["active"]


def test_describe_has_words_for_every_step(steps: tuple[Step, ...]) -> None:
    for step in steps:
        kind, words = describe(step)
        assert kind == step.type
        assert words.strip()


def test_describe_says_when_a_visit_is() -> None:
    step = next(s for s in CASES["six infusions with CBT"] if s.key == "appointment-infusion-3")
    assert describe(step) == ("Appointment", "Ketamine infusion 3 of 6, 2026-03-09 09:00-11:30, booked")


def test_step_identifier_names_plan_and_step() -> None:
    assert step_identifier(PLAN_ID, "care-plan") == {
        "system": PLAN_STEP_SYSTEM,
        "value": f"{PLAN_ID}/care-plan",
    }


def test_json_keeps_the_digits_of_decimals() -> None:
    goal = CASES["six infusions with CBT"][0]
    assert '"value":5.0,' in to_json(goal.resource)
    assert to_json({"value": Decimal("0.50")}) == '{"value":0.50}'
    assert to_json({"value": Decimal("1E+2")}) == '{"value":100}'


def test_json_is_json_whatever_the_words() -> None:
    hostile = {"text": 'a "b" \\ \n é', "list": [True, 3], "status": VisitKind.CBT}
    assert json.loads(to_json(hostile)) == hostile


def test_json_has_no_number_for_what_is_none() -> None:
    with pytest.raises(KetplanError):
        to_json({"value": Decimal("NaN")})


def test_other_types_do_not_pass_the_door() -> None:
    with pytest.raises(KetplanError):
        r4.build({"resourceType": "MedicationRequest", "status": "active", "intent": "order"})


def test_a_wrong_shape_is_named_without_its_value() -> None:
    goal = {**CASES["six infusions with CBT"][0].resource, "subjectName": "Jane Doe", "startDate": "Jane Doe"}
    with pytest.raises(KetplanError, match="subjectName") as caught:
        r4.build(goal)
    assert "startDate" in str(caught.value)
    assert "Jane" not in str(caught.value)
