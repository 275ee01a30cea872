"""The whole room against the sandbox EHR: launch, read, calendar, write, find again."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ketplan.config import Ehr
from ketplan.ehr import launch, submit
from ketplan.ehr.client import FhirClient
from ketplan.ehr.discovery import Discovery
from ketplan.ehr.fetch import read_record
from ketplan.ehr.launch import Grant
from ketplan.ehr.patience import Patience
from ketplan.ehr.slots import read_slots
from ketplan.ehr.transport import Http
from ketplan.errors import Conflict, LaunchError
from ketplan.sandbox.app import CLIENT_ID
from ketplan.sandbox.server import Server, serve
from tests.ehr.builders import NOW, Json

PATIENT = "gad-ready"
CLINICIAN = "halvorsen"
IDENTIFIER = ("https://clinic.example/ketplan/ids", "plan-1/careplan")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Server]:
    app = "http://localhost:8400/launch"
    with serve("127.0.0.1", 0, today=NOW.date(), launch_url=app, clock=NOW.timestamp) as server:
        yield server


def signed_in(sandbox: Server, http: Http, **choice: str) -> Grant:
    """A standalone launch with the sandbox's sign-in form filled in."""
    discovery = Discovery(http)
    ehr = Ehr("sandbox", f"{sandbox.url}/fhir", CLIENT_ID)
    endpoints = discovery.endpoints(ehr.iss)
    back_to = "http://localhost:8400/callback"
    pending, url = launch.begin(ehr, ehr.iss, None, endpoints, back_to, secrets.token_urlsafe, NOW)
    form = {**parameters(url), "user": CLINICIAN, "patient": PATIENT, **choice}
    sent_back = http.send("POST", url.split("?")[0], {}, body=form).headers["Location"]
    return launch.complete(pending, ehr, parameters(sent_back), discovery, NOW)


def parameters(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture
def grant(sandbox: Server, http: Http) -> Grant:
    return signed_in(sandbox, http)


@pytest.fixture
def chart(grant: Grant, http: Http) -> FhirClient:
    return FhirClient(grant.iss, lambda: grant.access_token, http, patience=Patience(now=lambda: NOW))


def test_a_launch_gives_the_chosen_patient_and_the_clinician(grant: Grant) -> None:
    assert (grant.patient, grant.fhir_user) == (PATIENT, f"Practitioner/{CLINICIAN}")
    assert "user/CarePlan.crus" in grant.scopes


def test_a_refused_sign_in_is_told_in_plain_words(sandbox: Server, http: Http) -> None:
    with pytest.raises(LaunchError, match="not granted"):
        signed_in(sandbox, http, choice="deny")


def test_a_record_is_read(chart: FhirClient) -> None:
    sections = {section.name: section for section in read_record(chart, PATIENT)}
    for name in ("Patient", "Condition", "Observation laboratory", "Observation survey", "MedicationRequest"):
        assert (sections[name].state, sections[name].dropped) == ("found", 0)


def test_free_times_are_read_with_their_calendars(chart: FhirClient) -> None:
    section = read_slots(chart, NOW, NOW + timedelta(days=7))
    kinds = {resource["resourceType"] for resource in section.resources}
    assert (section.state, kinds) == ("found", {"Slot", "Schedule"})


def test_a_plan_is_created_once_found_again_and_changed_by_its_version_only(chart: FhirClient) -> None:
    plan: Json = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "identifier": [dict(zip(("system", "value"), IDENTIFIER, strict=True))],
    }
    first = chart.create(plan, submit.condition("CarePlan", *IDENTIFIER))
    again = chart.create(plan, submit.condition("CarePlan", *IDENTIFIER))
    assert (first.created, again.created, again.id) == (True, False, first.id)
    assert [r["id"] for r in submit.find(chart, "CarePlan", *IDENTIFIER, PATIENT)] == [first.id]
    assert submit.find(chart, "CarePlan", *IDENTIFIER, "sad-pounds") == []
    read = chart.read("CarePlan", first.id)
    chart.update({**read.raw, "status": "active"}, read.etag)
    with pytest.raises(Conflict):
        chart.update({**read.raw, "status": "completed"}, read.etag)
