"""Writing in the shape an EHR takes: what it never takes is not sent, what it refuses is told by type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ketplan.ehr.client import Written
from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.model import Profile
from ketplan.ehr.profiles.shape import marker
from ketplan.errors import EhrError, Fatal, Forbidden, NotFound, NotSupported, Temporary
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.steps import Outcome, carries
from tests.writeback.builders import PATIENT, a_care_plan, an_appointment, named, outcomes, write
from tests.writeback.fakes import FakeEhr, Json

NAME = (named("appointment-1")["system"], named("appointment-1")["value"])


@dataclass
class FakeClient:
    profile: Profile
    error: EhrError | None = None
    sent: list[tuple[Json, str | None]] = field(default_factory=list)

    def capabilities(self) -> Any:
        raise NotSupported("It does not describe itself.")

    def create(self, resource: Json, if_none_exist: str | None = None) -> Written:
        self.sent.append((resource, if_none_exist))
        return self._answer()

    def update(self, resource: Json, etag: str | None) -> Written:
        self.sent.append((resource, etag))
        return self._answer()

    def _answer(self) -> Written:
        if self.error:
            raise self.error
        return Written("1", None, 201, True)


def a_chart(name: str, error: EhrError | None = None) -> tuple[EhrChart, FakeClient, list[Any]]:
    client, seen = FakeClient(shipped()[name], error), list[Any]()
    chart = EhrChart(client, lambda *what: seen.append(what))  # type: ignore[arg-type]
    return chart, client, seen


def a_visit(**changes: Any) -> Json:
    return {**an_appointment(1).resource, "serviceType": [{"text": "ketamine"}], **changes}


def test_what_is_sent_has_the_ehrs_shape_and_no_condition_on_what_it_does_not_keep() -> None:
    chart, client, _ = a_chart("oracle-health")
    chart.create(a_visit(slot=[{"reference": "Slot/1"}]), NAME)
    ((payload, condition),) = client.sent
    assert "identifier" not in payload
    assert payload["comment"] == marker(NAME[1])
    assert condition is None


def test_elsewhere_it_is_sent_whole_and_on_condition() -> None:
    chart, client, _ = a_chart("generic")
    chart.create(a_visit(), NAME)
    ((payload, condition),) = client.sent
    assert payload == a_visit()
    assert condition and condition.endswith(NAME[1])


def test_what_the_ehr_never_takes_is_not_admitted() -> None:
    chart, client, _ = a_chart("epic")
    with pytest.raises(NotSupported, match="Epic shows care plans and takes none"):
        chart.admit(a_care_plan().resource, "create")
    chart.admit({"resourceType": "ServiceRequest"}, "create")
    assert client.sent == []


def test_what_lacks_something_the_ehr_insists_on_is_not_admitted() -> None:
    chart, _, _ = a_chart("oracle-health")
    alone = a_visit(status="proposed", participant=[{"actor": {"reference": f"Patient/{PATIENT}"}}])
    with pytest.raises(NotSupported, match="takes no Appointment without a place"):
        chart.admit(alone, "create")
    chart.admit(a_visit(status="proposed"), "create")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (None, None),
        (Forbidden("x", 403), 403),
        (NotFound("x", 404), 404),
        (NotSupported("x", 405), 405),
    ],
)
def test_a_refusal_of_the_type_and_a_success_are_told(error: EhrError | None, seen: int | None) -> None:
    chart, _, told = a_chart("generic", error)
    if error:
        with pytest.raises(type(error)):
            chart.create(a_visit(), None)
    else:
        chart.create(a_visit(), None)
    assert told == [("Appointment", "create", seen)]


@pytest.mark.parametrize("error", [Fatal("x", 422), Temporary("x", 503), Temporary("x")])
def test_a_refusal_of_this_one_says_nothing_of_the_type(error: EhrError) -> None:
    chart, _, told = a_chart("generic", error)
    with pytest.raises(type(error)):
        chart.create(a_visit(), None)
    assert told == []


def test_a_change_of_what_is_gone_says_nothing_of_the_type() -> None:
    chart, _, told = a_chart("generic", NotFound("x", 404))
    with pytest.raises(NotFound):
        chart.update({**a_visit(), "id": "1"}, None)
    assert told == []


def test_a_run_sends_nothing_of_a_type_that_is_not_taken() -> None:
    ehr = FakeEhr(not_taken=("Goal",))
    receipt = write(ehr)
    assert outcomes(receipt)["goal-1"] == Outcome.REFUSED
    assert outcomes(receipt)["care-plan"] == Outcome.WRITTEN
    assert not [request for request in ehr.requests if "Goal" in request]


def test_a_resource_is_known_by_its_identifier_or_by_its_mark() -> None:
    assert carries(a_visit(), NAME)
    marked = {"resourceType": "Appointment", "comment": f"On its day. {marker(NAME[1])}"}
    assert carries(marked, NAME)
    assert carries({"content": [{"attachment": {"title": marker(NAME[1])}}]}, NAME)
    assert not carries(marked, (NAME[0], f"{NAME[1]}0"))
    assert not carries({"comment": NAME[1]}, NAME)


def test_a_lost_answer_is_found_again_by_its_mark() -> None:
    """An EHR without identifiers: what was stored is recognised, and not created twice."""
    ehr = MarkingEhr(drops=("identifier",), honours_condition=False)
    ehr.after = ehr.lose_first
    receipt = write(ehr)
    assert outcomes(receipt)["appointment-1"] == Outcome.WRITTEN
    assert ehr.counts()["Appointment"] == 3


class MarkingEhr(FakeEhr):
    """Keeps no identifier; a mark in the comment stands for it, and its first visit's answer is lost."""

    lost = False

    def find(self, kind: str, system: str, value: str, patient_id: str) -> list[Json]:
        return [raw for raw in self.all(kind) if carries(raw, (system, value))]

    def of_patient(self, kind: str, patient_id: str) -> list[Json]:
        return []

    def create(self, resource: Json, unless: tuple[str, str] | None) -> Any:
        marked = {**resource, "comment": marker(resource["identifier"][0]["value"])} if unless else resource
        return super().create(marked, unless)

    def lose_first(self, verb: str, resource: Json) -> None:
        if resource["resourceType"] == "Appointment" and not self.lost:
            self.lost = True
            raise Temporary("The EHR did not answer in time.")
