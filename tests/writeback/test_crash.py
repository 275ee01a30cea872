"""The process dies at every moment there is; afterwards each resource stands exactly once."""

from __future__ import annotations

import pytest

from ketplan.errors import Temporary
from ketplan.store.journal import StepState
from ketplan.writeback.runner import LEASE_SECONDS
from tests.writeback.builders import EVERYTHING, write
from tests.writeback.fakes import Clock, FakeEhr, FakeJournal, FakeLock, Killed, Wire, losing


def moments() -> int:
    """How many moments one whole run has: each request, each storing, each journal row before and after."""
    wire = Wire()
    write(FakeEhr(wire=wire), FakeJournal(wire))
    return len(wire.passed)


def test_a_run_has_moments_of_every_kind() -> None:
    wire = Wire()
    write(FakeEhr(wire=wire), FakeJournal(wire))
    assert set(wire.passed) == {"request", "stored", "journal", "journalled"}
    assert wire.passed.count("stored") == 8


@pytest.mark.parametrize("honours_condition", [True, False])
@pytest.mark.parametrize("honours_search", [True, False])
@pytest.mark.parametrize("dies_at", range(1, moments() + 1))
def test_killed_anywhere_and_run_again(dies_at: int, honours_search: bool, honours_condition: bool) -> None:
    wire, clock = Wire(dies_at), Clock()
    ehr = FakeEhr(honours_condition, honours_search, wire=wire)
    journal, lock = FakeJournal(wire), FakeLock(wire)
    with pytest.raises(Killed):
        write(ehr, journal, lock, clock)
    with pytest.raises(Temporary):
        write(ehr, journal, lock, clock)  # the dead run's lease still holds the plan
    clock.sleep(LEASE_SECONDS)
    wire.dead = False
    receipt = write(ehr, journal, lock, clock)
    assert receipt.exit_code == 0
    assert_each_stands_once(ehr, journal)


@pytest.mark.parametrize("dies_at", range(1, moments() + 1))
def test_killed_anywhere_where_identifiers_are_dropped(dies_at: int) -> None:
    wire, clock = Wire(dies_at), Clock()
    ehr = FakeEhr(honours_condition=False, drops=("identifier", "entity"), wire=wire)
    journal, lock = FakeJournal(wire), FakeLock(wire)
    with pytest.raises(Killed):
        write(ehr, journal, lock, clock)
    clock.sleep(LEASE_SECONDS)
    wire.dead = False
    assert write(ehr, journal, lock, clock).exit_code == 0
    assert_each_stands_once(ehr, journal)


@pytest.mark.parametrize("dies_at", range(1, moments() + 1, 3))
def test_killed_twice_while_answers_get_lost(dies_at: int) -> None:
    clock = Clock()
    first, second = Wire(dies_at), Wire(dies_at % 10 + 1)
    ehr = FakeEhr(honours_condition=False, wire=first, after=losing("Appointment", 2))
    journal, lock = FakeJournal(first), FakeLock(first)
    with pytest.raises(Killed):
        write(ehr, journal, lock, clock)
    ehr.wire = journal.wire = lock.wire = second
    clock.sleep(LEASE_SECONDS)
    with pytest.raises(Killed):
        write(ehr, journal, lock, clock)
    clock.sleep(LEASE_SECONDS)
    second.dead = False
    assert write(ehr, journal, lock, clock).exit_code == 0
    assert_each_stands_once(ehr, journal)


def assert_each_stands_once(ehr: FakeEhr, journal: FakeJournal) -> None:
    assert ehr.counts() == EVERYTHING
    entries = journal.entries("")
    assert {entry.state for entry in entries} == {StepState.DONE}
    assert {(entry.resource_type, entry.resource_id) for entry in entries} == set(ehr.held)
    (plan,) = ehr.all("CarePlan")
    assert (plan["status"], len(plan["activity"])) == ("active", 4)
