"""Faults: on from the start, on at run time, and what they do."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient

from ketplan.sandbox.app import create_app
from ketplan.sandbox.faults import Faults, FaultSwitch
from ketplan.sandbox.harbor import Harbor
from tests.sandbox.support import BASE, Fhir, a_care_plan, an_appointment, ids, words


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
