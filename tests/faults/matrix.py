"""Each fault at each moment of a run, once and for good: what becomes of the plan.

    python -m tests.faults

writes docs/fault-matrix.md. A cell is a whole run, over real connections and a real database; what must hold
in every one of them is checked where it is run.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from ketplan import compose
from ketplan.ehr.client import FhirClient
from ketplan.ehr.patience import Patience
from ketplan.fhir.render import Step, Verb
from ketplan.kept import plan_payload
from ketplan.runs import LONGEST_ASKED, Turns
from ketplan.store.journal import StepState
from ketplan.store.plans import PlanState, StoredPlan
from ketplan.writeback.steps import STANDS
from tests.crash.harness import small_plan
from tests.crash.worker import Post, settings
from tests.faults import ehr as faulty
from tests.faults.ehr import MOMENTS, Clock, FaultyEhr, FaultyHttp, Misdeed
from tests.writeback.builders import a_care_plan, a_provenance, a_request, an_appointment, the_activities

WRITES = ("create CarePlan", "create Appointment", "update")
CREATES = WRITES[:2]
ROUNDS_ONCE, ROUNDS_STAYING = 14, 3


@dataclass(frozen=True)
class Fault:
    """`stores`: the EHR does what it was asked, and then goes wrong. `where` tells what else is at fault."""

    name: str
    misdeed: Misdeed
    moments: tuple[str, ...] = MOMENTS
    stores: bool = False
    where: str = "EHR"


def _statuses() -> Iterator[Fault]:
    for code in (400, 401, 403, 404, 405, 409, 410, 412, 422, 429):
        yield Fault(f"{code}", faulty.status(code))
    yield Fault("429, Retry-After: 3", faulty.wanting_pause(429, "3", 3))
    yield Fault("429, Retry-After: 600", faulty.wanting_pause(429, "600", 600))
    yield Fault("429, Retry-After a date", faulty.wanting_pause_until(429, 600, timedelta()))
    ahead = timedelta(days=1)
    yield Fault(
        "429, Retry-After a date, their clock a day ahead", faulty.wanting_pause_until(429, 600, ahead)
    )
    yield Fault("429, Retry-After: 999999999", faulty.wanting_pause(429, "999999999", LONGEST_ASKED))
    yield Fault("429, Retry-After: soon", faulty.status(429, lambda clock: {"Retry-After": "soon"}))
    yield Fault("503, Retry-After: 600", faulty.wanting_pause(503, "600", 600))
    for code in (500, 502, 503, 504):
        yield Fault(f"{code}", faulty.status(code))
        yield Fault(f"{code}, but done", faulty.status(code), WRITES, stores=True)


def _connections() -> Iterator[Fault]:
    yield Fault("connection refused", faulty.nothing_said, where="network")
    for name, misdeed in (
        ("no answer in time", faulty.silence),
        ("connection reset within the answer", faulty.reset_mid_body),
        ("answer cut short", faulty.truncated),
        ("a page instead of data", faulty.a_page),
    ):
        yield Fault(name, misdeed)
        yield Fault(f"{name}, but done", misdeed, WRITES, stores=True)
    yield Fault("200 with an error inside (processing)", faulty.outcome("processing"))
    yield Fault("200 with an error inside (transient)", faulty.outcome("transient"))
    yield Fault("201 and nothing else", faulty.nothing_said, CREATES, stores=True)
    yield Fault("Location on another host", faulty.another_host, CREATES, stores=True)


def _surroundings() -> Iterator[Fault]:
    yield Fault("token runs out, renewal works", faulty.token_runs_out, where="renewable")
    yield Fault("token runs out, renewal refused", faulty.token_runs_out)
    yield Fault("our clock jumps an hour ahead", faulty.clock_jumps(timedelta(hours=1)), stores=True)
    yield Fault("our clock jumps an hour back", faulty.clock_jumps(timedelta(hours=-1)), stores=True)
    for name in ("disk full", "database locked", "database gone"):
        yield Fault(name, lambda e, handler, good: faulty.reply(handler, *good), stores=True, where=name)


FAULTS = (*_statuses(), *_connections(), *_surroundings())


class Site:
    """One database, one EHR and one clock for all cells, each with a plan of its own."""

    def __init__(self, home: Path) -> None:
        self.clock = Clock()
        self.ehr = FaultyEhr(self.clock)
        self._file = home / "ketplan.db"
        self.services = compose.open_services(settings(Post(f"sqlite:///{self._file}", str(home), "")))
        self._broken = ""
        self._locker: sqlite3.Connection | None = None
        self._number = 0
        self._signed, _ = small_plan()
        engine = self.services.plans._database._engine
        engine.dispose()
        event.listen(engine, "connect", _hurry)
        event.listen(engine, "do_execute", self._execute)

    def close(self) -> None:
        self.mend()
        self.ehr.close()
        self.services.plans._database.close()

    def a_plan(self) -> str:
        self._number += 1
        id = f"cell-{self._number}"
        payload = plan_payload(self._signed, steps())
        self.services.plans.save(id, self.ehr.url, "p1", 1, payload, self.clock.now())
        return id

    def break_down(self, how: str) -> None:
        if how == "database locked":
            self._locker = sqlite3.connect(self._file, check_same_thread=False, isolation_level=None)
            self._locker.execute("BEGIN IMMEDIATE")
        self._broken = how

    def mend(self) -> None:
        self._broken = ""
        if self._locker:
            self._locker.close()
            self._locker = None

    def _execute(self, cursor: Any, statement: str, *_: Any) -> None:
        """Raises, in the driver's place, what SQLite says when the disk is full or the file is gone."""
        if self._broken == "database gone":
            raise sqlite3.OperationalError("unable to open database file")
        if self._broken == "disk full" and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            raise sqlite3.OperationalError("database or disk is full")


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout = 20")
    connection.execute("PRAGMA synchronous = OFF")


