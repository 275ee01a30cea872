"""Being like another EHR: the files, and what each quirk does."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from ketplan.sandbox import likes
from ketplan.sandbox.app import create_app
from ketplan.sandbox.likes import HARBOR, parse
from ketplan.sandbox.parameters import TYPES
from tests.sandbox.support import (
    BASE,
    Clock,
    Fhir,
    Like,
    a_care_plan,
    a_request,
    an_appointment,
    ids,
    redeem,
    sent_back,
    sign_in,
    words,
)

NAMES = likes.names()
NOTE = {
    "resourceType": "DocumentReference",
    "status": "current",
    "docStatus": "final",
    "type": {"text": "Progress note"},
    "subject": {"reference": "Patient/gad-ready"},
    "author": [{"reference": "Practitioner/halvorsen"}],
    "content": [{"attachment": {"contentType": "text/plain", "data": "UGxhbg=="}}],
    "context": {"encounter": [{"reference": "Encounter/e"}], "period": {"end": "2026-02-16T09:00:00-05:00"}},
}


def all_tables(raw: dict[str, Any]) -> list[dict[str, Any]]:
    lists = [one for value in raw.values() if isinstance(value, list) for one in value]
    return [*lists, *(value for value in raw.values() if isinstance(value, dict))]


@pytest.mark.parametrize("name", NAMES)
def test_every_table_of_a_file_has_a_witness_and_known_types(name: str) -> None:
    raw = tomllib.loads(likes.source(name))
    for table in all_tables(raw):
        assert len(table["witness"]) > 10
        for kind in table.get("types", ()):
            assert kind in TYPES
    for table in raw.get("types", ()):
        assert set(table["names"]) <= {"*", *TYPES}
    assert likes.like(name).title == raw["title"]


@pytest.mark.parametrize("name", NAMES)
def test_no_type_is_spoken_of_twice(name: str) -> None:
    named = [kind for table in likes.like(name).types for kind in table.names]
    assert len(named) == len(set(named))


def test_the_twelve_are_there() -> None:
    clinics = {"epic", "oracle", "athena", "ecw", "meditech", "nextgen", "canvas", "openemr"}
    assert clinics | {"medplum", "hapi", "smart-launcher", "wso2"} <= set(NAMES)
    assert likes.like("harbor") is HARBOR


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"title": "x", "colour": {}},
        {"title": "x", "writes": {"ids": "long"}},
        {"title": "x", "writes": {"ids": "long", "witness": " "}},
        {"title": "x", "writes": {"ids": "long", "witness": "seen", "assumed": ["body"]}},
        {"title": "x", "writes": {"ids": "long", "witness": "seen", "assumed": "ids"}},
        {"title": "x", "writes": {"idz": "long", "witness": "seen"}},
        {"title": "x", "search": [{"needs": ["a"], "witness": "seen"}]},
        {"title": "x", "types": [{"names": ["Patient"], "does": ["reed"], "witness": "seen"}]},
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_an_error(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        parse("x", raw)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no EHR cerebro"):
        create_app(BASE, today=date(2026, 2, 16), like="cerebro")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_statement_says_is_what_is_done_unless_the_file_says_otherwise(
    like: Like, name: str
) -> None:
    fhir = like(name)
    rest = fhir.get("metadata").get_json()["rest"][0]
    said = {one["type"]: {i["code"] for i in one["interaction"]} for one in rest["resource"]}
    for kind in TYPES:
        assert said.get(kind, set()) == set(likes.like(name).says(kind))
        status = fhir.send("POST", kind, "{}").status_code
        if "create" in said.get(kind, ()):
            assert status in (400, 422)
        else:
            assert status == (405 if kind in said else 404)


def test_searches_that_want_more(like: Like) -> None:
    epic, oracle = like("epic"), like("oracle")
    assert (
        words(epic.get("Observation?patient=gad-ready")) == "A search of Observation needs category or code."
    )
    assert epic.get("Observation?patient=gad-ready&category=survey").status_code == 400
    assert epic.get("Observation?patient=gad-ready&category=laboratory").status_code == 200
    assert (
        epic.get("Observation?patient=gad-ready").get_json()["issue"][0]["details"]["coding"][0]["code"]
        == "4111"
    )
    assert oracle.get("Appointment?patient=gad-ready&date=ge2026-01-01").status_code == 400
    assert oracle.get("Appointment?patient=gad-ready&date=ge2026-01-01&date=lt2027-01-01").status_code == 200
    assert oracle.get("Appointment?identifier=a|b&date=ge2026-01-01&date=lt2027-01-01").status_code == 400
    assert (
        oracle.get("MedicationRequest?patient=gad-ready&_include=MedicationRequest:medication").status_code
        == 400
    )
    assert oracle.get("CarePlan?patient=gad-ready&category=other").status_code == 400


def test_only_active_orders_unless_asked_otherwise(like: Like) -> None:
    fhir = like("epic")
    by_itself = ids(fhir.get("MedicationRequest?patient=gad-ready&_count=200").get_json())
    asked = ids(
        fhir.get("MedicationRequest?patient=gad-ready&_count=200&status=active,completed,stopped").get_json()
    )
    assert set(by_itself) < set(asked)


def test_an_unknown_parameter(like: Like) -> None:
    asked = "Condition?patient=gad-ready&colour=red"
    assert like("medplum").get(asked).status_code == 400
    nothing = like("wso2").get(asked)
    assert (nothing.status_code, ids(nothing.get_json())) == (200, [])
    entries = like("epic").get(asked).get_json()["entry"]
    assert [one["search"]["mode"] for one in entries][-1] == "outcome"
    assert entries[-1]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "4122"
    assert entries[0]["search"]["mode"] == "match"


def test_nothing_found_is_said_in_an_entry(like: Like) -> None:
    bundle = like("epic").get("CareTeam?patient=nobody").get_json()
    assert bundle["total"] == 0
    assert bundle["entry"][0]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "4101"


def test_an_error_inside_200(like: Like) -> None:
    response = like("athena").get("Appointment?patient=gad-ready")
    assert (response.status_code, response.get_json()["resourceType"]) == (200, "OperationOutcome")


def test_a_search_by_post_that_ignores_its_address(like: Like) -> None:
    epic, harbor = like("epic"), like("harbor")
    path = "Condition/_search?patient=gad-ready"
    form = {"headers": {"Authorization": "Bearer all"}, "data": {"clinical-status": "active"}}
    everyone = epic.client.post(f"/fhir/{path}", **form).get_json()["total"]
    assert harbor.client.post(f"/fhir/{path}", **form).get_json()["total"] < everyone


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("medplum", "_offset=20"),
        ("wso2", "_page=2"),
        ("ecw", "page=2"),
        ("athena", "cursor="),
        ("meditech", "continue="),
    ],
)
def test_pages_are_linked_in_each_ones_way(like: Like, name: str, parameter: str) -> None:
    fhir = like(name)
    pages = list(fhir.pages("Observation?_sort=date"))
    links = {link["relation"]: link["url"] for link in pages[0]["link"]}
    assert parameter in links["next"]
    found = [one for page in pages for one in ids(page)]
    stored = {one["id"] for one in fhir.client.application.extensions["harbor"].store.all("Observation")}
    assert (len(found), set(found)) == (len(stored), stored)


def test_a_searchs_answer_is_kept_for_a_minute_unless_fresh_is_asked_for(like: Like, clock: Clock) -> None:
    fhir = like("hapi")
    asked = "CarePlan?patient=gad-ready"
    fhir.get(asked)
    fhir.create(a_care_plan())
    assert ids(fhir.get(asked).get_json()) == []
    assert len(ids(fhir.get(asked, **{"Cache-Control": "no-cache"}).get_json())) == 1
    fhir.create(a_care_plan())
    assert len(ids(fhir.get(asked).get_json())) == 1
    clock.seconds += 61
    assert len(ids(fhir.get(asked).get_json())) == 2


def test_bodies_that_oracle_takes(like: Like) -> None:
    fhir = like("oracle")
    made = fhir.create(an_appointment("chair-2-20260302-0900", identifier=[{"value": "1"}]))
    assert (made.status_code, made.data) == (201, b"")
    held = fhir.get(made.headers["Location"].removeprefix(f"{BASE}/fhir/")).get_json()
    assert "identifier" not in held
    assert (held["start"], held["end"]) == ("2026-03-02T09:00:00-05:00", "2026-03-02T09:30:00-05:00")
    assert fhir.create(an_appointment("chair-2-20260302-0900")).status_code == 422
    assert words(fhir.create(an_appointment())) == "Appointment.slot.reference is required here."
    assert fhir.create(an_appointment(modifierExtension=[{"url": "x"}])).status_code == 422
    assert fhir.create(NOTE).status_code == 201
    for name in ("docStatus", "type", "author", "context"):
        assert fhir.create({key: value for key, value in NOTE.items() if key != name}).status_code == 422
    assert fhir.create({**NOTE, "content": NOTE["content"] * 2}).status_code == 422


def test_a_visit_that_oracle_is_only_asked_for(like: Like) -> None:
    proposed = {
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": [{"text": "Infusion"}],
        "requestedPeriod": [{"start": "2026-03-02T09:00:00-05:00", "end": "2026-03-02T12:00:00-05:00"}],
        "participant": [
            {"actor": {"reference": "Patient/gad-ready"}, "status": "needs-action"},
            {"actor": {"reference": "Location/infusion-chair-1"}, "status": "needs-action"},
        ],
    }
    fhir = like("oracle")
    assert fhir.create(proposed).status_code == 201
    assert fhir.create({**proposed, "participant": proposed["participant"][:1]}).status_code == 422
    assert fhir.create({**proposed, "serviceType": proposed["serviceType"] * 2}).status_code == 422


def test_nobody_is_booked_twice_at_canvas(like: Like) -> None:
    fhir = like("canvas")
    people = [
        {"actor": {"reference": "Patient/gad-ready"}, "status": "accepted"},
        {"actor": {"reference": "Practitioner/okonjo"}, "status": "accepted"},
    ]
    visit = an_appointment(
        participant=people, supportingInformation=[{"reference": "Location/infusion-chair-1"}]
    )
    assert fhir.create(visit).status_code == 201
    assert fhir.create(visit).status_code == 422
    later = {**visit, "start": "2026-03-02T12:00:00-05:00", "end": "2026-03-02T13:00:00-05:00"}
    assert fhir.create(later).status_code == 201
    assert fhir.create(an_appointment(participant=people)).status_code == 422


def test_what_a_new_resource_is_called(like: Like) -> None:
    assert len(like("epic").create(NOTE).headers["Location"].rpartition("/")[2]) > 40
    assert like("hapi").create(a_care_plan()).get_json()["id"].isdigit()
    wso2 = like("wso2")
    assert wso2.create(a_care_plan(id="mine")).get_json()["id"] == "mine"
    assert wso2.create(a_care_plan(id="mine")).status_code == 500
    assert wso2.update(a_care_plan(id="other")).status_code == 201


def test_versions_and_what_is_no_version(like: Like) -> None:
    fhir = like("medplum")
    plan = fhir.create(a_care_plan())
    body = plan.get_json()
    assert len(body["meta"]["versionId"]) == 36
    assert fhir.update(body, {"If-Match": plan.headers["ETag"]}).headers["ETag"] == plan.headers["ETag"]
    assert fhir.update({**body, "status": "active"}).headers["ETag"] != plan.headers["ETag"]


def test_what_is_not_checked(like: Like) -> None:
    assert like("medplum").create(a_care_plan(status="nonsense")).status_code == 201
    assert like("medplum").create({"resourceType": "CarePlan", "status": "draft"}).status_code == 400
    assert like("wso2").create(an_appointment(start="2026-03-03T09:00:00-05:00")).status_code == 201


def test_conditional_creates_that_are_ignored(like: Like) -> None:
    marked = {**NOTE, "identifier": [{"system": "urn:ids", "value": "1"}]}
    fhir = like("epic")
    answers = [fhir.create(marked, {"If-None-Exist": "identifier=urn:ids|1"}).status_code for _ in range(2)]
    assert answers == [201, 201]


def test_words_stand_where_each_puts_them(like: Like) -> None:
    issue = like("wso2").get("Patient/nobody").get_json()["issue"][0]
    assert "details" not in issue
    assert issue["diagnostics"]
    launcher = like("smart-launcher")
    refused = launcher.client.get("/fhir/Patient/gad-ready", headers={"Authorization": "Bearer old"})
    assert (refused.status_code, refused.mimetype) == (401, "text/plain")
    assert "WWW-Authenticate" not in refused.headers
    assert launcher.client.get("/fhir/Patient/gad-ready").status_code == 200
    assert launcher.create({**NOTE, "description": "x" * 1_000_001}).status_code == 500


def test_scopes_of_the_older_dialect(like: Like) -> None:
    client = like("openemr").client
    said = client.get("/fhir/.well-known/smart-configuration").get_json()
    assert "permission-v2" not in said["capabilities"]
    assert "user/*.read" in said["scopes_supported"]
    code = sign_in(
        client, patient="gad-ready", scope="launch/patient user/*.read user/CarePlan.write user/Goal.rs"
    )
    assert redeem(client, code).get_json()["scope"] == "launch/patient user/*.read"


def test_a_scope_that_is_listed_and_means_nothing(like: Like) -> None:
    fhir = like("ecw")
    said = fhir.client.get("/fhir/.well-known/smart-configuration").get_json()
    assert "user/CarePlan.c" in said["scopes_supported"]
    assert fhir.create(a_care_plan()).status_code == 405


def test_patient_scopes_that_are_granted_and_do_not_let_write(like: Like) -> None:
    client = like("medplum").client
    code = sign_in(client, patient="gad-ready", scope="launch/patient patient/*.cruds user/Goal.c")
    answer = redeem(client, code).get_json()
    fhir = Fhir(client, answer["access_token"])
    assert "patient/*.cruds" in answer["scope"]
    assert fhir.create(a_care_plan()).status_code == 403
    assert fhir.get("Patient/gad-ready").status_code == 200
    assert fhir.get("Practitioner/halvorsen").status_code == 403


def test_token_errors_with_one_name_for_all(like: Like) -> None:
    refused = redeem(like("medplum").client, "no-code")
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request")


def test_a_token_lives_as_long_as_it_is_said(like: Like, clock: Clock) -> None:
    client = like("oracle").client
    answer = redeem(client, sign_in(client, patient="gad-ready")).get_json()
    fhir = Fhir(client, answer["access_token"])
    assert answer["expires_in"] == 600
    clock.seconds += 599
    assert fhir.get("Patient/gad-ready").status_code == 200
    clock.seconds += 1
    assert fhir.get("Patient/gad-ready").status_code == 401


def test_a_sign_in_goes_to_the_same_place_everywhere(like: Like) -> None:
    for name in NAMES:
        answer = like(name).client.post(
            "/auth/authorize", data=a_request(user="halvorsen", patient="gad-ready")
        )
        assert sent_back(answer)["code"]
