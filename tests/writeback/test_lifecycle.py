"""A decision about a whole course: what it changes in the EHR, what it leaves, and that no kill harms it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ketplan.clinical.course_states import ACTIONS, Action, CourseState
from ketplan.clinical.plan import Clinician
from ketplan.errors import InputError, Temporary
from ketplan.fhir import r4
from ketplan.fhir.invariants import check
from ketplan.fhir.render import final, link, render
from ketplan.store.journal import StepState
from ketplan.writeback.lifecycle import CALLED_OFF, EFFECTS, Decision, Standing
from ketplan.writeback.runner import LEASE_SECONDS, run
from ketplan.writeback.steps import Receipt
from tests.fhir.plan_builders import a_draft, a_timetable
from tests.fhir.plan_builders import a_plan as a_signed_plan
from tests.writeback.builders import AUTHOR, PATIENT, PLAN, a_plan, outcomes, row_of, to, write
from tests.writeback.fakes import START, Clock, FakeEhr, FakeJournal, FakeLock, Json, Killed, Wire, losing

BECOMES = {
    Action.SUSPEND: CourseState.ON_HOLD,
    Action.RESUME: CourseState.ACTIVE,
    Action.COMPLETE: CourseState.COMPLETED,
    Action.REVOKE: CourseState.REVOKED,
    Action.VOID: CourseState.IN_ERROR,
}
BEFORE = datetime(2026, 1, 5, 9, tzinfo=UTC)
REASON = "Blood pressure out of control."


def a_written_plan() -> tuple[FakeEhr, tuple[Standing, ...]]:
    """The plan in a new EHR, and what stands of it."""
    ehr = FakeEhr()
    receipt = write(ehr)
    ids = {row.key: row.reference for row in receipt.rows}
    steps = [step for step in a_plan() if step.key in ids and step.type != "Provenance"]
    found = zip([s.updates or s.key for s in steps if not s.updates], final(steps), strict=True)
    return ehr, tuple(Standing(key, ids[key], link(resource, ids)) for key, resource in found)


def decided(
    action: Action, standing: tuple[Standing, ...], reason: str = REASON, cancels: bool = True, **more: Any
) -> Decision:
    clinician, zone = Clinician(AUTHOR, "Dr Ann Example"), "America/New_York"
    made = Decision(
        f"{PLAN}-1",
        PLAN,
        1,
        action,
        BECOMES[action],
        reason,
        cancels,
        f"Patient/{PATIENT}",
        clinician,
        START,
        zone,
        standing,
    )
    return replace(made, **more)


def carry_out(
    decision: Decision,
    ehr: FakeEhr,
    journal: FakeJournal | None = None,
    lock: FakeLock | None = None,
    clock: Clock | None = None,
) -> Receipt:
    clock = clock or Clock()
    return run(
        decision.id,
        decision.steps(),
        ehr,
        journal or FakeJournal(),
        lock=lock or FakeLock(),
        owner="run-2",
        patient_id=PATIENT,
        now=clock.now,
        sleep=clock.sleep,
    )


def statuses(ehr: FakeEhr) -> dict[str, set[str]]:
    kinds = ("CarePlan", "ServiceRequest", "Goal", "Appointment")
    return {kind: {raw.get("lifecycleStatus") or raw["status"] for raw in ehr.all(kind)} for kind in kinds}


@pytest.mark.parametrize(
    ("action", "cancels", "after"),
    [
        (Action.SUSPEND, False, ("on-hold", "on-hold", "on-hold", "booked")),
        (Action.SUSPEND, True, ("on-hold", "on-hold", "on-hold", "cancelled")),
        (Action.COMPLETE, True, ("completed", "completed", "completed", "cancelled")),
        (Action.REVOKE, True, ("revoked", "revoked", "cancelled", "cancelled")),
        (Action.VOID, True, ("entered-in-error", "entered-in-error", "entered-in-error", "cancelled")),
    ],
)
def test_each_action_reaches_everything_that_stands(
    action: Action, cancels: bool, after: tuple[str, ...]
) -> None:
    ehr, standing = a_written_plan()
    before = ehr.counts()
    receipt = carry_out(decided(action, standing, cancels=cancels), ehr)
    assert receipt.complete
    assert statuses(ehr) == {
        kind: {status}
        for kind, status in zip(("CarePlan", "ServiceRequest", "Goal", "Appointment"), after, strict=True)
    }
    assert ehr.counts() == before, "nothing is deleted, nothing added"


def test_why_stands_in_the_chart() -> None:
    ehr, standing = a_written_plan()
    carry_out(decided(Action.REVOKE, standing), ehr)
    (plan,), visits, (goal,) = ehr.all("CarePlan"), ehr.all("Appointment"), ehr.all("Goal")
    assert f"Revoke: {REASON} (Dr Ann Example, " in plan["note"][-1]["text"]
    assert {visit["cancelationReason"]["text"] for visit in visits} == {REASON}
    assert goal["statusReason"] == f"Revoke: {REASON}"


def test_others_words_and_links_stay() -> None:
    ehr, standing = a_written_plan()
    visit = next(one for one in standing if one.type == "Appointment")
    held = ehr.held["Appointment", visit.reference.partition("/")[2]].raw
    ehr.put({**held, "comment": "Needs an interpreter."})
    (plan,) = ehr.all("CarePlan")
    ehr.put({**plan, "note": [{"text": "Seen by the ward.", "authorReference": {"reference": AUTHOR}}]})
    carry_out(decided(Action.REVOKE, standing), ehr)
    held = ehr.held["Appointment", visit.reference.partition("/")[2]].raw
    assert held["comment"] == f"Needs an interpreter.\nCancelled: {REASON}"
    (after,) = ehr.all("CarePlan")
    assert [note["text"][:9] for note in after["note"]] == ["Seen by t", "Revoke: B"]
    assert after["activity"] == plan["activity"]


def test_a_suspended_course_is_resumed() -> None:
    ehr, standing = a_written_plan()
    carry_out(decided(Action.SUSPEND, standing, cancels=False), ehr)
    again = decided(Action.RESUME, standing, "Blood pressure is settled.", False, id=f"{PLAN}-2", number=2)
    assert carry_out(again, ehr).complete
    assert statuses(ehr)["CarePlan"] == {"active"}
    assert len(ehr.all("CarePlan")[0]["note"]) == 2


@pytest.mark.parametrize("status", ["fulfilled", "arrived", "checked-in", "noshow"])
def test_a_visit_that_took_place_meanwhile_is_left_and_said(status: str) -> None:
    ehr, standing = a_written_plan()
    visit = next(one for one in standing if one.type == "Appointment")
    held = ehr.held["Appointment", visit.reference.partition("/")[2]].raw
    ehr.put({**held, "status": status})
    receipt = carry_out(decided(Action.REVOKE, standing), ehr)
    assert receipt.complete
    assert f"the status {status}; it was left so" in row_of(receipt, visit.key).detail
    assert ehr.held["Appointment", visit.reference.partition("/")[2]].raw["status"] == status


@pytest.mark.parametrize("status", ["fulfilled", "arrived", "cancelled", "noshow", "entered-in-error"])
def test_a_visit_known_to_be_over_is_not_touched(status: str) -> None:
    _, standing = a_written_plan()
    known = tuple(replace(one, status=status) if one.type == "Appointment" else one for one in standing)
    assert not [s for s in decided(Action.REVOKE, known).steps() if s.type == "Appointment"]


def test_a_visit_that_has_begun_is_not_touched() -> None:
    _, standing = a_written_plan()
    start = max(datetime.fromisoformat(o.resource["start"]) for o in standing if o.type == "Appointment")
    late = decided(Action.REVOKE, standing, at=start)
    assert not [s for s in late.steps() if s.type == "Appointment"]
    in_time = decided(Action.REVOKE, standing, at=start - timedelta(minutes=1))
    assert len([s for s in in_time.steps() if s.type == "Appointment"]) == 1


def test_a_plan_that_others_ended_is_left_and_the_decision_is_not_called_done() -> None:
    ehr, standing = a_written_plan()
    ehr.put({**ehr.all("CarePlan")[0], "status": "revoked"})
    receipt = carry_out(decided(Action.SUSPEND, standing, cancels=False), ehr)
    assert outcomes(receipt)["care-plan"] == "refused"
    assert "the status revoked; it was left so" in row_of(receipt, "care-plan").detail
    assert statuses(ehr)["CarePlan"] == {"revoked"}


def test_what_an_unheard_answer_left_behind_is_found_and_taken_back() -> None:
    ehr, standing = a_written_plan()
    lost = tuple(replace(one, reference="") if one.key == "appointment-2" else one for one in standing)
    receipt = carry_out(decided(Action.REVOKE, lost), ehr)
    assert receipt.complete
    assert statuses(ehr)["Appointment"] == {"cancelled"}


def test_what_never_arrived_needs_nothing() -> None:
    ehr, standing = a_written_plan()
    lost = tuple(replace(one, reference="") if one.key == "appointment-2" else one for one in standing)
    gone = next(key for key, held in ehr.held.items() if held.raw.get("start", "").startswith("2026-03-11"))
    del ehr.held[gone]
    receipt = carry_out(decided(Action.REVOKE, lost), ehr)
    assert receipt.complete
    assert "The EHR has none" in row_of(receipt, "appointment-2").detail
    assert ehr.counts()["Appointment"] == 2


def test_without_a_reason_nothing_is_decided() -> None:
    _, standing = a_written_plan()
    with pytest.raises(InputError):
        decided(Action.REVOKE, standing, " \n").steps()


def moments(action: Action) -> int:
    ehr, standing = a_written_plan()
    ehr.wire = Wire()
    carry_out(decided(action, standing), ehr, FakeJournal(ehr.wire))
    return len(ehr.wire.passed)


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.REVOKE], ids=lambda a: a.value)
@pytest.mark.parametrize("keeps_versions", [True, False])
@pytest.mark.parametrize("dies_at", range(1, moments(Action.REVOKE) + 1))
def test_killed_anywhere_and_run_again(dies_at: int, keeps_versions: bool, action: Action) -> None:
    (ehr, standing), clock, wire = a_written_plan(), Clock(), Wire(dies_at)
    ehr.wire, ehr.keeps_versions = wire, keeps_versions
    decision, journal, lock = decided(action, standing), FakeJournal(wire), FakeLock(wire)
    with pytest.raises(Killed):
        carry_out(decision, ehr, journal, lock, clock)
    with pytest.raises(Temporary):
        carry_out(decision, ehr, journal, lock, clock)
    clock.sleep(LEASE_SECONDS)
    wire.dead = False
    assert carry_out(decision, ehr, journal, lock, clock).complete
    assert_done_once(ehr, journal)


@pytest.mark.parametrize("kind", ["CarePlan", "Appointment", "Goal"])
def test_lost_answers_change_nothing_twice(kind: str) -> None:
    ehr, standing = a_written_plan()
    journal = FakeJournal()
    ehr.after = losing(kind, 1)
    decision = decided(Action.REVOKE, standing)
    carry_out(decision, ehr, journal)
    assert carry_out(decision, ehr, journal).complete
    assert_done_once(ehr, journal)


def assert_done_once(ehr: FakeEhr, journal: FakeJournal) -> None:
    assert statuses(ehr)["Appointment"] == {"cancelled"}
    assert len(ehr.all("CarePlan")[0]["note"]) == 1
    assert {visit["comment"].count("Cancelled") for visit in ehr.all("Appointment")} == {1}
    assert {entry.state for entry in journal.entries("")} == {StepState.DONE}


# --- the table ----------------------------------------------------------------------------------------------


def test_every_action_that_changes_a_status_says_so_for_every_type() -> None:
    assert set(EFFECTS) == set(Action) - {Action.REVISE}
    for action, changes in EFFECTS.items():
        assert set(changes) >= {"CarePlan", "ServiceRequest", "Goal", "Task"}
        leads = set(ACTIONS[action].leads.values())
        assert {changes["CarePlan"].after} == {state.value for state in leads}
        assert {state.value for state in ACTIONS[action].leads} <= set(changes["CarePlan"].before)
        assert all(change.after not in change.before for change in changes.values())
    assert CALLED_OFF.after == "cancelled"


@pytest.mark.parametrize("action", EFFECTS, ids=lambda a: a.value)
def test_what_is_written_is_valid(action: Action) -> None:
    """Of a plan as it is really rendered."""
    draft = a_draft()
    steps = render(a_signed_plan(draft), a_timetable(draft))
    created = [step for step in steps if not step.updates]
    ids = {step.key: f"{step.type}/{step.key}" for step in created}
    standing = tuple(
        Standing(step.key, ids[step.key], link(resource, ids))
        for step, resource in zip(created, final(steps), strict=True)
        if step.type != "Provenance"
    )
    decision = decided(action, standing, patient=draft.patient, at=BEFORE)
    written: list[Json] = [step.resource for step in decision.steps()]
    assert len(written) == len(standing)
    for resource in written:
        assert check(r4.build(resource), patient=standing[0].resource["subject"]["reference"]) == []


def test_a_note_that_told_the_plan_is_taken_back_with_it() -> None:
    assert EFFECTS[Action.REVOKE]["DocumentReference"].after == "superseded"
    assert EFFECTS[Action.VOID]["DocumentReference"].after == "entered-in-error"
    note = {"resourceType": "DocumentReference", "status": "current", "subject": to(f"Patient/{PATIENT}")}
    ehr = FakeEhr()
    standing = (Standing("note", f"DocumentReference/{ehr.put(note)}", note),)
    assert carry_out(decided(Action.REVOKE, standing), ehr).complete
    assert [held["status"] for held in ehr.all("DocumentReference")] == ["superseded"]
    assert not decided(Action.SUSPEND, standing).steps()
