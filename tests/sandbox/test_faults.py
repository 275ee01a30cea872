"""Faults: on from the start, on at run time, and what they do."""

from __future__ import annotations

import base64
import json
from datetime import date

import pytest
from flask.testing import FlaskClient

from ketplan.sandbox.app import create_app
from ketplan.sandbox.faults import Fault, Faults, FaultSwitch, fault
from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import (
    BASE,
    Clock,
    Fhir,
    a_care_plan,
    a_token,
    an_appointment,
    ids,
    redeem,
    sign_in,
    words,
)


def test_care_plans_can_be_refused_and_nothing_else_is(client: FlaskClient, fhir: Fhir) -> None:
    before = fhir.create(a_care_plan()).get_json()
    client.post("/_faults", json={"refuse_care_plan_writes": True})
    response = fhir.create(a_care_plan())
    assert response.status_code == 403
    assert "care plans" in words(response)
    assert fhir.update(before).status_code == 403
    assert fhir.get(f"CarePlan/{before['id']}").status_code == 200
    assert fhir.create(an_appointment()).status_code == 201
    client.post("/_faults", json={"refuse_care_plan_writes": False})
    assert fhir.create(a_care_plan()).status_code == 201


def test_faults_can_be_on_from_the_start() -> None:
    app = create_app(
        BASE, today=date(2026, 2, 16), open_access=True, faults=Faults(refuse_care_plan_writes=True)
    )
    assert Fhir(app.test_client(), "").create(a_care_plan()).status_code == 403


def test_slow_waits_before_each_fhir_request(harbor: Harbor, fhir: Fhir) -> None:
    waits: list[float] = []
    harbor.faults = FaultSwitch(Faults(slow_ms=1500), sleep=waits.append)
    fhir.get("Patient/gad-ready")
    fhir.client.get("/patients/gad-ready")
    assert waits == [1.5]


def test_the_answer_to_every_nth_create_is_lost_but_the_resource_is_there(
    client: FlaskClient, fhir: Fhir
) -> None:
    client.post("/_faults", json={"drop_every_nth_create": 3})
    results = [fhir.create(a_care_plan()).status_code for _ in range(6)]
    assert results == [201, 201, 504, 201, 201, 504]
    assert len(ids(fhir.get("CarePlan").get_json())) == 6


def test_a_refused_create_does_not_count(client: FlaskClient, fhir: Fhir) -> None:
    client.post("/_faults", json={"drop_every_nth_create": 2})
    assert fhir.create(a_care_plan()).status_code == 201
    assert fhir.create(a_care_plan(status="nonsense")).status_code == 422
    assert fhir.create(a_care_plan()).status_code == 504


def test_switching_changes_what_was_named_and_says_what_is_on(client: FlaskClient) -> None:
    client.post("/_faults", json={"slow_ms": 0, "drop_every_nth_create": 5})
    answer = client.post("/_faults", json={"refuse_care_plan_writes": True}).get_json()
    assert answer == {"refuse_care_plan_writes": True, "slow_ms": 0, "drop_every_nth_create": 5}


@pytest.mark.parametrize(
    "wish",
    [{"slow_ms": "long"}, {"slow_ms": -1}, {"slow_ms": True}, {"refuse_care_plan_writes": 1}, {"x": 1}, []],
)
def test_a_wish_that_makes_no_sense_changes_nothing(
    client: FlaskClient, harbor: Harbor, wish: object
) -> None:
    assert client.post("/_faults", json=wish).status_code == 400
    assert harbor.faults.now == Faults()


def test_the_page_sets_and_shows_faults(client: FlaskClient, harbor: Harbor) -> None:
    form = {"refuse_care_plan_writes": "on", "slow_ms": "", "drop_every_nth_create": "4"}
    assert client.post("/_faults", data=form).status_code == 303
    assert harbor.faults.now == Faults(refuse_care_plan_writes=True, drop_every_nth_create=4)
    page = client.get("/_faults").text
    assert 'value="4"' in page
    assert "checked" in page


# --- any fault, in words ------------------------------------------------------------------------------------


