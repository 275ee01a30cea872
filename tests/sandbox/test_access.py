"""What a token may touch."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient

from ketplan.sandbox.app import create_app
from ketplan.sandbox.scopes import Scope, resource_scope
from tests.sandbox.support import BASE, Fhir, a_care_plan, a_token, an_appointment, ids, words


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("patient/CarePlan.cruds", Scope("patient", "CarePlan", "cruds")),
        ("user/*.rs", Scope("user", "*", "rs")),
        ("patient/Observation.read", Scope("patient", "Observation", "rs")),
        ("user/CarePlan.write", Scope("user", "CarePlan", "cud")),
        ("system/*.*", Scope("system", "*", "cruds")),
        ("patient/CarePlan.dc", None),
        ("patient/CarePlan.", None),
        ("patient/Nonsense.rs", None),
        ("patient/Observation.rs?category=x", None),
        ("openid", None),
    ],
)
def test_both_dialects_of_scopes(text: str, scope: Scope | None) -> None:
    assert resource_scope(text) == scope


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic all"}])
def test_without_a_good_token_nothing_is_told(client: FlaskClient, headers: dict) -> None:
    response = client.get("/fhir/Patient/gad-ready", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert words(response)


def test_a_token_without_the_scope_is_forbidden(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "patient/Observation.rs"))
    response = fhir.get("Condition?patient=gad-ready")
    assert response.status_code == 403
    assert "insufficient_scope" in response.headers["WWW-Authenticate"]


def test_patient_scopes_stop_at_the_launched_patient(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "patient/*.rs"))
    assert fhir.get("Patient/gad-ready").status_code == 200
    assert fhir.get("Patient/ocd-erp").status_code == 404
    assert ids(fhir.get("Patient").get_json()) == ["gad-ready"]
    assert ids(fhir.get("Condition?patient=ocd-erp").get_json()) == []
    assert fhir.get("Condition/ocd-erp-condition-1").status_code == 404


def test_patient_scopes_read_what_is_nobodys_but_do_not_write_it(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "patient/*.cruds"))
    assert fhir.get("Practitioner/halvorsen").status_code == 200
    slot = fhir.get("Slot/chair-2-20260302-0900").get_json()
    assert fhir.update(slot).status_code == 403


def test_user_scopes_reach_every_patient(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "user/Condition.rs"))
    assert len(ids(fhir.get("Condition?patient=ocd-erp").get_json())) == 1


def test_a_patient_who_signs_in_sees_the_own_record_only(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "user/*.cruds", user="gad-ready"))
    assert ids(fhir.get("Patient").get_json()) == ["gad-ready"]
    assert fhir.create(a_care_plan("ocd-erp")).status_code == 403


@pytest.mark.parametrize(
    ("scope", "read", "create", "update"),
    [
        ("patient/CarePlan.rs", 200, 403, 403),
        ("patient/CarePlan.read", 200, 403, 403),
        ("patient/CarePlan.c", 403, 201, 403),
        ("patient/CarePlan.cu", 403, 201, 200),
        ("patient/CarePlan.write", 403, 201, 200),
        ("patient/CarePlan.*", 200, 201, 200),
    ],
)
def test_letters_are_honoured(
    client: FlaskClient, fhir: Fhir, scope: str, read: int, create: int, update: int
) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    narrow = Fhir(client, a_token(client, scope))
    assert narrow.get(f"CarePlan/{plan['id']}").status_code == read
    assert narrow.create(a_care_plan()).status_code == create
    assert narrow.update(plan).status_code == update


def test_a_patient_scope_does_not_write_into_another_chart(client: FlaskClient, fhir: Fhir) -> None:
    narrow = Fhir(client, a_token(client, "patient/*.cruds"))
    other = fhir.create(a_care_plan("ocd-erp")).get_json()
    mine = narrow.create(a_care_plan("gad-ready")).get_json()
    assert narrow.create(a_care_plan("ocd-erp")).status_code == 403
    assert narrow.update(other).status_code == 404
    assert narrow.update({**mine, "subject": {"reference": "Patient/ocd-erp"}}).status_code == 403


def test_appointment_and_provenance_belong_to_the_patient_they_are_about(
    client: FlaskClient, fhir: Fhir
) -> None:
    narrow = Fhir(client, a_token(client, "patient/*.cruds"))
    mine, other = narrow.create(an_appointment()), fhir.create(an_appointment(patient="ocd-erp"))
    assert (mine.status_code, other.status_code) == (201, 201)

    def provenance(target: str) -> int:
        body = {
            "resourceType": "Provenance",
            "target": [{"reference": f"Appointment/{target}"}],
            "recorded": "2026-02-16T13:00:00Z",
            "agent": [{"who": {"reference": "Practitioner/halvorsen"}}],
        }
        return narrow.create(body).status_code

    assert provenance(mine.get_json()["id"]) == 201
    assert provenance(other.get_json()["id"]) == 403


def test_an_include_does_not_reach_further_than_the_token(client: FlaskClient) -> None:
    fhir = Fhir(client, a_token(client, "patient/MedicationRequest.rs", patient="lorazepam"))
    path = "MedicationRequest?_include=MedicationRequest:medication"
    assert ids(fhir.get(path).get_json(), "include") == []


def test_a_static_token_has_its_scopes(as_token) -> None:
    assert as_token("reader").get("Patient/gad-ready").status_code == 200
    assert as_token("reader").create(a_care_plan()).status_code == 403


def test_open_access_asks_for_nothing() -> None:
    client = create_app(BASE, today=date(2026, 2, 16), open_access=True).test_client()
    assert client.get("/fhir/Patient/gad-ready").status_code == 200
