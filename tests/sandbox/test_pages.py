"""The EHR in the browser: what a person finds there, and that hostile text stays text."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from ketplan.sandbox.app import create_app
from ketplan.sandbox.chart import narrative
from ketplan.sandbox.harbor import Harbor
from ketplan.sandbox.patients import CASES
from tests.sandbox.support import BASE, LAUNCH_URL, Fhir, a_care_plan, an_appointment

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def test_the_list_says_what_each_chart_provokes(client: FlaskClient) -> None:
    page = client.get("/").text
    for case in CASES:
        assert f"{case.person.given} {case.person.family}" in page
        assert case.provokes in page


@pytest.mark.parametrize("id_", [case.person.id for case in CASES])
def test_every_chart_can_be_opened(client: FlaskClient, id_: str) -> None:
    assert client.get(f"/patients/{id_}").status_code == 200


@pytest.mark.parametrize("id_", ["sad-pounds", "messy-chart"])
def test_every_entry_in_a_chart_can_be_opened(client: FlaskClient, harbor: Harbor, id_: str) -> None:
    for resource in harbor.cases[id_].resources(harbor.today, harbor.zone):
        response = client.get(f"/patients/{id_}/{resource['resourceType']}/{resource['id']}")
        assert response.status_code == 200, resource["id"]


def test_the_chart_shows_what_is_known(client: FlaskClient) -> None:
    page = client.get("/patients/sad-pounds").text
    for text in ("Marcus Testerfield", "45 y, male", "000102", "Social anxiety disorder", "No known allergy"):
        assert text in page
    assert "185 [lb_av]" in page
    assert "Mon 23 Feb 2026 09:00" in page


def test_plans_and_appointments_appear_as_soon_as_they_are_written(client: FlaskClient, fhir: Fhir) -> None:
    assert "No care plan has been written." in client.get("/patients/gad-ready").text
    plan = fhir.create(a_care_plan()).get_json()["id"]
    visit = fhir.create(an_appointment()).get_json()["id"]
    page = client.get("/patients/gad-ready").text
    assert f"/patients/gad-ready/CarePlan/{plan}" in page
    assert f"/patients/gad-ready/Appointment/{visit}" in page
    assert "Infusion 1 of 6" in page
    assert plan not in client.get("/patients/ocd-erp").text


def test_an_entry_shows_its_story_and_how_it_is_stored(client: FlaskClient, fhir: Fhir) -> None:
    text = {"status": "generated", "div": DIV.format("<h3>Six infusions</h3><p onclick='x()'>Mondays</p>")}
    plan = fhir.create(a_care_plan(text=text)).get_json()["id"]
    page = client.get(f"/patients/gad-ready/CarePlan/{plan}").text
    assert "<h3>Six infusions</h3><p>Mondays</p>" in page
    assert "&#34;resourceType&#34;: &#34;CarePlan&#34;" in page


def test_an_entry_is_not_shown_in_another_chart(client: FlaskClient, fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan()).get_json()["id"]
    assert client.get(f"/patients/ocd-erp/CarePlan/{plan}").status_code == 404
    assert client.get("/patients/nobody").status_code == 404


def test_launching_opens_the_app_in_a_frame_with_a_fresh_launch(client: FlaskClient, harbor: Harbor) -> None:
    response = client.get("/patients/gad-ready/app")
    assert "X-Frame-Options" not in response.headers
    assert "frame-ancestors" not in response.headers["Content-Security-Policy"]
    source = response.text.partition('src="')[2].partition('"')[0].replace("&amp;", "&")
    query = parse_qs(urlsplit(source).query)
    assert source.startswith(f"{LAUNCH_URL}?")
    assert query["iss"] == [f"{BASE}/fhir"]
    launch = harbor.grants.launched(query["launch"][0])
    assert launch and (launch.patient, launch.embedded) == ("gad-ready", True)


def test_launching_in_a_window_redirects(client: FlaskClient, harbor: Harbor) -> None:
    response = client.get("/patients/gad-ready/launch")
    assert response.status_code == 303
    launch = harbor.grants.launched(parse_qs(urlsplit(response.location).query)["launch"][0])
    assert launch and launch.embedded is False


def test_without_an_app_there_is_nothing_to_launch() -> None:
    client = create_app(BASE, today=date(2026, 2, 16)).test_client()
    assert "Launch ketplan" not in client.get("/patients/gad-ready").text
    assert client.get("/patients/gad-ready/app").status_code == 404
    assert client.get("/patients/gad-ready/launch").status_code == 404


def test_hostile_text_stays_text(client: FlaskClient, fhir: Fhir) -> None:
    plan = fhir.create(a_care_plan("messy-chart", title="<script>alert(1)</script>")).get_json()["id"]
    for path in ("", f"/CarePlan/{plan}"):
        page = client.get(f"/patients/messy-chart{path}").text
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("div", "shown"),
    [
        ("<p>1 &lt; 2 &amp; 3</p>", "<p>1 &lt; 2 &amp; 3</p>"),
        ("<script>alert(1)</script>after", "after"),
        ('<a href="javascript:x()">link</a>', "link"),
        ('<img src="x" onerror="y()"/>', ""),
        ("<table><tr><td style='x'>cell", "<table><tr><td>cell</td></tr></table>"),
        ("</table></main><p>out", "<p>out</p>"),
    ],
)
def test_a_narrative_keeps_its_shape_and_loses_its_teeth(div: str, shown: str) -> None:
    assert narrative({"text": {"div": DIV.format(div)}}) == shown


@pytest.mark.parametrize("text", [None, "words", {"div": 7}, {}])
def test_a_narrative_that_is_none_is_empty(text: object) -> None:
    assert narrative({"text": text}) == ""


def test_pages_run_no_scripts_and_are_not_kept(client: FlaskClient) -> None:
    headers = client.get("/patients/gad-ready").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
