"""Plans handed over, workers killed, the server looked at: what must hold however it went.

Each resource stands exactly once and the journal says so; what a server cannot be asked about is said to be
unknown and never sent twice.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ketplan import compose
from ketplan.clinical.plan import ConfirmedPlan, VisitKind
from ketplan.fhir.render import Step, Verb, render
from ketplan.kept import plan_payload
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState
from ketplan.writeback.engine import VERSION, Runs, engine_url, prepare
from tests.crash.ehr import CrashEhr, Manners
from tests.crash.worker import Post, settings, work
from tests.fhir.plan_builders import a_cbt_course, a_draft, a_ketamine_course, a_plan, a_timetable

WAIT_SECONDS = 90.0
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.crash.worker", "fhir.resources.R4B", "dbos"])


@dataclass
class Ledger:
    """What a round of tests came to."""

    kills: int = 0
    plans: int = 0
    lost: int = 0
    doubled: int = 0
    disagreeing: int = 0
    unfinished: int = 0
    complaints: list[str] = field(default_factory=list)

    def __add__(self, other: Ledger) -> Ledger:
        return Ledger(
            self.kills + other.kills,
            self.plans + other.plans,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.disagreeing + other.disagreeing,
            self.unfinished + other.unfinished,
            [*self.complaints, *other.complaints],
        )

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.disagreeing or self.unfinished)


class Crew:
    """Worker processes of one database; one that dies is replaced at once under a name of its own."""

    def __init__(self, database_url: str, home: Path, size: int) -> None:
        self._url, self._home, self._size = database_url, home, size
        self._born = 0
        self.version = VERSION
        self._lock = threading.Lock()
        self.processes: list[multiprocessing.process.BaseProcess] = []
        for _ in range(size):
            self._hire()

    def kill_one(self, random: random.Random) -> None:
        """SIGKILL for one of them, and another in its place."""
        with self._lock:
            victim = random.choice(self.processes)
            self.processes.remove(victim)
            assert victim.pid
            os.kill(victim.pid, signal.SIGKILL)
            victim.join()
            self._hire()

    def dismiss(self) -> None:
        with self._lock:
            for process in self.processes:
                process.kill()
            for process in self.processes:
                process.join()

    def _hire(self) -> None:
        self._born += 1
        post = Post(self._url, str(self._home), f"crash-{self._born}", self.version)
        process = _FORK.Process(target=work, args=(post,), daemon=True)
        process.start()
        self.processes.append(process)


class Killer:
    """Called at the boundaries of the server's requests; kills at those it is set to."""

    def __init__(self, crew: Crew, random: random.Random, at: set[int]) -> None:
        self._crew, self._random, self._at = crew, random, at
        self._passed = 0
        self._lock = threading.Lock()
        self.kills = 0

    def __call__(self, moment: str, what: str) -> None:
        with self._lock:
            self._passed += 1
            due = self._passed in self._at
        if due:
            self._crew.kill_one(self._random)
            self.kills += 1


def small_plan() -> tuple[ConfirmedPlan, tuple[Step, ...]]:
    """One infusion and two sessions: every kind of step, as few of each as there can be."""
    draft = a_draft(ketamine=a_ketamine_course((0,)), cbt=a_cbt_course((1, 8)), followups=())
    draft = replace(draft, visits=tuple(v for v in draft.visits if v.kind is not VisitKind.FOLLOW_UP))
    plan = a_plan(draft)
    return plan, render(plan, a_timetable(draft))


def for_patient(plan: ConfirmedPlan, number: int) -> tuple[ConfirmedPlan, tuple[Step, ...]]:
    """The same plan for another patient, under an id of its own, at times that nobody else has."""
    draft = replace(plan.draft, patient=f"Patient/p{number}")
    again = replace(plan, id=f"00000000-0000-4000-8000-{number:012}", draft=draft)
    times = a_timetable(draft)
    own = tuple(replace(p, slots=tuple(f"{slot}-p{number}" for slot in p.slots)) for p in times.placed)
    return again, render(again, replace(times, placed=own))


