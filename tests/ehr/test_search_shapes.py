"""Searching as each EHR wants to be asked: the profile's own way first, ketplan's plainer ways after it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from pytest_httpserver import HTTPServer

from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import RawSection, read_record
from ketplan.ehr.profiles.load import parse, shipped
from ketplan.ehr.profiles.model import Profile
from ketplan.ehr.profiles.shape import marker
from ketplan.ehr.slots import read_slots
from ketplan.ehr.submit import find, of_patient
from ketplan.errors import Fatal
from tests.ehr.builders import NOW, PATIENT, FakeEhr, Json, a_resource, an_outcome, answer

WITNESS = '\nwitness = "papers of Acme, 2026"\nconfidence = "high"\n'
REFUSED = answer(an_outcome(code="required"), 400)


@pytest.fixture
def ehr(httpserver: HTTPServer) -> FakeEhr:
    fake = FakeEhr()
    httpserver.expect_request(re.compile("/fhir/.*")).respond_with_handler(fake)
    return fake


def acme(*tables: str) -> Profile:
    text = "".join(f"{table}{WITNESS}" for table in tables)
    return parse("acme.toml", f'name = "acme"\nlabel = "Acme"\n{text}')


def read(client: FhirClient) -> dict[str, RawSection]:
    return {section.name: section for section in read_record(client, PATIENT)}


def asked_of(ehr: FakeEhr, kind: str) -> list[str]:
    return [asked.partition("?")[2] for asked in ehr.asked if asked.startswith(f"{kind}?")]


def an_appointment(id: str, comment: str = "", patient: str = PATIENT) -> Json:
    participant = [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}]
    return a_resource("Appointment", id, patient=None, participant=participant, comment=comment)


def test_epic_is_asked_for_observations_by_category_and_never_for_all(
    client: FhirClient, ehr: FakeEhr
) -> None:
    client.profile = shipped()["epic"]
    ehr.refusals = {f"Observation?patient={PATIENT}&_count": REFUSED}
    sections = read(client)
    assert {s.state for name, s in sections.items() if name.startswith("Observation")} == {"empty"}
    assert len(asked_of(ehr, "Observation")) == 4
    assert all("category=" in asked for asked in asked_of(ehr, "Observation"))


def test_epic_is_asked_for_ended_medication_too(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = shipped()["epic"]
    assert read(client)["MedicationRequest"].state == "empty"
    assert len(asked_of(ehr, "MedicationRequest")) == 1
    assert "completed" in asked_of(ehr, "MedicationRequest")[0]


def test_where_only_active_medication_comes_the_section_says_that_it_is_not_all(
    client: FhirClient, ehr: FakeEhr
) -> None:
    client.profile = shipped()["epic"]
    ehr.records.append(a_resource("MedicationRequest", "m1"))
    ehr.refusals = {"status=": REFUSED}
    section = read(client)["MedicationRequest"]
    assert (section.state, [r["id"] for r in section.resources]) == ("partial", ["m1"])
    assert "orders that are no longer active may be missing" in section.detail


def test_oracle_health_is_asked_between_two_moments_proposed_visits_included(
    client: FhirClient, ehr: FakeEhr
) -> None:
    client.profile = shipped()["oracle-health"]
    assert read(client)["Appointment"].state == "empty"
    (asked,) = asked_of(ehr, "Appointment")
    day = NOW.date()
    assert f"-date-or-req-period=ge{day - timedelta(days=90)}T00:00:00Z" in asked.replace("%3A", ":")
    assert asked.count("-date-or-req-period") == 2


def test_no_include_where_there_is_none(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = shipped()["oracle-health"]
    read(client)
    assert not [asked for asked in ehr.asked if "_include=MedicationRequest" in asked]


def test_pages_no_larger_than_the_ehr_gives(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = acme('[[limit]]\nabout = "page"\nsays = "At most 50."\nvalue = 50')
    read(client)
    assert "_count=50" in asked_of(ehr, "Condition")[0]
    ehr.asked.clear()
    client.profile = acme('[[limit]]\nabout = "page"\nsays = "No _count."\nvalue = 0')
    read(client)
    assert asked_of(ehr, "Condition") == [f"patient={PATIENT}"]


def test_what_a_site_adds_is_in_every_search_of_the_type(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = acme('[[search]]\ntype = "Condition"\nalso = "ah-practice=Organization/a-1"')
    read(client)
    assert "ah-practice=Organization" in asked_of(ehr, "Condition")[0]
    assert "ah-practice" not in asked_of(ehr, "Encounter")[0]


def test_free_slots_in_the_ehrs_own_way(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = acme(
        '[[search]]\ntype = "Slot"\nqueries = ["service-type=ketamine&start=ge{from}&start=lt{to}"]'
    )
    assert read_slots(client, NOW, NOW + timedelta(days=7)).state == "empty"
    (asked,) = asked_of(ehr, "Slot")
    assert "service-type=ketamine" in asked
    assert NOW.date().isoformat() in asked


def test_where_no_identifier_is_kept_the_mark_is_looked_for_among_all_visits(
    client: FhirClient, ehr: FakeEhr
) -> None:
    client.profile = shipped()["oracle-health"]
    sign = marker("p1/visit-3")
    ehr.records += [
        an_appointment("ours", f"On its day. {sign}"),
        an_appointment("other", marker("p1/visit-4")),
        an_appointment("theirs", sign, "pat-2"),
    ]
    found = find(client, "Appointment", "urn:k", "p1/visit-3", PATIENT)
    assert [r["id"] for r in found] == ["ours"]
    assert not [asked for asked in ehr.asked if "identifier" in asked]


def test_a_mark_counts_only_where_identifiers_are_not_kept(client: FhirClient, ehr: FakeEhr) -> None:
    ehr.records.append(an_appointment("copied", marker("p1/visit-3")))
    assert find(client, "Appointment", "urn:k", "p1/visit-3", PATIENT) == []


def test_a_part_of_the_visits_proves_nothing(client: FhirClient, ehr: FakeEhr) -> None:
    client.profile = shipped()["oracle-health"]
    ehr.refusals = {"-date-or-req-period": REFUSED}
    with pytest.raises(Fatal, match="gives only a part"):
        find(client, "Appointment", "urn:k", "p1/visit-3", PATIENT)
    with pytest.raises(Fatal, match="gives only a part"):
        of_patient(client, "Appointment", PATIENT)


def test_an_ehr_that_does_not_know_one_of_the_other_categories_is_asked_for_each(
    client: FhirClient, ehr: FakeEhr
) -> None:
    client.profile = shipped()["epic"]
    social = a_resource("Observation", "o1", category=[{"coding": [{"code": "social-history"}]}])
    ehr.records.append(social)
    ehr.refusals = {"social-history%2Cexam": REFUSED, "social-history,exam": REFUSED, "therapy": REFUSED}
    section = read(client)["Observation other"]
    assert (section.state, [r["id"] for r in section.resources]) == ("partial", ["o1"])
    assert "would not be asked for therapy" in section.detail


@pytest.mark.parametrize(
    ("refused", "state"), [(["Observation?"], "failed"), (["exam%2C", "exam,"], "empty")]
)
def test_the_other_categories_are_whole_failed_or_empty(
    client: FhirClient, ehr: FakeEhr, refused: list[str], state: str
) -> None:
    client.profile = shipped()["epic"]
    ehr.refusals = dict.fromkeys(refused, REFUSED)
    assert read(client)["Observation other"].state == state
