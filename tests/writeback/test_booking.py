"""Visits held and booked by operation, in both known shapes; holds that run out; times given twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ketplan.ehr.client import FhirClient
from ketplan.ehr.transport import Http
from ketplan.errors import Temporary
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step
from ketplan.sandbox.likes import HARBOR, Like, Operations, Types, like
from ketplan.sandbox.server import Server, serve
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.create import DOUBLED
from ketplan.writeback.runner import run
from ketplan.writeback.steps import Outcome, Row
from tests.writeback.fakes import Clock, FakeJournal, FakeLock, Json

PATIENT, PLAN = "gad-ready", "7f3k"
TODAY = datetime(2026, 2, 25, 15, tzinfo=UTC)
ARGONAUT = like("argonaut")
IHE = replace(
    ARGONAUT,
    types=(Types(("*",)),),
    operations=Operations(
        ("hold", "book", "cancel"),
        defined="https://profiles.ihe.net/ITI/Scheduling/OperationDefinition/appointment-",
        by_reference=True,
        hold_seconds=300,
    ),
)
BOTH = pytest.mark.parametrize("manner", [ARGONAUT, IHE], ids=["argonaut", "ihe"])
Open = Callable[..., Server]


class Moment:
    """The server's clock."""

    def __init__(self) -> None:
        self.at = TODAY.timestamp()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def open_ehr(moment: Moment) -> Iterator[Open]:
    with ExitStack() as stack:
        yield lambda manner=HARBOR: stack.enter_context(
            serve("127.0.0.1", 0, today=TODAY.date(), open_access=True, like=manner, clock=moment)
        )


def free_slot(ehr: Server) -> Json:
    return next(s for s in ehr.harbor.store.all("Slot") if s["status"] == "free")


def a_visit(slot: Json) -> Step:
    resource = {
        "resourceType": "Appointment",
        "identifier": [{"system": PLAN_STEP_SYSTEM, "value": f"{PLAN}/appointment-1"}],
        "status": "booked",
        "description": "Session 1",
        "start": slot["start"],
        "end": slot["end"],
        "slot": [{"reference": f"Slot/{slot['id']}"}],
        "created": "2026-02-25T10:00:00-05:00",
        "participant": [{"actor": {"reference": f"Patient/{PATIENT}"}, "status": "accepted"}],
    }
    return Step("appointment-1", resource)


class Losing(FhirClient):
    """Loses the answer of the operations named, once each: they are done, and nobody hears of it."""

    lose: frozenset[str] = frozenset()

    def operate(self, kind: str, id: str, name: str, parameters: Json) -> Json:
        answer = super().operate(kind, id, name, parameters)
        if name in self.lose:
            self.lose = self.lose - {name}
            raise Temporary("The EHR did not answer in time.")
        return answer


def write(ehr: Server, step: Step, journal: FakeJournal | None = None, client: Any = None) -> Row:
    clock = Clock()
    receipt = run(
        PLAN,
        (step,),
        EhrChart(client or FhirClient(f"{ehr.url}/fhir", None, Http())),
        journal or FakeJournal(),
        lock=FakeLock(),
        owner="run-1",
        patient_id=PATIENT,
        now=clock.now,
        sleep=clock.sleep,
    )
    (row,) = receipt.rows
    return row


def ours(ehr: Server) -> list[Json]:
    return [a for a in ehr.harbor.store.all("Appointment") if PLAN in str(a.get("identifier"))]


def live(ehr: Server) -> list[str]:
    return [a["status"] for a in ours(ehr) if a["status"] != "cancelled"]


@BOTH
def test_a_visit_is_held_and_booked_once_however_often_it_is_written(open_ehr: Open, manner: Like) -> None:
    ehr, journal = open_ehr(manner), FakeJournal()
    slot = free_slot(ehr)
    row = write(ehr, a_visit(slot), journal)
    assert (row.outcome, row.detail) == (Outcome.WRITTEN, "")
    assert live(ehr) == ["booked"]
    assert [v["status"] for v in ehr.harbor.store.versions("Appointment", ours(ehr)[0]["id"])][0:2] == [
        "booked",
        "pending",
    ]
    assert ehr.harbor.store.find("Slot", slot["id"])["status"] == "busy"
    assert write(ehr, a_visit(slot), journal).outcome is Outcome.ALREADY_THERE
    assert write(ehr, a_visit(slot), FakeJournal()).outcome is Outcome.ALREADY_THERE
    assert live(ehr) == ["booked"]


