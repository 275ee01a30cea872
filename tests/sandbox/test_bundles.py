"""Transaction and batch."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.sandbox.support import BASE, Fhir, Like, a_care_plan, an_appointment, ids, words

Json = dict[str, Any]


def entry(method: str, url: str, resource: Json | None = None, full_url: str = "", **request: str) -> Json:
    told: Json = {"request": {"method": method, "url": url, **request}}
    told |= {"resource": resource} if resource is not None else {}
    return {**told, **({"fullUrl": full_url} if full_url else {})}


def post(fhir: Fhir, kind: str, *entries: Json) -> Any:
    body = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return fhir.send("POST", "", json.dumps(body))


def statuses(response: Any) -> list[str]:
    return [one["response"]["status"] for one in response.get_json()["entry"]]


def test_a_transaction_stores_all_and_puts_real_ids_for_the_names(fhir: Fhir) -> None:
    plan, visit = (
        "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001",
        "urn:uuid:aaaaaaaa-0000-4000-8000-000000000002",
    )
    response = post(
        fhir,
        "transaction",
        entry("POST", "CarePlan", a_care_plan(activity=[{"reference": {"reference": visit}}]), plan),
        entry("POST", "Appointment", an_appointment(supportingInformation=[{"reference": plan}]), visit),
        entry("GET", "Patient/gad-ready"),
    )
    assert statuses(response) == ["201 Created", "201 Created", "200 OK"]
    stored = {one["resource"]["resourceType"]: one["resource"] for one in response.get_json()["entry"]}
    plan_at, visit_at = f"CarePlan/{stored['CarePlan']['id']}", f"Appointment/{stored['Appointment']['id']}"
    assert fhir.get(plan_at).get_json()["activity"][0]["reference"]["reference"] == visit_at
    assert fhir.get(visit_at).get_json()["supportingInformation"][0]["reference"] == plan_at


def test_a_transaction_that_fails_leaves_nothing(fhir: Fhir) -> None:
    slot = "chair-2-20260302-0900"
    bad = a_care_plan(status="nonsense")
    response = post(
        fhir,
        "transaction",
        entry("POST", "Appointment", an_appointment(slot)),
        entry("POST", "CarePlan", bad),
    )
    assert response.status_code == 422
    assert words(response).startswith("Entry 1: ")
    assert ids(fhir.get("CarePlan?patient=gad-ready").get_json()) == []
    assert fhir.get(f"Slot/{slot}").get_json()["status"] == "free"


def test_one_that_is_not_atomic_says_200_and_leaves_what_went_well(like: Like) -> None:
    fhir = like("medplum")
    response = post(
        fhir,
        "transaction",
        entry("POST", "CarePlan", a_care_plan()),
        entry("POST", "Goal", {"resourceType": "Goal"}),
    )
    assert (response.status_code, statuses(response)) == (200, ["201", "400"])
    assert len(ids(fhir.get("CarePlan").get_json())) == 1


def test_one_that_takes_none_says_so(like: Like) -> None:
    fhir = like("epic")
    assert post(fhir, "transaction", entry("GET", "Patient/gad-ready")).status_code == 405
    assert post(fhir, "batch", entry("GET", "Patient/gad-ready")).status_code == 405


def test_a_batch_does_what_it_can(fhir: Fhir) -> None:
    response = post(
        fhir,
        "batch",
        entry("GET", "Patient/nobody"),
        entry("GET", "Condition?patient=gad-ready"),
        entry("POST", "CarePlan", a_care_plan()),
    )
    assert statuses(response) == ["404", "200 OK", "201 Created"]
    missing, found, made = response.get_json()["entry"]
    assert missing["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert found["resource"]["type"] == "searchset"
    assert made["response"]["location"].startswith(f"{BASE}/fhir/CarePlan/")


def test_conditions_travel_in_entries(fhir: Fhir) -> None:
    marked = a_care_plan(identifier=[{"system": "urn:ids", "value": "one"}])
    create = entry("POST", "CarePlan", marked, ifNoneExist="identifier=urn:ids|one")
    first, again = statuses(post(fhir, "transaction", create)), statuses(post(fhir, "transaction", create))
    assert (first, again) == (["201 Created"], ["200 OK"])
    stored = fhir.get("CarePlan").get_json()["entry"][0]["resource"]
    stale = entry("PUT", f"CarePlan/{stored['id']}", {**stored, "status": "active"}, ifMatch='W/"7"')
    assert statuses(post(fhir, "batch", stale)) == ["412"]


def test_a_name_that_an_existing_resource_matched_leads_to_it(fhir: Fhir) -> None:
    name = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000003"
    marked = a_care_plan(identifier=[{"system": "urn:ids", "value": "one"}])
    there = fhir.create(marked).get_json()["id"]
    visit = an_appointment(supportingInformation=[{"reference": name}])
    response = post(
        fhir,
        "transaction",
        entry("POST", "Appointment", visit),
        entry("POST", "CarePlan", marked, name, ifNoneExist="identifier=urn:ids|one"),
    )
    told = response.get_json()["entry"][0]["resource"]
    assert told["supportingInformation"][0]["reference"] == f"CarePlan/{there}"


def test_a_patch_travels_as_a_binary(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    patch = base64.b64encode(b'[{"op":"replace","path":"/status","value":"active"}]').decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": patch}
    assert statuses(post(fhir, "batch", entry("PATCH", f"CarePlan/{plan['id']}", binary))) == ["200 OK"]
    assert fhir.get(f"CarePlan/{plan['id']}").get_json()["status"] == "active"


def test_what_is_no_bundle_is_refused(fhir: Fhir) -> None:
    for body in ({"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": [{}], "type": "batch"}, []):
        assert fhir.send("POST", "", json.dumps(body)).status_code == 400
    assert post(fhir, "history").status_code == 405


def test_a_token_reaches_no_further_in_a_bundle(as_token: Any) -> None:
    response = post(as_token("reader"), "batch", entry("POST", "CarePlan", a_care_plan()))
    assert statuses(response) == ["403"]