def test_words_and_settings_say_the_same() -> None:
    said = fault("503 on=create type=Appointment every=3 after=2 times=4 retry-after=120 code=4135")
    assert said == Fault("status", "create", "Appointment", 3, 2, 4, 503, "4135", retry_after="120")
    assert fault(said.words_for_it()) == said
    spaced = Fault("status", words="Not today.", status=403)
    assert fault(spaced.words_for_it()) == spaced


@pytest.mark.parametrize(
    "text",
    ["", "explode", "503 on=nothing", "503 every=0", "503 every=x", "503 colour=red", "99", "600",
     "slow seconds=x", "503 times", "lost times=-1"],
)  # fmt: skip
def test_words_that_make_no_fault(text: str) -> None:
    with pytest.raises(ValueError):
        fault(text)


def test_which_requests_are_struck() -> None:
    switch = FaultSwitch(Faults(more=(fault("503 on=read after=1 every=2 times=2"),)))
    struck = [bool(switch.striking("before", "read")) for _ in range(9)]
    assert struck == [False, False, True, False, True, False, False, False, False]
    assert not switch.striking("before", "search")


def test_a_status_with_a_code_and_a_wait(harbor: Harbor, fhir: Fhir) -> None:
    harbor.faults.add("429 on=search times=1 retry_after=7200 code=4135")
    busy = fhir.get("Condition?patient=gad-ready")
    issue = busy.get_json()["issue"][0]
    assert (busy.status_code, busy.headers["Retry-After"], issue["code"]) == (429, "7200", "throttled")
    assert issue["details"]["coding"][0]["code"] == "4135"
    assert fhir.get("Condition?patient=gad-ready").status_code == 200


def test_an_error_inside_200_and_a_sign_in_page_do_nothing(harbor: Harbor, fhir: Fhir) -> None:
    harbor.faults.add("error-200 on=create times=1", "html on=create after=1 times=1")
    first, second = fhir.create(a_care_plan()), fhir.create(a_care_plan())
    assert (first.status_code, first.get_json()["resourceType"]) == (200, "OperationOutcome")
    assert (second.status_code, second.mimetype) == (200, "text/html")
    assert list(harbor.store.all("CarePlan")) == []


def test_answers_spoiled_after_the_deed(harbor: Harbor, fhir: Fhir) -> None:
    harbor.faults.add("truncated on=create times=1", "empty on=create after=1 times=1")
    first, second = fhir.create(a_care_plan()), fhir.create(a_care_plan())
    with pytest.raises(ValueError):
        json.loads(first.text)
    assert (second.status_code, second.data) == (201, b"")
    assert second.headers["Location"]
    assert len(list(harbor.store.all("CarePlan"))) == 2


def test_an_expired_page(harbor: Harbor, fhir: Fhir) -> None:
    harbor.faults.add("410 on=page times=1")
    pages = fhir.get("Observation?_count=5").get_json()
    links = {link["relation"]: link["url"].removeprefix(f"{BASE}/fhir/") for link in pages["link"]}
    assert [fhir.get(links["next"]).status_code for _ in range(2)] == [410, 200]


def test_a_token_that_dies_and_stays_dead(client: FlaskClient, harbor: Harbor) -> None:
    fhir = Fhir(client, a_token(client, "patient/*.rs"))
    other = Fhir(client, a_token(client, "patient/*.rs"))
    harbor.faults.add("expire on=read after=1 times=1")
    assert [fhir.get("Patient/gad-ready").status_code for _ in range(3)] == [200, 401, 401]
    assert other.get("Patient/gad-ready").status_code == 200


def test_the_clock_may_be_wrong(harbor: Harbor, fhir: Fhir, clock: Clock) -> None:
    harbor.faults.add("skew seconds=-600")
    response = fhir.create(a_care_plan())
    assert response.get_json()["meta"]["lastUpdated"] == "2026-02-16T12:50:00.000Z"
    assert response.headers["Date"] == "Mon, 16 Feb 2026 12:50:00 GMT"


def test_searches_may_lag_behind(harbor: Harbor, fhir: Fhir, clock: Clock) -> None:
    harbor.faults.add("lag seconds=5")
    plan = fhir.create(a_care_plan()).get_json()["id"]
    assert ids(fhir.get("CarePlan").get_json()) == []
    assert fhir.get(f"CarePlan/{plan}").status_code == 200
    clock.seconds += 5
    assert ids(fhir.get("CarePlan").get_json()) == [plan]