@BOTH
@pytest.mark.parametrize(
    "lost", [{"hold"}, {"book"}, {"hold", "book"}], ids=lambda names: "+".join(sorted(names))
)
def test_a_lost_answer_is_looked_up_and_carried_to_its_end(
    open_ehr: Open, manner: Like, lost: set[str]
) -> None:
    ehr = open_ehr(manner)
    client = Losing(f"{ehr.url}/fhir", None, Http())
    client.lose = frozenset(lost)
    row = write(ehr, a_visit(free_slot(ehr)), client=client)
    assert row.outcome is Outcome.WRITTEN
    assert live(ehr) == ["booked"]


@BOTH
def test_what_a_dead_run_left_held_is_booked_by_the_next(open_ehr: Open, manner: Like) -> None:
    ehr, journal = open_ehr(manner), FakeJournal()
    step = a_visit(free_slot(ehr))
    client = FhirClient(f"{ehr.url}/fhir", None, Http())
    client.operate = _dying(client)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        write(ehr, step, journal, client)
    assert live(ehr) == ["pending"]
    assert write(ehr, step, journal).outcome is Outcome.WRITTEN
    assert live(ehr) == ["booked"]


@BOTH
def test_a_hold_that_has_run_out_is_taken_once_again(open_ehr: Open, manner: Like, moment: Moment) -> None:
    ehr, journal = open_ehr(manner), FakeJournal()
    step = a_visit(free_slot(ehr))
    client = FhirClient(f"{ehr.url}/fhir", None, Http())
    client.operate = _dying(client)  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        write(ehr, step, journal, client)
    moment.at += 3600
    assert write(ehr, step, journal).outcome is Outcome.WRITTEN
    assert live(ehr) == ["booked"]
    assert write(ehr, step, FakeJournal()).outcome is Outcome.ALREADY_THERE
    assert live(ehr) == ["booked"]


@BOTH
def test_a_time_that_is_taken_meanwhile_is_said_and_not_doubled(open_ehr: Open, manner: Like) -> None:
    ehr = open_ehr(manner)
    slot = free_slot(ehr)
    other = {**a_visit(slot).resource, "identifier": [{"system": "urn:x", "value": "theirs"}]}
    ehr.harbor.store.create(other)
    ehr.harbor.store.replace({**slot, "status": "busy"}, slot["id"])
    row = write(ehr, a_visit(slot))
    if manner is ARGONAUT:
        assert (row.outcome, row.detail) == (Outcome.REFUSED, "The time was taken meanwhile.")
        assert ours(ehr) == []
    else:
        assert row.outcome in (Outcome.REFUSED, Outcome.WRITTEN)
        assert live(ehr) in ([], ["proposed"])
        assert row.outcome is Outcome.REFUSED or "status is proposed" in row.detail


def test_operations_that_are_offered_in_vain_lead_to_a_plain_create(open_ehr: Open) -> None:
    ehr = open_ehr(replace(IHE, operations=replace(IHE.operations, by_reference=False, defined="urn:op:")))
    client = FhirClient(f"{ehr.url}/fhir", None, Http())
    client.capabilities()
    ehr.harbor.like = replace(ehr.harbor.like, operations=Operations())
    assert write(ehr, a_visit(free_slot(ehr)), client=client).outcome is Outcome.WRITTEN
    assert live(ehr) == ["booked"]


def test_a_server_that_gives_a_time_twice_is_found_out_by_looking_again(open_ehr: Open) -> None:
    ehr = open_ehr(like("medplum"))
    slot = free_slot(ehr)
    other = {**a_visit(slot).resource, "identifier": [{"system": "urn:x", "value": "theirs"}]}
    taken = ehr.harbor.store.create(other)
    row = write(ehr, a_visit(slot))
    assert row.outcome is Outcome.WRITTEN
    assert row.detail == DOUBLED.format(reference=f"Appointment/{taken['id']}")


def test_a_visit_is_called_off_by_operation_where_no_change_is_taken(open_ehr: Open) -> None:
    ehr = open_ehr(ARGONAUT)
    slot = free_slot(ehr)
    row = write(ehr, a_visit(slot))
    chart = EhrChart(FhirClient(f"{ehr.url}/fhir", None, Http()))
    held = chart.read("Appointment", row.reference.partition("/")[2])
    chart.update({**held.raw, "status": "cancelled"}, held.etag)
    assert ours(ehr)[0]["status"] == "cancelled"
    assert ehr.harbor.store.find("Slot", slot["id"])["status"] == "free"


def _dying(client: FhirClient) -> Callable[..., Json]:
    """The process ends between hold and book."""

    def dying(kind: str, id: str, name: str, parameters: Json) -> Json:
        if name == "book":
            raise KeyboardInterrupt
        return FhirClient.operate(client, kind, id, name, parameters)

    return dying
