"""The doctor as a page: only configured EHRs, one run at a time, the report of the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ketplan import compose
from ketplan.compose import Services
from ketplan.config import Ehr
from ketplan.ehr.doctor.report import Check, Light, Report
from ketplan.errors import Temporary
from ketplan.web import create_app
from tests.web.support import APP, ISS, NOW, Browser, Clock, EhrHttp, words

CHECKS = (
    Check("TLS", "https", "https, certificate trusted", Light.GREEN),
    Check("launch standalone", "declared", "not declared", Light.AMBER, "has to be opened from the chart"),
    Check("search Condition", "by patient", "offered", Light.GREEN),
    Check("write CarePlan", "create and update", "not offered", Light.RED, "proposes the plan <only>"),
)


class Glue:
    """The examination of an EHR that answers when the test lets it; everything else is the real thing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.weighed: list[tuple[list[tuple[str, str]], str | None]] = []
        self.error: Exception | None = None

    def examine_ehr(self, ehr: Ehr, redirect_uri: str, observed: Any = None, scope: Any = None) -> Report:
        self.asked.append((ehr.name, redirect_uri))
        self.weighed.append((sorted(observed), scope))
        if self.error:
            raise self.error
        return Report(ehr.iss, NOW, CHECKS)

    def __getattr__(self, name: str) -> Any:
        return getattr(compose, name)


class Later:
    """Jobs that wait until the test runs them."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.at_once = True

    def __call__(self, job: Callable[[], None]) -> None:
        if self.at_once:
            job()
        else:
            self.waiting.append(job)


@pytest.fixture
def glue() -> Glue:
    return Glue()


@pytest.fixture
def run() -> Later:
    return Later()


@pytest.fixture
def open_site(services: Services, http: EhrHttp, clock: Clock, glue: Glue, run: Later) -> Any:
    """A browser at a site that shows the page without a sign-in, with two EHRs."""
    settings = services.settings
    other = Ehr("second", "https://second.example.org/fhir", "ketplan", scopes=("openid", "patient/*.rs"))
    site = replace(settings.site, doctor_page=True)
    changed = replace(services, settings=replace(settings, site=site, ehrs=(*settings.ehrs, other)))
    return create_app(changed, now=clock, http=http, glue=glue, run=run).test_client()


def test_it_is_closed_to_the_world_unless_the_site_opens_it(browser: Browser, glue: Glue) -> None:
    answer = browser.get("/doctor?ehr=harbor&examine=1")
    assert answer.status_code == 403
    assert glue.asked == []


def test_staff_examine_the_ehr_they_came_from(browser: Browser, glue: Glue) -> None:
    path = browser.launch("gad-ready")
    assert "Examine it now" in words(browser.get(f"{path}doctor?ehr=second"))
    assert browser.get(f"{path}doctor?examine=1").location == f"{path}doctor"
    ((refused, scope),) = glue.weighed
    assert refused == []
    assert "user/CarePlan.crus" in str(scope).split(), "what this launch was granted is weighed"
    assert glue.asked == [("harbor", f"{APP}/callback")]
    assert "write CarePlan" in words(browser.get(f"{path}doctor"))


def test_a_patient_does_not(browser: Browser, glue: Glue) -> None:
    path = browser.launch("gad-ready", user="gad-ready")
    assert browser.get(f"{path}doctor?examine=1").status_code == 403
    assert glue.asked == []


def test_only_ehrs_of_the_settings_can_be_examined(open_site: Any, glue: Glue) -> None:
    for name in ("", "evil", "https://evil.example/fhir", "harbor "):
        answer = open_site.get("/doctor", query_string={"ehr": name, "examine": "1"}, base_url=APP)
        assert answer.status_code == 400, name
    answer = open_site.get("/doctor", query_string={"url": "https://evil.example"}, base_url=APP)
    assert "Which EHR?" in answer.text
    assert glue.asked == []


def test_the_report_says_what_to_do_next_worst_first_and_groups_the_rest(open_site: Any) -> None:
    open_site.get("/doctor?ehr=harbor&examine=1", base_url=APP)
    page = words(open_site.get("/doctor?ehr=harbor", base_url=APP))
    assert "ketplan cannot be used with this EHR until what is red has changed." in page
    assert "1 red, 1 amber, 2 green" in page
    order = [
        "What to do next",
        "write CarePlan: not offered. ketplan proposes the plan <only>.",
        "launch standalone: not declared.",
        "Server and sign-in",
        "Reading the record",
        "Writing the plan",
        "What ketplan asks to be allowed",
    ]
    places = [page.index(said) for said in order]
    assert places == sorted(places)
    assert ISS in page


def test_scopes_are_those_of_the_ehr(open_site: Any) -> None:
    own = words(open_site.get("/doctor?ehr=second", base_url=APP))
    assert "patient/*.rsnamed in the settings file of the site" in own
    assert "patient/Condition.rs" not in own
    assert "patient/Condition.rs" in words(open_site.get("/doctor?ehr=harbor", base_url=APP))


def test_a_page_renews_itself_while_the_ehr_is_asked_and_asks_it_once(
    open_site: Any, run: Later, glue: Glue
) -> None:
    run.at_once = False
    for _ in range(3):
        assert open_site.get("/doctor?ehr=harbor&examine=1", base_url=APP).status_code == 303
    page = open_site.get("/doctor?ehr=harbor", base_url=APP).text
    assert '<meta http-equiv="refresh" content="1;url=/doctor?ehr=harbor">' in page
    assert "examine=1" not in page
    assert len(run.waiting) == 1
    run.waiting.pop()()
    assert "refresh" not in open_site.get("/doctor?ehr=harbor", base_url=APP).text
    assert len(glue.asked) == 1


def test_one_ehr_at_a_time(open_site: Any, run: Later) -> None:
    run.at_once = False
    open_site.get("/doctor?ehr=harbor&examine=1", base_url=APP)
    open_site.get("/doctor?ehr=second&examine=1", base_url=APP)
    assert len(run.waiting) == 1


def test_a_fresh_report_is_not_asked_for_again(open_site: Any, glue: Glue, clock: Clock) -> None:
    for seconds in (0, 20, 20):
        clock.pass_(seconds=seconds)
        open_site.get("/doctor?ehr=harbor&examine=1", base_url=APP)
    assert len(glue.asked) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Temporary("Nobody answers there."), "Nobody answers there."),
        (RuntimeError("secret token 123"), "a fault in ketplan"),
    ],
)
def test_what_went_wrong_is_said_in_words(open_site: Any, glue: Glue, error: Exception, said: str) -> None:
    glue.error = error
    open_site.get("/doctor?ehr=harbor&examine=1", base_url=APP)
    page = words(open_site.get("/doctor?ehr=harbor", base_url=APP))
    assert said in page
    assert "secret" not in page
    glue.error = None
