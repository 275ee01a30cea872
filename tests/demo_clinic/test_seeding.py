"""Put into the pretend EHR and the store, the patients are like any others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Ehr, Settings, Site
from ketplan.demo_clinic.roster import Twist
from ketplan.demo_clinic.seeding import seed
from ketplan.reconciling import look_at
from ketplan.sandbox.app import create_app as create_ehr
from ketplan.store.plans import PLAN, PlanState
from ketplan.web import create_app
from ketplan.workflow import Calendar
from ketplan.writeback.reconcile import Kind
from tests.demo_clinic.conftest import TODAY, Made
from tests.web.support import APP, EHR, ISS, NOW, Browser, EhrHttp

KEY = "Zk3x-9QpT7_vWn5LrB8yHs2JdFg4MaCe6Ub1"


@pytest.fixture(scope="module")
def ehr() -> Flask:
    return create_ehr(
        EHR,
        today=TODAY,
        launch_url=f"{APP}/launch",
        clock=NOW.timestamp,
        static_tokens={"ours": "system/*.rs"},
    )


@pytest.fixture(scope="module")
def services(ehr: Flask, made: Made, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home = tmp_path_factory.mktemp("clinic")
    services = compose.open_services(
        Settings(
            home=home,
            database_url=f"sqlite:///{home / 'clinic.db'}",
            public_url=APP,
            secret_key=KEY,
            site=Site(name="Riverside Clinic", timezone="America/New_York"),
            ehrs=(Ehr("harbor", ISS, "ketplan", frame_ancestors=(EHR,), label="Harbor"),),
        )
    )
    for one in made.values():
        seed(services, ehr.extensions["harbor"], one)
    yield services
    services.drafts._database.close()


def test_their_plans_are_written_and_nobody_writes_them_again(services: Services, made: Made) -> None:
    plans = [kept for kept in services.plans.list() if kept.kind == PLAN]
    assert len(plans) == len(made)
    assert {kept.state for kept in services.plans.list()} == {PlanState.WRITTEN}
    assert services.plans.unfinished(compose.utc_now()) == ()
    assert services.audit.verify()


def test_the_ehr_differs_from_the_plan_by_the_twists_and_nothing_else(
    services: Services, ehr: Flask, made: Made
) -> None:
    wanted = {
        Twist.MISSED: [Kind.CANCELLED],
        Twist.CANCELLED: [Kind.CANCELLED],
        Twist.MOVED: [Kind.CHANGED],
        Twist.GONE: [Kind.GONE],
    }
    by_id = {one["case"]["id"]: twist for twist, one in made.items()}
    http: Any = EhrHttp(ehr)
    client = compose.chart(ISS, "ours", 1, http)
    for kept in services.plans.list():
        if kept.kind == PLAN:
            report = look_at(services, client, kept, NOW)
            twist = by_id[kept.patient_id]
            assert [one.kind for one in report.differing] == wanted.get(twist, []), twist
            assert not report.unread


class NoCalendar:
    """The EHR's thousands of slots are not what is looked at here."""

    def read_calendar(self, *_: Any) -> Calendar:
        return Calendar()

    def __getattr__(self, name: str) -> Any:
        return getattr(compose, name)


def test_they_are_listed_and_their_pages_open(services: Services, ehr: Flask, made: Made) -> None:
    listed = ehr.test_client().get("/").text
    assert all(one["case"]["words"] in listed for one in made.values())
    http: Any = EhrHttp(ehr)
    app = create_app(services, now=lambda: NOW, http=http, glue=NoCalendar(), run=lambda job: job())
    browser, one = Browser(app, ehr), made[Twist.MOVED]
    page = browser.launch(one["case"]["id"])
    assert one["case"]["family"] in browser.get(page).text
    closed = f"sessions/{one['sheets'][0]['visit']}/closed"
    for path in (
        "course",
        "review",
        "differences",
        "written",
        "sessions",
        closed,
        "instruments",
        "visits.ics",
    ):
        assert browser.get(f"{page}{path}").status_code == 200, path


def test_a_closed_sheet_is_there_to_be_read(services: Services, made: Made) -> None:
    one = made[Twist.MOVED]
    plan = one["kept"][0]
    sheets = services.sheets.of(ISS, one["case"]["id"], plan["id"])
    assert Counter(sheet.version for sheet in sheets.values()) == {1: len(one["sheets"])}
