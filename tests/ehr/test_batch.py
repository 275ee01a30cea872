"""Several searches in one Bundle: fewer round trips, and never less of the record than by single searches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from ketplan.ehr.capabilities import Capabilities
from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import RawSection, read_record
from ketplan.ehr.patience import Patience
from ketplan.ehr.profiles.load import generic, shipped
from ketplan.ehr.profiles.model import Batch, Confidence
from ketplan.ehr.sections import SECTIONS
from ketplan.ehr.transport import Http
from ketplan.sandbox.server import serve
from tests.ehr.builders import NOW, PATIENT, TOKEN, FakeEhr, Json, a_bundle, a_resource, an_outcome, answer

Change = Callable[[list[Json]], Any]


class BatchingEhr(FakeEhr):
    """Answers a batch by the same searches that single requests would be; `change` may spoil the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Request] = []
        self.singles: list[str] = []
        self.refused_with = 0
        self.change: Change = lambda entries: entries

    def __call__(self, request: Request) -> Response:
        if request.method == "GET":
            self.singles.append(request.full_path.removeprefix("/fhir/"))
            return super().__call__(request)
        self.posted.append(request)
        if self.refused_with:
            return answer(an_outcome(code="not-supported"), self.refused_with)
        entries = [self._entry(entry["request"]) for entry in json.loads(request.get_data())["entry"]]
        return answer({"resourceType": "Bundle", "type": "batch-response", "entry": self.change(entries)})

    def _entry(self, asked: Json) -> Json:
        assert asked["method"] == "GET"
        said = super().__call__(Request(EnvironBuilder(f"/fhir/{asked['url']}").get_environ()))
        body = json.loads(said.get_data() or "null")
        if said.status_code != 200:
            return {"response": {"status": str(said.status_code), "outcome": body}}
        return {"resource": body, "response": {"status": "200 OK"}}


@pytest.fixture
def ehr(httpserver: HTTPServer, client: FhirClient) -> BatchingEhr:
    fake = BatchingEhr()
    httpserver.expect_request(re.compile("/fhir(/.*)?")).respond_with_handler(fake)
    fake.records += [a_resource("Condition", "c1"), a_resource("Procedure", "p1"), a_resource("List", "l1")]
    says(client, "batch")
    return fake


def says(client: FhirClient, *whole: str) -> None:
    statement = Capabilities("4.0.1", whole=frozenset(whole))
    client.statements.of(client.base, lambda _: (statement, None))


def read(client: FhirClient) -> dict[str, RawSection]:
    return {section.name: section for section in read_record(client, PATIENT)}


def ids(sections: dict[str, RawSection]) -> set[str]:
    return {r["id"] for section in sections.values() for r in section.resources}


EVERYTHING = {PATIENT, "c1", "p1", "l1"}


def test_a_record_is_read_by_the_patient_and_one_batch(client: FhirClient, ehr: BatchingEhr) -> None:
    sections = read(client)
    assert ids(sections) == EVERYTHING
    assert {s.state for s in sections.values() if not s.resources} == {"empty"}
    assert ehr.singles == [f"Patient/{PATIENT}?"]
    (posted,) = ehr.posted
    sent = json.loads(posted.get_data())
    assert (sent["resourceType"], sent["type"], len(sent["entry"])) == ("Bundle", "batch", len(SECTIONS))
    assert sent["entry"][0]["request"]["url"].startswith(f"{SECTIONS[0].kind}?patient={PATIENT}&")
    assert posted.headers["Authorization"] == f"Bearer {TOKEN}"
    assert posted.headers["Cache-Control"] == "no-cache"


def test_what_a_batch_gives_is_what_single_searches_give(client: FhirClient, ehr: BatchingEhr) -> None:
    ehr.records.append(a_resource("Condition", "foreign", patient="somebody-else"))
    ehr.records.append({"resourceType": "Condition"})
    ehr.refusals = {"Encounter?": answer(an_outcome(code="forbidden", text="Not for you"), 403)}
    by_batch = read(client)
    says(alone := FhirClient(client.base, lambda: TOKEN, client._http, patience=client.patience))
    assert ehr.posted
    ehr.posted.clear()
    assert read(alone) == by_batch
    assert not ehr.posted
    assert by_batch["Encounter"].state == "forbidden"
    assert by_batch["Condition"].dropped == 2


