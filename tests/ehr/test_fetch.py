from __future__ import annotations

import re
import threading

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import RawSection, read_record
from ketplan.ehr.patience import Patience
from ketplan.ehr.sections import SECTIONS
from ketplan.ehr.transport import Http
from ketplan.errors import Fatal, Forbidden, InputError
from tests.ehr.builders import (
    NOW,
    PATIENT,
    FakeEhr,
    Json,
    a_bundle,
    a_resource,
    an_entry,
    an_outcome,
    answer,
)

NAMES = ["Patient", *(part.name for spec in SECTIONS for part in (spec.parts or (spec,)))]


@pytest.fixture
def ehr(httpserver: HTTPServer) -> FakeEhr:
    fake = FakeEhr()
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(fake)
    return fake


def read(client: FhirClient) -> dict[str, RawSection]:
    return {section.name: section for section in read_record(client, PATIENT)}


def test_a_record_is_the_patient_and_every_section_in_the_tables_order(
    client: FhirClient, ehr: FakeEhr
) -> None:
    sections = read_record(client, PATIENT)
    assert [s.name for s in sections] == NAMES
    assert sections[0].resources == [{"resourceType": "Patient", "id": PATIENT}]
    assert {s.state for s in sections[1:]} == {"empty"}


def test_each_section_has_its_own_fate(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records += [a_resource("Condition", "c1"), a_resource("Procedure", "p1")]
    ehr.refusals = {
        "AllergyIntolerance?": answer(an_outcome(code="forbidden", text="Not for you"), 403),
        "Encounter?": answer(None, 500),
        "List?": answer(an_outcome(code="not-supported"), 404),
        "CarePlan?": answer("<html>", Content_Type="text/html"),
        "Procedure?": answer(None, 401),
    }
    sections = read(client)
    states = {name: s.state for name, s in sections.items() if s.state != "empty"}
    assert states == {
        "Patient": "found",
        "Condition": "found",
        "AllergyIntolerance": "forbidden",
        "Encounter": "failed",
        "List": "failed",
        "CarePlan": "failed",
        "Procedure": "forbidden",
    }
    assert "Not for you" in sections["AllergyIntolerance"].detail
    assert sections["Condition"].query == f"Condition?patient={PATIENT}&_count=200"
    assert "sign-in page" in sections["CarePlan"].detail


def test_what_is_about_somebody_else_is_left_out_and_counted(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records += [
        a_resource(id="mine"),
        a_resource(id="theirs", patient="pat-2"),
        a_resource(id="x", patient=None),
    ]
    section = read(client)["Condition"]
    assert [r["id"] for r in section.resources] == ["mine"]
    assert (section.state, section.dropped) == ("found", 2)
    assert "2 about somebody else or nobody" in section.detail


def an_observation(id: str, *categories: str) -> Json:
    return a_resource("Observation", id, category=[{"coding": [{"code": code}]} for code in categories])


OBSERVATIONS = [
    an_observation("lab", "laboratory"),
    an_observation("bp", "vital-signs"),
    an_observation("phq", "cognitive-status", "survey"),
    an_observation("pregnant", "social-history"),
]
BY_CATEGORY = {
    "Observation laboratory": ["lab"],
    "Observation vital-signs": ["bp"],
    "Observation survey": ["phq"],
    "Observation other": ["pregnant"],
}


def observations(sections: dict[str, RawSection]) -> dict[str, list[str]]:
    return {n: [r["id"] for r in s.resources] for n, s in sections.items() if n.startswith("Observation")}


def test_observations_are_asked_for_once_and_shown_by_category(client: FhirClient, ehr: FakeEhr) -> None:
    uncoded = [a_resource("Observation", "bare"), a_resource("Observation", "odd", category="survey")]
    ehr.records += [*OBSERVATIONS, *uncoded, a_resource("Observation", "theirs", patient="pat-2")]
    sections = read(client)
    assert observations(sections) == {**BY_CATEGORY, "Observation other": ["pregnant", "bare", "odd"]}
    assert sum("Observation?" in asked for asked in ehr.asked) == 1
    assert sum(s.dropped for s in sections.values()) == 1


def test_where_a_category_is_a_must_each_is_asked_for(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records += OBSERVATIONS
    ehr.refusals = {
        f"Observation?patient={PATIENT}&_count": answer(an_outcome(code="required"), 400),
        "category=survey": answer(None, 403),
    }
    sections = read(client)
    assert observations(sections) == {**BY_CATEGORY, "Observation survey": []}
    assert sections["Observation survey"].state == "forbidden"
    assert "category=social-history" in sections["Observation other"].query


def test_a_resource_of_two_categories_is_kept_once(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records.append(an_observation("both", "laboratory", "survey"))
    ehr.refusals = {f"Observation?patient={PATIENT}&_count": answer(an_outcome(), 400)}
    found = observations(read(client))
    assert (found["Observation laboratory"], found["Observation survey"]) == (["both"], [])


def test_an_ehr_that_is_down_is_not_asked_again_by_category(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.refusals = {"Observation?": answer(None, 500)}
    assert read(client)["Observation"].state == "failed"
    assert sum("Observation?" in asked for asked in ehr.asked) == 1


def test_a_refused_include_is_left_away_and_the_medications_are_read_one_by_one(
    client: FhirClient, ehr: FakeEhr
) -> None:
    ehr.records += [
        a_resource("MedicationRequest", "r1", medicationReference={"reference": "Medication/m1"}),
        a_resource("MedicationRequest", "r2", medicationReference={"reference": "Medication/gone"}),
        a_resource("MedicationRequest", "r3", medicationReference={"reference": "#contained"}),
        a_resource("MedicationStatement", "s1", medicationReference={"reference": "Medication/m1"}),
        {"resourceType": "Medication", "id": "m1"},
    ]
    ehr.refusals = {"_include": answer(an_outcome(), 400)}
    sections = read(client)
    assert [r["id"] for r in sections["MedicationRequest"].resources] == ["r1", "r2", "r3"]
    assert [r["id"] for r in sections["Medication"].resources] == ["m1"]
    assert (sections["Medication"].state, sections["Medication"].dropped) == ("partial", 1)
    assert ehr.asked.count("Medication/m1") == 1


def test_included_medications_come_with_their_orders_and_other_included_types_do_not(
    client: FhirClient, httpserver: HTTPServer
) -> None:
    order = a_resource("MedicationRequest", "r1", medicationReference={"reference": "Medication/m1"})
    page = a_bundle(
        order,
        an_entry({"resourceType": "Medication", "id": "m1"}, "include"),
        an_entry({"resourceType": "Encounter", "id": "e1"}, "include"),
    )
    patient: Json = {"resourceType": "Patient", "id": PATIENT}
    httpserver.expect_request(f"/fhir/Patient/{PATIENT}").respond_with_response(answer(patient))
    httpserver.expect_request("/fhir/MedicationRequest").respond_with_response(answer(page))
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_response(answer(a_bundle()))
    sections = read(client)
    assert [r["id"] for r in sections["MedicationRequest"].resources] == ["r1", "m1"]
    assert "Medication" not in sections


def test_a_medication_that_may_not_be_read_is_said_to_be_forbidden(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records.append(
        a_resource("MedicationRequest", "r1", medicationReference={"reference": "Medication/m1"})
    )
    ehr.refusals = {"Medication/": answer(None, 403)}
    assert read(client)["Medication"].state == "forbidden"


def test_missing_pages_make_a_section_partial(
    client: FhirClient, httpserver: HTTPServer, stranger: HTTPServer
) -> None:
    patient: Json = {"resourceType": "Patient", "id": PATIENT}
    httpserver.expect_request(f"/fhir/Patient/{PATIENT}").respond_with_response(answer(patient))
    httpserver.expect_request("/fhir/Condition").respond_with_response(
        answer(a_bundle(a_resource(), next=stranger.url_for("/page")))
    )
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_response(answer(a_bundle()))
    section = read(client)["Condition"]
    assert (section.state, len(section.resources)) == ("partial", 1)
    assert "leads away" in section.detail
    assert stranger.log == []


def test_appointments_are_asked_for_more_simply_step_by_step(client: FhirClient, ehr: FakeEhr) -> None:
    visit: Json = {
        "resourceType": "Appointment",
        "id": "a1",
        "participant": [{"actor": {"reference": f"Patient/{PATIENT}"}}],
    }
    ehr.records.append(visit)
    ehr.refusals = {
        f"Appointment?patient={PATIENT}&_count": answer(None, 400),
        "Appointment?actor": answer(None, 400),
    }
    section = read(client)["Appointment"]
    assert section.resources == [visit]
    assert "date=ge2025-11-18" in section.query


def test_a_patient_the_ehr_does_not_have_ends_the_reading(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records.clear()
    with pytest.raises(InputError, match="no patient"):
        read_record(client, PATIENT)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [(answer(None, 403), Forbidden), (answer({"resourceType": "Patient", "id": "pat-2"}), Fatal)],
)
def test_a_patient_who_cannot_be_read_ends_the_reading(
    client: FhirClient, ehr: FakeEhr, refusal: Response, kind: type[Exception]
) -> None:
    ehr.refusals = {f"Patient/{PATIENT}": refusal}
    with pytest.raises(kind):
        read_record(client, PATIENT)


def test_progress_is_told_once_for_each_section(client: FhirClient, ehr: FakeEhr) -> None:
    heard: list[str] = []
    read_record(client, PATIENT, lambda section: heard.append(section.name))
    assert sorted(heard) == sorted(NAMES)


def test_sections_are_read_side_by_side_within_the_bound(http: Http, httpserver: HTTPServer) -> None:
    parallel = 3
    together = threading.Barrier(parallel)
    lock, arrived, under_way, most = threading.Lock(), 0, 0, 0

    def handler(request: Request) -> Response:
        nonlocal arrived, under_way, most
        with lock:
            arrived, under_way = arrived + 1, under_way + 1
            most = max(most, under_way)
            among_the_first = arrived <= parallel
        if among_the_first:
            together.wait(5)  # none of the first three is answered before all three have asked
        with lock:
            under_way -= 1
        patient = {"resourceType": "Patient", "id": PATIENT}
        return answer(patient if "/Patient/" in request.path else a_bundle())

    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(handler)
    patience = Patience(now=lambda: NOW)
    read_record(FhirClient(httpserver.url_for("/fhir"), None, http, parallel, patience), PATIENT)
    assert most == parallel