def steps() -> tuple[Step, ...]:
    """The CarePlan, a request, a visit, the CarePlan's activities, who signed."""
    kept = ("care-plan", "request-infusion", "appointment-1")
    plan = a_care_plan()
    plan = replace(plan, resource={k: v for k, v in plan.resource.items() if k != "goal"}, after=())
    lists = [{"reference": {"reference": f"step:{key}"}} for key in kept[1:]]
    activities = replace(
        the_activities(),
        resource={**plan.resource, "status": "active", "activity": lists},
        after=kept,
    )
    signed = a_provenance()
    targets = [{"reference": f"step:{key}"} for key in kept]
    provenance = replace(signed, resource={**signed.resource, "target": targets}, after=kept)
    return plan, a_request(), an_appointment(1), activities, provenance


class Run:
    """One plan carried on, round after round, as the engine would."""

    def __init__(self, site: Site, fault: Fault, moment: str, stays: bool) -> None:
        self.site, self.ehr, self.clock = site, site.ehr, site.clock
        self.ehr.calm()
        self.plan_id = site.a_plan()
        self.http = FaultyHttp(self.ehr)
        self._fault, self._stays = fault, stays
        self._set_up(moment)
        self.turns = Turns(site.services, self._connect, self.clock.now, lambda: 0.5, self.clock.sleep)
        self.number = 0

    @property
    def state(self) -> PlanState:
        return self.site.services.plans.load(self.plan_id).state

    def rounds(self, most: int) -> bool:
        """Up to `most` rounds; whether another is to come."""
        for _ in range(most):
            self.number += 1
            turn = self.turns.take(self.plan_id, self.number)
            if not self._stays:
                self.site.mend()
            if turn.again_in is None:
                return False
            self.clock.sleep(turn.again_in)
        return True

    def _set_up(self, moment: str) -> None:
        fault = self._fault
        self.ehr.permission.renewable = fault.where == "renewable"
        self.http.refuses = fault.where == "network"
        misdeed = fault.misdeed
        if fault.where.startswith(("disk", "database")):

            def misdeed(ehr: Any, handler: Any, good: Any) -> None:
                self.site.break_down(fault.where)
                fault.misdeed(ehr, handler, good)

        self.ehr.go_wrong(moment, misdeed, fault.stores, self._stays)

    def _connect(self, plan: StoredPlan) -> FhirClient | None:
        if self.ehr.permission.ended:
            return None
        patience = Patience(self.clock.now, self.clock.sleep, lambda: 0.5)
        permission = self.ehr.permission
        renew = permission.renew if self._fault.misdeed is faulty.token_runs_out else None
        return FhirClient(plan.iss, permission, self.http, patience=patience, renew=renew)