def test_further_pages_are_followed_from_the_batch(
    client: FhirClient, ehr: BatchingEhr, httpserver: HTTPServer
) -> None:
    page_two = httpserver.url_for("/fhir/Condition?page=2")

    def two_pages(entries: list[Json]) -> list[Json]:
        for entry in entries:
            if entry["resource"]["entry"] and entry["resource"]["entry"][0]["resource"]["id"] == "c1":
                entry["resource"]["link"] = [{"relation": "next", "url": page_two}]
        return entries

    ehr.change = two_pages
    ehr.refusals = {"page=2": answer(a_bundle(a_resource("Condition", "c2")))}
    assert [r["id"] for r in read(client)["Condition"].resources] == ["c1", "c2"]
    assert "Condition?page=2" in ehr.singles


def test_a_link_in_a_batch_that_leads_away_is_not_followed(client: FhirClient, ehr: BatchingEhr) -> None:
    def away(entries: list[Json]) -> list[Json]:
        for entry in entries:
            entry["resource"]["link"] = [{"relation": "next", "url": "https://evil.example/fhir/Condition"}]
        return entries

    ehr.change = away
    assert {s.state for name, s in read(client).items() if name != "Patient"} == {"partial"}
    assert ehr.singles == [f"Patient/{PATIENT}?"]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda entries: entries[:-1],
        lambda entries: [*entries, entries[0]],
        lambda entries: entries[::-1],
        lambda entries: [{} for _ in entries],
        lambda entries: [None for _ in entries],
        lambda entries: [{**e, "response": {"status": 200}} for e in entries],
        lambda entries: [{**e, "response": {"status": "500"}} for e in entries],
        lambda entries: [{"response": {"status": "200"}} for _ in entries],
        lambda entries: [{**e, "resource": an_outcome()} for e in entries],
        lambda entries: {"0": entries},
        lambda entries: None,
    ],
)
def test_answers_that_do_not_fit_are_asked_for_alone(
    client: FhirClient, ehr: BatchingEhr, spoilt: Change
) -> None:
    ehr.change = spoilt
    assert ids(read(client)) == EVERYTHING


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 501])
def test_an_ehr_that_refuses_a_batch_is_not_asked_for_another(
    client: FhirClient, ehr: BatchingEhr, status: int
) -> None:
    ehr.refused_with = status
    assert ids(read(client)) == ids(read(client)) == EVERYTHING
    assert len(ehr.posted) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_one_that_is_busy_is_asked_again_the_next_time(
    client: FhirClient, ehr: BatchingEhr, status: int
) -> None:
    ehr.refused_with = status
    assert ids(read(client)) == EVERYTHING
    ehr.refused_with = 0
    assert ids(read(client)) == EVERYTHING
    assert len(ehr.posted) == 2


def test_no_batch_without_a_word_of_the_ehr(client: FhirClient, ehr: BatchingEhr) -> None:
    client.statements = type(client.statements)()
    read(client)
    says(client, "transaction")
    assert ids(read(client)) == EVERYTHING
    assert not ehr.posted


def test_the_profile_s_word_goes_before_the_statement_s(client: FhirClient, ehr: BatchingEhr) -> None:
    fact = {"witness": "a test", "confidence": Confidence.HIGH}
    client.profile = replace(generic(), batches=(Batch(takes=False, **fact),))
    assert ids(read(client)) == EVERYTHING
    assert not ehr.posted
    says(client)
    client.profile = replace(generic(), batches=(Batch(takes=True, **fact),))
    assert ids(read(client)) == EVERYTHING
    assert len(ehr.posted) == 1


def test_no_batch_where_all_searches_go_at_once_anyway(client: FhirClient, ehr: BatchingEhr) -> None:
    client.parallel = len(SECTIONS)
    assert ids(read(client)) == EVERYTHING
    assert not ehr.posted


def plain(sections: list[RawSection]) -> dict[str, tuple[str, set[str]]]:
    return {s.name: (s.state, {r["id"] for r in s.resources}) for s in sections}


@pytest.mark.parametrize("name", ["medplum", "wso2", "hapi", "epic", "openemr"])
def test_every_kind_of_ehr_gives_the_same_record_with_and_without(name: str) -> None:
    """By the searches of its profile, against the pretend EHR of that name; epic and openemr take none."""
    with serve("127.0.0.1", 0, today=NOW.date(), open_access=True, like=name) as server:
        patient = str(next(server.harbor.store.all("Patient"))["id"])

        def reader(parallel: int) -> FhirClient:
            client = FhirClient(f"{server.url}/fhir", None, Http(), parallel, Patience(now=lambda: NOW))
            client.profile = shipped()[name]
            client.capabilities()
            return client

        def posted() -> int:
            return sum(request.method == "POST" for request in server.harbor.requests)

        by_batch = plain(read_record(reader(4), patient))
        assert posted() == (1 if server.harbor.like.bundles.batch else 0)
        assert plain(read_record(reader(50), patient)) == by_batch
        assert posted() == (1 if server.harbor.like.bundles.batch else 0)
    assert any(found for _, found in by_batch.values())
