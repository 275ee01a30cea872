"""Drafts, plans, journal, locks and audit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import delete, insert, select, update

from ketplan.errors import ConfigError, InputError, RefusedError
from ketplan.store.audit import AuditEvent, AuditTrail
from ketplan.store.database import Database
from ketplan.store.drafts import DraftWorks
from ketplan.store.journal import STEP_STATES, Journal, Planned, StepState
from ketplan.store.locks import RunLocks
from ketplan.store.plans import PLAN_STATES, Plans, PlanState
from ketplan.store.processes import Process, is_running, this_host
from tests.store.conftest import MINUTE, NOW

ISS = "https://ehr.example.org/fhir"
OTHER_ISS = "https://other.example.org/fhir"


# --- drafts ---------------------------------------------------------------------------------------------


def test_a_relaunch_finds_the_work_of_this_patient_in_this_ehr(database: Database) -> None:
    drafts = DraftWorks(database)
    saved = drafts.save(ISS, "p1", {"escort": "yes"}, 0, NOW)
    assert drafts.load(ISS, "p1") == saved
    assert (drafts.load(ISS, "p2").version, drafts.load(OTHER_ISS, "p1").version) == (0, 0)
    drafts.discard(ISS, "p1")
    assert drafts.load(ISS, "p1").content == {}


def test_of_two_windows_the_second_to_save_is_told(database: Database) -> None:
    drafts = DraftWorks(database)
    drafts.save(ISS, "p1", {"escort": "yes"}, 0, NOW)
    with pytest.raises(RefusedError, match="another window"):
        drafts.save(ISS, "p1", {"escort": "no"}, 0, NOW)
    later = drafts.save(ISS, "p1", {"escort": "later"}, 1, NOW)
    with pytest.raises(RefusedError, match="another window"):
        drafts.save(ISS, "p1", {"escort": "no"}, 1, NOW)
    assert drafts.load(ISS, "p1") == later
    assert later.version == 2


# --- plans ----------------------------------------------------------------------------------------------


def test_a_plan_is_kept_as_it_was_signed_decimals_too(database: Database) -> None:
    plans = Plans(database)
    payload = {"steps": [{"dose": Decimal("0.50")}], "text": "ä"}
    saved = plans.save("plan-1", ISS, "p1", 1, payload, NOW)
    assert plans.load("plan-1") == saved
    assert saved.payload == payload
    assert str(saved.payload["steps"][0]["dose"]) == "0.50"
    assert (saved.state, saved.created, saved.updated) == (PlanState.CONFIRMED, NOW, NOW)


def test_saving_twice_is_saving_once_but_other_content_is_refused(database: Database) -> None:
    plans = Plans(database)
    first = plans.save("plan-1", ISS, "p1", 1, {"a": 1}, NOW)
    assert plans.save("plan-1", ISS, "p1", 1, {"a": 1}, NOW + MINUTE) == first
    with pytest.raises(RefusedError, match="other content"):
        plans.save("plan-1", ISS, "p1", 1, {"a": 2}, NOW)
    with pytest.raises(RefusedError, match="another patient"):
        plans.save("plan-1", ISS, "p2", 2, {"a": 1}, NOW)
    revised = plans.save("plan-1", ISS, "p1", 2, {"a": 2}, NOW + MINUTE)
    assert (revised.revision, revised.payload, revised.created) == (2, {"a": 2}, NOW)


def test_plans_are_found_by_patient_and_ehr_newest_first(database: Database) -> None:
    plans = Plans(database)
    plans.save("old", ISS, "p1", 1, {}, NOW)
    plans.save("new", ISS, "p1", 1, {}, NOW + MINUTE)
    plans.save("hers", ISS, "p2", 1, {}, NOW)
    plans.save("elsewhere", OTHER_ISS, "p1", 1, {}, NOW)
    assert [plan.plan_id for plan in plans.find(ISS, "p1")] == ["new", "old"]
    assert {plan.plan_id for plan in plans.list()} == {"old", "new", "hers", "elsewhere"}
    with pytest.raises(InputError, match="no plan"):
        plans.load("nowhere")


@pytest.mark.parametrize("before", PlanState)
@pytest.mark.parametrize("after", PlanState)
def test_a_plan_moves_as_the_table_says(database: Database, before: PlanState, after: PlanState) -> None:
    plans = Plans(database)
    plans.save("plan-1", ISS, "p1", 1, {}, NOW)
    with database.writing() as connection:
        connection.execute(update(database.schema.plan).values(state=before))
    if after in PLAN_STATES[before].next:
        plans.move("plan-1", after, NOW)
        assert plans.load("plan-1").state is after
    else:
        with pytest.raises(RefusedError):
            plans.move("plan-1", after, NOW)
        assert plans.load("plan-1").state is before


def test_every_plan_state_has_a_label_an_owner_and_a_way_on() -> None:
    assert set(PLAN_STATES) == set(PlanState)
    assert all(rule.label and rule.owner for rule in PLAN_STATES.values())
    assert {state for state, rule in PLAN_STATES.items() if not rule.next} == {PlanState.ENDED}


def test_a_plan_whose_key_is_lost_says_so(database: Database) -> None:
    plans = Plans(database)
    plans.save("plan-1", ISS, "p1", 1, {}, NOW)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE plan SET payload = 'sealed with a key nobody has'")
    with pytest.raises(ConfigError, match="secret key"):
        plans.load("plan-1")


# --- journal --------------------------------------------------------------------------------------------


GOAL = Planned("goal", "Goal", "create", {})


def a_journal(database: Database) -> Journal:
    Plans(database).save("plan-1", ISS, "p1", 1, {}, NOW)
    return Journal(database)


def test_a_step_is_planned_sent_and_done(database: Database) -> None:
    journal = a_journal(database)
    care_plan = Planned("careplan", "CarePlan", "create", {"goal": "step:goal"})
    assert [e.key for e in journal.plan("plan-1", [GOAL, care_plan], NOW)] == ["goal", "careplan"]
    journal.sending("plan-1", "careplan", {"goal": "Goal/1"}, NOW + MINUTE)
    (goal, careplan) = journal.entries("plan-1")
    assert (goal.key, goal.state, goal.attempts) == ("goal", StepState.PLANNED, 0)
    assert (careplan.state, careplan.attempts, careplan.body) == (StepState.SENDING, 1, {"goal": "Goal/1"})
    journal.done("plan-1", "careplan", "77", 'W/"1"', 201, NOW + 2 * MINUTE)
    careplan = journal.entries("plan-1")[1]
    assert (careplan.state, careplan.resource_id, careplan.etag) == (StepState.DONE, "77", 'W/"1"')
    assert (careplan.http_status, careplan.updated) == (201, NOW + 2 * MINUTE)


def test_planning_again_keeps_what_an_earlier_run_left(database: Database) -> None:
    journal = a_journal(database)
    journal.plan("plan-1", [GOAL], NOW)
    journal.sending("plan-1", "goal", {"sent": True}, NOW)
    journal.failed("plan-1", "goal", StepState.UNKNOWN, "No answer.", None, NOW)
    (again,) = journal.plan("plan-1", [GOAL], NOW)
    assert (again.state, again.message, again.body) == (StepState.UNKNOWN, "No answer.", {"sent": True})


def test_a_step_whose_answer_was_lost_never_counts_as_refused_or_unsent(database: Database) -> None:
    journal = a_journal(database)
    journal.plan("plan-1", [GOAL], NOW)
    journal.sending("plan-1", "goal", {}, NOW)
    journal.failed("plan-1", "goal", StepState.UNKNOWN, "No answer.", None, NOW)
    with pytest.raises(RefusedError):
        journal.failed("plan-1", "goal", StepState.REFUSED, "A guess.", None, NOW)
    assert set(STEP_STATES) == set(StepState)
    assert not any(StepState.PLANNED in following for following in STEP_STATES.values())


def test_a_journal_needs_its_plan(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        Journal(database).plan("nowhere", [GOAL], NOW)


# --- run lock -------------------------------------------------------------------------------------------

LEASE = 60.0


def test_one_run_per_plan_at_a_time(database: Database) -> None:
    locks = RunLocks(database)
    assert locks.acquire("plan-1", "run-1", NOW, LEASE)
    assert not locks.acquire("plan-1", "run-2", NOW, LEASE)
    assert locks.acquire("plan-2", "run-2", NOW, LEASE)
    locks.release("plan-1", "run-2")
    assert not locks.acquire("plan-1", "run-2", NOW, LEASE)
    locks.release("plan-1", "run-1")
    assert locks.acquire("plan-1", "run-2", NOW, LEASE)


def test_a_lease_that_is_not_renewed_lapses(database: Database) -> None:
    locks = RunLocks(database)
    locks.acquire("plan-1", "run-1", NOW, LEASE)
    assert locks.renew("plan-1", "run-1", NOW + MINUTE / 2, LEASE)
    assert not locks.acquire("plan-1", "run-2", NOW + MINUTE, LEASE)
    assert locks.acquire("plan-1", "run-2", NOW + 1.5 * MINUTE, LEASE)
    assert not locks.renew("plan-1", "run-1", NOW + 1.5 * MINUTE, LEASE)


@pytest.mark.parametrize(
    ("host", "running", "taken"),
    [("here", False, True), ("here", True, False), ("elsewhere", False, False)],
)
def test_only_a_dead_process_of_the_same_host_is_taken_over(
    database: Database, host: str, running: bool, taken: bool
) -> None:
    RunLocks(database, Process("here", 4711)).acquire("plan-1", "run-1", NOW, LEASE)
    ours = RunLocks(database, Process(host, 4712, lambda pid: running or pid != 4711))
    assert ours.acquire("plan-1", "run-2", NOW, LEASE) is taken


def test_of_many_runs_at_the_same_moment_one_gets_the_plan(database: Database) -> None:
    RunLocks(database).acquire("plan-1", "crashed", NOW - MINUTE, LEASE)
    together = Barrier(4)

    def run(number: int) -> bool:
        together.wait()
        return RunLocks(database).acquire("plan-1", f"run-{number}", NOW, LEASE)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1


def test_this_process_runs_on_this_host() -> None:
    import os

    assert is_running(os.getpid())
    assert not is_running(2**22 + 1)  # above the highest number Linux gives
    assert this_host() == this_host() != ""


# --- audit ----------------------------------------------------------------------------------------------


def a_trail(database: Database, rows: int = 3) -> AuditTrail:
    trail = AuditTrail(database)
    for number in range(rows):
        trail.append(AuditEvent("Practitioner/7", "open", ISS, "Patient/p1", note=f"ö{number}"), NOW)
    return trail


def test_the_chain_holds_and_reads_newest_first(database: Database) -> None:
    assert a_trail(database, 0).verify()
    trail = a_trail(database)
    assert trail.verify()
    assert [(row.number, row.event.note) for row in trail.rows(2)] == [(3, "ö2"), (2, "ö1")]
    assert trail.rows(1)[0].at == NOW


@pytest.mark.parametrize("column", ["actor", "action", "iss", "patient", "target", "outcome", "note", "at"])
def test_any_changed_value_is_found(database: Database, column: str) -> None:
    trail, audit = a_trail(database), database.schema.audit
    value = NOW + MINUTE if column == "at" else "someone else"
    with database.writing() as connection:
        connection.execute(update(audit).where(audit.c.number == 2).values({column: value}))
    assert not trail.verify()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_row_is_found_the_last_one_too(database: Database, number: int) -> None:
    trail, audit = a_trail(database), database.schema.audit
    with database.writing() as connection:
        connection.execute(delete(audit).where(audit.c.number == number))
    assert not trail.verify()


def test_a_row_slipped_in_is_found(database: Database) -> None:
    trail, audit = a_trail(database), database.schema.audit
    with database.writing() as connection:
        last = dict(connection.execute(select(audit).where(audit.c.number == 3)).one()._mapping)
        connection.execute(insert(audit).values(**{**last, "number": 4, "previous": last["hash"]}))
    assert not trail.verify()


def test_writers_at_the_same_moment_do_not_fork_the_chain(database: Database) -> None:
    together = Barrier(4)

    def append(_: int) -> None:
        together.wait()
        a_trail(database, 5)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))
    trail = AuditTrail(database)
    assert len(trail.rows(50)) == 20
    assert trail.verify()