def outcome_of(site: Site, fault: Fault, moment: str, stays: bool) -> str:
    """What a person would say of it. AssertionError when something was lost, doubled or asked too often."""
    run = Run(site, fault, moment, stays)
    goes_on = run.rounds(ROUNDS_STAYING if stays else ROUNDS_ONCE)
    site.mend()
    said = _said(run, goes_on)
    _check_words(run, goes_on)
    assert run.ehr.too_soon == 0, "it was asked before the time it named"
    assert run.ehr.requests < 60 * run.number, "it was hammered"
    _check_doubles(run)
    run.ehr.heal()
    if run.state is PlanState.WAITING:
        run.ehr.permission.launch()
    run._stays = False
    while run.state is not PlanState.WRITTEN and run.number < 40:
        run.rounds(1)
    assert run.state is PlanState.WRITTEN, f"it is {run.state} although nothing is wrong any more"
    _check_doubles(run)
    _check_complete(run)
    return said


def _said(run: Run, goes_on: bool) -> str:
    if goes_on:
        return "waits, is tried again"
    if run.state is PlanState.WRITTEN:
        return "written" if run.number == 1 else "written in a later round"
    words = {PlanState.WAITING: "waits for a launch", PlanState.REFUSED: "refused in words"}
    return words.get(run.state, "partly refused in words")


def _check_words(run: Run, goes_on: bool) -> None:
    """Whatever does not stand says why."""
    receipt = compose.stored_receipt(run.site.services, run.plan_id)
    assert receipt is not None
    missing = [row for row in receipt.rows if row.outcome not in STANDS]
    assert bool(missing) or run.state is PlanState.WRITTEN or goes_on
    if not goes_on:
        assert all(row.detail.endswith(".") for row in missing), missing


def _held(run: Run) -> Counter[str]:
    return Counter(kind for kind, _ in run.ehr.stored)


def _check_doubles(run: Run) -> None:
    assert all(number == 1 for number in _held(run).values()), f"doubled: {_held(run)}"
    for entry in run.site.services.journal.entries(run.plan_id):
        stands = (entry.resource_type, entry.resource_id) in run.ehr.stored
        assert stands or entry.state is not StepState.DONE, f"the journal is wrong about {entry.key}"


def _check_complete(run: Run) -> None:
    wanted = Counter(step.type for step in steps() if step.verb is Verb.CREATE)
    assert _held(run) == wanted, f"lost: {wanted - _held(run)}"
    entries = run.site.services.journal.entries(run.plan_id)
    assert all(entry.state is StepState.DONE for entry in entries)
    assert run.ehr.of("CarePlan")[0]["status"] == "active"


@contextmanager
def a_site(home: Path) -> Iterator[Site]:
    site = Site(home)
    try:
        yield site
    finally:
        site.close()


def cell(site: Site, fault: Fault, moment: str, stays: bool) -> str:
    return outcome_of(site, fault, moment, stays) if moment in fault.moments else ""


def table(site: Site, stays: bool) -> Iterator[str]:
    """A Markdown table: a row per fault, a column per moment."""
    yield f"| | {' | '.join(MOMENTS)} |"
    yield "|---" * (len(MOMENTS) + 1) + "|"
    for fault in FAULTS:
        cells = [cell(site, fault, moment, stays) for moment in MOMENTS]
        yield f"| {fault.name} | {' | '.join(cells)} |"


WORDS = """# What becomes of a plan when something goes wrong

Each cell is a whole run of a plan (a CarePlan, a request, a visit, the CarePlan's activities, Provenance)
over real connections, with the fault of the row at the moment of the column. "But done" is an EHR that did
what it was asked and then failed to say so. `python -m tests.faults` writes this page; a test compares.

In every cell, besides what it says: nothing is doubled, the journal knows of nothing that does not stand,
what does not stand says why, nobody is asked before the time they named in Retry-After (of which an hour is
believed) — and as soon as nothing is wrong any more and somebody tries again, everything stands exactly once.

*waits, is tried again*: after a pause that doubles up to fifteen minutes, or as long as the EHR asked for.
*waits for a launch*: the next launch of that chart by a clinician carries it on.
*refused in words*: the EHR has nothing of it, and the plan's page says what it answered. *partly*: some of it
stands, the rest says why not.
"""


def page(site: Site) -> Iterator[str]:
    yield WORDS
    yield "## The fault comes once\n"
    yield from table(site, stays=False)
    yield "\n## The fault stays\n"
    yield from table(site, stays=True)
