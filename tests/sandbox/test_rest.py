"""Read, create and update, and how the server says no."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.support import BASE, Fhir, a_care_plan, an_appointment, ids, words

WHO = {"reference": "Patient/gad-ready"}


def test_a_created_resource_has_an_id_a_version_and_a_place(fhir: Fhir) -> None:
    response = fhir.create(a_care_plan(id="my-own-id"))
    body = response.get_json()
    assert response.status_code == 201
    assert response.mimetype == "application/fhir+json"
    assert response.headers["ETag"] == 'W/"1"'
    assert response.headers["Location"] == f"{BASE}/fhir/CarePlan/{body['id']}/_history/1"
    assert body["id"] != "my-own-id"
    assert body["meta"] == {"versionId": "1", "lastUpdated": "2026-02-16T13:00:00.000Z"}
    assert fhir.get(f"CarePlan/{body['id']}").get_json() == body


def test_what_is_stored_goes_out_as_it_came_in(fhir: Fhir) -> None:
    sent = (
        '{"resourceType":"Observation","status":"final","code":{"text":"weight"},"vendorField":[1.0,-0.50],'
        '"valueQuantity":{"value":7.200,"unit":"kg \\"net\\" \u00e9"},"_status":{"extension":[{"url":"x"}]}}'
    )
    response = fhir.send("POST", "Observation", sent)
    got = fhir.get(f"Observation/{response.get_json()['id']}").text
    inside = sent.removeprefix('{"resourceType":"Observation",')
    assert got.endswith(inside)


def test_minimal_answers_have_no_body(fhir: Fhir) -> None:
    response = fhir.create(a_care_plan(), {"Prefer": "return=minimal"})
    assert (response.status_code, response.data) == (201, b"")
    assert response.headers["Location"]


def test_an_update_makes_the_next_version(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    response = fhir.update({**plan, "status": "active"}, {"If-Match": 'W/"1"'})
    assert (response.status_code, response.headers["ETag"]) == (200, 'W/"2"')
    assert fhir.get(f"CarePlan/{plan['id']}").get_json()["status"] == "active"


def test_a_stale_update_changes_nothing(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    fhir.update({**plan, "status": "active"}, {"If-Match": 'W/"1"'})
    response = fhir.update({**plan, "status": "revoked"}, {"If-Match": 'W/"1"'})
    assert response.status_code == 412
    assert fhir.get(f"CarePlan/{plan['id']}").get_json()["status"] == "active"


def test_an_update_does_not_create(fhir: Fhir) -> None:
    assert fhir.update(a_care_plan(id="not-there")).status_code == 404


def test_the_id_in_the_body_is_the_one_in_the_address(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    response = fhir.send("PUT", f"CarePlan/{plan['id']}", json.dumps({**plan, "id": "another"}))
    assert response.status_code == 400


def test_a_conditional_create_happens_once(fhir: Fhir) -> None:
    marked = a_care_plan(identifier=[{"system": "urn:ids", "value": "plan-1"}])
    condition = {"If-None-Exist": "identifier=urn:ids|plan-1"}
    first, second = fhir.create(marked, condition), fhir.create(marked, condition)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.get_json() == second.get_json()
    assert second.headers["Location"] == first.headers["Location"]
    assert len(ids(fhir.get("CarePlan?identifier=urn:ids|plan-1").get_json())) == 1


def test_a_conditional_create_with_several_matches_is_refused(fhir: Fhir) -> None:
    marked = a_care_plan(identifier=[{"system": "urn:ids", "value": "twice"}])
    fhir.create(marked)
    fhir.create(marked)
    assert fhir.create(marked, {"If-None-Exist": "identifier=urn:ids|twice"}).status_code == 412


def test_a_conditional_create_without_a_condition_is_refused(fhir: Fhir) -> None:
    assert fhir.create(a_care_plan(), {"If-None-Exist": ""}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "text", "status"),
    [
        ("GET", "CarePlan/none", "", 404),
        ("GET", "Nonsense", "", 404),
        ("GET", "Patient/gad-ready/_history/9", "", 404),
        ("DELETE", "Patient/gad-ready", "", 405),
        ("POST", "CarePlan", "{", 400),
        ("POST", "CarePlan", "[]", 400),
        ("POST", "CarePlan", '{"resourceType":"Goal"}', 400),
        ("POST", "CarePlan", '{"resourceType":"CarePlan","status":"","intent":"plan"}', 400),
        ("POST", "Observation", '{"resourceType":"Observation","status":"final","code":{},"x":NaN}', 400),
        ("POST", "CarePlan", '{"resourceType":"CarePlan","meta":7,"status":"draft"}', 400),
    ],
)
def test_refusals_are_operation_outcomes(fhir: Fhir, method: str, path: str, text: str, status: int) -> None:
    response = fhir.send(method, path, text)
    assert response.status_code == status
    assert response.mimetype == "application/fhir+json"
    assert words(response)


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"resourceType": "CarePlan", "status": "draft", "intent": "plan"}, "CarePlan.subject"),
        ({"resourceType": "ServiceRequest", "intent": "plan", "subject": WHO}, "ServiceRequest.status"),
        ({"resourceType": "Goal", "lifecycleStatus": "active", "subject": WHO}, "Goal.description"),
        ({"resourceType": "Provenance", "recorded": "2026", "agent": [{"who": WHO}]}, "Provenance.target"),
        ({"resourceType": "Appointment", "status": "proposed"}, "Appointment.participant"),
        (a_care_plan(status="nonsense"), "CarePlan.status"),
        (a_care_plan(intent="directive"), "CarePlan.intent"),
    ],
)
def test_required_elements_and_codes(fhir: Fhir, body: dict, missing: str) -> None:
    response = fhir.create(body)
    assert response.status_code == 422
    assert response.get_json()["issue"][0]["expression"] == [missing]


@pytest.mark.parametrize(
    "changes",
    [
        {"start": None},
        {"end": None},
        {"start": None, "end": None},
        {"start": "2026-03-02T12:00:00-05:00"},
        {"start": "2026-03-02T09:00:00"},
        {"participant": [{"status": "accepted"}]},
    ],
)
def test_the_invariants_of_an_appointment(fhir: Fhir, changes: dict) -> None:
    body = {name: value for name, value in {**an_appointment(), **changes}.items() if value is not None}
    assert fhir.create(body).status_code == 422


def test_a_proposed_appointment_needs_no_time(fhir: Fhir) -> None:
    body = {name: value for name, value in an_appointment().items() if name not in ("start", "end")}
    assert fhir.create({**body, "status": "proposed"}).status_code == 201


def test_the_body_must_say_that_it_is_json(fhir: Fhir) -> None:
    response = fhir.client.post("/fhir/CarePlan", data="{}", headers={"Authorization": "Bearer all"})
    assert response.status_code == 415


def test_the_capability_statement_tells_what_is_true(fhir: Fhir) -> None:
    statement = fhir.client.get("/fhir/metadata").get_json()
    rest = statement["rest"][0]
    plan = next(one for one in rest["resource"] if one["type"] == "CarePlan")
    oauth = {one["url"]: one["valueUri"] for one in rest["security"]["extension"][0]["extension"]}
    assert statement["fhirVersion"] == "4.0.1"
    offered = {"read", "vread", "history-instance", "search-type", "create", "update", "patch"}
    assert {one["code"] for one in plan["interaction"]} == offered
    assert plan["conditionalCreate"] is True
    assert oauth == {"authorize": f"{BASE}/auth/authorize", "token": f"{BASE}/auth/token"}
    for param in plan["searchParam"]:
        value = "2026" if param["type"] == "date" else "x"
        assert fhir.get(f"CarePlan?{param['name']}={value}").status_code == 200


def test_provenance_is_found_by_its_target(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()["id"]
    made = fhir.create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": f"CarePlan/{plan}"}],
            "recorded": "2026-02-16T13:00:00Z",
            "agent": [{"who": {"reference": "Practitioner/halvorsen"}}],
        }
    ).get_json()
    assert ids(fhir.get(f"Provenance?target=CarePlan/{plan}").get_json()) == [made["id"]]
