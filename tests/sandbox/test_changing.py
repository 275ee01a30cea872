"""JSON Patch, versions, conditional update, delete, and the scheduling operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ketplan.sandbox.rest.json_patch import patched
from ketplan.sandbox.wire import FhirError
from tests.sandbox.support import BASE, Fhir, Like, a_care_plan, an_appointment, ids


def patch(fhir: Fhir, path: str, *operations: dict[str, Any], **headers: str) -> Any:
    return fhir.client.patch(
        f"/fhir/{path}",
        data=json.dumps(operations),
        content_type="application/json-patch+json",
        headers={"Authorization": f"Bearer {fhir.token}", **headers},
    )


@pytest.mark.parametrize(
    ("document", "operations", "after"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/a"}], {"b": 2}),
        ({"a": [1, 2]}, [{"op": "replace", "path": "/a/0", "value": 9}], {"a": [9, 2]}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        ({"a": {"c": 1}}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": {"c": 1}, "b": {"c": 1}}),
        ({"a/b~c": 1}, [{"op": "replace", "path": "/a~1b~0c", "value": 2}], {"a/b~c": 2}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1}),
        ({"a": 1}, [{"op": "add", "path": "", "value": [7]}], [7]),
    ],
)
def test_patches(document: Any, operations: list, after: Any) -> None:
    before = json.dumps(document)
    assert patched(document, operations) == after
    assert json.dumps(document) == before


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ({}, 400),
        ([1], 400),
        ([{"op": "add", "path": "/b"}], 400),
        ([{"op": "turn", "path": "/a", "value": 1}], 400),
        ([{"op": "remove", "path": "a"}], 400),
        ([{"op": "remove", "path": "/none"}], 422),
        ([{"op": "replace", "path": "/a/2", "value": 1}], 422),
        ([{"op": "replace", "path": "/a/01", "value": 1}], 422),
        ([{"op": "add", "path": "/a/3", "value": 1}], 422),
        ([{"op": "test", "path": "/a", "value": 1}], 422),
        ([{"op": "add", "path": "/text/x", "value": 1}], 422),
    ],
)
def test_patches_that_do_not_fit(operations: Any, status: int) -> None:
    with pytest.raises(FhirError) as refused:
        patched({"a": [1, 2], "text": "t"}, operations)
    assert refused.value.status == status


def test_a_patch_is_bound_to_a_version_and_to_the_rules(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()["id"]
    activate = {"op": "replace", "path": "/status", "value": "active"}
    assert patch(fhir, f"CarePlan/{plan}", activate, **{"If-Match": 'W/"1"'}).headers["ETag"] == 'W/"2"'
    assert patch(fhir, f"CarePlan/{plan}", activate, **{"If-Match": 'W/"1"'}).status_code == 412
    for bad in (
        {"op": "replace", "path": "/status", "value": "nonsense"},
        {"op": "replace", "path": "/id", "value": "another"},
        {"op": "remove", "path": "/subject"},
    ):
        assert patch(fhir, f"CarePlan/{plan}", bad).status_code == 422


def test_some_ignore_the_version_of_a_patch(like: Like) -> None:
    fhir = like("medplum")
    plan = fhir.create(a_care_plan()).get_json()["id"]
    activate = {"op": "replace", "path": "/status", "value": "active"}
    assert patch(fhir, f"CarePlan/{plan}", activate, **{"If-Match": 'W/"none"'}).status_code == 200


def test_some_want_the_version_and_call_a_stale_one_a_conflict(like: Like) -> None:
    fhir = like("oracle")
    visit = fhir.create(an_appointment("chair-2-20260302-0900")).headers["Location"].rpartition("/")[2]
    arrive = {"op": "replace", "path": "/status", "value": "arrived"}
    assert patch(fhir, f"Appointment/{visit}", arrive).status_code == 412
    assert patch(fhir, f"Appointment/{visit}", arrive, **{"If-Match": 'W/"9"'}).status_code == 409
    assert patch(fhir, f"Appointment/{visit}", arrive, **{"If-Match": 'W/"1"'}).status_code == 200


def test_versions_are_kept(fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()
    fhir.update({**plan, "status": "active"})
    path = f"CarePlan/{plan['id']}"
    assert fhir.get(f"{path}/_history/1").get_json()["status"] == "draft"
    assert fhir.get(f"{path}/_history/2").get_json()["status"] == "active"
    bundle = fhir.get(f"{path}/_history").get_json()
    assert (bundle["type"], [one["resource"]["status"] for one in bundle["entry"]]) == (
        "history",
        ["active", "draft"],
    )


def test_an_update_by_search_changes_the_one_or_creates_it(fhir: Fhir) -> None:
    marked = a_care_plan(identifier=[{"system": "urn:ids", "value": "one"}])
    path = "CarePlan?identifier=urn:ids|one"
    first = fhir.send("PUT", path, json.dumps(marked))
    again = fhir.send("PUT", path, json.dumps({**marked, "status": "active"}))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.get_json()["id"] == first.get_json()["id"]
    fhir.create(marked)
    assert fhir.send("PUT", path, json.dumps(marked)).status_code == 412
    assert fhir.send("PUT", "CarePlan", json.dumps(marked)).status_code == 405


def test_what_was_deleted_is_gone(like: Like) -> None:
    fhir = like("wso2")
    plan = fhir.create(a_care_plan()).get_json()["id"]
    assert fhir.send("DELETE", f"CarePlan/{plan}", "").status_code == 204
    assert fhir.get(f"CarePlan/{plan}").status_code == 410
    assert ids(fhir.get("CarePlan").get_json()) == []


def test_a_deleted_visit_gives_its_slot_back(like: Like, monkeypatch: pytest.MonkeyPatch) -> None:
    fhir = like("wso2")
    harbor = fhir.client.application.extensions["harbor"]
    monkeypatch.setattr(harbor, "like", harbor.like.__class__(types=harbor.like.types))
    visit = fhir.create(an_appointment("chair-2-20260302-0900")).get_json()["id"]
    assert fhir.get("Slot/chair-2-20260302-0900").get_json()["status"] == "busy"
    fhir.send("DELETE", f"Appointment/{visit}", "")
    assert fhir.get("Slot/chair-2-20260302-0900").get_json()["status"] == "free"


def parameters(**given: Any) -> str:
    told = [
        {
            "name": name.replace("_", "-"),
            **({"resource": value} if isinstance(value, dict) else {"valueString": value}),
        }
        for name, value in given.items()
    ]
    return json.dumps({"resourceType": "Parameters", "parameter": told})


WHEN = {"start": "2026-03-02T09:00:00-05:00", "end": "2026-03-02T12:00:00-05:00"}


def found(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    return [one["resource"] for one in response.get_json().get("entry", [])]


def test_a_visit_is_found_held_booked_and_cancelled(like: Like) -> None:
    fhir = like("medplum")
    asked = parameters(**WHEN, patient_reference="Patient/gad-ready")
    proposed = found(fhir.send("POST", "Schedule/chair-2/$find", asked))
    assert {one["status"] for one in proposed} == {"proposed"}
    held = found(fhir.send("POST", "Appointment/$hold", parameters(appt_resource=proposed[0])))[0]
    assert (held["status"], held["start"]) == ("pending", WHEN["start"])
    reference = parameters(appt_reference=f"Appointment/{held['id']}")
    booked = found(fhir.send("POST", "Appointment/$book", reference))[0]
    assert (booked["id"], booked["status"], booked["participant"][0]["status"]) == (
        held["id"],
        "booked",
        "accepted",
    )
    again = fhir.send("POST", "Appointment/$hold", reference)
    assert again.status_code == 422
    gone = found(fhir.send("POST", f"Appointment/{held['id']}/$cancel", parameters()))[0]
    assert gone["status"] == "cancelled"


@pytest.mark.parametrize("path", ["Appointment/$find", "Appointment/$hold", "Appointment/$book"])
def test_operations_without_what_they_need_are_refused(like: Like, path: str) -> None:
    assert like("medplum").send("POST", path, parameters()).status_code == 400


def test_operations_are_offered_where_they_are(like: Like, fhir: Fhir) -> None:
    asked = parameters(**WHEN, patient_reference="Patient/gad-ready")
    assert fhir.send("POST", "Appointment/$find", asked).status_code == 404
    assert like("medplum").send("POST", "CarePlan/$find", asked).status_code == 404


def test_addresses_of_what_was_created(like: Like) -> None:
    places = {
        "harbor": f"{BASE}/fhir/CarePlan/{{}}/_history/1",
        "medplum": f"{BASE}/fhir/CarePlan/{{}}",
        "smart-launcher": "http://upstream.invalid/fhir/CarePlan/{}",
    }
    for name, place in places.items():
        made = like(name).create(a_care_plan())
        assert made.headers["Location"] == place.format(made.get_json()["id"])
