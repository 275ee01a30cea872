"""A plan that goes through, a plan that goes through twice, and the patient guard."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ketplan.errors import KetplanError, PatientMismatch, RefusedError, Temporary
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState
from ketplan.writeback.runner import LEASE_SECONDS
from ketplan.writeback.steps import Row
from tests.writeback.builders import (
    EVERYTHING,
    PLAN,
    a_care_plan,
    a_goal,
    a_plan,
    a_provenance,
    an_appointment,
    named,
    outcomes,
    row_of,
    to,
    with_resource,
    write,
)
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, FakeLock


def test_every_step_ends_in_the_ehr_linked_to_the_others() -> None:
    ehr, seen = FakeEhr(), list[Row]()
    receipt = write(ehr, seen=seen)
    assert ehr.counts() == EVERYTHING
    (plan,), (request,), (provenance,) = ehr.all("CarePlan"), ehr.all("ServiceRequest"), ehr.all("Provenance")
    assert plan["status"] == "active"
    assert plan["goal"] == [to(f"Goal/{ehr.all('Goal')[0]['id']}")]
    visits = [f"Appointment/{visit['id']}" for visit in ehr.all("Appointment")]
    listed = [item["reference"]["reference"] for item in plan["activity"]]
    assert listed == [f"ServiceRequest/{request['id']}", *visits]
    assert all(visit["basedOn"] == [to(listed[0])] for visit in ehr.all("Appointment"))
    assert len(provenance["target"]) == 6
    assert set(outcomes(receipt).values()) == {"written", "updated"}
    assert not any(row.detail for row in receipt.rows)
    assert (receipt.complete, receipt.exit_code, receipt.state) == (True, 0, PlanState.WRITTEN)
    assert tuple(seen) == receipt.rows


def test_the_second_run_writes_nothing() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    first = write(ehr, journal)
    ehr.requests.clear()
    second = write(ehr, journal)
    assert {request.split()[0] for request in ehr.requests} == {"read"}
    assert set(outcomes(second).values()) == {"already_there"}
    assert [row.reference for row in second.rows] == [row.reference for row in first.rows]
    assert not any(row.detail for row in second.rows)
    assert second.exit_code == 0


def test_a_run_without_the_journal_of_the_first_finds_everything() -> None:
    ehr = FakeEhr(honours_condition=False)
    write(ehr)
    receipt = write(ehr, FakeJournal())
    assert ehr.counts() == EVERYTHING
    assert set(outcomes(receipt).values()) == {"already_there"}


def test_a_server_that_ignores_search_parameters_doubles_nothing() -> None:
    ehr = FakeEhr(honours_condition=False, honours_search=False)
    write(ehr)
    write(ehr, FakeJournal())
    assert ehr.counts() == EVERYTHING


def test_the_journal_is_written_before_each_request_and_after_each_answer() -> None:
    journal = FakeJournal()
    write(FakeEhr(), journal)
    keys = [step.key for step in a_plan()]
    planned = [(key, StepState.PLANNED) for key in keys]
    answered = [(key, state) for key in keys for state in (StepState.SENDING, StepState.DONE)]
    assert journal.history == planned + answered
    care_plan = journal.rows["care-plan"]
    assert (care_plan.attempts, care_plan.http_status, care_plan.etag) == (1, 201, 'W/"1"')


def test_what_the_journal_believes_done_but_the_ehr_lost_is_written_again() -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    del ehr.held["Appointment", journal.rows["appointment-2"].resource_id]
    receipt = write(ehr, journal)
    row = row_of(receipt, "appointment-2")
    assert (row.outcome, row.detail) == ("written", "It was gone from the EHR and has been written again.")
    assert ehr.counts() == EVERYTHING
    assert row.reference in {item["reference"]["reference"] for item in ehr.all("CarePlan")[0]["activity"]}


def test_several_of_one_step_are_reported_and_not_added_to() -> None:
    ehr = FakeEhr()
    twin = {"resourceType": "Goal", "identifier": [named("goal-1")], "subject": to("Patient/p1")}
    first, _second = ehr.put(twin), ehr.put(twin)
    row = row_of(write(ehr), "goal-1")
    assert (row.outcome, row.reference) == ("already_there", f"Goal/{first}")
    assert "The EHR has 2 of these" in row.detail
    assert ehr.counts()["Goal"] == 2


def test_another_clinicians_provenance_is_not_taken_for_ours() -> None:
    ehr = FakeEhr()
    write(ehr, steps=a_plan()[:-1])
    care_plan = f"CarePlan/{ehr.all('CarePlan')[0]['id']}"
    entity = [{"what": {"identifier": {"system": "urn:plan", "value": "another"}}}]
    foreign = {**a_provenance().resource, "target": [to(care_plan)], "entity": entity}
    ehr.put(foreign)
    assert row_of(write(ehr), "provenance").outcome == "written"
    assert ehr.counts()["Provenance"] == 2


def test_a_provenance_whose_entity_the_ehr_dropped_is_known_by_who_and_when() -> None:
    ehr = FakeEhr(drops=("entity",))
    write(ehr)
    assert row_of(write(ehr), "provenance").outcome == "already_there"
    assert ehr.counts() == EVERYTHING


# --- the patient guard ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        an_appointment(1, patient="p2"),
        with_resource(a_care_plan(), subject=to("Patient/p2")),
        with_resource(a_care_plan(), subject=to("https://ehr.example.org/fhir/Patient/p2")),
        with_resource(a_care_plan(), supportingInfo=[to("Patient/p2")]),
        with_resource(a_care_plan(), subject=None),
        with_resource(a_provenance(), target=[to("Patient/p2")]),
    ],
)
def test_a_step_about_anybody_else_sends_nothing_at_all(wrong) -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    with pytest.raises(PatientMismatch):
        write(ehr, journal, steps=(a_goal(), wrong))
    assert (ehr.requests, journal.rows) == ([], {})


@pytest.mark.parametrize("key", ["goal-1", "care-plan", "appointment-2"])
def test_a_resource_that_has_become_another_patients_stops_the_run(key: str) -> None:
    ehr, journal = FakeEhr(), FakeJournal()
    write(ehr, journal)
    row = journal.rows[key]
    held = ehr.held[row.resource_type, row.resource_id]
    text = str(held.raw).replace("Patient/p1", "Patient/p2")
    held.raw = eval(text, {"Decimal": Decimal})
    ehr.requests.clear()
    with pytest.raises(PatientMismatch):
        write(ehr, journal)
    assert not [request for request in ehr.requests if not request.startswith("read")]


def test_our_identifier_on_another_patients_resource_stops_the_run() -> None:
    ehr = FakeEhr()
    ehr.put({"resourceType": "Goal", "identifier": [named("goal-1")], "subject": to("Patient/p2")})
    with pytest.raises(PatientMismatch):
        write(ehr)
    assert ehr.counts() == {"Goal": 1}


def test_an_ehr_that_stores_for_another_patient_is_noticed_on_reading_back() -> None:
    ehr = FakeEhr()

    def misfile(verb, resource):
        next(iter(ehr.held.values())).raw["subject"] = to("Patient/p2")

    ehr.after = misfile
    with pytest.raises(PatientMismatch):
        write(ehr)
    assert ehr.counts() == {"Goal": 1}


def test_a_care_plan_that_changes_hands_during_the_run_is_not_updated() -> None:
    ehr = FakeEhr()

    def change_hands(verb, resource):
        if ehr.counts()["Appointment"] == 3:
            ehr.all("CarePlan")[0]["subject"] = to("Patient/p2")

    ehr.after = change_hands
    with pytest.raises(PatientMismatch):
        write(ehr)
    assert "update CarePlan" not in ehr.requests


def test_a_resource_that_could_not_be_found_again_is_never_sent() -> None:
    ehr = FakeEhr()
    with pytest.raises(KetplanError, match="found again"):
        write(ehr, steps=(with_resource(a_goal(), identifier=[], target=[]),))
    assert ehr.requests == []


# --- one run at a time ----------------------------------------------------------------------------------


def test_a_second_run_at_the_same_time_is_turned_away() -> None:
    ehr, lock, clock = FakeEhr(), FakeLock(), Clock()
    lock.acquire(PLAN, "run-0", clock.now(), LEASE_SECONDS)
    with pytest.raises(Temporary, match="another run"):
        write(ehr, lock=lock, clock=clock)
    assert ehr.requests == []
    lock.release(PLAN, "run-0")
    assert write(ehr, lock=lock, clock=clock).complete
    assert lock.held == {}


@pytest.mark.parametrize("where", ["searching", "after"])
def test_a_run_that_lost_its_plan_to_another_stops_before_the_next_write(where: str) -> None:
    ehr, lock, clock = FakeEhr(), FakeLock(), Clock()

    def taken_over(verb_or_kind, resource=None):
        if "ServiceRequest" in (verb_or_kind, (resource or {}).get("resourceType")):
            clock.sleep(LEASE_SECONDS)  # so slow that the lease lapsed
            lock.held[PLAN] = ("run-2", clock.now())

    setattr(ehr, where, taken_over)
    with pytest.raises(RefusedError, match="taken over"):
        write(ehr, lock=lock, clock=clock)
    assert ehr.counts()["ServiceRequest"] == (where == "after")
    assert ehr.counts()["Appointment"] == 0
    assert lock.held[PLAN][0] == "run-2"
