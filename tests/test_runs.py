"""Turns and the worker's watch: when a plan is tried again, by whom, and when it is left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ketplan import compose
from ketplan.ehr.client import FhirClient
from ketplan.errors import ConfigError, Temporary
from ketplan.runs import FORGOTTEN, LONGEST_ASKED, LONGEST_PAUSE, ROUNDS, Turns, Worker, hand_over, pause
from ketplan.store.plans import PlanState, StoredPlan
from ketplan.writeback.engine import RunState, RunStatus
from tests.crash.worker import Post, settings
from tests.faults.ehr import Clock, reply
from tests.faults.matrix import FAULTS, Run, Site, a_site

BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(Path(tmp_path_factory.mktemp("runs"))) as site:
        yield site


class FakeRuns:
    """The app's side of the engine, as a list of what it was told."""

    def __init__(self, state: RunState = RunState.UNKNOWN) -> None:
        self.state, self.told, self.away = state, [], False  # type: ignore[var-annotated]

    def status(self, plan_id: str, revision: int) -> RunStatus:
        return RunStatus(self.state)

    def retry(self, plan_id: str, revision: int) -> None:
        if self.away:
            raise ConfigError("The database of the durable runs cannot be reached.")
        self.told.append((plan_id, revision))

    def adopt_older(self, now: datetime) -> int:
        return 0

    def take_over(self, worker: str) -> int:
        self.told.append(("take over", worker))
        return 2


class FakeEngine:
    def start(self) -> None:
        """Nothing to begin."""

    def stop(self, patience_seconds: int) -> None:
        """Nothing to end."""


def a_worker(services: compose.Services, runs: Any, clock: Clock, name: str = "w") -> Worker:
    return Worker(FakeEngine(), runs, services, name, clock.now)  # type: ignore[arg-type]


def turns(site: Site, connect: Any) -> Turns:
    return Turns(site.services, connect, site.clock.now, lambda: 0.0, site.clock.sleep)


# --- pauses ---------------------------------------------------------------------------------------------


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    assert [pause(n, 0.0) for n in range(1, 6)] == [2, 4, 8, 16, 32]
    assert {pause(n, 0.0) for n in (10, 40, 10**6)} == {LONGEST_PAUSE}


def test_jitter_only_lengthens() -> None:
    assert (pause(3, 0.0), pause(3, 1.0)) == (8.0, 12.0)


@pytest.mark.parametrize(("asked", "waited"), [(600, 600), (1, 8), (10**9, LONGEST_ASKED)])
def test_who_asked_for_a_pause_gets_it_but_an_hour_is_the_most(asked: float, waited: float) -> None:
    assert pause(3, 0.0, asked) == waited
    assert pause(3, 1.0, asked) == waited * 1.5


def test_what_the_ehr_asked_for_is_when_the_next_round_is_due(site: Site) -> None:
    run = Run(site, BY_NAME["429, Retry-After: 600"], "create Appointment", stays=True)
    turn = run.turns.take(run.plan_id, 1)
    assert (turn.outcome, turn.again_in) == ("incomplete", 600 * 1.25)


# --- how a turn ends ------------------------------------------------------------------------------------


def test_a_plan_waits_for_a_launch_and_goes_on_with_it(site: Site) -> None:
    run = Run(site, BY_NAME["token runs out, renewal refused"], "create Appointment", stays=False)
    assert run.turns.take(run.plan_id, 1).again_in is None
    assert run.state is PlanState.WAITING
    assert run.turns.take(run.plan_id, 2).outcome == "waits for a launch"
    run.ehr.permission.launch()
    assert run.turns.take(run.plan_id, 3).outcome == "written"
    assert run.state is PlanState.WRITTEN


def test_a_plan_that_was_entrusted_anew_meanwhile_is_tried_at_once(site: Site) -> None:
    id = site.a_plan()

    def connect(plan: StoredPlan) -> FhirClient | None:
        site.services.plans.entrust(id, "another launch", site.clock.now())
        return None

    turn = turns(site, connect).take(id, 1)
    assert (turn.outcome, turn.again_in) == ("entrusted anew", 0.0)
    assert site.services.plans.load(id).state is PlanState.CONFIRMED