@contextmanager
def crewed(
    manners: Manners, database_url: str, home: Path, size: int, latency: float = 0.0
) -> Iterator[tuple[CrashEhr, Crew, compose.Services, Runs]]:
    services = compose.open_services(settings(Post(database_url, str(home), "")))
    url = engine_url(database_url)
    prepare(url)
    ehr, runs, crew = CrashEhr(manners, latency=latency), Runs(url), Crew(database_url, home, size)
    try:
        yield ehr, crew, services, runs
    finally:
        crew.dismiss()
        ehr.close()
        runs.close()
        services.plans._database.close()


def torment(
    manners: Manners, database_url: str, home: Path, *, workers: int, plans: int, kills: int, seed: int
) -> Ledger:
    """Write `plans` plans while `kills` kills fall on random boundaries, and look at what stands."""
    dice = random.Random(seed)
    with crewed(manners, database_url, home, workers) as (ehr, crew, services, runs):
        first, steps = small_plan()
        boundaries = plans * len(steps) * 6
        killer = Killer(crew, dice, set(dice.sample(range(1, boundaries), kills)))
        ehr.boundary = killer
        signed = [for_patient(first, number) for number in range(plans)]
        for plan, its_steps in signed:
            patient = plan.draft.patient.removeprefix("Patient/")
            payload = plan_payload(plan, its_steps)
            services.plans.save(plan.id, ehr.url, patient, 1, payload, datetime.now(UTC))
            runs.enqueue(plan.id, 1)
        _wait_for(services, [plan.id for plan, _ in signed])
        ledger = Ledger(kills=killer.kills, plans=plans)
        for plan, its_steps in signed:
            ledger += looked_at(ehr, services, plan, its_steps)
        return ledger


def looked_at(
    ehr: CrashEhr, services: compose.Services, plan: ConfirmedPlan, steps: tuple[Step, ...]
) -> Ledger:
    found = Ledger()
    patient = plan.draft.patient.removeprefix("Patient/")
    entries = {e.key: e for e in services.journal.entries(plan.id)}
    if services.plans.load(plan.id).state is not PlanState.WRITTEN:
        found.unfinished = 1
        states = Counter(e.state.value for e in entries.values())
        found.complaints.append(f"{ehr.manners.name}: plan of {patient} is not written: {dict(states)}")
    wanted = Counter(step.type for step in steps if step.verb is Verb.CREATE)
    for kind, count in wanted.items():
        held = _held(ehr, kind, patient)
        found.lost += max(0, count - len(held))
        found.doubled += max(0, len(held) - count)
        if len(held) != count:
            found.complaints.append(f"{ehr.manners.name}: {patient} has {len(held)} {kind}, not {count}")
    for step in steps:
        entry = entries.get(step.key)
        stands = bool(entry and (step.type, entry.resource_id) in ehr.stored)
        if (entry is not None and entry.state is StepState.DONE) is not stands:
            found.disagreeing += 1
            found.complaints.append(f"{ehr.manners.name}: the journal is wrong about {step.key} of {patient}")
    return found


def _held(ehr: CrashEhr, kind: str, patient: str) -> list[dict[str, object]]:
    if kind != "Provenance":
        return ehr.of(kind, patient)
    (plan,) = ehr.of("CarePlan", patient)[:1] or ({"id": ""},)
    about = f"CarePlan/{plan['id']}"
    return [p for p in ehr.of(kind) if any(t.get("reference") == about for t in p["target"])]


def _wait_for(services: compose.Services, ids: list[str]) -> None:
    """Until every plan is written, or no patience is left: then what is unfinished counts against us."""
    until = time.monotonic() + WAIT_SECONDS
    left = set(ids)
    while left and time.monotonic() < until:
        left -= {id for id in left if services.plans.load(id).state is PlanState.WRITTEN}
        time.sleep(0.1)
