"""Free times by `$find`: from a server of Argonaut's shape, and from ones that cap, refuse or go on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr.client import FhirClient
from ketplan.ehr.finding import MOST_SPLITS
from ketplan.ehr.patience import Patience
from ketplan.ehr.slots import read_free, read_slots
from ketplan.ehr.transport import Http
from ketplan.sandbox.server import Server, serve
from tests.ehr.builders import NOW, FakeEhr, Json, a_bundle, an_outcome, answer

DAY = timedelta(days=1)
SCHEDULE: Json = {"resourceType": "Schedule", "id": "chair"}


def a_slot(number: int, status: str = "free", **more: str) -> Json:
    start = NOW + timedelta(hours=number)
    times = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    schedule = {"reference": "Schedule/chair"}
    return {"resourceType": "Slot", "id": f"s{number}", "status": status, "schedule": schedule} | times | more


class Finder(FakeEhr):
    """Offers `$find` on one type; says the first `cap` free Slots of the window, as they come."""

    def __init__(self, kind: str, slots: list[Json], cap: int = 1000) -> None:
        super().__init__()
        self.kind, self.cap, self.asks = kind, cap, 0
        self.records += [SCHEDULE, *slots]
        self.given: list[Json] = []

    def __call__(self, request: Request) -> Response:
        if request.path == "/fhir/metadata":
            resource = {"type": self.kind, "operation": [{"name": "find", "definition": "x"}]}
            said = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
            return answer({**said, "rest": [{"resource": [resource]}]})
        if not request.path.endswith("/$find"):
            return super().__call__(request)
        self.asks += 1
        for words, refusal in self.refusals.items():
            if words in request.path:
                return refusal
        self.given = json.loads(request.data)["parameter"]
        first, end = (datetime.fromisoformat(one["valueDateTime"]) for one in self.given[:2])
        free = [one for one in self.records if one["resourceType"] == "Slot"]
        within = [one for one in free if first <= datetime.fromisoformat(one["start"]) < end]
        found = [self._said(one) for one in within[: self.cap]]
        bundle = a_bundle(*found)
        in_parameters = {"resourceType": "Parameters", "parameter": [{"name": "return", "resource": bundle}]}
        return answer(in_parameters if self.kind == "Schedule" else bundle)

    def _said(self, slot: Json) -> Json:
        if self.kind != "Appointment":
            return slot
        named = {"resourceType": "Appointment", "status": "proposed", "start": slot["start"]}
        return {**named, "end": slot["end"], "slot": [{"reference": f"Slot/{slot['id']}"}]}


def serving(httpserver: HTTPServer, fake: Finder) -> Finder:
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(fake)
    return fake


def ids(resources: list[Json]) -> list[str]:
    return sorted(one["id"] for one in resources if one["resourceType"] == "Slot")


@pytest.mark.parametrize("kind", ["Slot", "Schedule", "Appointment"])
def test_each_shape_gives_the_same_slots_with_their_schedules(
    client: FhirClient, httpserver: HTTPServer, kind: str
) -> None:
    fake = serving(httpserver, Finder(kind, [a_slot(1), a_slot(5), a_slot(30)]))
    section = read_free(client, NOW, NOW + 2 * DAY, "pat-1")
    assert (section.state, section.query, section.detail) == ("found", f"{kind}/$find", "")
    assert ids(section.resources) == ["s1", "s30", "s5"]
    assert SCHEDULE in section.resources
    asked = [one for one in fake.given if one["name"] == "patient-reference"]
    assert bool(asked) == (kind == "Appointment")


def test_capped_answers_are_asked_for_in_parts(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("Slot", [a_slot(n) for n in range(48)], cap=10))
    section = read_free(client, NOW, NOW + 2 * DAY)
    assert section.query == "Slot/$find"
    assert len(ids(section.resources)) == 48
    assert fake.asks < 20


def test_few_free_times_close_together_are_no_cap(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("Slot", [a_slot(1)]))
    assert ids(read_free(client, NOW, NOW + 60 * DAY).resources) == ["s1"]
    assert fake.asks <= 2 * (MOST_SPLITS + 1) + 1


def test_what_stays_capped_is_searched_instead_and_said(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("Slot", [a_slot(n) for n in range(96)], cap=1))
    section = read_free(client, NOW, NOW + 60 * DAY)
    assert section.query.startswith("Slot?")
    assert len(ids(section.resources)) == 96
    assert "too few free times at a time. Its Slots were searched instead." in section.detail
    assert fake.asks < 20, "that it is hopeless is seen soon"


@pytest.mark.parametrize(
    "refusal",
    [
        answer(an_outcome(code="not-supported"), 404),
        answer(an_outcome(), 400),
        answer(an_outcome(), 500),
        answer(an_outcome(), 200),
        answer("<html>", 200),
    ],
)
def test_an_operation_that_fails_is_replaced_by_the_search(
    client: FhirClient, httpserver: HTTPServer, refusal: Response
) -> None:
    fake = serving(httpserver, Finder("Appointment", [a_slot(1)]))
    fake.refusals = {"$find": refusal}
    section = read_free(client, NOW, NOW + DAY, "pat-1")
    assert ids(section.resources) == ["s1"]
    assert section.detail.startswith("The EHR offers $find, but: ")
    assert (fake.asks, section.query[:5]) == (1, "Slot?")


def test_slots_only_worked_out_cannot_be_booked_and_are_not_used(
    client: FhirClient, httpserver: HTTPServer
) -> None:
    worked_out = {name: value for name, value in a_slot(1).items() if name != "id"}
    serving(httpserver, Finder("Schedule", [worked_out]))
    section = read_free(client, NOW, NOW + DAY)
    assert "no free time that can be booked" in section.detail


def test_a_pause_the_ehr_wants_is_kept(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("Slot", [a_slot(1)]))
    fake.refusals = {"$find": answer(an_outcome(), 429, Retry_After="600")}
    section = read_free(client, NOW, NOW + DAY)
    assert (section.state, section.resources, fake.asked) == ("failed", [], [])


def test_nothing_is_asked_of_the_past(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("Slot", [a_slot(1)]))
    read_free(client, NOW - 7 * DAY, NOW + DAY)
    assert fake.given[0]["valueDateTime"] >= NOW.isoformat()


def test_where_it_is_not_offered_the_search_is_all(client: FhirClient, httpserver: HTTPServer) -> None:
    fake = serving(httpserver, Finder("CarePlan", [a_slot(1)]))
    assert read_free(client, NOW, NOW + DAY) == read_slots(client, NOW, NOW + DAY)
    assert fake.asks == 0


@pytest.fixture(scope="module")
def argonaut() -> Iterator[Server]:
    with serve("127.0.0.1", 0, today=NOW.date(), open_access=True, like="argonaut") as server:
        yield server


def test_a_server_of_argonauts_shape_gives_by_find_what_a_search_gives(argonaut: Server, http: Http) -> None:
    chart = FhirClient(f"{argonaut.url}/fhir", None, http, patience=Patience(now=lambda: NOW))
    section = read_free(chart, NOW, NOW + DAY, "gad-ready")
    assert section.query == "Appointment/$find"
    assert ids(section.resources) == ids(read_slots(chart, NOW, NOW + DAY).resources)
    assert {one["resourceType"] for one in section.resources} == {"Slot", "Schedule"}
    assert len(ids(section.resources)) > 20, "more than it gives at once"
    longer = read_free(chart, NOW, NOW + 21 * DAY, "gad-ready")
    assert longer.query.startswith("Slot?") and "too few" in longer.detail
    nobody = read_free(chart, NOW, NOW + DAY)
    assert ids(nobody.resources) == ids(section.resources) and nobody.detail