@pytest.mark.parametrize("trouble", [Temporary("away."), ConfigError("The database is busy."), ValueError()])
def test_after_so_many_rounds_somebody_has_to_look(site: Site, trouble: Exception) -> None:
    def connect(plan: StoredPlan) -> FhirClient | None:
        raise trouble

    id = site.a_plan()
    assert turns(site, connect).take(id, ROUNDS - 1).again_in == LONGEST_PAUSE
    assert site.services.plans.load(id).state is PlanState.CONFIRMED
    turn = turns(site, connect).take(id, ROUNDS)
    assert (turn.outcome, turn.again_in) == ("given up", None)
    assert site.services.plans.load(id).state is PlanState.INCOMPLETE


def test_an_unknown_plan_is_no_error(site: Site) -> None:
    assert turns(site, lambda plan: None).take("nobody's", 1).outcome == "unknown"


def test_two_turns_at_one_plan_are_one_run(site: Site) -> None:
    run = Run(site, BY_NAME["our clock jumps an hour ahead"], "nowhere", stays=False)
    assert site.services.locks.acquire(run.plan_id, "another", site.clock.now(), 300)
    turn = run.turns.take(run.plan_id, 1)
    assert (turn.outcome, turn.again_in) == ("busy", 2.5)
    assert run.ehr.requests == 0
    site.services.locks.release(run.plan_id, "another")
    assert run.turns.take(run.plan_id, 2).outcome == "written"


def test_a_run_that_was_taken_over_leaves_the_plan_to_the_other(site: Site) -> None:
    run = Run(site, BY_NAME["our clock jumps an hour ahead"], "create CarePlan", stays=False)

    def taken_over(ehr: Any, handler: Any, good: Any) -> None:
        site.clock.sleep(3600)
        assert site.services.locks.acquire(run.plan_id, "another", site.clock.now(), 300)
        reply(handler, *good)

    run.ehr.misdeed = taken_over
    assert run.turns.take(run.plan_id, 1).outcome == "taken over"
    assert run.state is PlanState.WRITING


# --- the watch ------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[tuple[compose.Services, Clock]]:
    services = compose.open_services(settings(Post(f"sqlite:///{tmp_path / 'k.db'}", str(tmp_path), "")))
    yield services, Clock()
    services.plans._database.close()


def keep(services: compose.Services, clock: Clock, id: str = "p") -> None:
    services.plans.save(id, "https://ehr.example.org", "p1", 1, {"steps": []}, clock.now())


@pytest.mark.parametrize("state", list(RunState))
def test_a_forgotten_plan_is_started_by_the_watch(
    quiet: tuple[compose.Services, Clock], state: RunState
) -> None:
    services, clock = quiet
    keep(services, clock)
    runs = FakeRuns(state)
    watch = a_worker(services, runs, clock)
    watch.look_around()
    assert runs.told == []
    clock.sleep(FORGOTTEN.total_seconds())
    watch.look_around()
    started = state in (RunState.UNKNOWN, RunState.ENDED)
    assert runs.told == ([("p", 1)] if started else [])


@pytest.mark.parametrize("state", [PlanState.WAITING, PlanState.INCOMPLETE, PlanState.WRITTEN])
def test_what_waits_for_a_person_is_left_alone(
    quiet: tuple[compose.Services, Clock], state: PlanState
) -> None:
    services, clock = quiet
    keep(services, clock)
    services.plans.move("p", PlanState.WRITING, clock.now())
    services.plans.move("p", state, clock.now())
    clock.sleep(86400)
    runs = FakeRuns()
    a_worker(services, runs, clock).look_around()
    assert runs.told == []


def test_the_dead_are_taken_over_by_one_of_the_living(quiet: tuple[compose.Services, Clock]) -> None:
    services, clock = quiet
    one, other = FakeRuns(), FakeRuns()
    services.workers.begin("dead", clock.now() - timedelta(minutes=5))
    a_worker(services, one, clock, "a").look_around()
    a_worker(services, other, clock, "b").look_around()
    assert (one.told, other.told) == ([("take over", "dead")], [])


def test_a_plan_that_cannot_be_handed_over_is_kept_for_the_watch(
    quiet: tuple[compose.Services, Clock],
) -> None:
    services, clock = quiet
    keep(services, clock)
    runs = FakeRuns()
    runs.away = True
    hand_over(services, runs, clock.now)("p", "launch-1")  # type: ignore[arg-type]
    assert services.plans.load("p").launch == "launch-1"
    runs.away = False
    clock.sleep(FORGOTTEN.total_seconds())
    a_worker(services, runs, clock).look_around()
    assert runs.told == [("p", 1)]