def test_elements_that_are_dropped(harbor: Harbor, fhir: Fhir) -> None:
    harbor.faults.add("drop field=identifier on=create type=CarePlan")
    made = fhir.create(a_care_plan(identifier=[{"system": "urn:ids", "value": "1"}])).get_json()
    assert "identifier" not in made


@pytest.mark.parametrize(
    ("words_", "gone"),
    [("drop field=expires_in on=token", "expires_in"), ("drop field=patient on=token", "patient"),
     ("drop field=scope on=token", "scope"), ("drop field=id_token on=token", "id_token")],
)  # fmt: skip
def test_token_answers_that_lack_something(
    client: FlaskClient, harbor: Harbor, words_: str, gone: str
) -> None:
    whole = redeem(client, sign_in(client, patient="gad-ready")).get_json()
    harbor.faults.add(words_)
    less = redeem(client, sign_in(client, patient="gad-ready")).get_json()
    assert set(whole) - set(less) == {gone}


def test_an_id_token_for_another_and_with_another_key(client: FlaskClient, harbor: Harbor) -> None:
    before = client.get("/auth/jwks.json").get_json()["keys"][0]["kid"]
    harbor.faults.add("wrong field=aud on=token", "rotate-keys on=token times=1")
    token = redeem(client, sign_in(client, patient="gad-ready")).get_json()["id_token"]
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert claims["aud"] == "another"
    assert header["kid"] != before
    assert client.get("/auth/jwks.json").get_json()["keys"][0]["kid"] == header["kid"]


def test_scopes_that_are_not_granted(client: FlaskClient, harbor: Harbor) -> None:
    harbor.faults.add("narrow field=user/ on=authorize")
    answer = redeem(client, sign_in(client, patient="gad-ready")).get_json()
    assert "patient/*.rs" in answer["scope"]
    assert "user/" not in answer["scope"]
    assert Fhir(client, answer["access_token"]).create(a_care_plan()).status_code == 403


def test_at_run_time_and_back(client: FlaskClient, harbor: Harbor) -> None:
    told = client.post("/_faults", json={"more": ["503 on=read", {"do": "slow", "seconds": 1}]}).get_json()
    assert harbor.faults.now.more == (fault("503 on=read"), Fault("slow", seconds=1))
    assert client.post("/_faults", json=told).get_json() == told
    for bad in ({"more": "503"}, {"more": ["x"]}, {"more": [{"colour": 1}]}, {"more": [{}]}):
        assert client.post("/_faults", json=bad).status_code == 400
    harbor.faults.clear()
    assert harbor.faults.now == Faults()


def test_the_page_keeps_and_sets_faults_in_words(client: FlaskClient, harbor: Harbor) -> None:
    form = {"slow_ms": "", "drop_every_nth_create": "", "more": "503 on=read\n\nlost on=create every=2\n"}
    assert client.post("/_faults", data=form).status_code == 303
    assert len(harbor.faults.now.more) == 2
    assert "lost on=create every=2" in client.get("/_faults").text


def test_what_steers_it_is_for_this_machine_alone(client: FlaskClient) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}
    for path in ("/_faults", "/_requests"):
        assert client.get(path, environ_base=far).status_code == 403
        assert client.get(path).status_code == 200
    assert client.post("/_faults", json={}, environ_base=far).status_code == 403


def test_what_was_asked_is_remembered_without_pages(client: FlaskClient, fhir: Fhir) -> None:
    fhir.get("Condition?patient=gad-ready")
    client.get("/patients/gad-ready")
    asked = {"method": "GET", "path": "/fhir/Condition", "query": "patient=gad-ready", "status": 200}
    assert client.get("/_requests").get_json() == [asked]


@pytest.mark.parametrize("words_", ["hang seconds=1.5 on=read", "cut on=read"])
def test_without_a_connection_to_cut_a_gateway_answers(harbor: Harbor, fhir: Fhir, words_: str) -> None:
    waits: list[float] = []
    harbor.faults = FaultSwitch(Faults(more=(fault(words_),)), sleep=waits.append)
    assert fhir.get("Patient/gad-ready").status_code == 504
    assert waits == ([1.5] if "hang" in words_ else [])
